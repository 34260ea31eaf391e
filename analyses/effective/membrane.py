"""Membrane time constants from the answer to a current step: of model neurons and of recorded sweeps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..statistics.intervals import bootstrap_kernel, check_resampling
from ..variables import attribute, require, variable
from .exponential import exponential_fit_kernel
from .resampling import block_interval

# The fit begins where the membrane has moved by so much of its largest deflection.
FRACTION = 0.1
# Largest deflection over the deviation before the step, below which there is nothing to fit.
LEAST_SNR = 20.0


def membrane_decay_kernel(trace, time, *, onset, end):
    """Time constant of the answer of a membrane to a current step.

    An exponential is fitted from where the membrane has moved by a tenth of its largest deflection to where it has the
    whole, so that a sag afterwards does not count.

    Parameters
    ----------
    trace : ndarray (…, time)
        Membrane potential.
    time : ndarray (time,)
        Increasing; tau has its unit.
    onset, end : float
        Of the step.

    Returns
    -------
    tau, deflection, sag, r2 : ndarray (…,)
        deflection from the mean before the step, in the unit of the trace, negative where it hyperpolarises; sag: share
        of it that is lost by the end of the step, 0 for a passive membrane. NaN where the largest deflection is less
        than 20 deviations of the trace before the step, where fewer than four samples are in the window, or the fit
        finds no decay between a third of a sample and ten times the step.

    References
    ----------
    As in the Allen Institute's feature extraction: Gouwens et al., Nature Neuroscience 22, 1182 (2019), methods.
    """
    trace, time = np.asarray(trace, dtype=float), np.asarray(time, dtype=float)
    shape = trace.shape[:-1]
    trace = trace.reshape(-1, trace.shape[-1])
    before, during = time < onset, (time >= onset) & (time <= end)
    base = trace[:, before].mean(axis=-1) if before.any() else trace[:, during][:, 0]
    noise = trace[:, before].std(axis=-1) if before.any() else np.zeros(len(trace))
    answer, lag = trace[:, during] - base[:, None], time[during] - onset
    sign = np.sign(answer.mean(axis=-1))
    moved = answer * sign[:, None]  # rises from 0
    peak = moved.argmax(axis=-1)
    largest = np.take_along_axis(moved, peak[:, None], axis=-1)[:, 0]
    place = np.arange(len(lag))
    begin = (moved >= FRACTION * largest[:, None]).argmax(axis=-1)
    weight = ((place >= begin[:, None]) & (place <= peak[:, None])).astype(float)
    fit = exponential_fit_kernel(
        -moved, lag, low=(lag[1] - lag[0]) / 3, high=10 * (end - onset), weight=weight
    )
    sound = fit.found & (largest > LEAST_SNR * noise) & (largest > 0)
    last = max(1, len(lag) // 20)
    sag = 1 - moved[:, -last:].mean(axis=-1) / np.where(largest > 0, largest, 1)
    out = [np.where(sound, x, np.nan).reshape(shape) for x in (fit.tau, sign * largest, sag, fit.r2)]
    return tuple(out)


def membrane_timescales(
    ds: xr.Dataset, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> xr.Dataset:
    """Membrane time constants of neurons from their answers to a current step.

    Parameters
    ----------
    ds : Dataset
        As the protocol `current_step` hands over, or sweeps of recorded cells in the same layout: traces
        ``<group>_<variable> (trial, time, <group>_neuron)``, `time` with the units s; ``<group>_<variable>_control`` is
        subtracted where there is one. Attributes `step_variable`, `step_groups` (names, separated by commas),
        `step_onset` and `step_end` (s). The trials of a neuron are repetitions of one step.
    resamples : int
        Of the bootstrap; 0: no intervals.
    level : float in (0, 1)
    seed : int

    Returns
    -------
    Dataset
        On ``unit`` (coordinates ``unit_layer``, ``unit_index``): ``membrane_tau`` in ms, of the mean over trials;
        ``membrane_tau_interval (unit, bound)``, BCa over trials, NaN for a single one: a simulation without noise has
        no sampling error; ``membrane_deflection`` in SI (coordinate ``membrane_unit``), ``membrane_sag``,
        ``membrane_r2``; ``membrane_answer (unit, membrane_time)``: the answer over its largest deflection, from 0 to 1.
        On ``effective_layer``: ``membrane_layer_tau``, the median over neurons, ``membrane_layer_tau_interval``, BCa
        over neurons, ``membrane_layer_count``. NaN as in `membrane_decay_kernel`.

    Raises
    ------
    MissingVariable
        No traces or attributes; the message names what was looked for.
    InvalidInput
        Traces that are not finite, have other dimensions or no trial; time that is not in s; a step outside the trace.

    References
    ----------
    Gouwens et al., Nature Neuroscience 22, 1182 (2019), methods.
    """
    where = "membrane_timescales"
    check_resampling(resamples, level, where=where, least=0)
    step = _Step.of(ds, where=where)
    variables = {name: f"{name}_{ds.attrs['step_variable']}" for name in step.groups}
    answers = [_answers(ds, variables[name], name, where=where) for name in step.groups]
    options = {"rng": np.random.default_rng(seed), "resamples": resamples, "level": level}
    numbers = np.concatenate([_groups(a, step, **options) for a in answers])
    shown = np.concatenate([_shown(a.mean(axis=1), step) for a in answers])
    sizes = [len(a) for a in answers]
    layer = np.repeat(np.array(step.groups), sizes)
    table = np.array([_layer(numbers[layer == name, 0], **options) for name in step.groups])
    units = [ds[name].attrs.get("units", "1") for name in variables.values()]
    coords = {
        "unit_layer": variable(layer, "unit", units="1", long_name="layer of the neuron"),
        "unit_index": variable(
            np.concatenate([np.arange(n) for n in sizes]),
            "unit",
            units="1",
            long_name="index of the neuron in its layer",
        ),
        "membrane_unit": variable(
            np.repeat(units, sizes), "unit", units="1", long_name="SI unit of the membrane"
        ),
        "membrane_time": variable(
            (step.time[step.during] - step.onset) * 1e3,
            "membrane_time",
            units="ms",
            long_name="time since the step",
        ),
        "effective_layer": variable(step.groups, "effective_layer", units="1", long_name="layer"),
        "bound": variable(["low", "high"], "bound", units="1", long_name="bound of the interval"),
    }
    unit = units[0] if len(set(units)) == 1 else "as in membrane_unit"
    about = {"variable": ds.attrs["step_variable"], "step_s": step.end - step.onset}
    about |= {"resamples": resamples, "level": level, "seed": seed}
    return xr.Dataset(
        _variables(numbers, shown, table, unit),
        coords=coords,
        attrs={f"membrane_{key}": value for key, value in about.items()},
    )


@dataclass(frozen=True)
class _Step:
    """A current step: times of the samples (s), when it begins and ends (s), and the groups that answered."""

    time: np.ndarray
    onset: float
    end: float
    groups: list

    @classmethod
    def of(cls, ds, *, where):
        require(ds, "time", where=where)
        for name in ("step_variable", "step_groups"):
            if name not in ds.attrs:
                raise MissingVariable(
                    f"{where}: the dataset has no attribute {name!r}; is it what current_step returned?"
                )
        remedy = "give the times of the step in s"
        end = attribute(ds, "step_end", where=where, remedy=remedy)
        if "step_onset" not in ds.attrs:
            raise MissingVariable(f"{where}: the dataset has no attribute 'step_onset'; {remedy}")
        onset = float(ds.attrs["step_onset"])
        if (unit := ds["time"].attrs.get("units")) != "s":
            raise InvalidInput(
                f"{where}: time must be in s, but its units attribute is {unit!r}; "
                f"convert it and set .attrs['units'] = 's'"
            )
        time = np.asarray(ds["time"].values, dtype=float)
        if len(time) < 2:
            raise InvalidInput(
                f"{where}: traces need samples before the step and during it, got {len(time)} in all"
            )
        if not time[0] <= onset < end <= time[-1] + 2 * (time[1] - time[0]):
            raise InvalidInput(
                f"{where}: the step goes from {onset} to {end} s, outside the traces, {time[0]} to {time[-1]} s"
            )
        groups = [name.strip() for name in str(ds.attrs["step_groups"]).split(",")]
        return cls(time, onset, end, groups)

    @property
    def before(self):
        return self.time < self.onset

    @property
    def during(self):
        return (self.time >= self.onset) & (self.time <= self.end)


def _variables(numbers, shown, table, unit):
    """Of rows as of `_groups`, answers over the largest, rows as of `_layer`, and the unit of the membrane."""
    parts = {
        "tau": (numbers[:, 0], "unit", "ms", "membrane time constant"),
        "tau_interval": (numbers[:, 4:6], ("unit", "bound"), "ms", "interval of the membrane time constant"),
        "deflection": (numbers[:, 1], "unit", unit, "largest deflection by the step"),
        "sag": (numbers[:, 2], "unit", "1", "share of the deflection lost by the end of the step"),
        "r2": (numbers[:, 3], "unit", "1", "r2 of the exponential"),
        "answer": (shown, ("unit", "membrane_time"), "1", "deflection over the largest one"),
        "layer_tau": (table[:, 0], "effective_layer", "ms", "median membrane time constant of a layer"),
        "layer_tau_interval": (
            table[:, 1:3],
            ("effective_layer", "bound"),
            "ms",
            "interval of the median",
        ),
        "layer_count": (
            table[:, 3].astype(np.int64),
            "effective_layer",
            "1",
            "neurons with a time constant",
        ),
    }
    return {
        f"membrane_{name}": variable(values, dims, units=units, long_name=text)
        for name, (values, dims, units, text) in parts.items()
    }


def _answers(ds, name, group, *, where):
    """Answers of the neurons of a group, (neuron, trial, time), the control subtracted."""
    require(ds, name, where=where)
    dims = ("trial", "time", f"{group}_neuron")
    found = []
    for array in (name, f"{name}_control") if f"{name}_control" in ds.variables else (name,):
        if ds[array].dims != dims:
            raise InvalidInput(f"{where}: {array} must have the dimensions {dims}, got {ds[array].dims}")
        if not ds.sizes["trial"]:
            raise InvalidInput(f"{where}: {array} has no trial; expected at least one")
        values = np.asarray(ds[array].values, dtype=float)
        if not np.isfinite(values).all():
            place = tuple(int(k) for k in np.argwhere(~np.isfinite(values))[0])
            raise InvalidInput(f"{where}: {array} must be finite, got {values[place]} at {place} of {dims}")
        found.append(values)
    return np.moveaxis(found[0] - found[1] if len(found) > 1 else found[0], -1, 0)


def _groups(answers, step, *, rng, resamples, level):
    """tau (ms), deflection, sag, r2 and bounds (ms) of each neuron of answers (neuron, trial, time)."""
    about = {"onset": step.onset, "end": step.end}
    tau, deflection, sag, r2 = membrane_decay_kernel(answers.mean(axis=1), step.time, **about)
    out = np.full((len(answers), 6), np.nan)
    out[:, :4] = np.stack((tau * 1e3, deflection, sag, r2), axis=1)
    trials = answers.shape[1]

    def estimate(sums):
        found = membrane_decay_kernel(sums / trials, step.time, **about)[0]
        # no decay: longer than what is looked for
        return np.nan_to_num(found * 1e3, nan=10e3 * (step.end - step.onset))

    for k in np.flatnonzero(~np.isnan(tau)) if trials > 1 else ():
        out[k, 4:] = block_interval(answers[k], estimate, rng=rng, resamples=resamples, level=level)
    return out


def _shown(mean, step):
    before, during = step.before, step.during
    base = mean[:, before].mean(axis=-1) if before.any() else mean[:, during][:, 0]
    answer = mean[:, during] - base[:, None]
    largest = np.take_along_axis(answer, np.abs(answer).argmax(axis=-1)[:, None], axis=-1)
    return np.divide(answer, largest, out=np.full_like(answer, np.nan), where=largest != 0)


def _layer(tau, *, rng, resamples, level):
    """Median over neurons that have a time constant, its bounds, and how many they are."""
    tau = tau[~np.isnan(tau)]
    if not len(tau):
        return np.array([np.nan, np.nan, np.nan, 0])
    bounds = np.full(2, np.nan)
    if len(tau) > 1 and resamples:
        bounds = bootstrap_kernel(tau, np.median, rng=rng, resamples=resamples, level=level)
    return np.array([np.median(tau), *bounds, len(tau)])
