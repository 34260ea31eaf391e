"""A million neurons: each analysis in under a minute, from a dataset that is backed by Dask."""

import time

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from chronaxie.analyses.time_constants import (
    displacement,
    displacement_from,
    relations,
    timescale_fits,
    timescale_intervals,
)

pytestmark = pytest.mark.slow
MANY = 1_000_000


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(1)
    before = rng.normal(80, 15, MANY).clip(4)
    after = before * np.exp(rng.normal(0.1, 0.4, MANY))
    ds = xr.Dataset(
        {
            "tau_m_initial": ("neuron", before, {"units": "ms"}),
            "tau_m": ("neuron", after, {"units": "ms"}),
            "firing_rate": ("neuron", 1000 / after + rng.normal(0, 3, MANY), {"units": "Hz"}),
        },
        coords={"layer": ("neuron", np.full(MANY, "hidden1"))},
    )
    return ds.chunk(neuron=100_000)


@pytest.mark.parametrize(
    "analysis",
    [
        timescale_intervals,
        timescale_fits,
        displacement,
        lambda ds: displacement_from(ds, tau_m=stats.norm(80, 15)),
        relations,
    ],
    ids=["intervals", "fits", "displacement", "displacement_from", "relations"],
)
def test_in_under_a_minute_of_processor_time(network, analysis):
    # what it takes, not how long it waits for a busy machine
    began = time.process_time()
    got = analysis(network)
    assert time.process_time() - began < 60
    assert int(got.get("timescale_count", xr.DataArray(MANY)).max()) == MANY


def test_intervals_of_a_million_are_as_narrow_as_they_should_be(network):
    got = timescale_intervals(network, resamples=500, level=0.9)
    low, high = got.timescale_cv_interval.sel(timescale_when="before", timescale_method="bca").values[0, 0]
    # coefficient of variation c of a normal: standard error c √(1/2 + c²) / √n
    c = 15 / 80
    np.testing.assert_allclose(high - low, 2 * 1.645 * c * np.sqrt(0.5 + c**2) / np.sqrt(MANY), rtol=0.15)
