"""Writes boundary.md, the page "What is mirrored, what is refused", from the code.

Each network of tests/gradient_bridge/language is read by a twin, whose program says where gradients stop; each of
tests/gradient_bridge/test_refusals.py is offered to the twin, and its error is quoted. A few minutes:

    python docs/boundary.py
"""

import inspect
import re
from pathlib import Path

import torch
from tqdm import tqdm

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.explaining import stops, stops_of_line
from chronaxie.models.errors import UnsupportedModel
from chronaxie.tests.gradient_bridge.language.brian2_runs import brian2_settings
from chronaxie.tests.gradient_bridge.language.table import CASES
from chronaxie.tests.gradient_bridge.test_refusals import NETWORKS

PAGE = Path(__file__).with_name("boundary.md")
HEAD = """# What is mirrored, what is refused

This page is written from the code by `python docs/boundary.py`: it lists the networks of the suite, asks their programs
where gradients stop, and offers the twin what it refuses.

Each network is run by Brian2's numpy target and by the twin at the same step, and **every spike and every state
variable compared to the bit**: in several runs without gradients, by a new twin of a network that has already run, in
trials that begin apart, and in the form that carries gradients. The command is

    pytest tests/gradient_bridge/language

(`-m "not slow"` takes a few of them); it prints how many neuron-steps were compared. The claim is for float64 on the
CPU; networks in Brian2's float32 are equal without gradients, and close with them. Why it holds: [exact.md](exact.md).
Brian2's own examples: [conformance.md](conformance.md).

"""


def about(case):
    """What a network shows: its docstring, or its name."""
    text = inspect.getdoc(case.build)
    name = case.build.__name__.replace("_", " ")
    return f"{name}: {text.splitlines()[0]}" if text else name


def reasons(case, found):
    """Collect why gradients stop, each with the first network that shows it."""
    with brian2_settings(case):
        program = Twin(
            case.build(), engine="reference", namespace=dict(case.namespace), **case.options
        ).program
    for operation in program.operations:
        named = [
            *stops(operation),
            *(w for line in operation.lines() for w in stops_of_line(program, operation, line)),
        ]
        for why in named:
            for array in program.arrays:
                why = why.replace(f"{array} ", "the variable ")
            if why.endswith("is a truth value") and not why.startswith("the variable"):
                why = "a comparison outside a threshold is a truth value"
            why = re.sub(r"poissoninput_binomial(_\d+)?\(\)", "a PoissonInput", why)
            found.setdefault(why, case.name)


def main():
    """Run everything and write the page."""
    lines, families, found = [HEAD], {}, {}
    for name, case in tqdm(CASES.items(), unit="network"):
        reasons(case, found)
        families.setdefault(name.partition("-")[0], []).append(about(case))
    for family, rows in families.items():
        lines.append(f"## {family.replace('_', ' ').capitalize()}\n\n")
        lines += [f"* {row}\n" for row in rows]
        lines.append("\n")
    lines.append("## Where gradients stop\n\nAs `print(twin.program)` says beneath each line:\n\n")
    lines += [f"* {why} (`{name}`)\n" for why, name in sorted(found.items())]
    lines.append("\n## Refused\n\n")
    for kind, (make, _) in NETWORKS.items():
        try:
            with torch.no_grad():
                Twin(make(), engine="reference")
        except UnsupportedModel as error:
            lines.append(f'* {kind}: "{error}"\n')
        else:
            lines.append(f"* {kind}: **not refused**\n")
    PAGE.write_text("".join(lines))


if __name__ == "__main__":
    main()
