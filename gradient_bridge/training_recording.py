"""Training on a loss of the recording: one pass, one step of the optimiser an epoch."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import torch

from .training_run import Run, TrainingDiverged, lost_in_network, spikes_and_time
from .training_targets import merge_records, signature
from .twin import Twin


class RecordingRun(Run):
    """A twin trained on a loss of its recording.

    Parameters
    ----------
    twin : Twin
    loss : callable
        From a `Recording` to a tensor of one number.
    call : dict
        ``stimulus``, ``duration``, ``trials``, ``record``, ``initial`` as the twin is called with; None: not given.
    options : LossTraining
    """

    history_variables = {
        "loss": ("loss of the parameters with which the epoch ran", "1"),
        "gradient_norm": ("norm of the gradient before it is limited", "1"),
        "firing_rate_epoch": ("mean rate of the spiking neurons that are no inputs", "Hz"),
        "learning_rate": ("learning rate of the weights at the end of the epoch", "1"),
        "epoch_seconds": ("wall time of the epoch", "s"),
    }

    def __init__(self, twin, loss, call, options):
        if not isinstance(twin, Twin):
            raise TypeError(
                f"fit: a loss of the recording needs a Twin, got {type(twin).__name__}; give a task"
            )
        if not callable(loss):
            raise TypeError(f"fit: loss: expected a function of a Recording, got {loss!r}")
        self.draws = twin.program.random()
        if options.select is None:
            anew = self.draws and options.draws == "fresh"
            options = dataclasses.replace(options, select="last" if anew else "loss")
        if options.select == "last" and options.patience is not None:
            raise ValueError("fit: patience waits for a lower loss; give select='loss', or leave it out")
        self.loss = loss
        if hasattr(loss, "check"):
            loss.check(twin)
        call = {**call, "record": merge_records(call["record"], getattr(loss, "record", {}))}
        self.call = {name: value for name, value in call.items() if value is not None}
        self.terms = {}  # name of a combined loss's term -> its values by epoch
        self.reached = set()  # names of the parameters that a gradient has reached
        super().__init__(twin, options, batches=1)

    # -------------------------------------------------------------- one epoch
    def run_epoch(self):
        """One pass, one step; the values belong to the parameters before the step."""
        self.model.train()
        before = self.parameters_now()
        recording = self.model(**self.call, **self._seed())
        loss = self._loss(recording)
        norm, _ = self.step(loss, f"epoch {self.epoch}")
        self._note_reached()
        values = {"loss": loss.item(), "gradient_norm": norm, "firing_rate_epoch": self._rate(recording)}
        return values, self.parameters_now() if self.options.select == "last" else before

    def _seed(self):
        """The seed of the epoch's draws, where the twin draws from a generator of its own."""
        if not self.draws:
            return {}
        epoch = self.epoch if self.options.draws == "fresh" else 0
        return {"seed": self.options.seed * 1_000_003 + epoch}

    def _loss(self, recording):
        if hasattr(self.loss, "terms"):
            terms = _computed(self.loss.terms, recording)
            for name, value in terms.items():
                self.terms.setdefault(name, []).append(_one_number(value, f"term {name} of the loss").item())
            value = self.loss.combine(terms)
        else:
            value = _computed(self.loss, recording)
        value = _one_number(value, "the loss")
        if not value.requires_grad:
            raise ValueError(
                f"fit: the loss has no graph back to what is trained ({', '.join(self.model.trained_values())}): "
                "compute it from the recording with torch, without .detach(), .numpy() or .item(), and from what "
                "the trained quantities change"
            )
        if not bool(torch.isfinite(value)):
            raise TrainingDiverged(
                f"fit: loss {value.item():g} in epoch {self.epoch}: {_first_lost(self.model, recording)}"
            )
        return value.reshape(())

    def _note_reached(self):
        for name, parameter in self.model.named_parameters():
            if parameter.grad is not None and bool((parameter.grad != 0).any()):
                self.reached.add(name)
        if not self.reached:
            raise ValueError(
                f"fit: the gradient of the loss is zero for all that is trained "
                f"({', '.join(self.model.trained_values())}): nothing that the loss reads depends on it yet. A silent "
                "network needs stronger inputs or a wider surrogate; print(twin.program) shows where gradients end"
            )

    def _rate(self, recording):
        spikes, time = spikes_and_time(recording, self.model.program.inputs)
        return spikes / time if time else math.nan

    # -------------------------------------------------------------- the run
    def dataset(self):
        """The history by epoch; of a combined loss also its terms."""
        ds = super().dataset()
        if self.terms:
            ds["terms"] = (
                ("epoch", "term"),
                np.array(list(self.terms.values())).T,
                {"long_name": "terms of the loss, before their weights", "units": "1"},
            )
            ds = ds.assign_coords(term=list(self.terms))
        missed = sorted(
            n for n, p in self.model.named_parameters() if p.requires_grad and n not in self.reached
        )
        if missed:
            warnings.warn(
                f"fit: in no epoch did a gradient reach {', '.join(missed)}: the loss does not depend on it; leave it "
                "out of trainable, or see print(twin.program) for where gradients end",
                stacklevel=4,
            )
        return ds

    def identity(self):
        """The loss and the call."""
        return {"loss": signature(self.loss), "call": signature(self.call)}

    def content(self):
        """What a checkpoint holds."""
        return {**super().content(), "terms": self.terms, "reached": sorted(self.reached)}

    def restore(self, content, path):
        """Continue from a checkpoint of the same run."""
        super().restore(content, path)
        self.terms, self.reached = content["terms"], set(content["reached"])

    def report(self, values):
        """Loss, rate."""
        rate = values["firing_rate_epoch"]
        activity = {"rate": f"{rate:.1f} Hz"} if math.isfinite(rate) else {}
        return {"loss": f"{values['loss']:.4g}", **activity}


