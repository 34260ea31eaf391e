"""Verdicts on example scripts, and the table of them."""

import statistics
from collections import Counter

# What a script's comparison can end with; those that make the whole run fail.
FAILED = ("wrong", "crash", "timeout")
VERDICTS = {
    "exact": "every spike and every final value of groups and synapses equal to the bit",
    "wrong": "a spike or a value differs",
    "refused": "`UnsupportedModel`",
    "crash": "the twin failed with another error",
    "timeout": "the comparison took too long",
    "not run": "the script itself does not get as far as a run",
}


def verdict(result, *, compared=True):
    """Judge one script by its runs.

    Parameters
    ----------
    result : dict
        ``runs`` and ``error`` as the worker writes them.
    compared : bool
        Whether a twin took part at all.

    Returns
    -------
    dict
        ``verdict``, ``note``, and over the runs ``compared_runs``, ``spikes``, ``neuron_steps``, ``brian2_s``,
        ``twin_s``, ``ratio``.
    """
    runs = [run for run in result["runs"] if run["steps"] > 0]
    for kind in ("wrong", "crash", "refused"):
        for run in runs:
            if run["verdict"] == kind:
                return dict(verdict=kind, note=run.get("why") or "; ".join(run["differs"][:4]), **sums(runs))
    exact = [run for run in runs if run["verdict"] == "exact"]
    error = result["error"] or ""
    if exact:
        return dict(verdict="exact", note=notes(exact, error), **sums(exact))
    if runs and not compared:
        return dict(verdict="runs", note=error, **sums(runs))
    if error.startswith("longer than"):
        return dict(verdict="timeout", note=error, **sums(runs))
    return dict(verdict="not run", note=error or "it never calls run()", **sums(runs))


def notes(runs, error):
    """What is special about an exact script."""
    found = []
    if any(run["float"] != "float64" for run in runs):
        found.append("float32")
    if any("refused_by_default" in run for run in runs):
        found.append("network operation: refused by default, `python=True`")
    if error:
        found.append(f"after these runs: {error}")
    return "; ".join(found)


def sums(runs):
    """Spikes, neuron-steps, and times over runs: medians of the rounds, added up (s)."""
    timed = [run for run in runs if run.get("twin_s")]
    brian2 = sum(statistics.median(run["brian2_s"]) for run in timed)
    twin = sum(statistics.median(run["twin_s"]) for run in timed)
    return dict(
        compared_runs=len(runs),
        spikes=sum(run.get("spikes", 0) for run in runs),
        neuron_steps=sum(run.get("neuron_steps", 0) for run in runs),
        brian2_s=brian2,
        twin_s=twin,
        ratio=twin / brian2 if brian2 else None,
    )


def line(name, result, seconds):
    """One line of the terminal."""
    ratio = f"{result['ratio']:5.2f}" if result["ratio"] else "    -"
    return f"{name:58s} {result['verdict']:8s} {seconds:6.1f} s  ratio {ratio}  {result['note'][:110]}"


def ratios(table):
    """Time of the twin over that of Brian2, by exact script, least first."""
    found = [result["ratio"] for result in table.values() if result["verdict"] == "exact" and result["ratio"]]
    return sorted(found)


def summary(table):
    """Counts, totals and ratios in one paragraph."""
    counts = Counter(result["verdict"] for result in table.values())
    said = ", ".join(f"{counts[kind]} {kind}" for kind in (*VERDICTS, "runs") if counts[kind])
    spikes = sum(result["spikes"] for result in table.values())
    steps = sum(result["neuron_steps"] for result in table.values())
    text = f"{len(table)} scripts: {said}. {spikes:,} spikes, {steps:.3g} neuron-steps."
    found = ratios(table)
    if found:
        text += f" Time of the twin over that of Brian2: median {statistics.median(found):.2f}, worst {found[-1]:.2f}."
    return text


def page(about):
    """The page for docs: what was compared, the command, the table.

    Parameters
    ----------
    about : dict
        ``examples`` (the table), ``versions``, ``python`` and ``options``.

    Returns
    -------
    str
        Markdown.
    """
    table, options, versions = about["examples"], about["options"], about["versions"]
    ran = {name: result for name, result in table.items() if result["verdict"] != "not run"}
    rows = [row(name, result) for name, result in sorted(ran.items())]
    rest = [f"| `{name}` | {cell(result['note'])} |" for name, result in table.items() if name not in ran]
    return "\n".join(
        [
            *HEAD,
            summary(table),
            "",
            *(text.format(**options, **versions, python=about["python"]) for text in MEASURED),
            "",
            "| script | verdict | runs | spikes | neuron-steps | Brian2 (s) | twin (s) | twin / Brian2 | |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
            *REST,
            "",
            "| script | why |",
            "|---|---|",
            *rest,
            "",
        ]
    )


def row(name, result):
    """One row of the table of those that ran."""
    ratio = f"{result['ratio']:.2f}" if result["ratio"] else ""
    values = [
        f"`{name}`",
        result["verdict"],
        result["compared_runs"],
        f"{result['spikes']:,}",
        f"{result['neuron_steps']:,}",
        f"{result['brian2_s']:.3f}",
        f"{result['twin_s']:.3f}",
        ratio,
        cell(result["note"]),
    ]
    return "| " + " | ".join(map(str, values)) + " |"


def cell(text):
    """Text that fits into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


HEAD = """\
# Conformance: Brian2's own examples

Made by `make conformance`, not written by hand. Each of Brian2's example scripts without compartments is run, and at
each of its `run` calls a twin is made of the network as it then is. Twin and Brian2's numpy target start from the same
state and the same seed. A script is *exact* where every spike of every group and every final value of every variable of
groups and synapses has the same bits (NaN counts as equal to NaN).
""".splitlines()

MEASURED = """\
The first {steps} steps of each of the first {runs} runs of a script are compared. Scripts that ask for a standalone
device or for several processes run on the runtime device in one. A script in float32 is compared in float32. Network
operations are refused by default, which is checked, and then taken with `Twin(net, python=True)`.

Times are medians of up to {rounds} rounds in turn, one thread each, added up over the runs. Brian2: the steps of a run,
without its preparation (`before_run`) and without the script's monitors. Twin: a call without gradients, one trial,
without making the twin. Both keep every spike of every group and trace nothing. Measured with Python {python}, Brian2
{brian2}, NumPy {numpy}, PyTorch {torch}.
""".splitlines()

REST = """\
## Not run

These never get as far as a run by themselves, with or without a twin.
""".splitlines()
