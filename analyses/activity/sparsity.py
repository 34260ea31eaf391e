"""How sparse the activity of a network is: over neurons, trials and time, and how regular its spike trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..variables import positive, require, variable
from .events import chosen_groups, extent, fold_events, join, stacked
from .rates import decision_steps, rate_variables, size_of, unit_coords
from .sparseness import gini_kernel, hoyer_kernel, treves_rolls_kernel, vinje_gallant_from_treves_rolls
from .trains import Trains, TrainSums

# name → (unit, long name), in the order of `_finish`
_UNIT = {
    "isi_cv": ("1", "coefficient of variation of inter-spike intervals"),
    "isi_lv": ("1", "local variation of inter-spike intervals"),
    "isi_cv2": ("1", "CV2 of inter-spike intervals"),
    "fano_factor": ("1", "Fano factor of spike counts"),
    "lifetime_treves_rolls": ("1", "lifetime sparseness over trials, Treves-Rolls"),
    "lifetime_vinje_gallant": ("1", "lifetime sparseness over trials, Vinje-Gallant"),
}
_LAYER = {
    "layer_firing_rate": ("Hz", "mean firing rate of the layer"),
    "layer_silent": ("1", "fraction of neurons without a spike"),
    "layer_saturated": ("1", "fraction of neurons that are saturated"),
    "layer_active": ("1", "fraction of neurons that fire in a trial, mean over trials"),
    "layer_treves_rolls": ("1", "population sparseness of the mean rates, Treves-Rolls"),
    "layer_vinje_gallant": ("1", "population sparseness of the mean rates, Vinje-Gallant"),
    "layer_gini": ("1", "Gini index of the mean rates"),
    "layer_hoyer": ("1", "Hoyer sparseness of the mean rates"),
    "layer_activation_sparsity": ("1", "fraction of neurons and decision steps without a spike"),
}
_TRIAL = {
    "trial_spikes": ("1", "spikes of the layer in the trial"),
    "trial_treves_rolls": ("1", "population sparseness in the trial, Treves-Rolls"),
    "trial_vinje_gallant": ("1", "population sparseness in the trial, Vinje-Gallant"),
}


def sparsity(
    ds: xr.Dataset,
    groups: Sequence[str] | None = None,
    *,
    dt_ref: float | None = None,
    window: float | None = None,
    saturation: float = 0.95,
    decisions: int | Literal["steps"] = 1,
) -> xr.Dataset:
    """Sparseness of the activity and regularity of the spike trains of a simulation.

    One pass over the events, a block at a time: memory grows with neurons and with trials, not with spikes or steps.

    Parameters
    ----------
    ds : Dataset
        A simulation: ``<group>_spike_trial``, ``_neuron``, ``_time`` (s), ``<group>_neuron``; attributes `trials`,
        `duration` (s), `dt_ref` (s). Where it is backed by Dask, so is the result: the same numbers when it computes.
    groups : sequence of str, optional
        None: every group with spikes that receives a synapse; without synapses, every group with spikes.
    dt_ref : float, optional
        Decision step in s, which divides the duration; None: the attribute. A spike at the very end of the trial
        counts in its last step.
    window : float, optional
        Counting window of the Fano factor in s, at most the duration; consecutive windows from the start of each trial,
        what is left at its end is not counted. None: the trial.
    saturation : float
        In (0, 1]: a neuron is saturated that fires in at least this fraction of the decision steps.
    decisions : int or "steps"
        Decisions in a trial: 1 where the trial has a label, ``"steps"`` where every decision step has one.

    Returns
    -------
    Dataset
        On ``unit`` (all neurons, coordinates ``unit_layer``, ``unit_index``): ``firing_rate`` (Hz),
        ``spikes_per_step``, ``silent``, as of `firing_rates`; ``saturated``; ``isi_cv`` (population sd over mean),
        ``isi_lv``, ``isi_cv2`` of the intervals within trials, pooled over trials: NaN below two intervals;
        ``fano_factor`` over trials and windows (population variance over mean: for n counts of a Poisson process 1 −
        1/n on average): NaN for a silent neuron or a single count; ``lifetime_treves_rolls``,
        ``lifetime_vinje_gallant`` of the counts over trials: NaN for a silent neuron, the latter also for one trial.
        On ``activity_layer``: ``layer_firing_rate`` (Hz), ``layer_silent``, ``layer_saturated``, ``layer_active``,
        ``layer_treves_rolls``, ``layer_vinje_gallant``, ``layer_gini``, ``layer_hoyer`` of the neurons' mean rates
        (NaN where all are silent, Vinje–Gallant and Hoyer also for one neuron),
        ``layer_activation_sparsity``, ``spikes_per_decision`` and ``spikes_per_decision_sd`` (over trials; NaN for
        one), ``layer_activations`` and ``layer_zero_activations`` (neurons × decision steps × trials, and those of
        them without a spike). On ``trial`` and ``activity_layer``: ``trial_spikes``, ``trial_treves_rolls``,
        ``trial_vinje_gallant``.

    Raises
    ------
    MissingVariable
        A group was not recorded, or a variable or attribute is missing.
    InvalidInput
        A spike is outside the group, the trials or the duration; times are not in s; the decision steps do not fill the
        trial; the window is longer than it; a group without neurons, or named twice.

    References
    ----------
    Treves and Rolls, Network 2, 371 (1991); Vinje and Gallant, Science 287, 1273 (2000); Hurley
    and Rickard, IEEE Trans. Inf. Theory 55, 4723 (2009); Hoyer, J. Mach. Learn. Res. 5, 1457 (2004); LV: Shinomoto et
    al., Neural Comput. 15, 2823 (2003); CV2: Holt et al., J. Neurophysiol. 75, 1806 (1996).
    """
    where = "sparsity"
    require(ds, where=where)
    chosen = chosen_groups(ds, groups, where=where)
    trials, duration = extent(ds, where=where)
    step, steps = decision_steps(ds, dt_ref, where=where)
    window = duration if window is None else positive(window, name="window", where=where)
    if window > duration * (1 + 1e-9):
        raise InvalidInput(
            f"{where}: window must be at most the duration of a trial, {duration} s, got {window} s"
        )
    if not 0 < saturation <= 1:
        raise InvalidInput(f"{where}: saturation must be in (0, 1], got {saturation!r}")
    if decisions != "steps" and not (isinstance(decisions, (int, np.integer)) and decisions >= 1):
        raise InvalidInput(f"{where}: decisions must be a whole number >= 1 or 'steps', got {decisions!r}")
    parts = []
    for group in chosen:
        trains = Trains(size_of(ds, group, where=where), trials, duration, step, window)
        if trains.size == 0:
            raise InvalidInput(f"{where}: {group!r} has no neurons; leave it out of groups")
        parts.append(_of_group(ds, group, trains, saturation, where=where))
    return _dataset(
        ds,
        chosen,
        parts,
        trains_of=(trials, duration, step, steps, window),
        saturation=saturation,
        made=steps if decisions == "steps" else decisions,
    )


def _of_group(ds, group, trains, saturation, *, where):
    units, trials = [((trains.size,), float)] * len(_UNIT), [((trains.trials,), float)] * 2
    outputs = [
        ((trains.size,), np.int64),
        ((trains.size,), bool),
        *units,
        ((len(_LAYER),), float),
        ((trains.trials,), np.int64),
        *trials,
        ((), np.int64),
    ]
    return fold_events(
        ds,
        group,
        lambda: TrainSums(trains),
        TrainSums.add,
        lambda sums: _finish(sums, saturation),
        outputs,
        where=where,
    )


def _finish(sums, saturation):
    """Arrays in the order of `_of_group`."""
    trains, found = sums.trains, sums.statistics()
    size, trials = trains.size, trains.trials
    saturated = found.active_steps >= saturation * trains.steps * trials
    zeros = size * trains.steps * trials - found.active_steps.sum()
    rates = found.spikes / (trials * trains.duration)
    population = treves_rolls_kernel(rates)
    layer = [
        rates.mean(),
        np.mean(found.spikes == 0),
        saturated.mean(),
        found.trial_active.mean() / size,
        population,
        vinje_gallant_from_treves_rolls(population, size),
        gini_kernel(rates),
        hoyer_kernel(rates),
        zeros / (size * trains.steps * trials),
    ]
    return (
        found.spikes,
        saturated,
        found.cv,
        found.lv,
        found.cv2,
        found.fano,
        found.lifetime,
        vinje_gallant_from_treves_rolls(found.lifetime, trials),
        np.array(layer, dtype=float),
        found.trial_spikes,
        found.population,
        vinje_gallant_from_treves_rolls(found.population, size),
        np.int64(zeros),
    )


def _dataset(ds, groups, parts, *, trains_of, saturation, made):
    trials, duration, step, steps, window = trains_of
    columns = [list(column) for column in zip(*parts, strict=True)] or [[] for _ in range(13)]
    count, saturated, *units = (join(column) for column in columns[: 2 + len(_UNIT)])
    by_layer, spikes, *in_trial, zeros = columns[2 + len(_UNIT) :]
    data = rate_variables(count, trials * duration, step)
    data["saturated"] = variable(
        saturated, "unit", units="1", long_name="fires in nearly every decision step", saturation=saturation
    )
    for (name, (unit, text)), values in zip(_UNIT.items(), units, strict=True):
        data[name] = variable(values, "unit", units=unit, long_name=text)
    data["fano_factor"].attrs["window_s"] = window
    layer = "activity_layer"
    rows = stacked(by_layer) if by_layer else np.zeros((0, len(_LAYER)))
    for k, (name, (unit, text)) in enumerate(_LAYER.items()):
        data[name] = variable(rows[:, k], layer, units=unit, long_name=text)
    both = ("trial", layer)
    for (name, (unit, text)), column in zip(_TRIAL.items(), (spikes, *in_trial), strict=True):
        values = stacked(column, axis=1) if column else np.zeros((trials, 0))
        data[name] = variable(values, both, units=unit, long_name=text)
    each = data["trial_spikes"].data / made
    sd = each.std(axis=0, ddof=1) if trials > 1 else np.full(len(groups), np.nan)
    text = "spikes of the layer per decision"
    data["spikes_per_decision"] = variable(
        each.mean(axis=0), layer, units="1", long_name=text, decisions_per_trial=made
    )
    data["spikes_per_decision_sd"] = variable(
        sd, layer, units="1", long_name=f"standard deviation over trials of the {text}"
    )
    sizes = np.array([ds.sizes[f"{group}_neuron"] for group in groups], dtype=np.int64)
    data["layer_activations"] = variable(
        sizes * steps * trials, layer, units="1", long_name="neurons x decision steps x trials"
    )
    data["layer_zero_activations"] = variable(
        stacked(zeros) if zeros else np.zeros(0, dtype=np.int64),
        layer,
        units="1",
        long_name="of these, without a spike",
    )
    coords = unit_coords(ds, groups)
    if "trial" in ds.coords:
        coords["trial"] = ds["trial"].variable
    coords[layer] = variable(np.asarray(groups, dtype=str), layer, units="1", long_name="layer")
    return xr.Dataset(data, coords=coords, attrs={"activity_trials": trials, "activity_duration_s": duration})
