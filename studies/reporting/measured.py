"""What two further results say: the published networks' time constants, and a record through a network."""

from __future__ import annotations

import numpy as np

from .parts import Found, Number, Table
from .tables import headline, number_of, table_over

_VERDICTS = {1: "yes", 0: "not shown", -1: "never trained"}


def published(ds):
    """Which arrays of time constants were trained and differ from their start, and biology beside them.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `published`.

    Returns
    -------
    Found
    """
    counts = {code: int((ds["differs"] == code).sum()) for code in _VERDICTS}
    arrays = ds.sizes["array"]
    shift = np.abs(ds["displacement_from_shift"] / ds["start_median"]).where(ds["differs"] == 1)
    rows = [
        (
            "arrays that differ from what they were initialised with",
            Number(counts[1]),
            "1",
            f"{arrays} arrays",
        ),
        ("arrays of which a difference is not shown", Number(counts[0]), "1", f"{arrays} arrays"),
        ("arrays that were never trained", Number(counts[-1]), "1", f"{arrays} arrays"),
    ]
    said = f"{counts[1]} of {arrays} arrays differ from what they were initialised with, of {counts[0]} a difference "
    said += f"is not shown, {counts[-1]} were never trained"
    if shift.notnull().any():
        most = ds.isel(array=int(np.nanargmax(shift)))
        moved = number_of(most, "displacement_from_shift")
        name = f"{most['array'].item()}"
        count = f"{int(most['count'])} neurons"
        rows.append((f"largest shift of a median over its start, {name}", moved, "ms", count))
        said += f"; the median that moved farthest, relative to its start, is that of {name}: by {moved} ms"
    level = 100 * ds["displacement_from_shift_interval"].attrs["level"]
    note = f"Intervals of {level:g} %, each for itself, over neurons; p values are corrected over the arrays (Holm)."
    tables = [_arrays(ds, note), *(_beside(ds, prefix) for prefix in ("membrane", "adaptation"))]
    return Found(f"{said}.", headline(rows, note=note), tuple(table for table in tables if table is not None))


def _arrays(ds, note):
    names = (
        "network",
        "count",
        "start",
        "differs",
        "median",
        "displacement_from_shift",
        "displacement_from_spread",
        "displacement_from_wasserstein",
        "displacement_from_p_holm",
        "note",
    )
    # The long name of this one explains its numbers; the words that stand for them need no explanation.
    shown = ds.assign(differs=ds["differs"].assign_attrs(long_name="differs from its start"))
    return table_over(shown, ("array",), names, title="Arrays", note=note, words={"differs": _VERDICTS})


def _beside(ds, prefix):
    names = ("median_ratio", "spread_ratio", "distance_scaled_corrected", "p_scaled_holm")
    return table_over(
        ds,
        (f"{prefix}_layer", f"{prefix}_group"),
        (f"{prefix}_cells_count", f"{prefix}_cells_median", *(f"{prefix}_{name}" for name in names)),
        title=f"Time constants of the {prefix} beside measured ones",
        note=f"Cells: {ds.attrs.get(f'{prefix}_citation', '')}.",
        folded=True,
    )


def record(ds):
    """The waves that a network sees in a record.

    Parameters
    ----------
    ds : xarray.Dataset
        Of `simulate_record`.

    Returns
    -------
    Found
    """
    a, kinds, onsets = ds.attrs, ds["wave_kind"].values, ds["wave_onset"].values
    counts = {kind: int((kinds == kind).sum()) for kind in str(a["waves"]).split(", ")}
    seconds = f"{a['duration']:g} s"
    rows = [(f"{kind} found", Number(count), "1", seconds) for kind, count in counts.items()]
    rate, beats = float(a["heart_rate"]), ds["beat_time"].values if "beat_time" in ds else None
    # The waves that mark a beat are those from which the rate was taken.
    beat = next((k for k in counts if np.isclose(_rate(onsets[kinds == k]), rate)), None)
    single = 60 / np.diff(onsets[kinds == beat]) if beat is not None else np.empty(0)
    middle = Number(rate, *np.quantile(single, (0.25, 0.75))) if single.size > 1 else Number(rate)
    rows.append(("heart rate", middle, "1/min", f"{single.size} intervals"))
    found = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    said = f"in {seconds} of lead {a['leads']} the network sees {found}: "
    said += f"{middle} beats per minute" if np.isfinite(rate) else "fewer than two beats, and no heart rate"
    if beats is not None:
        rows += [
            ("annotated beats", Number(len(beats)), "1", seconds),
            ("annotated heart rate", Number(_rate(beats)), "1/min", f"{max(0, len(beats) - 1)} intervals"),
        ]
        said += f"; {len(beats)} beats are annotated ({Number(_rate(beats)).alone} per minute)"
    waves = Table(
        "Waves",
        ("Wave", "Onset (s)", "End (s)", "Duration (ms)"),
        tuple(
            (str(kind), Number(float(on)), Number(float(off)), Number(round(1e3 * float(off - on), 3)))
            for kind, on, off in zip(kinds, onsets, ds["wave_offset"].values, strict=True)
        ),
        folded=True,
    )
    note = "Of the heart rate the quartiles of the single intervals between beats."
    warnings = (f"{a['warning']}.",) if "warning" in a else ()
    return Found(
        f"{said[:1].upper()}{said[1:]}.", headline(rows, note=note), (waves,) if len(kinds) else (), warnings
    )


def _rate(times):
    return 60 / float(np.median(np.diff(times))) if len(times) > 1 else np.nan
