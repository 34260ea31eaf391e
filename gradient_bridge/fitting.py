"""Training by backpropagation through time."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from tqdm import tqdm

from .checkpoints import CheckpointError, check_writable, load_checkpoint, save_checkpoint
from .coordinates import Bounded, Log, Trained
from .losses import IGNORED, class_weights, count_correct, cross_entropy
from .options import training_options
from .splits import Split
from .threads import limited_threads
from .twin import Twin

HISTORY = {
    "train_loss": ("mean training loss", "1"),
    "train_accuracy": ("accuracy on labelled training steps, while the epoch ran", "1"),
    "valid_loss": ("validation loss", "1"),
    "valid_accuracy": ("accuracy on labelled validation steps", "1"),
    "firing_rate_epoch": ("mean rate of the spiking neurons on the validation set", "Hz"),
    "learning_rate": ("learning rate of the weights at the end of the epoch", "1"),
    "epoch_seconds": ("wall time of the epoch", "s"),
}


class TrainingDiverged(ArithmeticError):
    """The loss or a gradient is not a finite number."""


def fit(model, task, *, checkpoint=None, resume=False, progress=True, **options):
    """Train a twin, or any module, on a task.

    Parameters
    ----------
    model : Twin or torch.nn.Module
        A module takes (trial, time, channel) to class scores (trial, time, class) or (trial, class).
    task : object with ``train`` and ``valid``
        `xarray.Dataset` each: ``stimulus (trial, time, channel)``, ``label (trial[, time])``, and
        ``labelled`` of the same shape as the label where not every step is labelled; ``classes``.
    checkpoint : path, optional
        Written after every epoch; a run that is interrupted (Ctrl-C too) leaves the last complete epoch there.
    resume : bool
        Continue from ``checkpoint``: the numbers are those of a run without interruption.
    progress : bool
        Show loss, accuracy, rate and time left.
    **options
        Fields of `Training`: ``epochs``, ``batch_size``, ``learning_rate``, ``time_constant_rate``, ….

    Returns
    -------
    xarray.Dataset
        The history by ``epoch``; ``best_epoch`` in attrs. The model holds the parameters of that epoch.

    Raises
    ------
    TrainingDiverged
        The loss became NaN or infinite: epoch, batch and the parameter that went first.
    CheckpointError
        ``resume`` from something that is not this run's checkpoint.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(
            f"fit: expected a Twin or a torch module, got {type(model).__name__}: Twin(net, trainable=(...))"
        )
    for name in ("train", "valid", "classes"):
        if not hasattr(task, name):
            raise TypeError(f"fit: expected a task with train, valid and classes, got {type(task).__name__}")
    run = _Run(model, task, training_options(options))
    if resume:
        if checkpoint is None:
            raise ValueError("fit: resume needs the path of a checkpoint")
        run.restore(load_checkpoint(checkpoint), checkpoint)
    if checkpoint is not None:
        check_writable(checkpoint)
    was_training = model.training
    try:
        with limited_threads(run.options.threads):
            return run.train(checkpoint, progress)
    finally:
        model.train(was_training)


