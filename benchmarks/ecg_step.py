"""One whole step of the real ECG training by engine, split into its parts, beside its hidden layer alone.

    python benchmarks/ecg_step.py [--data DIR] [--size 1300x64x36] [--only fused,reference] [--json FILE]

Batch, input product, hidden layer, readout, masked loss, backward, optimiser, as `fit` does them with the options of
the study; QTDB from ``--data`` or CHRONAXIE_DATA, else the synthetic ECG. The engine's parts are its calls forward and
backward; the loss is all between scores and their gradient; the optimiser is zeroing, checks, clipping and the step.
"""

import os

from peers import bars, tables
from peers.commands import chosen, describe, parser, progress, save
from peers.competitors import ENGINES, STEP_PARTS, engine_task
from peers.rounds import measure, ratio
from peers.sizes import SIZES, parse_size


def main():
    """Measure and print."""
    parse = parser(__doc__, rounds=5)
    parse.add_argument(
        "--data",
        metavar="DIR",
        default=os.environ.get("CHRONAXIE_DATA"),
        help="folder with qtdb/; default: CHRONAXIE_DATA, else the synthetic ECG",
    )
    parse.add_argument(
        "--size", default=str(SIZES[0]), help="steps x recordings x neurons (default %(default)s)"
    )
    parse.add_argument("--only", help=f"engines, with commas, of {', '.join(ENGINES)}")
    given = parse.parse_args()
    titles = chosen(given.only, ENGINES, parse)
    try:
        size = parse_size(given.size)
    except ValueError as error:
        parse.error(str(error))
    competitors = {}
    for name in titles:
        competitors[name] = engine_task(name, "ecg:whole_step")
        competitors[f"{name} layer"] = engine_task(name, "ecg:hidden_layer")
    results = {"about": describe(competitors, given.threads, rounds=given.rounds)}
    found = measure(
        competitors,
        size,
        arguments={"data": given.data},
        rounds=given.rounds,
        threads=given.threads,
        actions=("train",),
        report=progress,
    )
    rows = found["rows"]
    found["verdicts"] = []
    if {bars.OWN, f"{bars.OWN} layer"} <= set(rows):
        share = ratio(rows[bars.OWN]["train"], rows[f"{bars.OWN} layer"]["train"])
        name = f"{size}, ECG training, whole step over hidden layer alone, {bars.OWN}"
        found["verdicts"].append(bars.verdict(name, share, bars.WHOLE_STEP, at_most=True))
    task = "QTDB" if given.data else "synthetic ECG"
    results |= {"task": task, "ecg": found}
    save(given.json, results)
    print(f"{task}, {tables.in_words(found['size'])}\n\n{tables.parts_table(found, titles, STEP_PARTS)}\n")
    named = titles | {f"{name} layer": f"{title}, hidden layer" for name, title in titles.items()}
    print("\n".join([*tables.left_out(found, named), *found["verdicts"]]))


if __name__ == "__main__":
    main()
