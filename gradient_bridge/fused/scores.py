"""Class scores against labels in C: cross-entropy, its derivative and decisions in one go."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import torch

from ..losses import IGNORED, check_shapes
from ..native import load_library
from .c_source import HEADER

SHARE = 1024
_POINTERS = ("scores", "targets", "truth", "weights", "slopes", "sums")
_LONGS = ("trials", "steps", "classes", "by_trial", "by_step", "threads")


class _Judged(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_long) for name in _LONGS),
        ("scale", ctypes.c_double),
        ("factor", ctypes.c_double),
    )


@cache
def _library(dtype):
    kind = "#define DOUBLE\n" if dtype == torch.float64 else ""
    numbers = f"#define EVENT uint16_t\n#define IGNORED ({IGNORED})\n#define SHARE {SHARE}\n"
    own = Path(__file__).with_name("scores.h").read_text()
    return load_library(f"{kind}{numbers}{HEADER.read_text()}{own}", name="scores")


class _CrossEntropy(torch.autograd.Function):
    """Sum over labels, by `factor`; the counts of decisions are handed over in a list."""

    @staticmethod
    def forward(ctx, scores, targets, truth, scale, weights, factor, counts):
        trials, steps, classes = scores.shape
        scores = scores if scores.stride(2) == 1 else scores.contiguous()
        slopes = None
        if ctx.needs_input_grad[0]:
            slopes = torch.empty(steps, trials, classes, dtype=scores.dtype)
        sums = torch.zeros(-(-trials * steps // SHARE), 3, dtype=torch.float64)
        tensors = {
            "scores": scores,
            "targets": targets.contiguous(),
            "truth": truth.contiguous(),
            "weights": None if weights is None else weights.to(torch.float64).contiguous(),
            "slopes": slopes,
            "sums": sums,
        }
        call = _Judged(
            **{name: None if t is None else t.data_ptr() for name, t in tensors.items()},
            trials=trials,
            steps=steps,
            classes=classes,
            by_trial=scores.stride(0),
            by_step=scores.stride(1),
            threads=torch.get_num_threads(),
            scale=scale,
            factor=factor,
        )
        failed = _library(scores.dtype).judge_all(ctypes.byref(call))
        if failed & 1:
            raise MemoryError("fit: not enough memory for the loss; take fewer trials at a time")
        if failed & 2:
            raise ValueError(f"fit: a label is none of the classes 0 to {classes - 1}")
        loss, right, counted = sums.sum(0).tolist()
        counts += [int(right), int(counted)]
        ctx.slopes = slopes
        return torch.tensor(loss * factor, dtype=scores.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, by_loss):
        slopes, by_loss = ctx.slopes.transpose(0, 1), float(by_loss)
        return slopes if by_loss == 1 else slopes * by_loss, None, None, None, None, None, None


def judge(scores, targets, truth, *, scale, weights, total):
    """As `losses.judge`, for scores on the CPU of type float32 or float64."""
    check_shapes(scores, targets)
    if scores.ndim == 2:  # a label per trial
        scores, targets, truth = scores[:, None], targets[:, None], truth[:, None]
    counts = []
    loss = _CrossEntropy.apply(scores, targets, truth, scale, weights, 1 / float(total), counts)
    return loss, *counts
