"""The papers' formula as a loop of torch operations: eager, and in chunks under torch.compile."""

import torch

from .case import torch_case
from .sizes import B0, BETA, PEAK, TAU_A, TAU_M, currents, weights

NAMES = ("w", "tau_m", "tau_a")


class Spike(torch.autograd.Function):
    """A step function with the papers' Gaussian as derivative."""

    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return (u > 0).to(u.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (u,) = ctx.saved_tensors
        return gradient * torch.exp(-2 * u * u) * PEAK


def step(current, v, a, s, w, alpha, rho):
    """One step of Yin et al. 2021: v, a and the spikes."""
    a = rho * a + (1 - rho) * s
    theta = B0 + BETA * a
    v = alpha * v + (1 - alpha) * (current + s @ w) - theta * s
    return v, a, Spike.apply(v - theta)


def _data(size, bias, dtype):
    """Currents, what is trained, and zeros for the start."""
    kind = getattr(torch, dtype)
    x, w = (torch.from_numpy(z).to(kind) for z in (currents(size, bias), weights(size.neurons)))
    times = (torch.full((size.neurons,), tau, dtype=kind) for tau in (TAU_M, TAU_A))
    zero = torch.zeros(size.trials, size.neurons, dtype=kind)
    return x, [leaf.requires_grad_() for leaf in (w, *times)], zero


def eager(size, *, bias, dtype="float32"):
    """A loop over time."""
    x, leaves, zero = _data(size, bias, dtype)

    def forward():
        w, tau_m, tau_a = leaves
        alpha, rho = torch.exp(-1 / tau_m), torch.exp(-1 / tau_a)
        v = a = s = zero
        out = []
        for current in x:
            v, a, s = step(current, v, a, s, w, alpha, rho)
            out.append(s)
        return torch.stack(out)

    return torch_case(forward, leaves, "w, tau_m, tau_a", names=NAMES)


def chunk_length(steps, wanted):
    """The largest number of steps up to `wanted` that divides all of them."""
    return next(k for k in range(min(wanted, steps), 0, -1) if steps % k == 0)


def compiled(size, *, bias, chunk, dtype="float32"):
    """Chunks of some steps, each one compiled graph."""
    x, leaves, zero = _data(size, bias, dtype)
    k = chunk_length(size.steps, chunk)

    def several(x, v, a, s, w, alpha, rho):
        out = []
        for current in x:
            v, a, s = step(current, v, a, s, w, alpha, rho)
            out.append(s)
        return torch.stack(out), v, a, s

    fast = torch.compile(several, dynamic=False)

    def forward():
        w, tau_m, tau_a = leaves
        alpha, rho = torch.exp(-1 / tau_m), torch.exp(-1 / tau_a)
        v = a = s = zero
        out = []
        for part in x.split(k):
            spikes, v, a, s = fast(part, v, a, s, w, alpha, rho)
            out.append(spikes)
        return torch.cat(out)

    return torch_case(forward, leaves, f"w, tau_m, tau_a; chunks of {k}", names=NAMES)
