"""Spikes and resets with gradients."""

from __future__ import annotations

import torch


class Spike(torch.autograd.Function):
    """1 where the distance from threshold is positive (and the mask allows), else 0; surrogate derivative."""

    @staticmethod
    def forward(ctx, distance, mask, strict, surrogate, scale):
        ctx.surrogate, ctx.scale = surrogate, scale
        fired = distance > 0 if strict else distance >= 0
        if mask is None:
            ctx.save_for_backward(distance)
        else:
            ctx.save_for_backward(distance, mask)
            fired = fired & mask
        return fired.to(distance.dtype)

    @staticmethod
    def backward(ctx, grad):
        distance, *mask = ctx.saved_tensors
        scaled = distance if ctx.scale == 1 else distance / ctx.scale
        by_distance = ctx.surrogate.derivative(scaled).mul_(grad)
        if ctx.scale != 1:
            by_distance /= ctx.scale
        if mask:
            by_distance *= mask[0]
        return by_distance, None, None, None, None


class ResetFunction(torch.autograd.Function):
    """The new values where an event was emitted; derivatives of ``old + event*(new - old)``.

    A variable that is brought up to date at its events only (event-driven) comes with the function from its stored
    value to that of now. An event then changes it by ``new - decayed``; where there is none, this is brought back
    to the time of the stored value.
    """

    @staticmethod
    def forward(ctx, events, decays, *values):
        count = len(values) // 2
        ctx.save_for_backward(events, *values)
        ctx.decays = decays
        fired = events > 0
        return tuple(
            torch.where(fired, new, old) for old, new in zip(values[:count], values[count:], strict=True)
        )

    @staticmethod
    def backward(ctx, *grads):
        events, *values = ctx.saved_tensors
        count = len(values) // 2
        by_event, by_old, by_new = None, [], []
        changes = zip(grads, values[:count], values[count:], ctx.decays, strict=True)
        for grad, old, new, decay in changes:
            by_new.append(grad * events)
            by_old.append(grad - by_new[-1])
            if ctx.needs_input_grad[0]:
                term = grad * (new - old if decay is None else _change(events, old, new, decay))
                by_event = term if by_event is None else by_event + term
        return by_event, None, *by_old, *by_new


def _change(events, old, new, decay):
    """By what an event changes the stored value of an event-driven variable."""
    stored = old.detach().requires_grad_()
    with torch.enable_grad():
        decayed = decay(stored)
        (factor,) = torch.autograd.grad(decayed.sum(), stored)
    back = torch.where(factor == 0, 0.0, 1 / factor)
    return (new - decayed.detach()) * torch.where(events > 0, 1.0, back)


class Delayed(torch.autograd.Function):
    """Spikes after a delay that is trained: the spikes as they are, with a derivative by the delay.

    A train s(t − d) changes with d by −s'(t − d); the derivative in time is the central difference over one step
    to either side, in spikes per second.
    """

    @staticmethod
    def forward(ctx, arrived, delay, slope):
        ctx.save_for_backward(slope)
        ctx.shape = delay.shape
        return arrived.clone()

    @staticmethod
    def backward(ctx, grad):
        (slope,) = ctx.saved_tensors
        by_delay = (grad * slope).sum(0)
        return grad, by_delay.sum_to_size(ctx.shape) if ctx.shape else by_delay.sum(), None