class _Run:
    """One training run: data, optimiser, history."""

    def __init__(self, model, task, options):
        self.model, self.task, self.options = model, task, options
        self.is_twin = isinstance(model, Twin)
        self.classes = len(task.classes)
        skip = options.skip
        if skip is None:
            skip = model.readout.skip if self.is_twin and model.readout is not None else 0
        if options.rate_penalty and not self.is_twin:
            raise ValueError("fit: rate_penalty counts the spikes of a Twin; leave it out for another module")
        if options.unlabelled != "mask" and options.unlabelled >= self.classes:
            raise ValueError(
                f"fit: unlabelled counted as class {options.unlabelled}, but there are {self.classes} classes"
            )
        dt = model.step if self.is_twin else None
        splits = {
            name: Split(task, name, dt=dt, unlabelled=options.unlabelled, skip=skip)
            for name in ("train", "valid")
        }
        self.train_set, self.valid_set = splits["train"], splits["valid"]
        self.weights = class_weights(options.class_weights, self.train_set.targets, self.classes)
        self.optimiser = torch.optim.Adam(self._parameter_groups())
        self.batches = math.ceil(len(self.train_set) / options.batch_size)
        self.schedule = self._schedule()
        self.epoch, self.history = 0, {name: [] for name in HISTORY}
        self.best, self.best_epoch = None, -1

    # -------------------------------------------------------------- preparation
    def _parameter_groups(self):
        relative = {
            p
            for m in self.model.modules()
            if isinstance(m, Trained) and isinstance(m.coordinate, (Bounded, Log))
            for p in m.parameters()
        }
        wanted = [p for p in self.model.parameters() if p.requires_grad]
        if not wanted:
            raise ValueError("fit: nothing to train; give Twin(net, trainable=(...))")
        groups = [
            ([p for p in wanted if p not in relative], self.options.learning_rate),
            ([p for p in wanted if p in relative], self.options.time_constant_rate),
        ]
        return [{"params": params, "lr": rate} for params, rate in groups if params]

    def _schedule(self):
        options = self.options
        if options.schedule == "one_cycle":
            peaks = [g["lr"] for g in self.optimiser.param_groups]
            return torch.optim.lr_scheduler.OneCycleLR(
                self.optimiser, peaks, total_steps=options.epochs * self.batches + 1, pct_start=options.warmup
            )
        if options.schedule == "step":
            return torch.optim.lr_scheduler.StepLR(
                self.optimiser, options.step_epochs * self.batches, options.step_factor
            )
        return torch.optim.lr_scheduler.ConstantLR(self.optimiser, 1.0)

    # -------------------------------------------------------------- one epoch
    def _scores(self, stimulus):
        """Class scores and the mean number of spikes per neuron and step (None where unknown)."""
        if not self.is_twin:
            like = next(self.model.parameters())
            return self.model(stimulus.to(like.dtype)), None
        scores, out = self.model.scores(stimulus, with_recording=True)
        inner = [s for g, s in out.spikes.items() if g not in self.model.program.inputs]
        if not inner:
            return scores, None
        return scores, sum(s.sum() for s in inner) / sum(s.numel() for s in inner)

    def _objective(self, stimulus, targets):
        scores, rate = self._scores(stimulus)
        if scores.shape[-1] != self.classes:
            raise ValueError(
                f"fit: the model has {scores.shape[-1]} class scores, the task {self.classes} classes "
                f"({', '.join(map(str, self.task.classes))}): give the network as many outputs"
            )
        weights = None if self.weights is None else self.weights.to(scores)
        loss = cross_entropy(
            scores, targets.to(scores.device), scale=self.options.score_scale, weights=weights
        )
        if rate is not None and self.options.rate_penalty:
            loss = loss + self.options.rate_penalty * rate
        return loss, scores, rate

    def _train_epoch(self):
        self.model.train()
        generator = torch.Generator().manual_seed(self.options.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.train_set), generator=generator)
        total = right = seen = 0
        for batch in range(self.batches):
            chosen = order[batch * self.options.batch_size : (batch + 1) * self.options.batch_size]
            stimulus, targets, truth = self.train_set.take(chosen)
            if bool((targets == IGNORED).all()):
                raise ValueError(
                    f"fit: no labelled step in batch {batch} of epoch {self.epoch}; use larger batches"
                )
            loss, scores, _ = self._objective(stimulus, targets)
            self.optimiser.zero_grad()
            loss.backward()
            self._check_finite(loss, batch)
            if self.options.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip_norm)
            self.optimiser.step()
            self.schedule.step()
            total += loss.item() * len(chosen)
            correct, count = count_correct(scores.detach().cpu(), truth)
            right, seen = right + correct, seen + count
        return total / len(self.train_set), right / max(seen, 1)

    def _check_finite(self, loss, batch):
        """Stop where a number is lost, and say where it went first."""
        named = [(n, p) for n, p in self.model.named_parameters() if p.grad is not None]
        broken = [n for n, p in named if not bool(torch.isfinite(p).all())]
        broken = broken or [n for n, p in named if not bool(torch.isfinite(p.grad).all())]
        if bool(torch.isfinite(loss)) and not broken:
            return
        where = f"the first parameter that is lost is {broken[0]}" if broken else "all parameters are finite"
        raise TrainingDiverged(
            f"fit: loss {loss.item():g} in epoch {self.epoch}, batch {batch}: {where}; "
            "lower its learning rate, bound it, or clip the gradient"
        )

    @torch.no_grad()
    def _evaluate(self, split):
        self.model.eval()
        total = right = seen = steps = 0
        spikes, count = 0.0, 0
        size = self.options.evaluation_batch
        for first in range(0, len(split), size):
            stimulus, targets, truth = split.take(slice(first, first + size))
            if bool((targets == IGNORED).all()):
                continue
            loss, scores, rate = self._objective(stimulus, targets)
            kept = int((targets != IGNORED).sum())
            total, steps = total + loss.item() * kept, steps + kept
            correct, labelled = count_correct(scores.cpu(), truth)
            right, seen = right + correct, seen + labelled
            if rate is not None:
                spikes, count = spikes + rate.item() * len(stimulus), count + len(stimulus)
        rate = spikes / count / self.model.program.dt if count else float("nan")
        return total / max(steps, 1), right / max(seen, 1), rate

    # -------------------------------------------------------------- the run
    def train(self, checkpoint, progress):
        """All epochs that are left; returns the history."""
        options = self.options
        bar = tqdm(
            total=options.epochs, initial=self.epoch, disable=not progress, desc="training", unit="epoch"
        )
        with bar:
            while self.epoch < options.epochs and not self._is_over():
                began = time.perf_counter()
                train_loss, train_accuracy = self._train_epoch()
                valid_loss, valid_accuracy, rate = self._evaluate(self.valid_set)
                values = {
                    "train_loss": train_loss,
                    "train_accuracy": train_accuracy,
                    "valid_loss": valid_loss,
                    "valid_accuracy": valid_accuracy,
                    "firing_rate_epoch": rate,
                    "learning_rate": self.optimiser.param_groups[0]["lr"],
                    "epoch_seconds": time.perf_counter() - began,
                }
                for name, value in values.items():
                    self.history[name].append(value)
                self._remember()
                self.epoch += 1
                if checkpoint is not None:
                    save_checkpoint(checkpoint, self._content())
                bar.update()
                activity = {"rate": f"{rate:.1f} Hz"} if math.isfinite(rate) else {}
                bar.set_postfix(
                    loss=f"{train_loss:.3f}",
                    valid=f"{valid_accuracy:.3f}",
                    **activity,
                    best=f"{self.best_epoch}",
                )
        self.model.load_state_dict(self.best)
        return self._dataset()

    def _is_over(self):
        patience = self.options.patience
        return patience is not None and self.epoch - 1 - self.best_epoch >= patience

    def _remember(self):
        """Keep the parameters if this epoch is the best so far."""
        select = self.options.select
        if select != "last" and self.best is not None:
            values = self.history[select]
            sign = -1 if select == "valid_loss" else 1
            if not sign * values[-1] > sign * values[self.best_epoch]:
                return
        self.best = {k: v.detach().cpu().clone() for k, v in self.model.state_dict().items()}
        self.best_epoch = self.epoch

    # -------------------------------------------------------------- checkpoints
    def _identity(self):
        """What must be the same when a run is resumed."""
        identity = {
            "options": json.dumps(dataclasses.asdict(self.options), sort_keys=True),
            "task": str(getattr(self.task, "hash", "")),
        }
        if self.is_twin:
            surrogates = {group: repr(pair) for group, pair in self.model.surrogates.items()}
            identity["twin"] = str((str(self.model.dtype), self.model.detach_reset, surrogates))
        return identity

    def _content(self):
        return {
            "identity": self._identity(),
            "epoch": self.epoch,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "model": self.model.state_dict(),
            "best": self.best,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random_state": torch.get_rng_state(),  # for modules with dropout
        }

    def restore(self, content, path):
        """Continue from a checkpoint of the same run."""
        missing = sorted(set(self._content()) - set(content))
        if missing:
            raise CheckpointError(f"{Path(path)}: lacks {', '.join(missing)}; delete it and start again")
        for name, value in self._identity().items():
            found = content["identity"].get(name)
            if found != value:
                raise CheckpointError(f"{Path(path)}: of another run: {_difference(name, found, value)}")
        self._check_same_network(content["model"], path)
        self.model.load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.schedule.load_state_dict(content["schedule"])
        torch.set_rng_state(content["random_state"])
        self.epoch, self.history = content["epoch"], content["history"]
        self.best, self.best_epoch = content["best"], content["best_epoch"]

    def _check_same_network(self, saved, path):
        """Refuse the checkpoint of a network with other parameters, sizes or initial time constants."""
        here = self.model.state_dict()
        for name in sorted(set(here) | set(saved)):
            if name not in here or name not in saved or here[name].shape != saved[name].shape:
                there = tuple(saved[name].shape) if name in saved else "missing"
                expected = tuple(here[name].shape) if name in here else "nothing of that name"
                raise CheckpointError(
                    f"{Path(path)}: of another network: {name} is {there}, expected {expected}"
                )
            if (
                self.is_twin
                and name.endswith(".base")
                and not torch.equal(here[name].cpu(), saved[name].cpu())
            ):
                raise CheckpointError(
                    f"{Path(path)}: of another network: the initial values of {name} differ"
                )

    def _dataset(self):
        ds = xr.Dataset(coords={"epoch": np.arange(len(self.history["train_loss"]))})
        for name, (long_name, units) in HISTORY.items():
            ds[name] = ("epoch", np.array(self.history[name]), {"long_name": long_name, "units": units})
        ds.attrs = {"best_epoch": self.best_epoch, "options": self._identity()["options"]}
        return ds


def _difference(name, found, here):
    """What differs between two identities of runs, in words."""
    if name != "options":
        return f"its {name} is {found}, here {here}"
    found, here = json.loads(found), json.loads(here)
    return ", ".join(f"its {k} is {found.get(k)}, here {v}" for k, v in here.items() if found.get(k) != v)
