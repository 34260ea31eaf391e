"""A task that a network of six neurons learns in seconds: which of two channels is busier."""

from types import SimpleNamespace

import numpy as np
import xarray as xr

from chronaxie.gradient_bridge import Twin
from chronaxie.models import srnn

STEPS = 20


def split(trials, seed, *, labelled=None):
    rng = np.random.default_rng(seed)
    truth = np.arange(trials) % 2
    rate = np.where(truth[:, None, None] == np.arange(2), 0.5, 0.05)
    stimulus = (rng.random((trials, STEPS, 2)) < rate).astype(np.uint8)
    ds = xr.Dataset(
        {
            "stimulus": (("trial", "time", "channel"), stimulus),
            "label": (("trial", "time"), np.repeat(truth[:, None], STEPS, 1).astype(np.int8)),
        },
        coords={"time": np.arange(STEPS) * 0.004},
    )
    if labelled is not None:
        ds["labelled"] = (("trial", "time"), np.broadcast_to(labelled, (trials, STEPS)).copy())
        ds["label"] = ds["label"].where(ds["labelled"], -1).astype(np.int8)
    return ds


def task(*, labelled=None, per_trial=False, trials=16):
    train, valid = split(trials, 0, labelled=labelled), split(10, 1, labelled=labelled)
    if per_trial:
        train, valid = (ds.assign(label=ds["label"].isel(time=0)) for ds in (train, valid))
    return SimpleNamespace(train=train, valid=valid, classes=("left", "right"), hash="tiny")


def student(trainable=("w", "bias", "tau_m", "tau_a"), **options):
    net = srnn(2, hidden=[6], outputs=2, seed=0, bias={"hidden1": 0.02}, **options)
    return Twin(net, trainable=trainable)


QUICK = {"epochs": 4, "batch_size": 8, "score_scale": 10.0, "progress": False}
