"""Recurrent groups of other neurons by engine: Hodgkin-Huxley, adaptive exponential, Izhikevich.

    python benchmarks/any_equations.py [--size 500x64x100] [--only fused,reference] [--cells AdEx] [--json FILE]

No engine holds anything that is written for them. One training step and one inference, float32, a current for each
neuron, loss the mean of the spikes; weights and the parameters of the neurons are trained.
"""

from peers import bars, tables
from peers.commands import chosen, describe, parser, progress, save
from peers.competitors import CELLS, ENGINES, engine_task
from peers.rounds import measure, ratio
from peers.sizes import Size, parse_size

SIZE = Size(500, 64, 100)


def main():
    """Measure and print."""
    parse = parser(__doc__, rounds=5)
    parse.add_argument("--size", default=str(SIZE), help="steps x trials x neurons (default %(default)s)")
    parse.add_argument("--only", help=f"engines, with commas, of {', '.join(ENGINES)}")
    parse.add_argument("--cells", help=f"with commas, of {', '.join(CELLS)}")
    given = parse.parse_args()
    titles = chosen(given.only, ENGINES, parse)
    try:
        size = parse_size(given.size)
    except ValueError as error:
        parse.error(str(error))
    competitors = {name: engine_task(name, "equations:twin") for name in titles}
    results = {"about": describe(competitors, given.threads, rounds=given.rounds), "cells": {}}
    for kind in chosen(given.cells, dict.fromkeys(CELLS), parse):
        found = measure(
            competitors,
            size,
            arguments={"name": kind},
            rounds=given.rounds,
            threads=given.threads,
            report=progress,
        )
        rows = found["rows"]
        found["verdicts"] = []
        if {bars.OWN, "reference"} <= set(rows):
            name = f"{kind}, {size}, training, reference over {bars.OWN}"
            times = ratio(rows["reference"]["train"], rows[bars.OWN]["train"])
            found["verdicts"].append(bars.verdict(name, times, bars.ANY_EQUATIONS))
        results["cells"][kind] = found
        save(given.json, results)
        print(f"{size}\n\n{tables.cells_table({kind: found}, titles)}\n")
        named = {name: f"{kind}, {title}" for name, title in titles.items()}
        print("\n".join([*tables.left_out(found, named), *found["verdicts"], ""]), flush=True)


if __name__ == "__main__":
    main()
