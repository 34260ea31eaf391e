"""Bringing spikes to their targets.

Brian2 adds one synapse at a time: events in the order of their emission, of the emitting neuron, of the
synapse. Sums of floating-point numbers depend on their order, so the same order is kept here, onto the
state itself. Two ways do that: `by_events` visits the synapses of the neurons that fired; `by_synapses`
evaluates all synapses in static order (−delay, emitting neuron, synapse). `by_matrix` is a dense product
for float32, which rounds differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

DENSE_LIMIT = 1 << 16  # matrices up to this size are always worth while
DENSE_SHARE = 0.1  # larger ones from this share of connected pairs on


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

    def matrix(self, values):
        """(emitting, receiving) matrix of per-synapse values, zero where there is no synapse; differentiable."""
        flat = values.new_zeros(self.n_sources * self.n_targets)
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
        unique = len(np.unique(pre * n_targets + post)) == len(pre)
        dense = unique and (size <= DENSE_LIMIT or len(pre) >= DENSE_SHARE * size)
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
    count = wiring.count[neuron]
    event = torch.repeat_interleave(torch.arange(len(neuron), device=state.device), count)
    within = torch.arange(len(event), device=state.device) - (torch.cumsum(count, 0) - count)[event]
    place = wiring.first[neuron][event] + within
    out.view(-1).index_add_(0, trial[event] * wiring.n_targets + wiring.targets[place], values[place])
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
        arriving = grad[:, wiring.targets]
        if ctx.needs_input_grad[1]:
            by_spikes = torch.zeros_like(spikes).index_add(1, wiring.sources, arriving * values)
        if ctx.needs_input_grad[2]:
            by_values = (arriving * spikes[:, wiring.sources]).sum(0)
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


def by_synapses(state, spikes, values, wiring):
    """Add values that change in time: evaluated at every synapse, kept where the neuron fired.

    ``values`` has the shape (trial or 1, synapse) in the order of the network's synapses.
    """
    fired = spikes[:, wiring.sources]
    chosen = values.expand(len(fired), -1)[:, wiring.synapses]
    added = _Masked.apply(chosen, fired)
    trials = len(fired)
    places = torch.arange(trials, device=state.device)[:, None] * wiring.n_targets + wiring.targets
    return state.reshape(-1).index_add(0, places.view(-1), added.reshape(-1)).view(trials, wiring.n_targets)


class _Masked(torch.autograd.Function):
    """value where the neuron fired, else 0; gradients to both."""

    @staticmethod
    def forward(ctx, values, fired):
        ctx.save_for_backward(values, fired)
        return torch.where(fired > 0, values, torch.zeros((), dtype=values.dtype, device=values.device))

    @staticmethod
    def backward(ctx, grad):
        values, fired = ctx.saved_tensors
        return grad * fired, grad * values


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
