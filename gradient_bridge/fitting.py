"""Training by backpropagation through time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader

from .checkpoints import check_writable, load_checkpoint
from .distributed import ProcessLost, choose_processes
from .options import LossTraining, training_options
from .threads import limited_threads
from .training_loader import LoaderRun
from .training_recording import RecordingRun
from .training_run import TrainingDiverged
from .training_task import TaskRun

if TYPE_CHECKING:
    import xarray as xr
    from brian2 import Quantity

    from .recording import Recording

__all__ = ["ProcessLost", "TrainingDiverged", "fit"]


def fit(
    model: torch.nn.Module,
    task: Any = None,
    *,
    loss: Callable[[Recording], torch.Tensor] | None = None,
    stimulus: Any = None,
    duration: Quantity | float | None = None,
    trials: int | None = None,
    record: Mapping[str, Any] | None = None,
    initial: Mapping[str, Mapping[str, Any]] | None = None,
    valid: DataLoader | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = True,
    distributed: bool | None = None,
    **options: Any,
) -> xr.Dataset:
    """Train a twin, or any module, on a task, or a twin on a loss of its recording.

    ``fit(model, task)`` trains class scores on batches of labelled stimuli, ``fit(model, loader, valid=loader)`` on
    those of PyTorch's loaders. ``fit(twin, loss=…, duration=…)`` runs the
    twin once in each epoch, on the network's own inputs or on ``stimulus``, and follows the gradient of
    ``loss(recording)``.

    Parameters
    ----------
    model : Twin or torch.nn.Module
        With a task: a module takes (trial, time, channel) to class scores (trial, time, class) or (trial, class).
    task : object with ``train`` and ``valid``
        `xarray.Dataset` each: ``stimulus (trial, time, channel)``, ``label (trial[, time])``, and
        ``labelled`` of the same shape as the label where not every step is labelled; ``classes``. Or a
        `torch.utils.data.DataLoader` of (stimulus, label), which sets batches and their order; further dimensions of a
        stimulus become channels, trials of different lengths go through ``collate_fn=pad_trials``, and -100 is the
        label of what is not labelled.
    loss : callable
        From a `Recording` to one number as a torch tensor: `RateLoss`, `TraceLoss`, `VanRossumLoss`, `CombinedLoss` or
        a function of your own. What these read is recorded; a function's traces are named in ``record``.
    stimulus, duration, trials, record, initial : see `Twin`
        With a loss: as `Twin` is called.
    valid : torch.utils.data.DataLoader, optional
        With a loader: of the trials that are not trained on.
    checkpoint : path, optional
        Written after every epoch; a run that is interrupted (Ctrl-C too) leaves the last complete epoch there.
    resume : bool
        Continue from ``checkpoint``: the numbers are those of a run without interruption.
    progress : bool
        Show loss, accuracy, rate and time left.
    distributed : bool, optional
        True: the trials of every batch are split between the processes that ``torchrun`` started; loss, gradients and
        history are those of one process, and the first one writes the checkpoint, from which all resume. False: this
        process trains alone. Default: alone, and refused in one of several processes. Not with ``loss``, which may
        mix trials, with dropout or batch normalisation.
    **options
        Fields of `Training` (with a task) or `LossTraining` (with a loss): ``epochs``, ``learning_rate``,
        ``time_constant_rate``, ….

    Returns
    -------
    xarray.Dataset
        The history by ``epoch``; ``best_epoch`` in attrs. The model holds the parameters of that epoch.

    Raises
    ------
    TrainingDiverged
        The loss became NaN or infinite: where, and the parameter or the trace that went first.
    CheckpointError
        ``resume`` from something that is not this run's checkpoint.
    ProcessLost
        Another process of a distributed training has ended or hangs; the checkpoint holds the last complete epoch.
    ValueError
        The network was changed in Brian2 since the twin was made, or the processes do not hold the same.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(
            f"fit: expected a Twin or a torch module, got {type(model).__name__}: Twin(net, trainable=(...))"
        )
    if valid is not None and not isinstance(task, DataLoader):
        raise TypeError("fit: valid goes with a DataLoader; a task has its own valid split")
    called = {
        "stimulus": stimulus,
        "duration": duration,
        "trials": trials,
        "record": record,
        "initial": initial,
    }
    if loss is None:
        given = [name for name, value in called.items() if value is not None]
        if given:
            raise TypeError(
                f"fit: {', '.join(given)}: for a loss of the recording; give loss=, or leave it out"
            )
        if isinstance(task, DataLoader):
            run = _loader_run(model, task, valid, options, distributed)
        else:
            run = _task_run(model, task, options, distributed)
    elif task is None:
        if distributed:
            raise ValueError(
                "fit: distributed splits the trials of a task; a loss of the recording sees all trials at once (a mean "
                "rate, squared, is no sum over trials): start one process"
            )
        choose_processes(distributed)
        run = RecordingRun(model, loss, called, training_options(options, LossTraining))
    else:
        raise TypeError("fit: expected a task or a loss, got both; the loss of a task is its cross-entropy")
    if resume:
        if checkpoint is None:
            raise ValueError("fit: resume needs the path of a checkpoint")
        run.restore(load_checkpoint(checkpoint), checkpoint)
    if checkpoint is not None and run.processes.is_first:
        check_writable(checkpoint)
    was_training = model.training
    try:
        with limited_threads(run.options.threads):
            return run.train(checkpoint, progress)
    finally:
        model.train(was_training)


def _task_run(model, task, options, distributed):
    for name in ("train", "valid", "classes"):
        if not hasattr(task, name):
            raise TypeError(
                f"fit: expected a task with train, valid and classes, or a DataLoader, got {type(task).__name__}; "
                "or give a loss of the recording, loss="
            )
    return TaskRun(model, task, training_options(options), choose_processes(distributed))


def _loader_run(model, train, valid, options, distributed):
    if not isinstance(valid, DataLoader):
        raise TypeError(
            f"fit: valid: expected a second DataLoader, of trials that are not trained on, got {type(valid).__name__}"
        )
    own = [name for name in ("batch_size", "evaluation_batch") if name in options]
    if own:
        raise TypeError(f"fit: {own[0]}: a DataLoader has its own; give it there")
    if distributed:
        raise ValueError("fit: distributed splits the trials of a task; with a DataLoader start one process")
    choose_processes(distributed)
    return LoaderRun(model, train, valid, training_options(options))
