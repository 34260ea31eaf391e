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


class Reset(torch.autograd.Function):
    """The new values where an event was emitted; derivatives of ``old + event*(new - old)``."""

    @staticmethod
    def forward(ctx, events, *values):
        count = len(values) // 2
        ctx.save_for_backward(events, *values)
        fired = events > 0
        return tuple(
            torch.where(fired, new, old) for old, new in zip(values[:count], values[count:], strict=True)
        )

    @staticmethod
    def backward(ctx, *grads):
        events, *values = ctx.saved_tensors
        count = len(values) // 2
        by_event, by_old, by_new = None, [], []
        for grad, old, new in zip(grads, values[:count], values[count:], strict=True):
            by_new.append(grad * events)
            by_old.append(grad - by_new[-1])
            if ctx.needs_input_grad[0]:
                term = grad * (new - old)
                by_event = term if by_event is None else by_event + term
        return by_event, *by_old, *by_new
