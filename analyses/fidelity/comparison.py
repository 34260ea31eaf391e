"""How faithfully one simulation repeats the spikes of another: distances of each train, and summaries of each layer."""

import numpy as np
import xarray as xr

from ..activity.events import check_events, chosen_groups, event_names, extent
from ..activity.rates import unit_coords
from ..errors import InvalidInput, MissingVariable
from ..variables import attribute, positive, require, variable
from .coincidence import (
    coincidence_kernel,
    expected_coincidences_kernel,
    first_divergence_kernel,
    gamma_factor_kernel,
    window_width,
)
from .distances import van_rossum_kernel, victor_purpura_kernel
from .spike_distance import spike_distance_kernel
from .summary import fidelity_summary
from .trains import Trains


def fidelity(
    reference,
    other,
    groups=None,
    *,
    window=None,
    tau=0.02,
    cost=100.0,
    level=0.95,
    resamples=2000,
    seed=0,
):
    """Compare the spikes of two simulations of the same trials, neuron by neuron and trial by trial.

    Parameters
    ----------
    reference, other : Dataset
        Simulations with the same trials, duration and sizes of groups: ``<group>_spike_trial``, ``_neuron``, ``_time``
        (s), ``<group>_neuron``; attributes `trials`, `duration` (s), `dt` (s) and, unless `window` is given, `dt_ref`
        (s). Steps may differ.
    groups : str or sequence of str, optional
        None: every group of `reference` with spikes that receives a synapse.
    window : float, optional
        Spikes coincide that are at most so far apart (s), > 0; trains differ from the first spike on that is further
        from its partner. None: half of dt_ref, which asks for the same decision step.
    tau : float
        Time constant of the van Rossum distance (s), > 0.
    cost : float
        Victor–Purpura's cost of moving a spike (Hz), ≥ 0: moving it by 2/`cost` costs as much as leaving it out and
        putting in another.
    level, resamples, seed
        Of the intervals of the summary.

    Returns
    -------
    Dataset
        On (trial, unit), with the coordinates ``unit_layer`` and ``unit_index``: ``spikes_reference``,
        ``spikes_other``, ``coincidences``, ``coincidences_expected`` (numbers); ``coincidence``, their share of the
        spikes, 2 N_coinc/(N_reference + N_other), NaN where neither spikes; ``gamma_factor``, its excess over chance;
        ``van_rossum``; ``victor_purpura``; ``spike_distance``; ``first_divergence`` (s), NaN where the trains do not
        differ. Beside them what `fidelity_summary` says of each layer. The choices are attributes.

    Raises
    ------
    TypeError
        Not a Dataset.
    MissingVariable
        Spikes of a group were not recorded, or an attribute is missing.
    InvalidInput
        The simulations are not of the same trials; units, indices or times that are wrong; choices out of range.

    Notes
    -----
    Times are those at which a step begins, as simulations record them. All spikes lie on a grid, so that the chance
    level of ``gamma_factor`` counts the places of the finer grid in the window (attribute ``window_width``, s).
    Equations and sources are in the docstrings of the kernels.
    """
    where = "fidelity"
    require(reference, where=where)
    require(other, where=where)
    trials, duration = _same_extent(reference, other, where=where)
    chosen = chosen_groups(reference, groups)
    if not chosen:
        raise MissingVariable(
            f"{where}: the reference has no group with spikes that receives a synapse; name groups"
        )
    remedy = "is it what simulate returned?"
    steps = [attribute(ds, "dt", where=where, remedy=remedy) for ds in (reference, other)]
    if window is None:
        window = 0.5 * attribute(reference, "dt_ref", where=where, remedy="give window=, in seconds")
    window = positive(window, name="window", where=where)
    width = float(window_width(window, min(steps)))
    a, b = (_trains(ds, chosen, reference, where=where) for ds in (reference, other))
    shape = (trials, len(a) // trials)
    counts = [trains.counts.reshape(shape) for trains in (a, b)]
    common = coincidence_kernel(a, b, window=window).reshape(shape)
    chance = {"duration": duration, "width": width}
    total = counts[0] + counts[1]
    share = np.full(shape, np.nan)
    np.divide(2 * common, total, out=share, where=total > 0)
    found = {
        "spikes_reference": (counts[0], "1", "spikes of the reference"),
        "spikes_other": (counts[1], "1", "spikes of the other run"),
        "coincidences": (common, "1", "spikes that coincide"),
        "coincidences_expected": (
            expected_coincidences_kernel(*counts, **chance),
            "1",
            "coincidences by chance",
        ),
        "coincidence": (share, "1", "share of spikes that coincide"),
        "gamma_factor": (gamma_factor_kernel(common, *counts, **chance), "1", "coincidence factor Γ"),
        "van_rossum": (van_rossum_kernel(a, b, tau=tau), "1", "van Rossum distance"),
        "victor_purpura": (victor_purpura_kernel(a, b, cost=cost), "1", "Victor–Purpura distance"),
        "spike_distance": (spike_distance_kernel(a, b, duration=duration), "1", "SPIKE-distance"),
        "first_divergence": (
            first_divergence_kernel(a, b, tolerance=window),
            "s",
            "time at which the trains first differ",
        ),
    }
    ds = xr.Dataset(
        {
            name: variable(np.reshape(values, shape), ("trial", "unit"), units=units, long_name=text)
            for name, (values, units, text) in found.items()
        },
        coords=unit_coords(reference, chosen) | _trial_coordinate(reference, trials),
        attrs={
            "duration": duration,
            "window": window,
            "window_width": width,
            "tau": float(tau),
            "cost": float(cost),
            "dt_reference": steps[0],
            "dt_other": steps[1],
        },
    )
    return ds.merge(
        fidelity_summary(ds, level=level, resamples=resamples, seed=seed), combine_attrs="no_conflicts"
    )


def _same_extent(reference, other, *, where):
    trials, duration = extent(reference, where=where)
    trials_other, duration_other = extent(other, where=where)
    if trials != trials_other or not np.isclose(duration, duration_other, rtol=1e-6, atol=0):
        raise InvalidInput(
            f"{where}: the reference has {trials} trials of {duration:g} s, the other {trials_other} of "
            f"{duration_other:g} s; simulate both with the same stimulus"
        )
    names = [ds["trial"].values for ds in (reference, other) if "trial" in ds.coords]
    if len(names) == 2 and not np.array_equal(*names):
        raise InvalidInput(
            f"{where}: the trials of the two simulations have different names; simulate both with the same stimulus"
        )
    return trials, duration


def _trial_coordinate(ds, trials):
    values = ds["trial"].values if "trial" in ds.coords else np.arange(trials)
    return {"trial": variable(values, "trial", units="1", long_name="trial")}


def _trains(ds, groups, reference, *, where):
    """Trains of all groups, trial by trial, in each trial neuron by neuron, one group after the other."""
    trials, duration = extent(ds, where=where)
    sizes = []
    times, owners = [], []
    for group in groups:
        require(reference, f"{group}_neuron", where=where)
        names = event_names(ds, group, timed=True, where=where)
        size = ds.sizes[f"{group}_neuron"]
        if size != reference.sizes[f"{group}_neuron"]:
            raise InvalidInput(
                f"{where}: {group} has {reference.sizes[f'{group}_neuron']} neurons in the reference and {size} in "
                f"the other; compare simulations of networks of one size"
            )
        trial, neuron, time = (ds[name].values for name in names)
        check_events((trial, neuron, time), group, (trials, size, duration), where=where)
        times.append(np.minimum(time, duration))
        owners.append((trial.astype(np.int64), neuron + sum(sizes)))
        sizes.append(size)
    train = np.concatenate([trial * sum(sizes) + neuron for trial, neuron in owners])
    return Trains.from_events(np.concatenate(times), train, trials * sum(sizes))
