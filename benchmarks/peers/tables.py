"""What was measured, as tables that read well on a terminal and on a page."""

import statistics

from .rounds import ratio
from .sizes import Size

BASES = ("eager", "norse", "jax")
NONE = "–"


def table(head, rows):
    """A Markdown table with aligned columns; the first is text, the others numbers.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
    """
    widths = [max(len(line[k]) for line in (head, *rows)) for k in range(len(head))]

    def line(cells):
        first, *others = cells
        padded = [first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:], strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "\n".join([line(head), f"| {' | '.join(rule)} |", *map(line, rows)])


def milliseconds(times):
    """Median in ms."""
    return f"{statistics.median(times) * 1e3:.3g}" if times else NONE


def factor(value):
    """A ratio."""
    return NONE if value is None else f"{value:.3g}"


def in_words(size):
    """A size as one says it."""
    steps, trials, neurons = size
    return f"{steps} steps × {trials} trials × {neurons} neurons"


def layer_table(result, titles):
    """The table of one size.

    Parameters
    ----------
    result : dict
        From `measure`.
    titles : dict of str to str
        Of all competitors by key; a row for each.
    """
    rows, bases = result["rows"], [b for b in BASES if b in result["rows"]]
    head = [
        "",
        "training step (ms)",
        *(f"{b} /" for b in bases),
        "inference (ms)",
        *(f"{b} /" for b in bases),
    ]
    head += ["a step adds (MiB)", "start (s)", "spikes"]
    lines = []
    for key, title in titles.items():
        if key not in rows:
            lines.append([title, "not there", *[NONE] * (len(head) - 2)])
            continue
        row, cells = rows[key], [title]
        for action in ("train", "infer"):
            against = [factor(ratio(rows[b][action], row[action])) for b in bases]
            cells += [milliseconds(row[action]), *against]
        memory = NONE if row["step_mib"] is None else f"{row['step_mib']:.1f}"
        lines.append([*cells, memory, f"{row['start_s']:.1f}", f"{row['rate']:.3f}"])
    return table(head, lines)


def left_out(result, titles):
    """Who is not there and why, one line each."""
    return [f"* {titles[key]}: {reason}" for key, reason in result["left_out"].items()]


def same_table(same, titles):
    """Who gives the same as whom."""
    rows = []
    for base, found in same.items():
        for key, distance in found.items():
            numbers = [f"{distance[name]:.1e}" for name in ("w", "tau_m", "tau_a")]
            rows.append([titles[key], titles[base], f"{distance['spikes']} of {distance['of']}", *numbers])
    return table(["", "against", "spikes that differ", "w", "tau_m", "tau_a"], rows)


def growth_table(growth, titles):
    """Fitted exponents and the times behind them."""
    rows = []
    for axis, found in growth.items():
        for key, fit in found.items():
            times = ", ".join(f"{t * 1e3:.3g}" for t in fit["seconds"])
            memory = NONE if fit["memory_exponent"] is None else f"{fit['memory_exponent']:.2f}"
            values = ", ".join(map(str, fit["values"]))
            rows.append(
                [titles[key], axis, values, times, f"{fit['exponent']:.2f}", f"{fit['off']:.2f}", memory]
            )
    head = ["", "grows", "to", "training step (ms)", "exponent", "worst factor off", "exponent of memory"]
    return table(head, rows)


def parts_table(result, titles, parts):
    """The split of a step by engine; the last columns hold it against the hidden layer alone.

    Parameters
    ----------
    result : dict
        From `measure`, with keys ``engine`` and ``engine layer``.
    titles : dict of str to str
        Of the engines.
    parts : sequence of str
    """
    rows, lines = result["rows"], []
    for key, title in titles.items():
        if key not in rows or f"{key} layer" not in rows:
            lines.append([title, "not there", *[NONE] * (len(parts) + 4)])
            continue
        row, alone = rows[key], rows[f"{key} layer"]
        split = [milliseconds([p[name] for p in row["parts"]]) for name in parts]
        whole = [factor(ratio(row["train"], alone["train"])), factor(slowest_over(rows, row))]
        lines.append(
            [
                title,
                milliseconds(row["train"]),
                *split,
                milliseconds(alone["train"]),
                *whole,
                f"{row['rate']:.3f}",
            ]
        )
    head = ["", "whole step (ms)", *parts, "hidden layer alone", "whole / alone", "reference /", "spikes"]
    return table(head, lines)


def slowest_over(rows, row):
    """Ratio of the reference engine to a row."""
    return ratio(rows["reference"]["train"], row["train"]) if "reference" in rows else None


def cells_table(results, titles):
    """Other neurons, by engine.

    Parameters
    ----------
    results : dict of str to dict
        `measure` by kind of neuron.
    titles : dict of str to str
        Of the engines.
    """
    lines = []
    for kind, result in results.items():
        rows = result["rows"]
        for key, title in titles.items():
            if key not in rows:
                lines.append([kind, title, "not there", *[NONE] * 6])
                continue
            row = rows[key]
            against = [
                factor(ratio(rows["reference"][a], row[a])) if "reference" in rows else NONE
                for a in ("train", "infer")
            ]
            memory = NONE if row["step_mib"] is None else f"{row['step_mib']:.1f}"
            lines.append(
                [kind, title, milliseconds(row["train"]), against[0], milliseconds(row["infer"]), against[1]]
                + [memory, f"{row['start_s']:.1f}", f"{row['rate']:.4f}"]
            )
    head = ["", "engine", "training step (ms)", "reference /", "inference (ms)", "reference /"]
    return table([*head, "a step adds (MiB)", "start (s)", "spikes"], lines)


def size_of(result):
    """The `Size` of a result."""
    return Size(*result["size"])
