"""
Add a neuron, a surrogate, a task, a study
==========================================

All four in one file of your own, outside the package. Nothing has to be registered: a neuron is Brian2
equations, a surrogate a derivative, a task three datasets, and a study a question with what is run to answer
it. This file is a study: ``chronaxie run 5_extend.py --out out/memory`` runs it.
"""

import math
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import torch
import xarray as xr
from brian2 import Unit, ms, second

import chronaxie as cx
from chronaxie.gradient_bridge import Surrogate
from chronaxie.models import NeuronModel, Normal, Parameter
from chronaxie.studies.running.runner import run_sweep
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.study import Axis, Study
from chronaxie.studies.task import Task, make_split

# %%
# A neuron
# --------
# Equations in seconds with an input ``I``, a threshold, a reset, and what a spike does to the neuron. This
# one has a synaptic current that decays with a time constant of its own. Each ``Parameter`` says its unit,
# and from what it is drawn at the start; plain numbers for times are steps of ``dt_ref``.

FilteredLIF = NeuronModel(
    name="FilteredLIF",
    equations="""
    dv/dt = (bias + I + x - v)/tau_m : 1
    dx/dt = -x/tau_s : 1
    I : 1
    bias : 1 (constant)
    tau_m : second (constant)
    tau_s : second (constant)
    """,
    threshold="v > 1",
    reset="v = 0",
    method="rk2",
    refractory="dt_ref",
    synapse="x_post += w",
    parameters=(
        Parameter("bias", Unit(1), 0.0),
        Parameter("tau_m", second, 4, Normal(4, 1), positive=True),
        Parameter("tau_s", second, 2, Normal(3, 1), positive=True),
    ),
    source="this tutorial",
)

# %%
# A surrogate
# -----------
# What stands for the derivative of a spike: ``gamma`` times ``shape(x)``, ``x`` the distance from threshold.
# Only the backward pass uses it. The engine that compiles to C knows the package's own surrogates; one of
# yours runs in the reference engine, which is slower.


@dataclass(frozen=True)
class ArcTan(Surrogate):
    """h(x) = 1/(1 + (π x width)²): the derivative of an arctangent.

    Parameters
    ----------
    gamma : float
        Factor before the shape, > 0.
    width : float
        How steep it is, > 0.
    """

    gamma: float = 1.0
    width: float = 1.0

    def shape(self, x):
        """The derivative before ``gamma`` of a tensor `x` of any shape."""
        return 1 / (1 + (math.pi * self.width * x).square())


# %%
# A task
# ------
# Two channels; to be named at every step is which of them was the last to fire, so the network has to
# remember. ``make_split`` takes arrays; the task is checked when it is made.


def last_to_fire(seed, rate=0.1, steps=60, dt=0.005):
    """Make the task; everything random comes from `seed`."""
    rng = np.random.default_rng(seed)

    def split(trials, first):
        side = rng.integers(0, 2, (trials, steps))
        fires = rng.uniform(size=side.shape) < rate
        stimulus = np.stack([fires & (side == 0), fires & (side == 1)], axis=2)
        last = np.maximum.accumulate(np.where(fires, np.arange(steps), -1), axis=1)
        label = np.where(last < 0, -1, np.take_along_axis(side, np.maximum(last, 0), axis=1))
        return make_split(
            stimulus.astype(np.uint8),
            label.astype(np.int8),
            dt=dt,
            trial=first + np.arange(trials),
            channel=["left", "right"],
        )

    return Task(
        name="last to fire",
        train=split(64, 0),
        valid=split(32, 64),
        test=split(32, 96),
        classes=("left", "right"),
        dt=dt,
        source="made here",
        licence="MIT",
        hash=f"seed {seed}, rate {rate}",
        description="which channel fired last",
    )


# %%
# A study
# -------
# A configuration, one job (``run``), the values it goes through, and an answer from the gathered dataset. Is
# a network with short time constants worse where it has to remember?


@dataclass(frozen=True)
class Config:
    """What one job is: the mean membrane time constant at the start (steps), epochs, seed."""

    tau_m: float = 1.5
    epochs: int = 8
    seed: int = 0


def run(config, *, checkpoint=None, resume=False, report=print):
    """Train one network of the neuron on the task, with the surrogate; return its accuracy and the network."""
    task = last_to_fire(config.seed)
    net = cx.srnn(
        2,
        [16],
        2,
        neuron=FilteredLIF,
        dt=5 * ms,
        seed=config.seed,
        input_gain=8,
        tau_m={"hidden1": Normal(config.tau_m, config.tau_m / 4)},
    )
    twin = cx.Twin(
        net, trainable=("w", "bias", "tau_m", "tau_s"), surrogate=ArcTan(), engine="reference"
    )
    cx.fit(
        twin,
        task,
        epochs=config.epochs,
        batch_size=16,
        learning_rate=0.03,
        score_scale=3,
        seed=config.seed,
        checkpoint=checkpoint,
        resume=resume,
        progress=False,
    )
    twin.sync()
    test = task.test
    with torch.no_grad():
        decided = twin.scores(torch.tensor(test.stimulus.values)).argmax(-1).numpy()
    right = (decided == test.label.values)[test.labelled.values].mean()
    learned = cx.models.network_values(net).tau_m
    median = float(learned[learned.layer == "hidden1"].median())
    ds = xr.Dataset(
        {"accuracy": ((), right, {"units": "1"}), "tau_m_median": ((), median, {"units": "ms"})},
    )
    return ds, net


def answer(ds):
    """Say which start was the most accurate, from the mean over seeds."""
    mean = ds.accuracy.mean("seed")
    best = float(mean.tau_m[int(mean.argmax("tau_m"))])
    said = f"Networks that begin with {best:g} steps name the last channel best: {float(mean.max()):.3f} correct."
    return xr.Dataset({"accuracy_mean": mean.assign_attrs(units="1")}, attrs={"answer": said})


STUDY = Study(
    name="memory",
    question="How long must time constants be to remember the last spike?",
    method="Networks that differ in the membrane time constants they begin with are trained on the same task.",
    config=Config,
    run=run,
    smoke={"epochs": 1},
    axes=(
        Axis("tau_m", (1.5, 12.0), "1", "membrane time constant at the start (steps)"),
        Axis("seed", (0, 1)),
    ),
    smoke_axes=(
        Axis("tau_m", (1.5, 12.0), "1", "membrane time constant at the start (steps)"),
        Axis("seed", (0,)),
    ),
    answer=answer,
)

# %%
# Run it
# ------
# One job, by itself, as a function; then the study, as ``chronaxie run`` does it. The workers of a sweep
# import this file to find ``STUDY``, so what follows stands under ``__main__``. A folder belongs to the study as
# it was: whoever changes this file deletes ``out/memory``, or names another folder.

if __name__ == "__main__":
    ds, net = run(Config(epochs=2))
    print(ds)
    outcome = run_sweep(
        make_sweep("5_extend.py"), "out/memory", workers=2, report=lambda line: None
    )
    print(outcome.answer, outcome.failed or "")
    gathered = xr.open_dataset("out/memory/memory.nc", engine="h5netcdf")
    x = np.linspace(-2, 2, 201)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained")
    axes[0].plot(x, ArcTan().shape(torch.from_numpy(x)))
    axes[0].set_xlabel("distance from threshold")
    axes[0].set_ylabel("surrogate derivative")
    axes[1].plot(gathered.tau_m, gathered.accuracy.transpose("tau_m", "seed"), "o-")
    axes[1].set_xlabel("membrane time constant at the start (steps)")
    axes[1].set_ylabel("test accuracy, one line a seed")
    plt.show()
