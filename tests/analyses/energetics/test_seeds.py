"""Intervals over seeds: by hand, and they cover the truth as often as they say."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import InvalidInput, MissingVariable, energy
from chronaxie.analyses.energetics.costs import COST_MODELS, NEURON_COSTS
from chronaxie.analyses.energetics.seeds import energy_over_seeds, log_mean_interval_kernel
from chronaxie.analyses.energetics.tally import dense_tally, linear_tally, spiking_tally

from ..conftest import MODELS, random_simulation

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def seeds():
    """Energies of five networks that differ in their rates."""
    rng = np.random.default_rng(0)
    runs = [
        energy(random_simulation(rng, trials=2, steps=100, rate=rate), models=MODELS, costs=COST_MODELS)
        for rate in (0.05, 0.08, 0.1, 0.12, 0.2)
    ]
    return xr.concat(runs, dim="seed", data_vars="all", coords="minimal", compat="override")


def test_by_hand_on_the_logarithm(seeds):
    got = energy_over_seeds(seeds, level=0.9)
    assert int(got["energy_seeds"]) == 5
    assert got["energy_ratio_interval"].attrs["level"] == 0.9
    row = dict(energy_cost="float32", energy_network="SRNN, counted")
    logs = np.log(seeds["energy_ratio"].sel(row).values)
    expected = stats.t.interval(0.9, 4, logs.mean(), stats.sem(logs))
    np.testing.assert_allclose(np.log(got["energy_ratio_interval"].sel(row)), expected, rtol=1e-12)
    assert float(got["energy_ratio_mean"].sel(row)) == pytest.approx(stats.gmean(np.exp(logs)), rel=1e-12)
    # the interval of the inverse is the inverse of the interval
    _, back, _ = log_mean_interval_kernel(np.exp(-logs))
    np.testing.assert_allclose(1 / back[::-1], got["energy_ratio_interval"].sel(row), rtol=1e-12)
    assert got["energy_per_decision_mean"].attrs["units"] == "nJ"
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.data_vars)
    # of the LSTM nothing varies, and no rate breaks even
    lstm = got.sel(energy_network="LSTM")
    np.testing.assert_allclose(lstm["energy_ratio_interval"], 1, rtol=1e-12)
    assert np.isnan(lstm["energy_break_even_rate_interval"]).all()


def test_one_seed_has_no_interval(seeds):
    got = energy_over_seeds(seeds.isel(seed=[0]))
    assert np.isnan(got["energy_ratio_interval"]).all()
    np.testing.assert_allclose(got["energy_ratio_mean"], seeds["energy_ratio"][0], rtol=1e-12)


def test_what_is_refused(seeds):
    with pytest.raises(
        MissingVariable, match="at least one of energy_per_step.* with the dimension 'run', got"
    ):
        energy_over_seeds(seeds, dim="run")
    with pytest.raises(InvalidInput, match=r"level must be in \(0, 1\), got 95"):
        energy_over_seeds(seeds, level=95)
    with pytest.raises(InvalidInput, match="energy_ratio must not be negative, got -"):
        energy_over_seeds(seeds[["energy_ratio"]] * -1)
    with pytest.raises(InvalidInput, match="finite numbers above zero, whose logarithm there is"):
        log_mean_interval_kernel([1.0, 0.0])
    mean, interval, count = log_mean_interval_kernel([4.0, np.nan])
    assert (mean, count) == (pytest.approx(4.0), 1)
    assert np.isnan(interval).all()


def test_a_seed_that_failed_is_left_out(seeds):
    gaps = seeds.where(xr.DataArray(np.arange(5) != 2, dims="seed"))
    got = energy_over_seeds(gaps)
    assert int(got["energy_seeds"]) == 4
    assert got.identical(energy_over_seeds(seeds.isel(seed=[0, 1, 3, 4])))


def ratios(rng, shape, n):
    """Energy ratios (cost, *shape) of networks 40 → n → 10 whose rates differ between seeds (20 %), neurons and trials.

    5000 decision steps each, 0.1 spikes a step in the mean, as in the published networks.
    """
    level = np.exp(rng.normal(0, 0.2, (*shape, 1)))
    hidden = rng.binomial(5000, np.clip(rng.gamma(2, 0.05, (*shape, n)) * level, 0, 1)).sum(axis=-1) / 5000
    inputs = rng.binomial(5000 * 40, 0.05, shape) / 5000
    spiking = spiking_tally(
        NEURON_COSTS["ALIF"], n, events=inputs * n + hidden * (n + 10), spikes=hidden
    ) + spiking_tally(NEURON_COSTS["LeakyIntegrator"], 10, events=0, spikes=0)
    lstm = dense_tally("lstm", 40, n) + linear_tally(n, 10)
    return np.stack([lstm.energy(cost) / spiking.energy(cost) for cost in COST_MODELS])


@pytest.mark.slow
@pytest.mark.parametrize("n", [36, 128, 1000])
def test_90_percent_intervals_from_five_seeds_cover_the_truth(n):
    rng = np.random.default_rng(n)
    truth = np.exp(np.log(ratios(rng, (20_000,), n)).mean(axis=-1))
    _, (low, high), _ = log_mean_interval_kernel(ratios(rng, (300, 5), n), level=0.9)
    covered = ((low <= truth[:, None]) & (truth[:, None] <= high)).mean(axis=-1)
    # 300 repetitions: 0.9 with a standard error of 0.017
    assert ((covered >= 0.85) & (covered <= 0.95)).all(), covered
