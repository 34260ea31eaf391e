"""Bringing spikes to their targets.

Brian2 adds one synapse at a time: events in the order of their emission, of the emitting neuron, of the
synapse. Sums of floating-point numbers depend on their order, so the same order is kept here, onto the
state itself. `by_events` and `add_rows` visit the synapses of the neurons that fired; `add_masked` takes values that
were evaluated at all synapses, in static order (−delay, emitting neuron, synapse). `by_matrix` is a dense product for
float32, which rounds differently.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch

DENSE_LIMIT = 1 << 16  # matrices up to this size are always worth while
ROW_SHARE = 0.5  # of connected pairs, from which whole rows are added where no product is wanted
DENSE_SHARE = 0.1  # larger ones from this share of connected pairs on


@cache
def _take_torchs_note():
    """The first matrix of this kind in a process makes torch say that they are in beta; no user can act on that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.sparse_csr_tensor([0, 0], [], [], (1, 1))


@dataclass(frozen=True)
class Wiring:
    """The synapses of one pathway that share a delay, ordered by emitting neuron.

    Attributes
    ----------
    delay : int
        In steps.
    synapses : torch.Tensor of int64, shape (synapse,)
        Their numbers, in the order (emitting neuron, synapse).
    sources, targets : torch.Tensor of int64, shape (synapse,)
        Emitting and receiving neuron, in that order.
    first, count : torch.Tensor of int64, shape (emitting neurons,)
        Where the synapses of a neuron begin, and how many there are.
    n_sources, n_targets : int
    dense : bool
        Whether each pair is connected at most once and a matrix is worth while.
    """

    delay: int
    synapses: torch.Tensor
    sources: torch.Tensor
    targets: torch.Tensor
    first: torch.Tensor
    count: torch.Tensor
    n_sources: int
    n_targets: int
    dense: bool

    def to(self, device):
        """The same wiring on another device."""
        moved = {
            name: getattr(self, name).to(device)
            for name in ("synapses", "sources", "targets", "first", "count")
        }
        return Wiring(
            delay=self.delay, n_sources=self.n_sources, n_targets=self.n_targets, dense=self.dense, **moved
        )

    @property
    def rows_pay(self):
        """Whether adding whole rows of the matrix is the shorter way without gradients, made anew in each pass."""
        size = self.n_sources * self.n_targets
        return self.dense and (size <= DENSE_LIMIT or len(self.synapses) >= ROW_SHARE * size)

    @cached_property
    def in_numpy(self):
        """Targets, first and count as NumPy arrays."""
        return tuple(getattr(self, name).numpy() for name in ("targets", "first", "count"))

    @cached_property
    def complete(self):
        """Whether each pair is connected once, and the synapses are numbered in the order of the matrix."""
        if len(self.synapses) != self.n_sources * self.n_targets:
            return False
        place = self.sources * self.n_targets + self.targets
        every = torch.arange(len(place))
        return bool(torch.equal(place, every) and torch.equal(self.synapses, every))

    @cached_property
    def compressed(self):
        """Where the synapses of each neuron begin, with the end of the last one, and their targets; int32."""
        starts = torch.cat([self.first, self.first.new_tensor([len(self.synapses)])])
        return starts.to(torch.int32), self.targets.to(torch.int32)

    def sparse(self, values):
        """The same matrix in compressed rows, of values in the order of the wiring."""
        starts = torch.cat([self.first, self.first.new_tensor([len(self.synapses)])])
        size = (self.n_sources, self.n_targets)
        _take_torchs_note()
        return torch.sparse_csr_tensor(starts, self.targets, values, size, check_invariants=False)

    def matrix(self, values):
        """(emitting, receiving) matrix of per-synapse values, −0.0 where there is no synapse; differentiable."""
        flat = -values.new_zeros(self.n_sources * self.n_targets)  # x + −0.0 is x, also where x is −0.0
        flat = flat.index_put((self.sources * self.n_targets + self.targets,), values[self.synapses])
        return flat.view(self.n_sources, self.n_targets)


