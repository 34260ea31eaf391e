"""Options of a training run: on a task, on a loss of the recording."""

from __future__ import annotations

import dataclasses
import difflib
import math
from dataclasses import dataclass
from typing import ClassVar

from brian2 import Quantity

SCHEDULES = ("one_cycle", "step", "constant")
SELECTIONS = ("valid_accuracy", "valid_loss", "last")
LOSS_SELECTIONS = ("loss", "last")
DRAWS = ("fresh", "frozen")


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """What every training has: the steps of the optimiser, and when it ends."""

    selections: ClassVar[tuple] = ()

    epochs: int = 100
    learning_rate: float = 5e-3
    time_constant_rate: float = 3e-2
    schedule: str = "one_cycle"
    warmup: float = 0.3
    step_epochs: int = 50
    step_factor: float = 0.5
    clip_norm: float | None = 1.0
    patience: int | None = None
    seed: int = 0
    threads: int = 1

    def __post_init__(self):
        _check_fields(self, select=self.selections)


@dataclass(frozen=True, kw_only=True)
class Training(_Steps):
    """How a network is trained.

    Parameters
    ----------
    epochs : int
        Passes over the training set, ≥ 1.
    batch_size : int
        Trials in a batch, ≥ 1.
    learning_rate : float
        Adam's (peak) rate for weights, biases and the like.
    time_constant_rate : float
        Adam's (peak) rate for what is trained in a relative coordinate (time constants: `Bounded`, `Log`).
    schedule : {"one_cycle", "step", "constant"}
        ``one_cycle``: up over the first batches, then down to nearly 0 (Smith and Topin 2019); ``step``: times
        ``step_factor`` every ``step_epochs`` epochs.
    warmup : float
        Fraction of the batches over which ``one_cycle`` rises, in (0, 1).
    step_epochs, step_factor : int, float
        For ``schedule="step"``.
    clip_norm : float or None
        Upper limit of the gradient's norm.
    score_scale : float
        Factor between class scores and the logits of the cross-entropy.
    class_weights : tuple of float, "balanced" or None
        Weight of each class in the loss; balanced: inverse to its frequency among training steps, mean 1.
    unlabelled : "mask" or int
        What the loss does with unlabelled steps: leave them out, or count them as that class.
    skip : int or None
        Steps at the beginning that the loss leaves out; None: the readout's own, else 0.
    rate_penalty : float
        Factor of the mean number of spikes per neuron and step, added to the loss.
    input_dropout : float
        Share of the stimulus' values (spikes among them) that are set to 0 in training, others in each batch, < 1.
    time_stretch : float
        Each training trial is played faster or slower, labels in time with it, by a factor that is drawn anew in each
        epoch, uniform in the logarithm up to 1 + `time_stretch` either way; >= 0.
    finer : tuple of int
        Each training batch is run at the network's step or at a fraction of it, one by these whole numbers >= 2 that is
        drawn anew for each batch: (2, 4) are a half and a quarter. Validation is at the network's step. See
        `finer_twin`.
    average_epochs : float
        The parameters of the last so many epochs are averaged (exponentially, step by step), and the averages are
        validated and kept; 0: the parameters themselves. Adam goes on from its own.
    lost_gradients : int
        Batches of an epoch that may be left out because their gradient is not finite, which can happen where a network
        is chaotic; with one more the training stops. The history counts them (``batches_left_out``).
    select : {"valid_accuracy", "valid_loss", "last"}
        Which epoch's parameters are kept.
    patience : int or None
        Stop after so many epochs without a better one.
    seed : int
        Order of the batches, and of a twin's random draws: other ones in each batch and epoch, on the validation
        set the same in each epoch. What draws inside of another module (dropout) draws from torch's global stream.
    evaluation_batch : int
        Trials in a batch without gradients.
    threads : int
        Threads of torch while training. Small networks are fastest with 1.
    """

    selections: ClassVar[tuple] = SELECTIONS

    batch_size: int = 64
    score_scale: float = 1.0
    class_weights: tuple[float, ...] | str | None = None
    unlabelled: str | int = "mask"
    skip: int | None = None
    rate_penalty: float = 0.0
    input_dropout: float = 0.0
    time_stretch: float = 0.0
    finer: tuple[int, ...] = ()
    average_epochs: float = 0.0
    lost_gradients: int = 0
    select: str = "valid_accuracy"
    evaluation_batch: int = 256

    def __post_init__(self):
        for name in ("class_weights", "finer"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class LossTraining(_Steps):
    """How a twin is trained on a loss of its recording. An epoch is one pass and one step of the optimiser.

    Parameters
    ----------
    epochs : int
        Steps of the optimiser, >= 1.
    learning_rate, time_constant_rate, schedule, warmup, step_epochs, step_factor, clip_norm : see `Training`
        As in `Training`, a batch being an epoch.
    draws : {"fresh", "frozen"}
        Whether a network that draws random numbers draws others in each epoch, or the same.
    select : {"loss", "last"} or None
        Which parameters are kept: those of the lowest loss, or the last. None: ``"last"`` where each epoch draws anew
        (the lowest of noisy losses would be the luckiest), else ``"loss"``.
    patience : int or None
        Stop after so many epochs without a lower loss; not with ``select="last"``.
    seed : int
        Of the network's random draws.
    threads : int
        Threads of torch while training. Small networks are fastest with 1.
    """

    selections: ClassVar[tuple] = (*LOSS_SELECTIONS, None)

    learning_rate: float = 1e-2
    draws: str = "fresh"
    select: str | None = None


def _whole(low):
    return lambda v: isinstance(v, int) and v >= low


def _positive(v):
    return math.isfinite(v) and v > 0


def _is_class_weights(v):
    return v in (None, "balanced") or (isinstance(v, tuple) and all(math.isfinite(w) and w >= 0 for w in v))


def _are_divisors(v):
    return isinstance(v, tuple) and all(map(_whole(2), v)) and len(set(v)) == len(v)


# field -> what must hold, in code and in words
CHECKS = {
    **dict.fromkeys(
        ("epochs", "batch_size", "step_epochs", "evaluation_batch", "threads"), (_whole(1), "an integer >= 1")
    ),
    **dict.fromkeys(
        ("learning_rate", "time_constant_rate", "step_factor", "score_scale"),
        (_positive, "a finite number > 0"),
    ),
    "warmup": (lambda v: 0 < v < 1, "a number in (0, 1)"),
    "rate_penalty": (lambda v: math.isfinite(v) and v >= 0, "a finite number >= 0"),
    "time_stretch": (lambda v: math.isfinite(v) and v >= 0, "a finite number >= 0"),
    "average_epochs": (lambda v: math.isfinite(v) and v >= 0, "a finite number >= 0"),
    "finer": (_are_divisors, "whole numbers >= 2, each once"),
    "input_dropout": (lambda v: 0 <= v < 1, "a number in [0, 1)"),
    "clip_norm": (lambda v: v is None or _positive(v), "None or a number > 0"),
    "patience": (lambda v: v is None or _whole(1)(v), "None or an integer >= 1"),
    "skip": (lambda v: v is None or _whole(0)(v), "None or an integer >= 0"),
    **dict.fromkeys(("seed", "lost_gradients"), (_whole(0), "an integer >= 0")),
    "schedule": (lambda v: v in SCHEDULES, f"one of {', '.join(SCHEDULES)}"),
    "draws": (lambda v: v in DRAWS, f"one of {', '.join(DRAWS)}"),
    "unlabelled": (lambda v: v == "mask" or _whole(0)(v), "'mask' or a class number"),
    "class_weights": (_is_class_weights, "None, 'balanced' or numbers >= 0"),
}


def _check_fields(options, *, select):
    """Refuse a field that is out of its range, by name."""
    allowed = (lambda v: v in select, f"one of {', '.join(map(str, select))}")
    for field in dataclasses.fields(options):
        holds, expected = CHECKS.get(field.name, allowed)
        value = getattr(options, field.name)
        try:
            good = not isinstance(value, Quantity) and holds(value)
        except TypeError:
            good = False
        if not good or isinstance(value, bool):
            raise ValueError(f"fit: {field.name}: expected {expected}, got {value!r}")


def training_options(given, kind=Training):
    """The options of a kind from keyword arguments; an unknown name is refused with the nearest ones."""
    known = [f.name for f in dataclasses.fields(kind)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known
            raise TypeError(f"fit: unknown option {name!r}; did you mean {', '.join(near)}?")
    return kind(**given)
