"""Distances of network and biology on made-up data: intervals cover the truth, tests hold their level, 1e6 neurons."""

import resource
import time

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses import compare
from chronaxie.analyses.statistics.distances import energy_distance_kernel, wasserstein_kernel
from chronaxie.analyses.statistics.positive_intervals import distance_interval_kernel
from chronaxie.analyses.statistics.positive_samples import Sample
from chronaxie.analyses.statistics.same_distribution import same_distribution_kernel

CELLS = stats.lognorm(0.6, scale=18.0)
# decay of the autocorrelation in vivo: wide beside adaptation time constants, which are narrow and slow
SLOW_CELLS = stats.lognorm(1.0, scale=90.0)
SHARES = (np.arange(20000) + 0.5) / 20000
NETWORKS = {
    "near": stats.lognorm(0.5, scale=20.0),
    "far": stats.lognorm(0.5, scale=55.0),
    "normal": stats.truncnorm(-3.9, 10, loc=80, scale=20),
    "gamma": stats.gamma(3, scale=6),
    "narrow": stats.norm(700, 25),
}


def missed(network, size, scaled, repetitions, *, cells=CELLS, resamples=400, seed=1):
    """Shares of repetitions in which the 90 % intervals of both distances lie above the truth and below it, (2, 2)."""
    quantiles = [law.ppf(SHARES) for law in (network, cells)]
    quantiles = [q / np.median(q) if scaled else q for q in quantiles]
    truth = np.array([wasserstein_kernel(*quantiles), energy_distance_kernel(*quantiles)])
    rng = np.random.default_rng(seed)
    misses = np.zeros((2, 2))
    for _ in range(repetitions):
        x, y = (Sample.of(law.rvs(n, random_state=rng)) for law, n in ((network, size), (cells, 900)))
        low, _, high = distance_interval_kernel(
            x, y, rng=rng, resamples=resamples, level=0.9, scaled=scaled
        ).T
        misses += [low > truth, high < truth]
    return misses / repetitions


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("size", [36, 128, 1000])
@pytest.mark.parametrize("network", NETWORKS)
def test_intervals_of_a_distance_cover_it(network, size, scaled):
    cells = SLOW_CELLS if network == "narrow" else CELLS
    misses = missed(NETWORKS[network], size, scaled, 300, cells=cells)
    # the rows of the table in docs/biology.md, with -s
    print(
        f"\n{network}-{size}-{scaled}: too high {misses[0].round(3)}, too low {misses[1].round(3)}",
        flush=True,
    )
    share = 1 - misses.sum(axis=0)
    # asked for: 85 to 95 %; 300 repetitions leave 1.7 %, which near distance 0 may add to the wide side
    assert ((share >= 0.85) & (share <= 0.97)).all(), share


def test_intervals_cover_a_distance_in_few_repetitions():
    # 60 repetitions of a 90 % interval: three standard deviations are 12 %
    assert (missed(NETWORKS["normal"], 36, True, 60, resamples=100).sum(axis=0) < 0.22).all()


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("size", [36, 128, 1000])
def test_the_test_of_one_distribution_holds_its_level(size, scaled):
    rng = np.random.default_rng(3)
    law, rejected = stats.lognorm(0.6, scale=50.0 if scaled else 18.0), 0
    for _ in range(600):
        x, y = Sample.of(law.rvs(size, random_state=rng)), Sample.of(CELLS.rvs(900, random_state=rng))
        rejected += same_distribution_kernel(x, y, rng=rng, resamples=399, scaled=scaled) <= 0.05
    # asked for: 5 % ± 2 %, two standard deviations of 600 repetitions
    assert 0.03 <= rejected / 600 <= 0.07


@pytest.mark.slow
def test_two_samples_of_one_distribution_are_at_distance_zero():
    rng = np.random.default_rng(5)
    low = [
        distance_interval_kernel(
            *(Sample.of(CELLS.rvs(n, random_state=rng)) for n in (128, 900)),
            rng=rng,
            resamples=200,
            level=0.9,
        )[0, 0]
        for _ in range(200)
    ]
    # the bound is 0 in 95 %: one side of a 90 % interval; 200 repetitions leave 1.5 %
    assert 0.9 <= np.mean(np.array(low) == 0) <= 0.99


@pytest.mark.slow
def test_a_million_neurons_are_compared_in_a_minute_and_4_gib():
    rng = np.random.default_rng(6)
    tau = xr.DataArray(
        rng.lognormal(3, 0.5, 10**6),
        dims="neuron",
        coords={"layer": ("neuron", np.repeat(["hidden1", "hidden2"], 10**6 // 2))},
        attrs={"units": "ms"},
    )
    cells = xr.Dataset(
        {"tau_m": ("cell", CELLS.rvs(2333, random_state=rng), {"units": "ms"})},
        coords={"group": ("cell", np.repeat(list("abcdef"), [892, 107, 921, 321, 13, 79]))},
    )
    began = time.process_time()
    got = compare(tau, cells, initial=tau)
    # CPU time: other processes share the machine
    assert time.process_time() - began < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 * 2**20
    assert got["biology_model_count"].values.tolist() == [500000, 500000]
