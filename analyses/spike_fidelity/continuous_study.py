"""What a sweep of networks at finer and finer steps says: accuracy, rates and spikes kept, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..comparing import over_seeds
from ..errors import InvalidInput
from ..statistics.intervals import check_level
from ..statistics.words import interval_in_words
from ..variables import require

if TYPE_CHECKING:
    import xarray as xr


MEASURES = ("step_coincidence", "step_gamma_factor", "step_van_rossum", "step_spike_distance")


def continuous_answer(
    ds: xr.Dataset, *, whole: str, own: str, unit: str = "networks", level: float = 0.95
) -> xr.Dataset:
    """Headline numbers of the study `continuous_time`.

    Parameters
    ----------
    ds : Dataset
        On ``variant``, ``seed``, ``reading``, ``dt`` (ms), ``integrator``: ``step_accuracy`` (``step_accuracy_yin`` is
        preferred), ``step_rate``, ``step_coincidence`` and the other distances, NaN where that was not run;
        ``own_dt`` and ``spike_mismatches`` on ``variant``, ``seed``.
    whole : str
        The reading with the whole step.
    own : str
        Name of the network's own method.
    unit : str
        What a seed makes, in words: networks that were trained, or starts of one.
    level : float
        Of Student's intervals over seeds.

    Returns
    -------
    Dataset
        With ``…_interval`` each, on (variant, reading, dt, integrator): ``accuracy_mean``; ``accuracy_change`` from the
        network at its own step, seed by seed; ``rate_ratio`` over the rate there; means of the distances,
        ``coincidence_mean`` and the like. ``mismatched``: neuron-steps that differ between twin and Brian2, over all
        of them. Attribute ``answer``.

    Raises
    ------
    MissingVariable
    InvalidInput
        No job is done; level out of range.
    """
    where = "continuous_answer"
    check_level(level, where=where)
    accuracy = "step_accuracy_yin" if "step_accuracy_yin" in ds else "step_accuracy"
    require(ds, accuracy, "step_rate", *MEASURES, "own_dt", "spike_mismatches", where=where)
    if not bool(ds[accuracy].notnull().any()):
        raise InvalidInput(f"{where}: no job is done; there is nothing to say")
    at_own = abs(ds["dt"] - ds["own_dt"]) < 1e-6 * ds["own_dt"]
    here = ds[[accuracy, "step_rate"]].sel(reading=whole, integrator=own, drop=True).where(at_own).max("dt")
    rate = ds["step_rate"] / here["step_rate"].where(here["step_rate"] > 0)
    rate.attrs = {"units": "1"}
    change = (ds[accuracy] - here[accuracy]).assign_attrs(units="1")
    found = over_seeds(ds[accuracy], "accuracy_mean", level=level)
    for array, name, text in (
        (change, "accuracy_change", "accuracy less that at the network's own step"),
        (rate, "rate_ratio", "rate over that at the network's own step"),
        *((ds[n], f"{n.removeprefix('step_')}_mean", None) for n in MEASURES),
    ):
        found = found.merge(over_seeds(array, name, text=text, level=level), combine_attrs="drop_conflicts")
    wrong = ds["spike_mismatches"]
    found["mismatched"] = (
        (),
        float(wrong.sum()),
        {
            "units": "1",
            "long_name": "neuron-steps that differ between twin and Brian2",
            "count": f"{int(wrong.notnull().sum())} {unit}",
        },
    )
    return found.assign_attrs(answer=_sentence(found, whole, own))


def _sentence(found, whole, own):
    said = []
    for variant in found["variant"].values:
        at = found.sel(variant=variant, integrator=own)
        parts = []
        for reading in found["reading"].values:
            row = at.sel(reading=reading)
            known = row["accuracy_change"].notnull().values
            if not known.any():
                continue
            finest = row.isel(dt=int(np.flatnonzero(known)[np.argmin(row["dt"].values[known])]))
            change = _words(finest, "accuracy_change")
            text = f"{reading}: accuracy changes by {change} and rates by a factor of {_words(finest, 'rate_ratio')}"
            if reading == whole:
                text += (
                    f", and {_words(finest, 'coincidence_mean')} of the spikes stay in their step of the task"
                )
                text = f"at {float(finest['dt']):g} ms, with {text}"
            parts.append(text)
        if parts:
            said.append(f"{variant}: {'; with '.join(parts)}")
    wrong, count = int(found["mismatched"]), found["mismatched"].attrs["count"]
    return (
        f"{'. '.join(said)}. Of {count}, {wrong} neuron-steps differ between twin and Brian2 at the own step."
    )


def _words(row, name):
    return interval_in_words(float(row[name]), row[f"{name}_interval"].values)
