"""`fit` says what is wrong before it trains, and blames the right one."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from brian2 import Hz, Network, NeuronGroup, ms, mV

from chronaxie.gradient_bridge import LossTraining, RateLoss, Training, TrainingDiverged, Twin, fit
from chronaxie.models import UnsupportedModel

from ..tiny import QUICK as QUICK_TASK
from ..tiny import student, task
from .cells import QUICK, twin

RATE = RateLoss("cells", 80 * Hz)


def test_a_network_that_was_changed_in_brian2_is_refused_before_the_training():
    """`sync` would refuse it when all is done."""
    for change in (lambda cells: setattr(cells, "tau", 5 * ms), lambda cells: setattr(cells, "drive", 3)):
        model = twin(trainable=("drive",))
        change(model.network["cells"])
        with pytest.raises(
            ValueError, match=r"fit: cells\.(tau|drive): changed in Brian2 since .*twin\.pull\(\)"
        ):
            fit(model, loss=RATE, **QUICK)
        model.pull()
        fit(model, loss=RATE, **QUICK | {"epochs": 1})
    model = student()
    model.network["hidden1"].b0 = 0.5
    with pytest.raises(ValueError, match=r"fit: hidden1\.b0: changed in Brian2"):
        fit(model.as_module(), task(), **QUICK_TASK)


def test_a_network_with_other_objects_is_refused_before_the_training():
    model = twin()
    model.network.add(NeuronGroup(1, "x : 1", name="further"))
    with pytest.raises(UnsupportedModel, match="further"):
        fit(model, loss=RATE, **QUICK)


def test_a_task_needs_a_readout():
    with pytest.raises(ValueError, match="the network has no readout: give Twin"):
        fit(
            twin(), SimpleNamespace(**vars(task()) | {"train": of_cells(), "valid": of_cells()}), **QUICK_TASK
        )


def of_cells():
    """The tiny task in the step of the cells."""
    ds = task().train
    return ds.assign_coords(time=ds.time * 0.5e-3 / 4e-3)


def test_what_is_trained_and_what_a_run_leaves_may_differ():
    model = twin()
    model.network.run(2 * ms)  # states move on
    model = Twin(model.network, trainable=("drive",))
    fit(model, loss=RATE, **QUICK | {"epochs": 1})
    fit(model, loss=RATE, **QUICK | {"epochs": 1})  # the trained values are not yet in Brian2
    model.sync()
    fit(model, loss=RATE, **QUICK | {"epochs": 1})


def test_a_nan_that_is_not_trained_is_not_blamed_on_what_is():
    model = student(trainable=("w",))
    model.network["hidden1"].b0 = np.nan
    model.pull()
    with pytest.raises(
        TrainingDiverged, match=r"in epoch 0, batch 0: hidden1\.b0, which is not trained, holds"
    ):
        fit(model, task(), **QUICK_TASK)
    other = twin(trainable=("drive",))
    other.network["cells"].tau = [np.nan, 1, 1] * ms
    other.pull()
    message = r"loss nan in epoch 0: cells\.tau, which is not trained, holds NaN; .*twin\.pull"
    with pytest.raises(TrainingDiverged, match=message):
        fit(other, loss=lambda out: out.states["cells"]["v"].sum(), record={"cells": ["v"]}, **QUICK)


def test_a_name_that_the_recording_lacks():
    with pytest.raises(
        ValueError, match=r"the loss asked for 'u', which is not there; it was given .*traces: cells\.v"
    ):
        fit(twin(), loss=lambda out: out.states["cells"]["u"].sum(), record={"cells": ["v"]}, **QUICK)


def test_a_group_where_none_spikes():
    silent = NeuronGroup(1, "dv/dt = (E - v)/(8*ms) : 1\nE : 1 (constant)", method="exact", name="silent")
    model = Twin(Network(silent), trainable=("E",))
    with pytest.raises(ValueError, match="RateLoss of cells: .*that name; no group of the network spikes"):
        fit(model, loss=RATE, **QUICK)
    assert torch.is_tensor(model(duration=1 * ms).final["silent"]["v"])


@pytest.mark.parametrize("kind", [Training, LossTraining])
@pytest.mark.parametrize(
    "name", ["learning_rate", "clip_norm", "warmup", "epochs", "seed", "schedule", "patience"]
)
def test_options_with_a_unit_are_refused_by_name(kind, name):
    with pytest.raises(ValueError, match=f"fit: {name}: expected .*, got 1. \\* mvolt"):
        kind(**{name: 1 * mV})
