"""How faithfully one simulation repeats the spikes of another: distances of each train, and summaries of each layer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr

from ..activity.events import chosen_groups, extent
from ..activity.rates import unit_coords
from ..errors import InvalidInput, MissingVariable
from ..statistics.intervals import check_resampling
from ..variables import attribute, positive, require, variable
from .coincidence import (
    coincidence_kernel,
    expected_coincidences_kernel,
    first_divergence_kernel,
    gamma_factor_kernel,
    in_steps,
    window_width,
)
from .distances import cost_of_a_move, van_rossum_kernel, victor_purpura_kernel
from .events import GroupSpikes, blocks, trains_of
from .spike_distance import spike_distance_kernel
from .summary import fidelity_summary
from .trains import Trains


def fidelity(
    reference: xr.Dataset,
    other: xr.Dataset,
    groups: str | Sequence[str] | None = None,
    *,
    window: float | None = None,
    tau: float = 0.02,
    cost: float = 100.0,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    workers: int = 1,
) -> xr.Dataset:
    """Compare the spikes of two simulations of the same trials, neuron by neuron and trial by trial.

    Parameters
    ----------
    reference, other : Dataset
        Simulations with the same trials, duration and sizes of groups: ``<group>_spike_trial``, ``_neuron``, ``_time``
        (s), ``<group>_neuron``; attributes `trials`, `duration` (s), `dt` (s) and, unless `window` is given, `dt_ref`
        (s). Steps may differ. Spikes in a file or backed by Dask are read some trials at a time, not as a whole; they
        must then be ordered by trial.
    groups : str or sequence of str, optional
        None: every group of `reference` with spikes that receives a synapse.
    window : float, optional
        Spikes coincide that are at most so far apart (s), > 0; trains differ from the first spike on that is further
        from its partner. None: spikes coincide that fall into the same decision step, whatever the simulation steps of
        the two sides: every spike stands at the beginning of its step of dt_ref. Less than half of the trial, and
        twice it less than the mean interval between spikes of the median neuron that spikes: in a wider one chance
        alone finds most spikes a partner.
    tau : float
        Time constant of the van Rossum distance (s), > 0.
    cost : float
        Victor–Purpura's cost of moving a spike (Hz), ≥ 0: moving it by 2/`cost` costs as much as leaving it out and
        putting in another.
    level, resamples, seed : float in (0, 1), int, int
        Of the intervals of the summary.
    workers : int
        Threads that work through the trials; the numbers do not depend on it.

    Returns
    -------
    Dataset
        On (trial, unit), with the coordinates ``unit_layer`` and ``unit_index``: ``spikes_reference``,
        ``spikes_other``, ``coincidences``, ``coincidences_expected`` (numbers); ``coincidence``, their share of the
        spikes, 2 N_coinc/(N_reference + N_other), NaN where neither spikes; ``gamma_factor``, its excess over chance;
        ``van_rossum``; ``victor_purpura``; ``spike_distance``; ``first_divergence`` (s; by default the beginning of the
        decision step), NaN where the trains do not differ. Beside them what `fidelity_summary` says of each layer. The
        choices are attributes.

    Raises
    ------
    TypeError
        Not a Dataset.
    MissingVariable
        Spikes of a group were not recorded, or an attribute is missing.
    InvalidInput
        The simulations are not of the same trials; units, indices or times that are wrong; choices out of range; spikes
        backed by Dask that are not ordered by trial.

    Notes
    -----
    Times are those at which a step begins, as simulations record them. Coincidences are counted on a grid (attribute
    ``grid_step``, s): the decision steps, with `window` the finer of the two simulation steps. The chance level of
    ``gamma_factor`` counts the places of that grid in the window (attribute ``window_width``, s). So by default Γ has
    one meaning at every simulation step; with `window` it depends on the finer one. The attribute ``window`` is half of
    dt_ref by default, ``coincide`` says in words what was asked for. Distances take the times as they are. Equations
    and sources are in the docstrings of the kernels.
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
    grid, in_decision_steps = min(steps), window is None
    if in_decision_steps:
        grid = attribute(reference, "dt_ref", where=where, remedy="give window=, in seconds")
        window = 0.5 * grid
    window = positive(window, name="window", where=where)
    coincide = (
        f"in the same step of {grid * 1e3:g} ms" if in_decision_steps else f"within {window * 1e3:g} ms"
    )
    tau, cost = positive(tau, name="tau", where=where), cost_of_a_move(cost, where=where)
    check_resampling(resamples, level, where=where)
    width = float(window_width(window, grid))
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InvalidInput(f"{where}: workers must be a whole number >= 1, got {workers!r}")
    events = [
        [GroupSpikes.of(ds, group, reference, where=where) for group in chosen] for ds in (reference, other)
    ]
    if not in_decision_steps:
        _check_window(window, width, events, trials, duration, where=where)
    chance = {"duration": duration, "width": width}
    scales = {
        "window": window,
        "decision_step": grid if in_decision_steps else None,
        "tau": tau,
        "cost": cost,
    }

    def part(bounds):
        return _distances(*(trains_of(side, *bounds) for side in events), scales, chance)

    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(part, blocks(events, trials)))
    ds = xr.Dataset(
        {
            name: variable(
                np.concatenate([part[name] for part in parts]).reshape(trials, -1),
                ("trial", "unit"),
                units=units,
                long_name=text,
            )
            for name, (units, text) in _WHAT.items()
        },
        coords=unit_coords(reference, chosen) | _trial_coordinate(reference, trials),
        attrs={
            "duration": duration,
            "window": window,
            "window_width": width,
            "grid_step": float(grid),
            "coincide": coincide,
            "tau": tau,
            "cost": cost,
            "dt_reference": steps[0],
            "dt_other": steps[1],
        },
    )
    return ds.merge(
        fidelity_summary(ds, level=level, resamples=resamples, seed=seed), combine_attrs="no_conflicts"
    )