def wire(sources, targets, delays, n_sources, n_targets):
    """One `Wiring` for each delay, the longest first.

    Parameters
    ----------
    sources, targets : numpy.ndarray of int, shape (synapse,)
    delays : numpy.ndarray of int, shape (synapse,)
        In steps.
    n_sources, n_targets : int

    Returns
    -------
    list of Wiring
    """
    wirings = []
    for delay in sorted(set(delays.tolist()), reverse=True):
        chosen = np.flatnonzero(delays == delay)
        chosen = chosen[np.argsort(sources[chosen], kind="stable")]
        pre, post = sources[chosen].astype(np.int64), targets[chosen].astype(np.int64)
        count = np.bincount(pre, minlength=n_sources)
        size = n_sources * n_targets
        dense = size <= DENSE_LIMIT or len(pre) >= DENSE_SHARE * size
        dense = dense and len(np.unique(pre * n_targets + post)) == len(pre)
        wirings.append(
            Wiring(
                delay=int(delay),
                synapses=torch.from_numpy(chosen),
                sources=torch.from_numpy(pre),
                targets=torch.from_numpy(post),
                first=torch.from_numpy(np.cumsum(count) - count),
                count=torch.from_numpy(count),
                n_sources=n_sources,
                n_targets=n_targets,
                dense=bool(dense),
            )
        )
    return wirings


def add_rows(state, trial, neuron, wiring, values):
    """Add the values of the synapses of some neurons to a NumPy array in place, in Brian2's order.

    Parameters
    ----------
    state : numpy.ndarray, shape (target,) or (trial, target)
    trial : numpy.ndarray of int or None
        Trial of each event; None where there is one trial.
    neuron : numpy.ndarray of int
        Emitting neuron of each event.
    wiring : Wiring
    values : numpy.ndarray, shape (source, target) or (synapse,) in the wiring's order
    """
    if values.ndim == 2:  # a matrix: all targets of a neuron at once
        if trial is None:
            for one in neuron.tolist():
                state += values[one]
            return
        places = (trial * wiring.n_targets)[:, None] + np.arange(wiring.n_targets)
        flat = torch.from_numpy(state.reshape(-1))
        flat.index_add_(0, torch.from_numpy(places.reshape(-1)), torch.from_numpy(values[neuron].reshape(-1)))
        return
    targets, first, counts = wiring.in_numpy
    count = counts[neuron]
    place = np.repeat(first[neuron] - np.cumsum(count) + count, count) + np.arange(int(count.sum()))
    found = targets[place]
    if trial is not None:
        found = np.repeat(trial, count) * wiring.n_targets + found
    np.add.at(state.reshape(-1), found, values[place])


def _places(trial, neuron, wiring):
    """The synapses of the neurons that fired, in the wiring's order, and the trial of each."""
    count = wiring.count[neuron]
    event = torch.repeat_interleave(torch.arange(len(neuron), device=neuron.device), count)
    within = torch.arange(len(event), device=neuron.device) - (torch.cumsum(count, 0) - count)[event]
    return wiring.first[neuron][event] + within, trial[event]


def _add_events(state, spikes, wiring, values):
    """state[trial, target] += values[synapse] for each event, one after the other, in Brian2's order."""
    trial, neuron = spikes.nonzero(as_tuple=True)
    out = state.clone(memory_format=torch.contiguous_format)
    if not len(trial):
        return out
    if values.ndim == 2:  # a matrix: all targets of a neuron at once
        rows = values[neuron]
        columns = torch.arange(wiring.n_targets, device=state.device)
        places = (trial * wiring.n_targets)[:, None] + columns
        out.view(-1).index_add_(0, places.view(-1), rows.view(-1))
        return out
    place, trial = _places(trial, neuron, wiring)
    out.view(-1).index_add_(0, trial * wiring.n_targets + wiring.targets[place], values[place])
    return out


