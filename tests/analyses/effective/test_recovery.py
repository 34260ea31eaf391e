"""Recovery of known time constants: what it says of bias, spread and coverage."""

import numpy as np
import pytest

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.effective import timescale_recovery

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_bias_spread_and_found_are_of_the_estimates():
    ds = timescale_recovery([50.0, 100.0], rate=10, duration=300, repetitions=8, seed=1)
    ratio = ds["recovery_estimate"] / ds["recovery_tau"]
    np.testing.assert_allclose(ds["recovery_bias"], ratio.median("recovery_repetition") - 1)
    assert (abs(ds["recovery_bias"]) < 0.35).all()
    low, high = np.moveaxis(ds["recovery_bias_interval"].values, -1, 0)
    assert (low <= ds["recovery_bias"].values).all()
    assert (ds["recovery_bias"].values <= high).all()
    assert (ds["recovery_found"] == 1).all()
    assert np.isnan(ds["recovery_coverage"]).all()
    assert ds.attrs["recovery_rate_Hz"] == 10


def test_nothing_found_is_nan():
    ds = timescale_recovery([50.0], rate=0.05, duration=60, repetitions=3, window=1.0, longest_lag=0.5)
    assert np.isnan(ds["recovery_bias"].sel(recovery_estimator="intervals")).all()
    assert float(ds["recovery_found"].sel(recovery_estimator="intervals")[0]) == 0


def test_numbers_are_checked():
    with pytest.raises(InvalidInput, match="repetitions must be a whole number above 1"):
        timescale_recovery([50.0], rate=1, duration=10, repetitions=1)
    with pytest.raises(InvalidInput, match="tau must be a positive"):
        timescale_recovery([-50.0], rate=1, duration=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "tau, width, window, lag", [(50, 0.05, 1.0, 0.5), (100, 0.05, 2.0, 1.0), (300, 0.05, 3.0, 1.5)]
)
def test_at_the_length_and_rate_of_monkey_units(tau, width, window, lag):
    """8700 s at 2.3 Hz: medians within 10 %, three standard errors of 40 recordings; intervals of 90 % cover."""
    ds = timescale_recovery(
        [tau], rate=2.3, duration=8700, width=width, window=window, longest_lag=lag, resamples=100, seed=3
    )
    assert (abs(ds["recovery_bias"]) < 0.1).all()
    assert (ds["recovery_found"] > 0.95).all()
    # 90 % of 40 recordings: standard error 5 %
    assert (ds["recovery_coverage"] >= 0.78).all()
