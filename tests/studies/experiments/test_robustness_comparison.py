"""The answer of the study `robustness_comparison` of made-up numbers, and a smoke run of a study."""

import numpy as np
import pytest

from chronaxie import analyses
from chronaxie.studies.experiments.robustness_comparison import answer
from chronaxie.studies.running.runner import run_sweep
from chronaxie.studies.running.sweep import make_sweep

from .made_up import gathered

SEEDS = 5
# Share that is kept of 0.5 above the commonest class; an LSTM has no spikes to lose.
KEPT = {"weight_noise": (0.9, 0.7, 0.4), "spike_loss": (0.95, 0.95, np.nan)}


@pytest.fixture
def ds():
    made = gathered({"alif": 0.8, "lif": 0.8, "lstm": 0.8}, noise=0)
    dims = ("network", "seed")
    made["accuracy_unperturbed"] = ((*dims, "draw"), np.full((3, SEEDS, 2), 0.8))
    made["accuracy_commonest"] = (dims, np.full((3, SEEDS), 0.3))
    rng = np.random.default_rng(1)
    for name, kept in KEPT.items():
        strength = np.array([0.1, -0.1])[:, None]  # around the mean
        noise = rng.normal(0, 0.002, (3, SEEDS, 1, 1))
        values = 0.3 + 0.5 * (np.array(kept)[:, None, None, None] + strength + noise + np.zeros(2))
        made[f"accuracy_{name}"] = ((*dims, name, "draw"), values, {"units": "1"})
        made = made.assign_coords({name: (name, [0.1, 0.2], {"units": "1", "long_name": "strength"})})
    return made


def test_shares_and_their_differences(ds):
    found = answer(ds)
    for name, kept in KEPT.items():
        np.testing.assert_allclose(found["kept"].sel(perturbation=name), kept, atol=0.005)
    effect = found["kept_effect"].sel(perturbation="weight_noise")
    assert float(effect.sel(effect="ALIF over LIF")) == pytest.approx(0.2, abs=0.01)
    assert float(effect.sel(effect="ALIF over LSTM")) == pytest.approx(0.5, abs=0.01)
    p = found["kept_effect_p_holm"]
    assert (p.sel(perturbation="weight_noise") < 0.05).all()
    assert float(p.sel(perturbation="spike_loss", effect="ALIF over LIF")) > 0.05
    assert np.isnan(p.sel(perturbation="spike_loss", effect="ALIF over LSTM"))
    said = found.attrs["answer"]
    assert "alif 0.90 [" in said
    assert "(weight noise)" in said
    assert "3 of 4 differences between networks have p < 0.05 (Holm)" in said
    assert "no neuron-step of 10 networks differs" in said


def test_networks_that_learned_nothing_have_no_share(ds):
    ds["accuracy_unperturbed"] = 0 * ds["accuracy_unperturbed"] + 0.2
    said = answer(ds).attrs["answer"]
    assert said.startswith(
        "No network is better than the commonest class before anything is perturbed; 2 perturb"
    )
    assert "differences between networks" not in said


def test_the_figures_leave_out_what_a_network_has_not(ds):
    merged = ds.merge(answer(ds))
    perturbed, kept = (analyses.compose(merged, spec) for spec in analyses.PERTURBED_NETWORKS)
    titles = [ax.get_title(loc="left") for ax in perturbed.axes]
    assert titles == ["Loss of spikes", "Weight noise"]
    lines = {line.get_label(): line for line in perturbed.axes[0].get_lines()}
    assert len(lines["lstm"].get_xdata()) == 0
    np.testing.assert_allclose(lines["alif"].get_ydata(), [0.3 + 0.5 * 1.05, 0.3 + 0.5 * 0.85], atol=0.002)
    assert {t.get_text() for t in kept.axes[0].get_yticklabels()} == {"Loss of spikes", "Weight noise"}


@pytest.mark.slow
def test_a_smoke_run_answers_and_draws(tmp_path):
    sweep = make_sweep("robustness_comparison", smoke=True)
    outcome = run_sweep(sweep, tmp_path / "out", workers=1, report=lambda line: None)
    assert not outcome.failed
    assert not outcome.problem
    assert "no neuron-step of 4 networks differs between twin and Brian2" in outcome.answer
    names = {path.name for path in outcome.files}
    assert {
        "robustness_comparison.nc",
        "robustness_comparison_perturbed.png",
        "robustness_comparison_kept.png",
    } <= names
