"""Two engines side by side: every output of a pass, and the derivatives of one loss of all of them."""

from __future__ import annotations

import zlib

import numpy as np
import torch

DERIVATIVES = 1e-9  # relative, float64: sums in another order
SMALL = 1e-12  # of the largest derivative of an array: what is left where a sum cancels


def outputs(recording):
    """All outputs of a pass by name: spikes, traces, final values."""
    found = {f"spikes of {g}": x for g, x in recording.spikes.items()}
    for kind, states in (("trace", recording.states), ("final", recording.final)):
        found |= {f"{kind} of {o}.{v}": x for o, own in states.items() for v, x in own.items()}
    return found


def loss_of(found, wanted):
    """The sum of all outputs of some kinds that carry a gradient, each element with a factor of its own."""
    total = 0.0
    for name, value in sorted(found.items()):
        if value.requires_grad and name.startswith(wanted):
            generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
            factors = torch.randn(value.shape, generator=generator, dtype=torch.float64).to(value.dtype)
            size = np.abs(
                value.detach().cpu().numpy()
            ).mean()  # torch's mean depends on the number of threads
            total = total + (value * factors).sum() / (1e-6 + float(size))
    return total


def unequal(ours, theirs, tolerance=0.0):
    """Outputs that differ, by name, with the largest difference; spikes and truth values may never."""
    wrong = {}
    if ours.keys() != theirs.keys():
        wrong["names"] = sorted(ours.keys() ^ theirs.keys())
    for name in ours.keys() & theirs.keys():
        a, b = ours[name].detach(), theirs[name].detach()
        if a.shape != b.shape or a.dtype != b.dtype:
            wrong[name] = f"{tuple(a.shape)} {a.dtype}, reference {tuple(b.shape)} {b.dtype}"
        elif theirs[name].requires_grad and not ours[name].requires_grad:
            wrong[name] = "carries no gradient"
        elif tolerance and a.numel() and a.is_floating_point() and not name.startswith("spikes"):
            error = (a - b).abs() > tolerance * (b.abs() + b.abs().max())
            if bool(error.any()) or not bool(torch.isfinite(a).all()):
                wrong[name] = float((a - b).abs().max())
        elif not torch.equal(a, b):
            wrong[name] = f"{int((a != b).sum())} of {a.numel()}"
    return wrong


def unequal_derivatives(ours, theirs, tolerance=DERIVATIVES):
    """Derivatives that differ by more than a tolerance, by name, with the largest difference over the largest value."""
    wrong = {}
    for name in ours.keys() | theirs.keys():
        a, b = ours.get(name), theirs.get(name)
        if b is None or not bool(b.any()):  # nothing depends on it: the one has none, the other zeros
            if a is not None and bool(a.any()):
                wrong[name] = "the reference has none"
            continue
        if a is None:
            wrong[name] = "missing"
            continue
        largest = b.abs().max()
        error = (a - b).abs() > tolerance * b.abs() + tolerance / DERIVATIVES * SMALL * largest
        if bool(error.any()) or not bool(torch.isfinite(a).all()):
            wrong[name] = float((a - b).abs().max() / largest)
    return wrong


def derivatives(loss, leaves, **options):
    """Derivatives of a loss by named tensors; None where it does not depend on one."""
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, **options)
    return dict(zip(leaves, found, strict=True))
