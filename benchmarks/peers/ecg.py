"""The real ECG training, one step after the other, with a clock at each part; and its hidden layer alone."""

import time
from types import SimpleNamespace

import numpy as np
import torch
from brian2 import second

from chronaxie import Twin
from chronaxie.gradient_bridge.training_task import TaskRun
from chronaxie.studies.recipes import recipe
from chronaxie.studies.tasks import load_task
from chronaxie.studies.testing_networks import unlabelled_option
from chronaxie.studies.train_config import TrainConfig
from chronaxie.studies.training import spiking_network

from .case import Case
from .own import LAYER, TRAINED, recurrent_layer, twin_case

HIDDEN = "hidden1"
RATE = 1e-12  # of learning: every step sees the same network
MANY = 10**6  # epochs that the schedule of the rates is laid out for


def recordings(size, data):
    """The first recordings of the training set, one batch, and the name of their task.

    Parameters
    ----------
    size : Size
    data : str or None
        Folder with qtdb/; None: the synthetic ECG.

    Raises
    ------
    ValueError
        There are fewer recordings or steps.
    """
    if data is None:
        options = {"config": {"train": size.trials, "valid": 1, "test": 1, "steps": size.steps}}
        name, task = "synthetic_ecg", load_task("synthetic_ecg", **options)
    else:
        name, task = "ecg", load_task("ecg", data=data)
    there = (task.train.sizes["time"], task.train.sizes["trial"])
    if there[0] < size.steps or there[1] < size.trials:
        raise ValueError(f"{task.source}: {there[1]} recordings of {there[0]} steps, asked for {size}")
    train = task.train.isel(trial=slice(size.trials), time=slice(size.steps))
    small = SimpleNamespace(
        train=train, valid=train.isel(trial=slice(1)), classes=task.classes, encoder=task.encoder, dt=task.dt
    )
    return name, small, unlabelled_option(task, recipe(name).unlabelled_class)


def network(size, data):
    """The untrained network of the study, its task and its options of training."""
    name, task, unlabelled = recordings(size, data)
    config = TrainConfig(
        name, epochs=MANY, batch_size=size.trials, learning_rate=RATE, time_constant_rate=RATE
    )
    return spiking_network(config, task, (size.neurons,)), task, config.training(unlabelled=unlabelled)


class ClockedRun(TaskRun):
    """A training run that notes (s) when each part of a step begins and ends."""

    def __init__(self, model, task, options):
        super().__init__(model, task, options)
        self.marks, self.splits = {}, []
        model.register_forward_pre_hook(lambda *_: self.mark("forward"))
        model.register_forward_hook(lambda _module, _given, out: self.watch(out))
        for parameter in model.parameters():
            parameter.register_post_accumulate_grad_hook(lambda _: self.mark("gradients"))

    def mark(self, name):
        """Note the time; the last one of a step counts."""
        self.marks[name] = time.perf_counter()

    def watch(self, recording):
        """The engine has run forward; its backward begins when the gradient of the readout is there."""
        if not torch.is_grad_enabled():
            return
        group, variable = self.model.readout.group, self.model.readout.variable
        recording.states[group][variable].register_hook(lambda _: self.mark("engine backward"))
        self.mark("forward end")

    def _objective(self, *given):
        loss, *rest = super()._objective(*given)
        self.mark("loss end")
        loss.register_hook(lambda _: self.mark("backward"))
        return loss, *rest

    def step(self, *given):
        """As `Run.step`."""
        self.mark("step")
        found = super().step(*given)
        self.mark("step end")
        return found

    def once(self):
        """One batch, one step of the optimiser."""
        self.marks = {}
        began = time.perf_counter()
        self._train_epoch()
        whole = time.perf_counter() - began
        m = SimpleNamespace(**{name.replace(" ", "_"): at for name, at in self.marks.items()})
        split = {
            "engine forward": m.forward_end - m.forward,
            "engine backward": m.gradients - m.engine_backward,
            "loss": m.loss_end - m.forward_end + m.engine_backward - m.backward,
            "optimiser": m.backward - m.step + m.step_end - m.gradients,
        }
        self.splits.append(split | {"rest": whole - sum(split.values())})
        self.epoch += 1

    def taken(self):
        """The parts of the steps since the last call."""
        splits, self.splits = self.splits, []
        return splits


def whole_step(size, *, engine, data=None):
    """Batch, input product, hidden layer, readout, masked loss, backward, optimiser."""
    net, task, options = network(size, data)
    surrogate = recipe("ecg").network.surrogate
    model = Twin(
        net,
        trainable=("w", "bias", "tau_m", "tau_a"),
        engine=engine,
        dtype=torch.float32,
        surrogate=surrogate,
        namespace={},
    )
    run = ClockedRun(model, task, options)
    model.train()

    def rate():
        with torch.no_grad():
            return float(model(run.train_set.stimulus).spikes[HIDDEN].mean())

    return Case(
        train=run.once,
        rate=rate,
        forget=run.optimiser.zero_grad,
        learns=", ".join(model.trained_values()),
        parts=run.taken,
    )


def hidden_layer(size, *, engine, data=None):
    """The same network's hidden layer alone: its input product is made beforehand, its loss is the mean of spikes."""
    net, task, _ = network(size, data)
    objects = {o.name: o for o in net.objects}
    hidden = objects[HIDDEN]
    w_in, w = (
        np.asarray(objects[name].w).reshape(-1, size.neurons)
        for name in (f"input_{HIDDEN}", f"{HIDDEN}_{HIDDEN}")
    )
    layer = recurrent_layer(
        w,
        dt=task.dt * second,
        tau_m=hidden.tau_m[:],
        tau_a=hidden.tau_a[:],
        bias=hidden.bias[:],
        b0=float(hidden.b0[:]),
        beta=float(hidden.beta[:]),
    )
    model = Twin(
        layer,
        trainable=TRAINED,
        engine=engine,
        dtype=torch.float32,
        surrogate=recipe("ecg").network.surrogate,
        namespace={},
    )
    current = np.asarray(task.train.stimulus.values, dtype=np.float32) @ w_in.astype(np.float32)
    return twin_case(model, torch.from_numpy(current), LAYER)