class _Events(torch.autograd.Function):
    """By events; the gradients by products. ``values`` is a matrix or a vector in the order of the wiring."""

    @staticmethod
    def forward(ctx, state, spikes, values, wiring):
        ctx.save_for_backward(spikes, values)
        ctx.wiring = wiring
        return _add_events(state, spikes, wiring, values)

    @staticmethod
    def backward(ctx, grad):
        spikes, values = ctx.saved_tensors
        wiring = ctx.wiring
        by_spikes = by_values = None
        if values.ndim == 2:
            if ctx.needs_input_grad[1]:
                by_spikes = grad @ values.t()
            if ctx.needs_input_grad[2]:
                by_values = spikes.t() @ grad
            return grad, by_spikes, by_values, None
        if ctx.needs_input_grad[1]:
            by_spikes = (wiring.sparse(values) @ grad.t()).t()
        if ctx.needs_input_grad[2]:
            place, trial = _places(*spikes.nonzero(as_tuple=True), wiring)
            by_values = torch.zeros_like(values).index_add_(0, place, grad[trial, wiring.targets[place]])
        return grad, by_spikes, by_values, None


def by_events(state, spikes, values, wiring):
    """Add the values of the synapses whose neuron fired.

    Parameters
    ----------
    state : torch.Tensor, shape (trial, target)
    spikes : torch.Tensor of 0 and 1, shape (trial, source)
    values : torch.Tensor, shape (source, target) or (synapse,) in the wiring's order
    wiring : Wiring

    Returns
    -------
    torch.Tensor, shape (trial, target)
    """
    return _Events.apply(state, spikes, values, wiring)


def by_matrix(state, spikes, matrix):
    """``state + spikes @ matrix``: the same sum in another order."""
    return torch.addmm(state, spikes, matrix)


class _AddMasked(torch.autograd.Function):
    """state[trial, target] += value of each synapse with an event, in static order; gradients to all three."""

    @staticmethod
    def forward(ctx, state, arrived, values, targets, order):
        ctx.save_for_backward(arrived, values, targets)
        out = state.clone(memory_format=torch.contiguous_format)
        trial, rank = arrived[:, order].nonzero(as_tuple=True)
        if len(trial):
            synapse = order[rank]
            chosen = values.expand(arrived.shape)[trial, synapse].to(state.dtype)
            out.view(-1).index_add_(0, trial * state.shape[1] + targets[synapse], chosen)
        return out

    @staticmethod
    def backward(ctx, grad):
        arrived, values, targets = ctx.saved_tensors
        by_arrived = by_values = None
        arriving = grad[:, targets]
        if ctx.needs_input_grad[1]:
            by_arrived = arriving * values
        if ctx.needs_input_grad[2]:
            by_values = (arriving * arrived).sum_to_size(values.shape)
        return grad, by_arrived, by_values, None, None


def add_masked(state, arrived, values, targets, order):
    """Add values at the synapses that have an event now; every synapse has a gradient.

    Parameters
    ----------
    state : torch.Tensor, shape (trial, target)
    arrived : torch.Tensor of 0 and 1, shape (trial, synapse)
    values : torch.Tensor, shape (trial or 1, synapse)
    targets : torch.Tensor of int64, shape (synapse,)
    order : torch.Tensor of int64
        The synapses in the order in which their events arrive (`Fan.static`).

    Returns
    -------
    torch.Tensor, shape (trial, target)
    """
    return _AddMasked.apply(state, arrived, values, targets, order)


def sum_at_targets(values, index, size):
    """Sum per-synapse values at their targets, from zero, in the order of the synapses.

    Parameters
    ----------
    values : torch.Tensor, shape (trial or 1, synapse)
    index : torch.Tensor of int64, shape (synapse,)
    size : int
        Number of targets.

    Returns
    -------
    torch.Tensor, shape (trial or 1, target)
    """
    trials = len(values)
    places = torch.arange(trials, device=values.device)[:, None] * size + index
    return (
        values.new_zeros(trials * size).index_add(0, places.view(-1), values.reshape(-1)).view(trials, size)
    )
