"""Perturbations of a dense network: what they change, what they leave, and what it means for its output."""

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import ms

from chronaxie.models import (
    NeuronLesion,
    SpikeLoss,
    SynapseLesion,
    SynapticDelay,
    WeightNoise,
    WeightQuantisation,
)
from chronaxie.studies.experiments.dense_perturbations import jittered_stimulus, perturb_dense
from chronaxie.studies.recurrent import DenseRecurrent

UNITS = 20


@pytest.fixture
def model():
    return DenseRecurrent("lstm", 4, [UNITS, 10], 3, seed=2)


def weights(model):
    return {name: w.detach().clone() for name, w in model.state_dict().items()}


@pytest.mark.parametrize(
    "perturbation", [WeightNoise(0.3), WeightQuantisation(4), NeuronLesion(0.2), SynapseLesion(0.2)]
)
def test_the_model_and_its_biases_stay_as_they_are_and_the_seed_decides(model, perturbation):
    before = weights(model)
    once, again, other = (weights(perturb_dense(model, perturbation, seed=s)) for s in (1, 1, 2))
    for name, w in weights(model).items():
        assert torch.equal(w, before[name])
        assert torch.equal(once[name], again[name])
        if "bias" in name:
            assert torch.equal(once[name], w)
    changed = any(not torch.equal(once[name], before[name]) for name in before)
    assert changed
    same = all(torch.equal(once[name], other[name]) for name in before)
    assert same == isinstance(perturbation, WeightQuantisation)


def test_noise_is_relative_to_the_matrix(model):
    noisy, before = weights(perturb_dense(model, WeightNoise(0.3), seed=0)), weights(model)
    name = "layers.0.weight_hh_l0"
    ratio = (noisy[name] - before[name]).std() / before[name].square().mean().sqrt()
    assert abs(float(ratio) - 0.3) < 0.03  # 1600 weights: 0.3 within five standard errors


def test_rows_are_on_a_grid_that_keeps_their_largest_weight(model):
    w, before = (
        m.state_dict()["linear.weight"] for m in (perturb_dense(model, WeightQuantisation(3)), model)
    )
    levels = w / before.abs().amax(dim=1, keepdim=True) * 3
    torch.testing.assert_close(levels, levels.round(), atol=1e-5, rtol=0)
    torch.testing.assert_close(w.abs().amax(dim=1), before.abs().amax(dim=1))
    assert float((w - before).abs().max() / before.abs().max()) <= 1 / 6 + 1e-6


def test_a_lesioned_unit_sends_nothing(model):
    lesioned = perturb_dense(model, NeuronLesion(0.25), seed=3)
    lost = (lesioned.layers[0].weight_hh_l0 == 0).all(dim=0)
    assert int(lost.sum()) == 5
    assert torch.equal((lesioned.layers[1].weight_ih_l0 == 0).all(dim=0), lost)
    # the output depends on no lost unit: what these receive does not matter
    other = perturb_dense(model, NeuronLesion(0.25), seed=3)
    with torch.no_grad():
        other.layers[0].bias_ih_l0[lost.repeat(4)] += 5.0
    stimulus = torch.rand(2, 30, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(lesioned(stimulus), other(stimulus))
    with torch.no_grad():
        other.layers[0].bias_ih_l0[(~lost).repeat(4)] += 5.0
    assert not torch.equal(lesioned(stimulus), other(stimulus))


def test_a_lost_synapse_is_lost_in_all_gates(model):
    lesioned = perturb_dense(model, SynapseLesion(0.2), seed=3)
    for w, pairs in (
        (lesioned.layers[0].weight_hh_l0, UNITS**2),
        (lesioned.layers[0].weight_ih_l0, UNITS * 4),
    ):
        gone = (w == 0).view(4, pairs)
        assert int(gone[0].sum()) == round(0.2 * pairs)
        assert (gone == gone[0]).all()
    assert int((lesioned.linear.weight == 0).sum()) == 6


@pytest.mark.parametrize("perturbation", [SpikeLoss(0.1), SynapticDelay(2 * ms)])
def test_what_means_nothing_without_spikes_is_refused(model, perturbation):
    with pytest.raises(
        TypeError, match=f"{type(perturbation).__name__} means nothing for units that do not spike"
    ):
        perturb_dense(model, perturbation)


def test_input_spikes_are_moved_and_none_is_lost():
    rng = np.random.default_rng(0)
    stimulus = xr.DataArray(
        (rng.random((3, 200, 2)) < 0.05).astype(np.uint8),
        {"trial": [4, 5, 9], "time": np.arange(200) * 0.004},
        ("trial", "time", "channel"),
    )
    moved = jittered_stimulus(stimulus, 0.02, seed=1)
    assert (moved.sum("time") == stimulus.sum("time")).all()
    assert not moved.equals(stimulus)
    assert moved.equals(jittered_stimulus(stimulus, 0.02, seed=1))
    alone = jittered_stimulus(stimulus.isel(trial=[2]), 0.02, seed=1)
    assert alone.equals(moved.isel(trial=[2]))  # a trial is jittered the same alone and among others
    with pytest.raises(ValueError, match="got a graded stimulus"):
        jittered_stimulus(stimulus.astype(np.float32), 0.02)