def _check_window(window, width, events, trials, duration, *, where):
    """Refuse a window in which chance alone finds every spike a partner."""
    if not window < duration / 2:
        raise InvalidInput(
            f"{where}: window is {window:g} s, but a trial lasts {duration:g} s: give less than half of it; it is in "
            f"seconds, such as window=0.004"
        )
    medians = []
    for side in events:
        counts = np.concatenate([group.spike_counts() for group in side])
        if counts.any():
            medians.append(float(np.median(trials * duration / counts[counts > 0])))
    interval = min(medians, default=np.inf)
    if not width < interval:
        raise InvalidInput(
            f"{where}: window is {window:g} s, but half of the neurons that spike do so every {interval:.3g} s or more "
            f"often: chance alone finds their spikes a partner within ±{window:g} s; give a window below "
            f"{interval / 2:.2g} s, or none"
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


def _distances(a, b, scales, chance):
    """Every measure of each pair of trains, as flat arrays by name."""
    window, duration = scales["window"], chance["duration"]
    counts = a.counts, b.counts
    step = scales["decision_step"]
    counted = (a, b) if step is None else (in_steps(a, step), in_steps(b, step))
    common = coincidence_kernel(*counted, window=window)
    total = counts[0] + counts[1]
    return {
        "spikes_reference": counts[0],
        "spikes_other": counts[1],
        "coincidences": common,
        "coincidences_expected": expected_coincidences_kernel(*counts, **chance),
        "coincidence": np.divide(2 * common, total, out=np.full(len(a), np.nan), where=total > 0),
        "gamma_factor": gamma_factor_kernel(common, *counts, **chance),
        "van_rossum": van_rossum_kernel(a, b, tau=scales["tau"]),
        "victor_purpura": victor_purpura_kernel(a, b, cost=scales["cost"]),
        # the last time may exceed the duration by rounding
        "spike_distance": spike_distance_kernel(
            *(Trains(np.minimum(x.time, duration), x.offset) for x in (a, b)), duration=duration
        ),
        "first_divergence": first_divergence_kernel(*counted, tolerance=window),
    }


_WHAT = {
    "spikes_reference": ("1", "spikes of the reference"),
    "spikes_other": ("1", "spikes of the other run"),
    "coincidences": ("1", "spikes that coincide"),
    "coincidences_expected": ("1", "coincidences by chance"),
    "coincidence": ("1", "share of spikes that coincide"),
    "gamma_factor": ("1", "coincidence factor Γ"),
    "van_rossum": ("1", "van Rossum distance"),
    "victor_purpura": ("1", "Victor–Purpura distance"),
    "spike_distance": ("1", "SPIKE-distance"),
    "first_divergence": ("s", "time at which the trains first differ"),
}
