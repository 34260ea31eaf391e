"""What `fidelity` found in each layer: one number a measure, with its interval over trials."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..statistics.intervals import bootstrap_kernel, check_resampling
from ..variables import attribute, require, variable
from .coincidence import gamma_weight_kernel

SUMMARIES = {
    "coincidence": "share of spikes that coincide",
    "gamma_factor": "coincidence factor Γ",
    "van_rossum": "van Rossum D² over the number of spikes",
    "victor_purpura": "Victor–Purpura cost over the number of spikes",
    "spike_distance": "SPIKE-distance",
    "first_divergence": "time until the first neuron differs",
    "identical": "share of trains that do not differ",
}


def fidelity_summary(
    ds: xr.Dataset, *, by: str = "unit_layer", level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> xr.Dataset:
    """Summarise the trial × unit distances of `fidelity` over each layer, or another grouping of the units.

    Parameters
    ----------
    ds : Dataset
        From `fidelity`.
    by : str
        Coordinate on ``unit`` that says which units belong together.
    level : float in (0, 1)
        Of the intervals, BCa bootstrap over trials: the network is given, the trials are the sample.
    resamples, seed : int, int
        Of the bootstrap.

    Returns
    -------
    Dataset
        On ``fidelity_group``, each with ``…_interval (fidelity_group, bound)``:

        * ``fidelity_coincidence``: 2 ΣN_coinc / Σ(N_reference + N_other), sums over trials and units;
        * ``fidelity_gamma_factor``: the mean of Γ with the weights ½ (N_reference + N_other) (1 − ν w);
        * ``fidelity_van_rossum``: ΣD² / Σ(N_reference + N_other), 1 where spikes have nothing to do with each other and
          are far apart; ``fidelity_victor_purpura``: Σcost / Σ(N_reference + N_other), 0 … 1;
        * ``fidelity_spike_distance``: mean over trials and units;
        * ``fidelity_first_divergence`` (s): mean over trials of the time at which the first of the units differs; a
          trial in which none does counts with its duration, so that the mean is a lower bound;
        * ``fidelity_identical``: share of the trains that do not differ.

        NaN where nothing spikes; an interval is NaN for fewer than two trials, and where a resample may hold no spike.

    Raises
    ------
    MissingVariable
        `ds` is not what `fidelity` returned, or lacks `by`.
    InvalidInput
        `by` is not on ``unit``; level or resamples out of range.
    """
    where = "fidelity_summary"
    check_resampling(resamples, level, where=where)
    require(ds, "spikes_reference", "spikes_other", "first_divergence", by, where=where)
    if ds[by].dims != ("unit",):
        raise InvalidInput(f"{where}: {by} must be on the dimension unit, got {ds[by].dims}")
    label = ds[by].values
    groups = list(dict.fromkeys(label.tolist()))
    above, below = [], []
    for group in groups:
        parts = _sums(ds.isel(unit=label == group), where=where)
        above.append([parts[name][0] for name in SUMMARIES])
        below.append([parts[name][1] for name in SUMMARIES])
    # measure, group, trial
    above, below = (np.array(x, dtype=float).swapaxes(0, 1) for x in (above, below))
    interval = bootstrap_kernel(
        (above, below),
        ratio_of_sums,
        rng=np.random.default_rng(seed),
        resamples=resamples,
        level=level,
        paired=True,
    )
    value = ratio_of_sums(above, below, axis=-1)
    choices = {"level": float(level), "resamples": int(resamples), "seed": seed, "method": "bca"}
    found = {}
    for k, (name, text) in enumerate(SUMMARIES.items()):
        units = "s" if name == "first_divergence" else "1"
        found[f"fidelity_{name}"] = variable(value[k], "fidelity_group", units=units, long_name=text)
        found[f"fidelity_{name}_interval"] = variable(
            interval[:, k].T,
            ("fidelity_group", "bound"),
            units=units,
            long_name=f"interval of {text}, over trials",
            **choices,
        )
    trials = variable(
        np.full(len(groups), ds.sizes["trial"]), "fidelity_group", units="1", long_name="trials"
    )
    return xr.Dataset(
        found | {"fidelity_trials": trials},
        coords={
            "fidelity_group": variable(groups, "fidelity_group", units="1", long_name="neurons compared"),
            "bound": variable(["low", "high"], "bound", units="1", long_name="bound of the interval"),
        },
    )


def ratio_of_sums(above, below, axis=-1):
    """Σ above / Σ below along `axis`; NaN where the lower sum is zero."""
    above, below = above.sum(axis=axis), below.sum(axis=axis)
    return np.divide(above, below, out=np.full(np.shape(below), np.nan), where=np.asarray(below) > 0)


def _sums(ds, *, where):
    """Numerator and denominator of each summary in each trial, ndarray (trial,)."""
    ds = ds.transpose("trial", "unit", ...)
    remedy = "is it what fidelity returned?"
    duration = attribute(ds, "duration", where=where, remedy=remedy)
    width = attribute(ds, "window_width", where=where, remedy=remedy)
    counts = ds["spikes_reference"].values, ds["spikes_other"].values
    spikes = (counts[0] + counts[1]).sum(axis=1)
    weight = gamma_weight_kernel(*counts, duration=duration, width=width)
    excess = ds["coincidences"].values - ds["coincidences_expected"].values
    divergence = ds["first_divergence"].values
    units = np.full(ds.sizes["trial"], ds.sizes["unit"])
    return {
        "coincidence": (2 * ds["coincidences"].values.sum(axis=1), spikes),
        "gamma_factor": (np.where(weight > 0, excess, 0).sum(axis=1), weight.sum(axis=1)),
        "van_rossum": ((ds["van_rossum"].values ** 2).sum(axis=1), spikes),
        "victor_purpura": (ds["victor_purpura"].values.sum(axis=1), spikes),
        "spike_distance": (ds["spike_distance"].values.sum(axis=1), units),
        "first_divergence": (
            np.where(np.isnan(divergence), duration, divergence).min(axis=1),
            np.ones(ds.sizes["trial"]),
        ),
        "identical": (np.isnan(divergence).sum(axis=1), units),
    }
