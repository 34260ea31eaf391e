"""Perturbed networks and the twin: what is fixed is mirrored to the bit, what is drawn in a run is refused by name."""

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import ms

from chronaxie.gradient_bridge import Twin
from chronaxie.models import (
    InputJitter,
    MembraneNoise,
    NeuronLesion,
    Normal,
    SpikeLoss,
    SynapseLesion,
    SynapticDelay,
    Temperature,
    TimeConstantMismatch,
    UnsupportedModel,
    WeightNoise,
    WeightQuantisation,
    dense,
    perturb,
    simulate,
    srnn,
)

pytestmark = pytest.mark.usefixtures("numpy_target")


def network():
    return srnn(6, [14], 3, bias=Normal(0.03, 0.02), input_gain=2.0, seed=3)


@pytest.mark.parametrize(
    ("p", "message"),
    [
        (MembraneNoise(0.1), r"'hidden1_.*' uses random numbers \(randn\(\)\)"),
        (SpikeLoss(0.1), r"'.*_pre' uses random numbers \(rand\(\)\)"),
        (InputJitter(1 * ms), r"'input' uses jitter of its stimulus \(InputJitter\): random numbers"),
    ],
)
def test_what_is_drawn_while_it_runs_is_refused_by_name(p, message):
    with pytest.raises(UnsupportedModel, match=message):
        Twin(perturb(network(), p), namespace={})


def test_what_is_fixed_is_mirrored_to_the_bit():
    net = perturb(
        network(),
        WeightNoise(0.1),
        WeightQuantisation(6),
        SynapticDelay(8 * ms, jitter=4 * ms),
        TimeConstantMismatch(0.2),
        Temperature(3),
        SynapseLesion(0.2),
        NeuronLesion(0.2),
        seed=5,
    )
    values = np.random.default_rng(0).random((3, 80, 6)) < 0.2
    time = ("time", np.arange(80) * 0.004, {"units": "s"})
    x = xr.DataArray(values.astype(np.int8), dims=("trial", "time", "channel"), coords={"time": time})
    ds = simulate(net, x, seed=0)
    twin = Twin(net, dtype=torch.float64, namespace={})
    with torch.no_grad():
        run = twin(torch.tensor(values, dtype=torch.float64))
    assert ds.sizes["hidden1_spike"] > 50
    assert np.array_equal(run.spikes["hidden1"].numpy().astype(int), dense(ds, "hidden1").values)
