"""Perturbed networks and the twin: mirrored to the bit, what is drawn in a run included."""

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

from .helpers import differences, run_brian2, run_twin

pytestmark = pytest.mark.usefixtures("numpy_target")


def network():
    return srnn(6, [14], 3, bias=Normal(0.03, 0.02), input_gain=2.0, seed=3)


def test_jitter_of_the_input_is_refused_by_name():
    """It acts on what `simulate` puts in."""
    message = r"'input' uses jitter of its stimulus \(InputJitter\): random numbers"
    with pytest.raises(UnsupportedModel, match=message):
        Twin(perturb(network(), InputJitter(1 * ms)), namespace={})


@pytest.mark.parametrize("p", [MembraneNoise(0.1), SpikeLoss(0.1)])
def test_what_is_drawn_while_it_runs_is_mirrored_to_the_bit(p):
    """After the same seed: the numbers that Brian2 draws."""
    net = perturb(network(), p)
    x = np.random.default_rng(0).random((1, 80, 6)) < 0.2
    twin = Twin(net, trainable=("w",), dtype=torch.float64, namespace={})
    runs = {}
    for name, run in {"plain": torch.no_grad()(run_twin), "with gradients": run_twin}.items():
        np.random.seed(7)  # noqa: NPY002  Brian2's own stream
        runs[name] = run(twin, 80, x)
    np.random.seed(7)  # noqa: NPY002
    reference = run_brian2(net, twin, 80, x)
    assert reference[0]["hidden1"].sum() > 20
    for name, recording in runs.items():
        assert differences(recording, reference) == {}, name
    np.random.seed(8)  # noqa: NPY002
    assert differences(run_twin(twin, 80, x), reference)


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