def _computed(function, recording):
    """What a function of the recording returns; a name that the recording lacks is an error in words."""
    try:
        return function(recording)
    except KeyError as error:
        raise ValueError(
            f"fit: the loss asked for {error}, which is not there; it was given a {recording!r}. Traces are named in "
            "record={group: [variable]}"
        ) from error


def _one_number(value, what):
    if not isinstance(value, torch.Tensor):
        raise TypeError(
            f"fit: {what}: expected a torch tensor of one number, got {type(value).__name__}; compute it from the "
            "recording with torch, not with numpy or .item()"
        )
    if value.numel() != 1:
        raise ValueError(
            f"fit: {what}: expected one number, got the shape {tuple(value.shape)}; take its mean or its sum"
        )
    if not value.is_floating_point():
        raise TypeError(
            f"fit: {what}: expected a floating-point number, got {value.dtype}, which has no gradient"
        )
    return value


def _first_lost(twin, recording):
    """Which number was lost first, in words."""
    for key, value in twin.trained_values().items():
        if not bool(torch.isfinite(value).all()):
            return f"the trained {key} is not finite; lower its learning rate or bound it"
    parameters = [key for key in lost_in_network(twin) if key not in twin.program.written()]
    if parameters:
        return f"{parameters[0]}, which is not trained, holds NaN; give it values in Brian2, then twin.pull()"
    first = None
    for group, variables in recording.states.items():
        for name, trace in variables.items():
            lost = torch.nonzero(~torch.isfinite(trace.detach()))
            if len(lost):
                trial, step, neuron = min(lost.tolist(), key=lambda place: place[1])
                if first is None or step < first[0]:
                    first = step, f"{group}.{name} is lost at step {step} (trial {trial}, neuron {neuron})"
    if first is not None:
        return f"{first[1]}, before any other trace; a smaller dt or narrower bounds of what is trained help"
    return "every recorded trace is finite, so the loss itself makes it: a division by zero, a root or logarithm of it"
