"""The answer of a comparison of networks, of made-up results whose truth is known."""

import pytest

from chronaxie import analyses
from chronaxie.analyses.errors import MissingVariable
from chronaxie.studies.experiments.comparing import compared_networks, number
from chronaxie.studies.experiments.networks import EFFECTS

from .made_up import gathered

TRUTH = {"alif": 0.86, "alif-fixed": 0.84, "lif": 0.80, "lstm": 0.85}


@pytest.fixture(scope="module")
def ds():
    return gathered(TRUTH, hidden=(18, 36, 72))


@pytest.fixture(scope="module")
def answer(ds):
    return compared_networks(ds, EFFECTS)


def test_effects_are_found_in_pairs_at_each_size(answer):
    assert answer["effect"].values.tolist() == ["trained time constants", "ALIF over LIF", "ALIF over LSTM"]
    for effect, truth in (
        ("trained time constants", 0.02),
        ("ALIF over LIF", 0.06),
        ("ALIF over LSTM", 0.01),
    ):
        found = answer.sel(effect=effect)
        assert abs(found["accuracy_effect"] - truth).max() < 0.002
        low, high = (found["accuracy_effect_interval"].sel(bound=b) for b in ("low", "high"))
        assert ((low < found["accuracy_effect"]) & (found["accuracy_effect"] < high)).all()
        assert (
            float((high - low).max()) < 0.01
        )  # not in pairs the seeds' spread would make it ten times as wide
        assert (found["accuracy_effect_p_holm"] < 0.05).all()
    # the papers' convention is made 0.1 lower in all
    assert float(answer["accuracy_yin"].sel(network="lif", hidden=18)) == pytest.approx(
        float(answer["accuracy"].sel(network="lif", hidden=18)) - 0.1
    )


def test_the_main_numbers_are_those_of_the_middle_size(answer):
    one = answer["accuracy"].sel(network="alif", hidden=36)
    assert float(answer["main_accuracy"]) == float(one)
    assert answer["main_accuracy"].attrs["long_name"] == "accuracy of alif (hidden 36)"
    assert answer["main_accuracy"].attrs["count"] == "5 seeds"
    assert abs(float(answer["main_effect_1"]) - 0.06) < 0.002
    said = answer.attrs["answer"]
    assert said.startswith(f"alif reaches {float(one):.3f} [")
    assert "(hidden 36) on what is labelled (5 seeds)" in said
    assert f"ALIF over LIF +{float(answer['main_effect_1']):.3f} [" in said
    assert said.endswith("no neuron-step of 45 networks differs between twin and Brian2.")


def test_energies_are_over_that_of_the_adaptive_network(answer):
    found = answer["energy_over_reference"].sel(energy_model="float32")
    assert abs(found.sel(network="lstm") - 10).max() < 1e-9
    assert answer["rate_mean"].dims == ("network", "hidden")
    assert abs(answer["rate_mean"].sel(network="lif") - 0.1).max() < 1e-12


def test_a_mismatch_is_said():
    found = compared_networks(gathered(TRUTH, mismatches=7.0), EFFECTS)
    assert "of 15 networks 1 differ from their twins in Brian2, in 7 neuron-steps" in found.attrs["answer"]
    assert int(found["mismatches"]) == 7


def test_jobs_that_failed_are_left_out(ds):
    holed = ds.copy(deep=True)
    for name in holed.data_vars:
        holed[name][{"network": 0, "hidden": 1, "seed": 2}] = float("nan")
    found = compared_networks(holed, EFFECTS)
    assert "(4 to 5 seeds)" in found.attrs["answer"]
    assert abs(float(found["main_effect_1"]) - 0.06) < 0.002


def test_one_seed_has_no_interval():
    found = compared_networks(gathered(TRUTH, seeds=1), EFFECTS)
    assert "[" not in found.attrs["answer"]


def test_without_seeds_or_networks_it_says_what_is_missing(ds):
    with pytest.raises(MissingVariable, match="intervals are over seeds.*--seeds N"):
        compared_networks(ds.isel(seed=0, drop=True), EFFECTS)
    with pytest.raises(MissingVariable, match="lacks network"):
        compared_networks(ds.isel(network=0, drop=True), EFFECTS)


def test_numbers_in_words():
    assert number(0.8591, (0.8512, 0.8670)) == "0.859 [0.851, 0.867]"
    assert number(-0.0001, (-0.002, 0.002), signed=True) == "+0.000 [-0.002, +0.002]"
    assert number(0.5, (float("nan"), float("nan"))) == "0.500"


def test_the_figures_show_the_numbers(ds, answer):
    merged = ds.merge(answer)
    figures = {spec.name: analyses.compose(merged, spec) for spec in analyses.NETWORKS}
    accuracy, yin, energy = figures["networks"].axes
    assert [label.get_text() for label in accuracy.get_yticklabels()] == list(TRUTH)
    assert "papers' convention" in yin.get_xlabel()
    drawn = {round(float(x), 6) for line in accuracy.get_lines() for x in line.get_xdata()}
    assert {round(float(value), 6) for value in answer["accuracy"].values.ravel()} <= drawn
    assert energy.get_xscale() == "log"
    assert [t.get_text() for t in figures["effects"].axes[0].get_yticklabels()] == [
        "trained time constants",
        "ALIF over LIF",
        "ALIF over LSTM",
    ]
    curves = {line.get_label(): line.get_ydata() for line in figures["learning"].axes[0].get_lines()}
    assert set(curves) == set(TRUTH)
    assert curves["lif"][-1] == pytest.approx(float(answer["accuracy"].sel(network="lif", hidden=36)))
