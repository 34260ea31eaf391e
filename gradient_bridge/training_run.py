"""One training run: optimiser, schedule, history, the best epoch, checkpoints."""

from __future__ import annotations

import abc
import dataclasses
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from tqdm import tqdm

from .checkpoints import CheckpointError, save_checkpoint
from .coordinates import Bounded, Log, Trained
from .distributed import ALONE, ProcessLost
from .exchange import find_changed, read_values
from .training_targets import signature
from .twin import Twin

SAME_START = "make network and task from the same seeds in every process, and resume from the same file"
SAME_STEPS = (
    "they took the same steps, so the machines round differently, or the model keeps something of its own trials; take "
    "machines of one kind, or one process"
)


WAYS_OUT = "lower its learning rate, or bound it"
DETACHED = (
    ", or give Twin(detach_reset=True): through a neuron that spikes often its own reset can multiply a gradient at "
    "every step"
)


class TrainingDiverged(ArithmeticError):
    """The loss or a gradient is not a finite number."""


class Run(abc.ABC):
    """One training run; a subclass says what happens in an epoch.

    Parameters
    ----------
    model : torch.nn.Module
    options : Training or LossTraining
    batches : int
        Steps of the optimiser in one epoch, >= 1.
    processes : Processes
        Between which the trials are split.
    """

    history_variables: dict[str, tuple[str, str]]  # name -> long name, units; every epoch gives each a number

    def __init__(self, model, options, batches, processes=ALONE):
        self.model, self.options, self.batches, self.processes = model, options, batches, processes
        self.is_twin = isinstance(model, Twin)
        self._check_networks()
        self._check_draws()
        self.optimiser = torch.optim.Adam(self._parameter_groups(), foreach=True)  # the same numbers
        self.schedule = self._schedule()
        self.epoch, self.history = 0, {name: [] for name in self.history_variables}
        self.best, self.best_epoch = None, -1

    @abc.abstractmethod
    def run_epoch(self):
        """Train for an epoch: the values of the history, and the parameters that they belong to."""

    @abc.abstractmethod
    def identity(self):
        """What must be the same when a run is resumed, as a dict of str to str."""

    @abc.abstractmethod
    def report(self, values):
        """What the progress bar shows of an epoch, as a dict of str to str."""

    # -------------------------------------------------------------- preparation
    def _check_networks(self):
        """Refuse a network that was changed in Brian2 since the twin took it over: `sync` would, after the training."""
        for twin in twins_in(self.model):
            new = read_values(twin.program)
            twin._check_unchanged(new)
            found = find_changed(twin.program, twin.objects, twin._values, new, twin._agreed)
            if found:
                raise ValueError(
                    f"fit: {', '.join(found)}: changed in Brian2 since the twin took the network over; twin.pull() "
                    "takes the new values, twin.sync(overwrite=True) puts those of the twin back"
                )

    def _check_draws(self):
        """Refuse draws that neither a seed nor a checkpoint repeats."""
        for twin in twins_in(self.model):
            draws = twin.program.random()
            if draws and twin.randomness != "torch":
                raise ValueError(
                    f"fit: {', '.join(draws)} draws random numbers from numpy's global generator, which fit leaves "
                    "alone; give Twin(net, randomness='torch'), which draws from a seed and lets gradients through "
                    "noise"
                )

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
            total = options.epochs * self.batches + 1
            rise = max(options.warmup, 2 / total)  # the first batch is not the last one of the rise
            return torch.optim.lr_scheduler.OneCycleLR(
                self.optimiser, peaks, total_steps=total, pct_start=rise
            )
        if options.schedule == "step":
            return torch.optim.lr_scheduler.StepLR(
                self.optimiser, options.step_epochs * self.batches, options.step_factor
            )
        return torch.optim.lr_scheduler.ConstantLR(self.optimiser, 1.0)

    # -------------------------------------------------------------- one step
    def step(self, part, where, counts=()):
        """Backpropagate, add up over the processes, check, limit the gradient, move parameters and rates.

        Parameters
        ----------
        part : torch.Tensor or None
            This process's part of the loss; None: it has no part.
        where : str
            For messages.
        counts : sequence of float
            Numbers of this process to be added up too.

        Returns
        -------
        list of float
            The gradient's norm before it is limited (infinite where the batch is left out), the loss, the sums of the
            counts.
        """
        self.optimiser.zero_grad()
        if part is not None:
            part.backward()
        own = 0.0 if part is None else part.item()
        loss, *counts = self.processes.sum_gradients(self.model.parameters(), [own, *counts])
        if self._is_left_out(loss):
            self.schedule.step()
            return [math.inf, loss, *counts]
        self._check_finite(loss, where)
        limit = self.options.clip_norm
        norm = torch.nn.utils.clip_grad_norm_(
            self.model.parameters(), float("inf") if limit is None else limit
        )
        self.optimiser.step()
        self.schedule.step()
        return [float(norm), loss, *counts]

    def _is_left_out(self, loss):
        """Whether nothing is moved in this step, since its gradient is not finite and that is allowed."""
        return False

    def _lost(self):
        """Names of the parameters that are not finite, and of those whose gradients are not."""
        named = [(n, p) for n, p in self.model.named_parameters() if p.grad is not None]
        broken = [n for n, p in named if not bool(torch.isfinite(p).all())]
        return broken, [n for n, p in named if not bool(torch.isfinite(p.grad).all())]

    def _check_finite(self, loss, where):
        """Stop where a number is lost, and say where it went first."""
        broken, gradients = self._lost()
        if math.isfinite(loss) and not broken and not gradients:
            return
        message = f"fit: loss {loss:g} in {where}: "
        if not broken and (untrained := lost_in_network(self.model)):
            raise TrainingDiverged(
                f"{message}{untrained[0]}, which is not trained, holds NaN; give it values in Brian2, then twin.pull()"
            )
        if broken:
            lost = f"the first parameter that is lost is {broken[0]}"
        elif gradients:
            lost = f"all parameters are finite, the gradient of {gradients[0]} is not"
        else:
            lost = "all parameters are finite"
        attached = any(not twin.detach_reset for twin in twins_in(self.model))
        raise TrainingDiverged(f"{message}{lost}; {WAYS_OUT}{DETACHED if attached else ''}")

    def parameters_now(self):
        """A copy of the model's state."""
        return {k: v.detach().cpu().clone() for k, v in self.model.state_dict().items()}

    # -------------------------------------------------------------- the run
    def train(self, checkpoint, progress):
        """All epochs that are left; returns the history."""
        try:
            with self.processes.connected(next(self.model.parameters()).device):
                if self.processes.size > 1:
                    self.processes.refuse_differences(self.alike(), SAME_START)
                self._train(checkpoint, progress and self.processes.is_first)
        except ProcessLost as lost:
            kept = "no checkpoint was given, so nothing is kept: start again"
            if checkpoint is not None:
                there = self.epoch and Path(checkpoint).is_file()
                kept = (
                    f"{checkpoint} holds the last complete epoch: start all processes again with resume=True"
                    if there
                    else "no epoch was complete: start again"
                )
            raise ProcessLost(f"fit: epoch {self.epoch}: {lost}; {kept}") from lost
        self.model.load_state_dict(self.best)
        return self.dataset()

    def _train(self, checkpoint, progress):
        epochs = self.options.epochs
        bar = tqdm(total=epochs, initial=self.epoch, disable=not progress, desc="training", unit="epoch")
        with bar:
            while self.epoch < epochs and not self._is_over():
                began = time.perf_counter()
                values, parameters = self.run_epoch()
                values["learning_rate"] = self.optimiser.param_groups[0]["lr"]
                seconds = time.perf_counter() - began
                (values["epoch_seconds"],) = self.processes.sum([seconds * self.processes.is_first])
                for name in self.history:
                    self.history[name].append(values[name])
                if self._is_best():
                    self.best, self.best_epoch = parameters, self.epoch
                self.epoch += 1
                if checkpoint is not None and self.processes.is_first:
                    save_checkpoint(checkpoint, self.content())
                if self.processes.size > 1:
                    self.processes.refuse_differences(self._now(), SAME_STEPS)
                bar.update()
                bar.set_postfix(**self.report(values), best=f"{self.best_epoch}")

    def _now(self):
        """The model's state in short, by name."""
        return {name: signature(value.reshape(-1)) for name, value in self.model.state_dict().items()}

    def alike(self):
        """What every process must hold, by name."""
        found = {"options": self._options(), "epoch": str(self.epoch), **self._now()}
        for twin in twins_in(self.model):
            found |= {key: signature(np.reshape(value, -1)) for key, value in twin._values.items()}
            found |= {
                f"{operation.name}.{name}": signature(getattr(operation, name))
                for operation in twin.program.operations
                for name in ("delays", "own")
                if hasattr(operation, name)
            }
        return found

    def _is_over(self):
        patience = self.options.patience
        return patience is not None and self.epoch - 1 - self.best_epoch >= patience

    def _is_best(self):
        """Whether the epoch just run is the best so far; the first of equal ones stays."""
        select = self.options.select
        if select == "last" or self.best is None:
            return True
        values = self.history[select]
        sign = 1 if select.endswith("accuracy") else -1
        return sign * values[-1] > sign * values[self.best_epoch]

    def dataset(self):
        """The history by epoch."""
        ds = xr.Dataset(coords={"epoch": np.arange(self.epoch)})
        for name, (long_name, units) in self.history_variables.items():
            ds[name] = ("epoch", np.array(self.history[name]), {"long_name": long_name, "units": units})
        ds.attrs = {"best_epoch": self.best_epoch, "options": self._options()}
        if self.is_twin:
            ds.attrs["engine"] = self.model.engine
            if self.model.note:
                ds.attrs["engine_note"] = self.model.note
        return ds

    # -------------------------------------------------------------- checkpoints
    def _options(self):
        return json.dumps(dataclasses.asdict(self.options), sort_keys=True)

    def _identity(self):
        identity = {"options": self._options(), **self.identity()}
        if self.is_twin:
            surrogates = {group: repr(pair) for group, pair in self.model.surrogates.items()}
            identity["twin"] = str((str(self.model.dtype), self.model.detach_reset, surrogates))
        return identity

    def content(self):
        """What a checkpoint holds."""
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
        missing = sorted(set(self.content()) - set(content))
        if missing:
            raise CheckpointError(f"{Path(path)}: lacks {', '.join(missing)}; delete it and start again")
        for name, value in self._identity().items():
            found = content["identity"].get(name)
            if name == "options" and found is not None:  # options that came later had their defaults
                known = dataclasses.asdict(type(self.options)())
                found = json.dumps(known | json.loads(found), sort_keys=True)
            if found != value:
                raise CheckpointError(f"{Path(path)}: of another run: {_difference(name, found, value)}")
        self._check_same_network(content["model"], path)
        self.model.load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.schedule.load_state_dict(content["schedule"])
        torch.set_rng_state(content["random_state"])
        self.epoch = content["epoch"]
        # what is counted since later versions had not happened
        self.history = {name: content["history"].get(name, [0.0] * self.epoch) for name in self.history}
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


def twins_in(model):
    """The twins in a module, itself among them."""
    return [m for m in model.modules() if isinstance(m, Twin)]


def lost_in_network(model):
    """Keys of what is not trained and holds NaN in Brian2."""
    found = []
    for twin in twins_in(model):
        trained = {place.key for place in twin._places}
        found += [key for key, value in twin._values.items() if key not in trained and _holds_nan(value)]
    return found


def _holds_nan(value):
    return np.asarray(value).dtype.kind == "f" and bool(np.isnan(value).any())


def spikes_and_time(recording, inputs):
    """Spikes of the groups that are no inputs, and over how much time of single neurons they were counted (s)."""
    inner = [(s, recording.step(g)) for g, s in recording.spikes.items() if g not in inputs]
    return sum(float(s.detach().sum()) for s, _ in inner), sum(s.numel() * dt for s, dt in inner)


def _difference(name, found, here):
    """What differs between two identities of runs, in words."""
    if name != "options" or found is None:
        return f"its {name} is {found}, here {here}"
    found, here = json.loads(found), json.loads(here)
    return ", ".join(f"its {k} is {found.get(k)}, here {v}" for k, v in here.items() if found.get(k) != v)
