"""The answer of the study `sparsity`, of made-up results whose truth is known."""

import numpy as np
import pytest

from chronaxie import analyses
from chronaxie.studies.experiments.sparsity import answer

from .made_up import gathered

ACCURACY = {"alif-0": 0.86, "alif-1": 0.86, "alif-10": 0.80, "lstm-2": 0.7, "lstm-8": 0.9}
SPIKES = {"alif-0": 0.4, "alif-1": 0.1, "alif-10": 0.01}
# multiply-accumulates; at 0.86 the LSTM needs 10 * 10 ** (0.16 / 0.2) times 10
ENERGY = {"alif-0": 50.0, "alif-1": 25.0, "alif-10": 10.0, "lstm-2": 100.0, "lstm-8": 1000.0}


@pytest.fixture(scope="module")
def ds():
    return gathered(ACCURACY, spikes=SPIKES, energy=ENERGY, noise=1e-9)


@pytest.fixture(scope="module")
def found(ds):
    return answer(ds)


def test_the_rate_where_accuracy_breaks(found):
    # 0.85 is a sixth of the way from 0.86 at 0.1 spikes to 0.80 at 0.01
    assert float(found["break_rate"]) == pytest.approx(0.1 * 0.1 ** (1 / 6), rel=1e-3)
    assert found["break_rate"].attrs["count"] == "5 of 5 seeds"
    assert (
        "1 % of accuracy is lost at 0.068 [0.068, 0.068] spikes per neuron and step" in found.attrs["answer"]
    )
    effect = found["accuracy_effect"].sel(effect="penalty 10")
    assert float(effect) == pytest.approx(-0.06, abs=1e-6)


def test_energy_of_a_dense_network_that_is_as_accurate(found):
    equal = 100 * 10 ** (0.16 / 0.2)
    ratio = found["energy_ratio_equal"].sel(family="lstm", energy_model="float32")
    assert float(ratio.sel(sparse_network="alif-0")) == pytest.approx(equal / 50, rel=1e-3)
    assert float(ratio.sel(sparse_network="alif-1")) == pytest.approx(equal / 25, rel=1e-3)
    assert (found["energy_ratio_equal_seeds"] == 5).all()
    assert found.sizes["energy_model"] == 3
    assert "times the energy, over penalties, kinds and cost models" in found.attrs["answer"]


def test_without_a_break_or_dense_networks_it_says_so(ds):
    found = answer(ds.sel(network=["alif-0", "alif-1"]))
    assert np.isnan(found["break_rate"])
    assert "at none of these rates 1 % of accuracy is lost" in found.attrs["answer"]
    assert "energy_ratio_equal" not in found


def test_a_mismatch_is_said():
    found = answer(gathered(ACCURACY, spikes=SPIKES, energy=ENERGY, mismatches=3.0))
    assert "of 15 networks 1 differ from their twins in Brian2, in 3 neuron-steps" in found.attrs["answer"]


def test_the_figure_shows_rates_and_energies(ds, found):
    (spec,) = analyses.RATE_TRADEOFF
    rate, *energies = analyses.compose(ds.merge(found), spec).axes
    broken = [line for line in rate.get_lines() if line.get_label() == "1 % lost"]
    assert broken[0].get_xdata()[0] == pytest.approx(float(found["break_rate"]))
    assert [ax.get_title(loc="left") for ax in energies] == ["float32", "int32, ratio 31", "float32, SRAM"]
    lstm = next(line for line in energies[0].get_lines() if line.get_label() == "lstm")
    np.testing.assert_allclose(lstm.get_xdata(), [460, 4600])
