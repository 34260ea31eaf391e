"""Writes docs/speed.md from what `make bench` has measured.

    python benchmarks/speed_page.py [--results out/bench] --docs docs/speed.md

Every number of the page is from a file of the results; a part that was not measured is refused by name.
"""

import argparse
import json
import sys
from pathlib import Path

from peers import tables
from peers.competitors import ENGINES, PROTOTYPE, SAME, STEP_PARTS
from peers.machine import in_words

ROOT = Path(__file__).resolve().parents[1]
FILES = ("engines", "ecg_step", "any_equations")

INTRODUCTION = """\
# Speed

Made by `python benchmarks/speed_page.py --docs docs/speed.md` from what `make bench` has measured, not written by
hand. Absolute times are of one machine; look at the ratios, and run it on yours.

## How to read the tables

`make bench` installs the peers in an environment of its own, `.venv-bench`, and runs three commands:
`benchmarks/engines.py`, `benchmarks/ecg_step.py` and `benchmarks/any_equations.py` (`--help` says what each takes).
A peer that cannot be installed is named and left out.

* **Every competitor is a process of its own** that stays alive. Each round wakes all of them, one at a time and in a
  new order; a visit is one run without clock and then as many as fill half a second, one at least.
* **Times** are medians over rounds. **`norse /`** is Norse's time over that of the row, how many times as fast the row
  is: the median of the ratios within a round, so that drift of the machine meets both.
* **A training step** is forward, loss and backward; no optimiser. **Inference** is the spikes without gradients, as a
  dense tensor from everyone.
* **A step adds**: from the resident memory before a warm training step to the highest mark during it.
* **Start**: from the imported library to the end of the first training step, less a warm one, with empty caches: what
  is compiled counts, and so does reading the Brian2 network.
* **Spikes**: the fraction of neuron-steps with a spike. Dense products cost the same however many there are; engines
  that send spikes as events are faster the fewer there are (`benchmarks/engines.py --bias 0.5` for more of them).
"""


def read(folder):
    """The results by name of the command.

    Raises
    ------
    ValueError
        One is missing, or was run without what the page shows.
    """
    missing = [name for name in FILES if not (folder / f"{name}.json").is_file()]
    if missing:
        raise ValueError(f"{folder} lacks {', '.join(f'{name}.json' for name in missing)}: run make bench")
    results = {name: json.loads((folder / f"{name}.json").read_text()) for name in FILES}
    for part in ("same", "growth"):
        if part not in results["engines"]:
            raise ValueError(
                f"{folder / 'engines.json'} has no {part!r}: run benchmarks/engines.py --growth --json"
            )
    return results


def page(results):
    """The page as Markdown.

    Parameters
    ----------
    results : dict
        From `read`.
    """
    parts = [INTRODUCTION, *_layer(results["engines"]), *_ecg(results["ecg_step"])]
    parts += [*_cells(results["any_equations"]), *_bars(results)]
    return "\n".join(part.rstrip() + "\n" for part in parts if part)


def _where(result):
    options = ", ".join(f"{name} {value}" for name, value in result["about"]["options"].items())
    return f"{in_words(result['about'])}; {options}."


def _layer(result):
    models = {
        key: model for key, model in result["models"].items() if key != PROTOTYPE
    }  # not of this repository
    titles = {key: title for key, (title, _) in models.items()}
    others = [f"* {title}: {model}." for title, model in models.values() if model != SAME]
    yield "## One recurrent ALIF layer"
    yield (
        "float32, weights and both time constants trained, a current for each neuron and step, loss the mean "
        "of the spikes; `python benchmarks/engines.py`."
    )
    yield _where(result)
    for size in result["sizes"]:
        yield f"### {tables.in_words(size['size'])}"
        yield tables.layer_table(size, titles)
        yield "\n".join(tables.left_out(size, titles))
    if others:
        yield "Where a peer cannot say the model of the papers:"
        yield "\n".join(others)
    yield "### The same model, the same result"
    yield (
        "In float64 and with many spikes (`bias 2`): spikes that differ, and gradients relative to those that "
        "they are held against. A twin takes the derivative of a reset by the spike from the whole reset, "
        "`reset(x) - x`; the papers' formula differentiates through the adaptation within it as well. Forward "
        "they are equal."
    )
    same = {
        base: {key: distance for key, distance in found.items() if key in titles}
        for base, found in result["same"].items()
    }
    yield tables.same_table(same, titles)
    yield "### Growth"
    yield (
        "Exponent k of time = c n^k, fitted in the logarithms, the other two sizes held; the worst factor by "
        "which a time is off the fit."
    )
    yield tables.growth_table(result["growth"], titles)


def _ecg(result):
    yield "## The whole step of the ECG training"
    yield (
        "`python benchmarks/ecg_step.py`: batch, input product, hidden layer, readout, masked loss, backward, "
        "optimiser, as `fit` does them. Beside it the hidden layer alone: the same weights, the input product "
        "made beforehand, the mean of the spikes as loss. Ratios are medians over rounds."
    )
    yield _where(result)
    yield f"{result['task']}, {tables.in_words(result['ecg']['size'])}."
    yield tables.parts_table(result["ecg"], ENGINES, STEP_PARTS)
    yield "\n".join(tables.left_out(result["ecg"], _with_layers()))


def _with_layers():
    return ENGINES | {f"{name} layer": f"{title}, hidden layer" for name, title in ENGINES.items()}


def _cells(result):
    yield "## Any equations"
    yield (
        "`python benchmarks/any_equations.py`: recurrent groups for which no engine holds anything by hand, "
        "float32, weights and parameters of the neurons trained."
    )
    yield _where(result)
    yield tables.cells_table(result["cells"], ENGINES)
    for kind, found in result["cells"].items():
        yield "\n".join(tables.left_out(found, {n: f"{kind}, {title}" for n, title in ENGINES.items()}))


def _bars(results):
    found = [line for size in results["engines"]["sizes"] for line in size["verdicts"]]
    found += results["ecg_step"]["ecg"]["verdicts"]
    found += [line for kind in results["any_equations"]["cells"].values() for line in kind["verdicts"]]
    if found:
        yield "## What the fused engine is held to"
        yield "\n".join(f"* {line}" for line in found if PROTOTYPE not in line)


def main():
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--results", type=Path, default=ROOT / "out" / "bench", help="folder (default: out/bench)"
    )
    parser.add_argument("--docs", type=Path, required=True, help="where the page goes")
    given = parser.parse_args()
    try:
        text = page(read(given.results))
    except ValueError as error:
        sys.exit(str(error))
    given.docs.write_text(text)


if __name__ == "__main__":
    main()
