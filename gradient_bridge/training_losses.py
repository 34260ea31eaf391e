"""Losses of a recording: rates, traces, spike times, sums of these.

Each takes a `Recording` to a tensor of one number without unit. Targets are SI numbers or Brian2 quantities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from brian2 import Quantity, hertz, second
from brian2.core.functions import timestep
from brian2.units.fundamentalunits import DIMENSIONLESS

from .coordinates import root_mean_square
from .training_targets import (
    beside,
    check_group,
    check_shape,
    chosen_neurons,
    filter_exponentially,
    first_step,
    merge_records,
    scale_of,
    si_values,
    spike_times,
    spikes_of,
    start_of,
)

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

    from .recording import Recording
    from .twin import Twin


class _Loss:
    """What the losses of one group share."""

    @property
    def where(self) -> str:
        """The loss in words, for messages."""
        return f"{type(self).__name__} of {self.group}"

    def check(self, twin: Twin) -> None:
        """Refuse a group that the twin does not have."""
        check_group(twin, self.group, self.where)

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False)
class RateLoss(_Loss):
    """Mean square of (rate − target)/scale, rate = spikes/time.

    Parameters
    ----------
    group : str
    target : float, Quantity or array_like, shape (), (neuron,) or (trial, neuron)
        Hz. One number: the mean rate of all neurons and trials; (neuron,): each neuron's mean over trials.
    scale : float or Quantity, optional
        Hz, > 0. Default: root mean square of the target.
    start : float or Quantity
        Seconds at the beginning that are left out, >= 0.
    neurons : slice or array_like of int, shape (neuron,), optional
        Which neurons of the group; default: all.

    Raises
    ------
    ValueError
        A target of another shape or unit, below 0, or all 0 without `scale`.
    """

    group: str
    target: Quantity | ArrayLike
    _: KW_ONLY
    scale: Quantity | float | None = None
    start: Quantity | float = 0.0
    neurons: slice | ArrayLike | None = None

    def __post_init__(self):
        target = si_values(self.target, hertz.dim, f"{self.where}: target")
        if target.ndim > 2 or bool((target < 0).any()):
            raise ValueError(
                f"{self.where}: target: expected rates >= 0 of shape (), (neuron,) or (trial, neuron), "
                f"got {self.target!r}"
            )
        scale = scale_of(self.scale, hertz.dim, root_mean_square(target), self.where)
        self._set(target=target, scale=scale, start=start_of(self.start, self.where))

    def __call__(self, recording: Recording) -> torch.Tensor:
        """The loss of a recording."""
        spikes = chosen_neurons(spikes_of(recording, self.group, self.where), self.neurons, self.where)
        step = recording.step(self.group)
        counted = spikes[:, first_step(spikes, self.start, step, self.where) :]
        # the derivative of a sum is one number for all steps, that of a mean an array of them
        rates = counted.sum(1) / (counted.shape[1] * step)
        target = beside(self.target, rates)
        if target.ndim < 2:
            rates = rates.mean(0) if target.ndim else rates.mean()
        check_shape(self.where, rates, target, "()", "(neuron,)", "(trial, neuron)")
        return ((rates - target) / self.scale).square().mean()


@dataclass(frozen=True, eq=False)
class TraceLoss(_Loss):
    """Mean square of (trace − target)/scale.

    Parameters
    ----------
    group, variable : str
    target : array_like, Quantity or xarray.DataArray, shape (time,), (time, neuron) or (trial, time, neuron)
        In the variable's unit, on the steps of the group: of a `StateMonitor`, ``monitor.v.T``.
    slot : str
        When in a step the trace is read; default: at its start, as a `StateMonitor` does.
    scale : float or Quantity, optional
        In the variable's unit, > 0. Default: standard deviation of the target.
    weights : array_like, optional
        Weight of each value, >= 0, in a shape that the target takes; the mean is taken over the weights.
    start, neurons : see `RateLoss`
        As in `RateLoss`.

    Raises
    ------
    ValueError
        A target or weights of another shape or unit, or a target without spread and no `scale`.
    """

    group: str
    variable: str
    target: Quantity | xr.DataArray | ArrayLike
    _: KW_ONLY
    slot: str = "start"
    scale: Quantity | float | None = None
    weights: ArrayLike | None = None
    start: Quantity | float = 0.0
    neurons: slice | ArrayLike | None = None

    def __post_init__(self):
        dimension = self.target.dim if isinstance(self.target, Quantity) else DIMENSIONLESS
        target = si_values(self.target, dimension, f"{self.where}: target")
        if not 1 <= target.ndim <= 3:
            raise ValueError(
                f"{self.where}: target: expected the shape (time,), (time, neuron) or (trial, time, neuron), "
                f"got {target.shape}"
            )
        target = target[:, None] if target.ndim == 1 else target
        scale = scale_of(self.scale, dimension, float(target.std()), self.where)
        self._set(target=target, dimension=dimension, scale=scale, start=start_of(self.start, self.where))
        if self.weights is not None:
            self._set(weights=self._checked_weights())

    def _checked_weights(self):
        weights = si_values(self.weights, DIMENSIONLESS, f"{self.where}: weights")
        weights = weights[:, None] if weights.ndim == 1 else weights
        try:
            weights = np.broadcast_to(weights, self.target.shape).copy()
        except ValueError:
            raise ValueError(
                f"{self.where}: weights: expected a shape that the target's, {self.target.shape}, takes, "
                f"got {weights.shape}"
            ) from None
        if bool((weights < 0).any()) or not weights.any():
            raise ValueError(f"{self.where}: weights: expected numbers >= 0, not all 0")
        return weights

    @property
    def where(self) -> str:
        """The loss in words, for messages."""
        return f"TraceLoss of {self.group}.{self.variable}"

    @property
    def record(self) -> dict[str, dict[str, str]]:
        """What has to be recorded."""
        return {self.group: {self.variable: self.slot}}

    def check(self, twin: Twin) -> None:
        """Refuse a variable that the twin does not have, and a target in another unit."""
        arrays = twin.program.arrays
        array = arrays.get(f"{self.group}.{self.variable}")
        if array is None:
            known = sorted(a.name for a in arrays.values() if a.owner == self.group)
            raise ValueError(
                f"{self.where}: no such variable in the program; of {self.group} there are "
                f"{', '.join(known) or 'none: unknown group'}"
            )
        wanted = array.dimension or DIMENSIONLESS
        if self.dimension is not DIMENSIONLESS and self.dimension is not wanted:  # plain numbers are SI
            raise ValueError(f"{self.where}: the variable has the unit {wanted}, the target {self.dimension}")

    def __call__(self, recording: Recording) -> torch.Tensor:
        """The loss of a recording."""
        if self.variable not in recording.states.get(self.group, {}):
            raise ValueError(
                f"{self.where}: not in the recording; record={{{self.group!r}: [{self.variable!r}]}}"
            )
        trace = chosen_neurons(recording.states[self.group][self.variable], self.neurons, self.where)
        first = first_step(trace, self.start, recording.step(self.group), self.where)
        target = beside(self.target, trace)
        target = target if target.ndim == 3 else target[None]
        check_shape(self.where, trace, target, "(time, neuron)", "(trial, time, neuron)")
        square = ((trace - target) / self.scale).square()[:, first:]
        if self.weights is None:
            return square.mean()
        weights = beside(self.weights, trace)
        weights = (weights if weights.ndim == 3 else weights[None])[:, first:].expand(square.shape)
        return (square * weights).sum() / weights.sum()


@dataclass(frozen=True, eq=False)
class VanRossumLoss(_Loss):
    """Mean van Rossum distance D² between the spike trains of a group and those wanted.

    D² = (1/tau) ∫ (f − g)² dt, f and g the trains filtered with exp(−t/tau); one spike too many or too few, away from
    all others, gives 1/2 (for tau well over dt). The integral ends with the recording. van Rossum, Neural Computation
    13, 751 (2001). The distance of Victor and Purpura counts edits and has no gradient.

    Parameters
    ----------
    group : str
    target : dict of int to array_like, list of these, or array_like of 0 and 1
        ``monitor.spike_trains()`` (times from the start of the recording; a neuron that is left out is silent), one
        such dict for each trial, or shape (time, neuron) or (trial, time, neuron).
    tau : float or Quantity
        Time constant of the filter (s), > 0: how far apart two spikes are still near.
    start, neurons : see `RateLoss`
        As in `RateLoss`; the neurons of a dict are numbered as in the group.

    Raises
    ------
    ValueError
        A target that is neither spike times nor 0 and 1, a `tau` that is no positive time.
    """

    group: str
    target: Mapping[int, ArrayLike] | Sequence[Mapping[int, ArrayLike]] | ArrayLike
    _: KW_ONLY
    tau: Quantity | float
    start: Quantity | float = 0.0
    neurons: slice | ArrayLike | None = None

    def __post_init__(self):
        tau = si_values(self.tau, second.dim, f"{self.where}: tau")
        if tau.ndim or not tau > 0:
            raise ValueError(f"{self.where}: tau: expected one time > 0, got {self.tau!r}")
        self._set(tau=float(tau), start=start_of(self.start, self.where))
        dicts = [self.target] if isinstance(self.target, Mapping) else self.target
        if isinstance(dicts, (list, tuple)) and dicts and all(isinstance(d, Mapping) for d in dicts):
            self._set(target=tuple(spike_times(trains, self.where) for trains in dicts))
            return
        trains = si_values(self.target, DIMENSIONLESS, f"{self.where}: target")
        if trains.ndim not in (2, 3) or not bool(((trains == 0) | (trains == 1)).all()):
            raise ValueError(
                f"{self.where}: target: expected spike times by neuron, or 0 and 1 of shape (time, neuron) or "
                f"(trial, time, neuron), got the shape {trains.shape}"
            )
        self._set(target=trains)

    def _from_times(self, shape, step):
        """The wanted trains as 0 and 1, shape (trial, time, neuron of the group)."""
        trains = torch.zeros(len(self.target), *shape[1:], dtype=torch.float64)
        for trial, by_neuron in enumerate(self.target):
            for neuron, times in by_neuron.items():
                steps = np.asarray(timestep(times, step), dtype=np.int64)
                if not 0 <= neuron < shape[2] or bool((steps >= shape[1]).any()):
                    raise ValueError(
                        f"{self.where}: the spikes wanted of neuron {neuron} lie outside a recording of {shape[2]} "
                        f"neurons and {shape[1] * step:g} s"
                    )
                trains[trial, torch.from_numpy(steps), neuron] = 1
        return trains

    def __call__(self, recording: Recording) -> torch.Tensor:
        """The loss of a recording."""
        spikes = spikes_of(recording, self.group, self.where)
        step = recording.step(self.group)
        if isinstance(self.target, np.ndarray):
            wanted = beside(self.target if self.target.ndim == 3 else self.target[None], spikes)
        else:
            wanted = beside(self._from_times(spikes.shape, step), spikes)
            wanted = chosen_neurons(wanted, self.neurons, self.where)
        spikes = chosen_neurons(spikes, self.neurons, self.where)
        check_shape(self.where, spikes, wanted, "(time, neuron)", "(trial, time, neuron)")
        first = first_step(spikes, self.start, step, self.where)
        filtered = filter_exponentially((spikes - wanted)[:, first:], self.tau, step)
        return filtered.square().sum(1).mean() * (step / self.tau)


@dataclass(frozen=True, eq=False)
class CombinedLoss:
    """Weighted sum of losses; the history holds each before its weight.

    Parameters
    ----------
    losses : dict of str to callable
    weights : dict of str to float, optional
        Finite; default: 1 each.

    Raises
    ------
    ValueError
        A weight for a loss that is not there, or not finite.
    """

    losses: dict[str, Callable[[Recording], torch.Tensor]]
    weights: dict[str, float] | None = None

    def __post_init__(self):
        good = isinstance(self.losses, dict) and self.losses and all(map(callable, self.losses.values()))
        if not good:
            raise TypeError(f"CombinedLoss: expected losses by name, got {self.losses!r}")
        weights = self.weights or {}
        unknown = sorted(set(weights) - set(self.losses))
        if unknown:
            raise ValueError(
                f"CombinedLoss: weights for {', '.join(unknown)}; the losses are {', '.join(self.losses)}"
            )
        for name, weight in weights.items():
            if not isinstance(weight, (int, float)) or not math.isfinite(weight):
                raise ValueError(f"CombinedLoss: weight of {name}: expected a finite number, got {weight!r}")
        object.__setattr__(self, "weights", {name: float(weights.get(name, 1.0)) for name in self.losses})

    @property
    def record(self) -> dict[str, dict[str, str]]:
        """What has to be recorded for all terms."""
        return merge_records(*(getattr(loss, "record", None) for loss in self.losses.values())) or {}

    def check(self, twin: Twin) -> None:
        """Check every term that can be checked."""
        for loss in self.losses.values():
            if hasattr(loss, "check"):
                loss.check(twin)

    def terms(self, recording: Recording) -> dict[str, torch.Tensor]:
        """Each loss before its weight, by name."""
        return {name: loss(recording) for name, loss in self.losses.items()}

    def combine(self, terms: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The weighted sum."""
        return sum(self.weights[name] * value.reshape(()) for name, value in terms.items())

    def __call__(self, recording: Recording) -> torch.Tensor:
        """The loss of a recording."""
        return self.combine(self.terms(recording))
