"""One recurrent ALIF layer: this package's engines beside PyTorch, Norse, snnTorch, SpikingJelly and JAX.

    python benchmarks/engines.py [--sizes 1300x64x36,…] [--only fused,norse,…] [--growth] [--json FILE]

One training step (forward, backpropagation through time; weights and both time constants) and one inference, float32,
input currents for each neuron, loss the mean of the spikes. Every competitor is a process of its own; each round wakes
all in a new order, one at a time. Reported are medians over rounds, of ratios the medians of those within a round.
`make bench` installs the peers; one that is missing is named and left out.
"""

from peers import bars, tables
from peers.commands import chosen, describe, parser, progress, save
from peers.competitors import COMPETITORS, PROTOTYPE, SAME, VARIANTS, prototype, why_no_prototype
from peers.growth import grow
from peers.rounds import compare, measure
from peers.sizes import SIZES, SMALL, parse_size

IN_GROWTH = ("fused", "reference", "eager", "norse", "jax")  # without what compiles for minutes at each size


def arguments():
    """What the command line says, and who takes part."""
    parse = parser(__doc__, rounds=7)
    parse.add_argument(
        "--sizes", help="steps x trials x neurons, with commas (default: " + ", ".join(map(str, SIZES)) + ")"
    )
    parse.add_argument(
        "--only", help=f"with commas, of {', '.join(COMPETITORS)}; further ways: {', '.join(VARIANTS)}"
    )
    parse.add_argument(
        "--bias", type=float, default=0.0, help="mean of the currents: more of it, more spikes (default 0)"
    )
    parse.add_argument(
        "--growth", action="store_true", help="also how times grow with steps, trials and neurons"
    )
    parse.add_argument(
        "--prototype", metavar="FOLDER", help="with a generated_engine.py, as a further competitor"
    )
    parse.add_argument("--no-check", action="store_true", help="do not compare spikes and gradients first")
    given = parse.parse_args()
    known = COMPETITORS | VARIANTS
    given.competitors = chosen(given.only or ",".join(COMPETITORS), known, parse)
    if given.prototype:
        missing = why_no_prototype(given.prototype)
        if missing:
            progress(f"left out: the prototype ({missing})")
        else:
            given.competitors[PROTOTYPE] = prototype(given.prototype)
    try:
        given.sizes = SIZES if given.sizes is None else tuple(map(parse_size, given.sizes.split(",")))
    except ValueError as error:
        parse.error(str(error))
    return given


def check(competitors, threads):
    """In float64 and with many spikes: engines of a twin against `reference`, the others against the eager loop."""
    same = {k: c for k, c in competitors.items() if c.model == SAME}
    own = {k: c for k, c in same.items() if c.own and k != "reference"}
    options = {"arguments": {"bias": 2.0, "dtype": "float64"}, "threads": threads, "report": progress}
    wanted = {"eager": {k: c for k, c in same.items() if k not in own}, "reference": own}
    known = COMPETITORS
    return {
        base: compare({base: known[base], **members}, SMALL, base, **options)
        for base, members in wanted.items()
        if set(members) - {base}
    }


def main():
    """Measure and print."""
    given = arguments()
    competitors, threads = given.competitors, given.threads
    titles = {key: c.title for key, c in competitors.items()}
    results = {"about": describe(competitors, threads, rounds=given.rounds, bias=given.bias)}
    results["models"] = {key: [c.title, c.model] for key, c in competitors.items()}
    if not given.no_check:
        results["same"] = check(competitors, threads)
        print(
            tables.same_table(results["same"], titles | {k: COMPETITORS[k].title for k in results["same"]})
            + "\n"
        )
    options = {"arguments": {"bias": given.bias}, "threads": threads, "report": progress}
    results["sizes"] = []
    for size in given.sizes:
        found = measure(competitors, size, rounds=given.rounds, **options)
        found["verdicts"] = bars.layer_verdicts(found, size)
        results["sizes"].append(found)
        print(f"{tables.in_words(found['size'])}\n\n{tables.layer_table(found, titles)}\n")
        print("\n".join([*tables.left_out(found, titles), *found["verdicts"], ""]), flush=True)
        save(given.json, results)
    if given.growth:
        present = {key: c for key, c in competitors.items() if key in IN_GROWTH}
        results["growth"] = grow(present, **options)
        print(tables.growth_table(results["growth"], titles), flush=True)
        save(given.json, results)
    for title, model in results["models"].values():
        if model != SAME:
            print(f"{title}: another model: {model}")


if __name__ == "__main__":
    main()
