"""The page of the study `published`: which arrays were trained, which differ from their start, and biology beside."""

from __future__ import annotations

import numpy as np

from .results import ResultError

NEEDED = (
    "differs",
    "start",
    "left_out",
    "displacement_from_shift_interval",
    "membrane_median_ratio",
    "adaptation_median_ratio",
    "membrane_spread_ratio",
    "adaptation_spread_ratio",
)
_VERDICTS = {1: "yes", 0: "not shown", -1: "-"}


def page(ds):
    """The result of the study as a page of Markdown; its figures lie beside it.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `published`.

    Returns
    -------
    str

    Raises
    ------
    ResultError
        The dataset lacks a variable of the study.
    """
    missing = [name for name in NEEDED if name not in ds.variables]
    if missing:
        raise ResultError(
            f"published: the dataset lacks {', '.join(missing)}; give that of chronaxie run published"
        )
    level = 100 * ds["displacement_from_shift_interval"].attrs["level"]
    differs = ds["differs"].values
    lines = [
        "# Time constants of the published networks",
        "",
        f"{ds.sizes['array']} arrays of {len(set(ds['network'].values.tolist()))} networks. "
        f"{int((differs == 1).sum())} differ from what they were initialised with, of {int((differs == 0).sum())} a "
        f"difference is not shown, {int((differs == -1).sum())} were never trained. Intervals are of {level:g} %, "
        "each for itself; p values are corrected over the arrays (Holm), and decide what differs. The values before "
        "training are not published: each array is tested against the distribution that it was drawn from, so that "
        "changes which leave the distribution as it was are not seen. An array that began as one value needs no test.",
        "",
        "![arrays and their starts](published_arrays.png)",
        "",
        "| array | n | start (steps) | trained | differs | median (steps) | median (ms) | shift of the median (ms) "
        "| spread over the start's | Wasserstein distance (ms) | p |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    notes = {}
    for k in range(ds.sizes["array"]):
        row = ds.isel(array=k)
        note = str(row["note"].values)
        mark = f" ({notes.setdefault(note, len(notes) + 1)})" if note else ""
        lines.append(
            f"| `{row['array'].item()}`{mark} | {_count(row)} | {row['start'].item()} | "
            f"{'yes' if int(row['trained']) else 'no'} | {_VERDICTS[int(row['differs'])]} | "
            f"{float(row['median'] / row['step']):.1f} | {float(row['median']):.1f} | "
            + " | ".join(
                _with_interval(row, f"displacement_from_{m}") for m in ("shift", "spread", "wasserstein")
            )
            + f" | {_p(row)} |"
        )
    lines += ["", *(f"({number}) {note}." for note, number in notes.items()), ""]
    for prefix, title in (
        ("membrane", "Membrane time constants beside measured ones"),
        ("adaptation", "Adaptation time constants beside what is slow in neurons"),
    ):
        lines += _beside(ds, prefix, title)
    return "\n".join(lines) + "\n"


def _beside(ds, prefix, title):
    groups = ds[f"{prefix}_group"].values.tolist()
    counts = [int(n) for n in ds[f"{prefix}_cells_count"]]
    medians = [float(m) for m in ds[f"{prefix}_cells_median"]]
    head = [f"{g} ({n}; {m:.1f} ms)" for g, n, m in zip(groups, counts, medians, strict=True)]
    lines = [f"## {title}", "", f"![{prefix}](published_{prefix}.png)", ""]
    for name, text in (
        ("median_ratio", "Median of the network over that of the cells:"),
        (
            "spread_ratio",
            "Spread (standard deviation of the logarithms) of the network over that of the cells:",
        ),
    ):
        lines += [text, "", f"| array | {' | '.join(head)} |", "|---" * (len(groups) + 1) + "|"]
        for layer in ds[f"{prefix}_layer"].values.tolist():
            row = ds.sel({f"{prefix}_layer": layer})
            cells = [
                _with_interval(row.isel({f"{prefix}_group": k}), f"{prefix}_{name}")
                for k in range(len(groups))
            ]
            lines.append(f"| `{layer}` | {' | '.join(cells)} |")
        lines.append("")
    lines += [
        "Wasserstein distance of the values over their own medians (free of scale); in brackets the interval, * where "
        "the shapes differ (p < 0.05 after Holm), and after the semicolon that of as many draws from the start. The "
        "fewer the neurons and the wider the cells, the larger the distance that as many of the cells have by chance: "
        "an interval that begins at 0, or no *, does not make the shapes alike. See the spreads.",
        "",
        f"| array | {' | '.join(groups)} |",
        "|---" * (len(groups) + 1) + "|",
    ]
    name = f"{prefix}_distance_scaled"
    for layer in ds[f"{prefix}_layer"].values.tolist():
        row = ds.sel({f"{prefix}_layer": layer})
        cells = []
        for k in range(len(groups)):
            cell = row.isel({f"{prefix}_group": k})
            low, high = cell[f"{name}_interval"].values
            star = "*" if float(cell[f"{prefix}_p_scaled_holm"]) < 0.05 else ""
            start = float(cell[f"{prefix}_null_distance_scaled"].sel({f"{prefix}_null": "initial"}))
            after = f"; {start:.2f}" if np.isfinite(start) else ""
            if np.isfinite(low):
                found = f"{float(cell[f'{name}_corrected']):.2f}{star} [{low:.2f}, {high:.2f}]"
            else:
                found = f"({float(cell[name]):.2f}){star}"
            cells.append(found + after)
        lines.append(f"| `{layer}` | {' | '.join(cells)} |")
    if reason := ds.attrs[f"{prefix}_no_distance_interval"]:
        lines += ["", f"In round brackets, without an interval, the distance of the samples: {reason}."]
    return [*lines, "", f"Cells: {ds.attrs[f'{prefix}_citation']}.", ""]


def _count(row):
    lost = int(row["left_out"])
    return f"{int(row['count'])}" + (f" ({lost} left out: not a positive number)" if lost else "")


def _with_interval(row, name):
    value, (low, high) = float(row[name]), row[f"{name}_interval"].values
    if not np.isfinite(value):
        return "-"
    return f"{value:.2f} [{low:.2f}, {high:.2f}]" if np.isfinite([low, high]).all() else f"{value:.2f}"


def _p(row):
    p = float(row["displacement_from_p_holm"])
    return f"{p:.2g}" if np.isfinite(p) else "-"
