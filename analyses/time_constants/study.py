"""What a sweep of trainings says of time constants: displaced, following the task, like those of cells, and best."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..comparing import over_seeds
from ..errors import InvalidInput
from ..statistics.multiple import holm_kernel
from ..statistics.words import interval_in_words
from ..variables import require
from .displacement import displacement
from .scaling import scaling_exponents

_DISPLACEMENT = ("displacement_change", "displacement_ratio", "displacement_wasserstein")
_CELLS = ("cells_distance_scaled", "cells_median_ratio", "cells_spread_ratio")


def timescale_answer(ds: xr.Dataset, *, level: float = 0.95, resamples: int = 1000) -> xr.Dataset:
    """Headline numbers of the study `timescales`.

    Parameters
    ----------
    ds : Dataset
        On ``variant`` and ``seed``: ``tau_m``, ``tau_a`` and their ``…_initial`` (ms, …, neuron), ``layer (neuron)``;
        ``test_accuracy`` (or ``test_accuracy_yin``, which is preferred), ``time_stretch``, ``start``;
        ``cells_distance_scaled`` and the like where there was a table of cells. NaN where a job is not done.
    level : float
        Of the intervals.
    resamples : int
        Of those of the displacements.

    Returns
    -------
    Dataset
        With ``…_interval`` each: ``accuracy_mean (variant)``; ``accuracy_gain (variant)``, of a start over the first
        one at the same pace, seed by seed, whose intervals hold together (Bonferroni), so that of the best of them too;
        ``displacement_change``, ``…_ratio``, ``…_wasserstein (variant, timescale_quantity, timescale_layer)`` and the
        p values ``displacement_p_holm``, corrected over all variants and arrays; ``scaling_exponent``
        (`scaling_exponents`) of the variants that start as the first one; ``cells_…_mean (variant)`` and
        ``cells_approach (variant)``, by how much training lowered the scale-free distance from cells. Attributes
        ``answer`` and ``untrained``, which names what training never touched, by variant.

    Raises
    ------
    MissingVariable
    InvalidInput
        No job is done.
    """
    require(ds, "tau_m", "tau_m_initial", "layer", "time_stretch", "start", where="timescale_answer")
    accuracy = "test_accuracy_yin" if "test_accuracy_yin" in ds else "test_accuracy"
    require(ds, accuracy, where="timescale_answer")
    if not bool(ds[accuracy].notnull().any()):
        raise InvalidInput("timescale_answer: no job is done; there is nothing to say")
    parts = _accuracies(ds, accuracy, level)
    displaced, never = _displacements(ds, level, resamples)
    parts = parts.merge(displaced)
    exponents = _exponents(ds, level)
    if exponents is not None:
        parts = parts.merge(exponents)
    if set(_CELLS) <= set(ds.variables):
        parts = parts.merge(_beside_cells(ds, level))
    parts = parts.assign_coords(variant=ds["variant"], bound=["low", "high"])
    untrained = "; ".join(f"{variant}: {text}" for variant, text in never.items())
    return parts.assign_attrs(answer=_sentence(parts, never), untrained=untrained)


def _stretch(ds):
    """Pace of each variant, ndarray; NaN where none of its jobs is done."""
    values = ds["time_stretch"].transpose("variant", "seed").values
    return np.array([row[~np.isnan(row)][0] if (~np.isnan(row)).any() else np.nan for row in values])


def _start(ds):
    """Initial time constants of each variant in words, a list; empty text where no job is done."""
    rows = ds["start"].transpose("variant", "seed").values
    return [next((str(text) for text in row if text), "") for row in rows]


def _accuracies(ds, name, level):
    found = over_seeds(ds[name], "accuracy_mean", level=level)
    stretch = _stretch(ds)
    same = xr.DataArray(stretch == stretch[0], dims="variant")
    gain = (ds[name] - ds[name].isel(variant=0)).where(same)
    gain = gain.where(xr.DataArray(np.arange(ds.sizes["variant"]) > 0, dims="variant"))
    starts = int(gain.notnull().any("seed").sum())
    what = f"accuracy over that of {ds['variant'].values[0]}, seed by seed"
    # Bonferroni: the answer names the best of them, whose own interval would be too high as often as there are starts.
    together = 1 - (1 - level) / max(starts, 1)
    gains = over_seeds(gain, "accuracy_gain", text=what, level=together)
    gains["accuracy_gain"].attrs |= {"starts": starts, "level_together": level}
    return found.merge(gains, combine_attrs="drop_conflicts")


def _displacements(ds, level, resamples):
    rows, never = [], {}
    names = [n for n in ("tau_m", "tau_a", "tau_m_initial", "tau_a_initial") if n in ds]
    for k in range(ds.sizes["variant"]):
        one = ds[names].isel(variant=k, drop=True).transpose("seed", "neuron")
        one = one.isel(seed=one["tau_m"].notnull().any("neuron").values)
        if not one.sizes["seed"]:
            rows.append(None)
            continue
        found = displacement(one, level=level, resamples=resamples)
        if found.attrs["untrained"]:
            never[str(ds["variant"].values[k])] = found.attrs["untrained"]
        kept = [f"{n}{suffix}" for n in _DISPLACEMENT for suffix in ("", "_interval")]
        rows.append(found[[*kept, "displacement_p"]])
    like = next(row for row in rows if row is not None)
    rows = [xr.full_like(like, np.nan) if row is None else row for row in rows]
    whole = xr.concat(rows, "variant", combine_attrs="drop_conflicts")
    p = whole["displacement_p"].transpose("displacement_test", ...)
    text = {"units": "1", "long_name": "p value, corrected over variants and arrays (Holm)"}
    corrected = p.copy(data=[holm_kernel(one) for one in p.values]).assign_attrs(text)
    whole = whole.drop_vars("displacement_p").assign(
        displacement_p_holm=corrected.transpose(..., "displacement_test")
    )
    return whole.drop_attrs(deep=False).assign_coords(variant=ds["variant"]), never


def _exponents(ds, level):
    stretch, start = _stretch(ds), _start(ds)
    chosen = [k for k, text in enumerate(start) if text and text == start[0]]
    if len({stretch[k] for k in chosen}) < 2:
        return None
    names = [n for n in ("tau_m", "tau_a") if n in ds]
    part = ds[names].isel(variant=chosen).rename(variant="stretch").assign_coords(stretch=stretch[chosen])
    whole = part["tau_m"].notnull().any("neuron").all("stretch")
    part = part.isel(seed=whole.values)
    return scaling_exponents(part.sortby("stretch"), level=level) if part.sizes["seed"] else None


def _beside_cells(ds, level):
    found = [over_seeds(ds[name], f"{name}_mean", level=level) for name in _CELLS]
    nearer = ds["cells_distance_scaled_initial"] - ds["cells_distance_scaled"]
    what = "by how much training brought the shape of hidden membranes nearer to cells"
    found.append(over_seeds(nearer, "cells_approach", text=what, level=level))
    return xr.merge(found, combine_attrs="drop_conflicts")


# ------------------------------------------------------------------ in words
def _sentence(parts, never):
    first = parts.isel(variant=0)
    of_first = never.get(str(first["variant"].values), "")
    hidden = [layer for layer in first["timescale_layer"].values if layer != "output"][0]
    said = []
    for name, what in (("tau_m", "membranes"), ("tau_a", "adaptation")):
        if name not in first["timescale_quantity"].values:
            continue
        at = first.sel(timescale_quantity=name, timescale_layer=hidden)
        if f"{hidden}.{name} (" in of_first:
            said.append(f"time constants of {what} ({hidden}) were not trained")
            continue
        text = f"time constants of {what} ({hidden}) moved by {_words(at, 'displacement_change', unit='ms')}"
        if "scaling_exponent" in parts:
            exponent = parts.sel(timescale_quantity=name, timescale_layer=hidden)
            text += f" and grow with the task's duration to the power {_words(exponent, 'scaling_exponent')}"
        said.append(text)
    if "cells_approach" in parts:
        said.append(
            f"training changed the distance of their shape from that of cortical cells by "
            f"{_words(first, 'cells_approach', negative=True)} (below 0: nearer)"
        )
    gains = parts["accuracy_gain"].values
    if not np.isnan(gains).all():
        k = int(np.nanargmax(gains))
        name, first_name = parts["variant"].values[k], parts["variant"].values[0]
        starts = parts["accuracy_gain"].attrs["starts"]
        gained = _words(parts.isel(variant=k), "accuracy_gain")
        corrected = (
            f" (the best of {starts}, for whose number the interval is corrected)" if starts > 1 else ""
        )
        said.append(
            f"of the other starts {name} does best, {gained} in accuracy above {first_name}{corrected}"
        )
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _words(at, name, *, unit="", negative=False):
    mean, interval = float(at[name]), at[f"{name}_interval"].values
    if negative:
        mean, interval = -mean, -interval[::-1]
    return interval_in_words(mean, interval, unit=unit)
