"""Fits: against scipy, Akaike weights by hand, the level and power of the test of fit, the dip test, Holm."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.statistics.fits import (
    FAMILIES,
    akaike_kernel,
    distribution,
    fit_kernel,
    goodness_kernel,
    log_likelihood_kernel,
)
from chronaxie.analyses.statistics.multiple import holm_kernel
from chronaxie.analyses.statistics.unimodality import dip_kernel

SCIPY = {
    "normal": stats.norm,
    "lognormal": stats.lognorm,
    "gamma": stats.gamma,
    "inverse_gaussian": stats.invgauss,
}


@pytest.fixture
def rng():
    return np.random.default_rng(9)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_distribution_has_the_mean_and_sd_that_were_asked_for(family):
    made = distribution(family, 20.0, 5.0)
    np.testing.assert_allclose([made.mean(), made.std()], [20, 5], rtol=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_fits_are_those_of_scipy(rng, family):
    x = rng.gamma(3, 7, 60)
    mean, sd = fit_kernel(x, family)
    place = {} if family == "normal" else {"floc": 0}
    theirs = SCIPY[family](*SCIPY[family].fit(x, **place))
    # scipy finds the gamma shape by a root finder of tolerance 1e-8 or so
    np.testing.assert_allclose([mean, sd], [theirs.mean(), theirs.std()], rtol=1e-6)
    np.testing.assert_allclose(
        log_likelihood_kernel(x, family, np.array([mean, sd])), theirs.logpdf(x).sum(), rtol=1e-9
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_fitted_one_by_one(rng, family):
    x = rng.gamma(3, 7, (4, 50))
    np.testing.assert_allclose(fit_kernel(x, family)[:, 2], fit_kernel(x[2], family), rtol=1e-12)
    np.testing.assert_allclose(fit_kernel(x.T, family, axis=0), fit_kernel(x, family), rtol=1e-12)


def test_akaike_weights_by_hand():
    aic, weight = akaike_kernel([-10.0, -10.0 - np.log(3)])
    np.testing.assert_allclose(aic, [24, 24 + 2 * np.log(3)])
    np.testing.assert_allclose(weight, [0.75, 0.25])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_family_that_made_the_values_has_the_weight_and_passes(rng, family):
    x = distribution(family, 40.0, 25.0 if family != "normal" else 8.0).rvs(size=1500, random_state=rng)
    fitted = np.stack([fit_kernel(x, name) for name in FAMILIES])
    weight = akaike_kernel([log_likelihood_kernel(x, n, f) for n, f in zip(FAMILIES, fitted, strict=True)])[1]
    assert FAMILIES[int(weight.argmax())] == family
    _, p = goodness_kernel(x, family, rng=rng, resamples=99)
    assert p > 0.05
    other = "normal" if family != "normal" else "inverse_gaussian"
    assert goodness_kernel(x, other, rng=rng, resamples=99)[1] == 0.01


@pytest.mark.parametrize("family", FAMILIES)
def test_under_the_null_the_test_of_fit_rejects_five_per_cent(rng, family):
    x = distribution(family, 40.0, 8.0).rvs(size=(1000, 36), random_state=rng)
    _, p = goodness_kernel(x, family, rng=rng, resamples=99)
    # standard error of the share: 0.7 %
    assert 0.03 <= (p <= 0.05).mean() <= 0.07


def test_what_has_no_fit_or_is_refused(rng):
    for family in FAMILIES:
        assert np.isnan(fit_kernel([7.0, 7.0, 7.0], family)).all()
        assert np.isnan(fit_kernel([7.0, 8.0], family)).all()
        assert np.isnan(log_likelihood_kernel([7.0] * 3, family, fit_kernel([7.0] * 3, family)))
        assert np.isnan(goodness_kernel([7.0] * 5, family, rng=rng, resamples=9)).all()
        assert np.isnan(goodness_kernel([7.0], family, rng=rng, resamples=9)).all()
    with pytest.raises(InvalidInput, match="values must be positive"):
        fit_kernel([1.0, -1.0, 2.0], "gamma")
    with pytest.raises(InvalidInput, match="family must be one of normal, .*got 'weibull'"):
        fit_kernel([1.0, 2.0, 3.0], "weibull")
    with pytest.raises(InvalidInput, match="family must be one of normal, .*got 'weibull'"):
        distribution("weibull", 1.0, 1.0)


def test_dip(rng):
    one = rng.normal(20, 5, 500)
    two = np.r_[rng.normal(10, 2, 250), rng.normal(30, 2, 250)]
    assert dip_kernel(one, rng=rng)[1] > 0.2
    dip, p = dip_kernel(two, rng=rng)
    assert p < 0.001
    assert 0.1 < dip <= 0.25
    assert dip_kernel(np.tile(two, 200), rng=rng)[1] < 0.001
    assert np.isnan(dip_kernel([1.0, 2.0, 3.0], rng=rng)).all()
    assert np.isnan(dip_kernel([2.0] * 9, rng=rng)).all()


def test_the_dip_test_keeps_its_level_at_its_least_favourable_null(rng):
    p = np.array([dip_kernel(rng.random(60), rng=rng)[1] for _ in range(1000)])
    assert 0.03 <= (p <= 0.05).mean() <= 0.07


def test_holm(rng):
    p = np.array([[0.01, 0.04, np.nan], [0.03, 0.005, 0.9]])
    got = holm_kernel(p)
    # five tests, in order of p: 0.005·5, 0.01·4, 0.03·3, max(…, 0.04·2), 0.9
    np.testing.assert_allclose(got, [[0.04, 0.09, np.nan], [0.09, 0.025, 0.9]])
    assert np.isnan(holm_kernel([np.nan])).all()
    flat = rng.random(20)
    np.testing.assert_allclose(holm_kernel(flat), multipletests(flat, method="holm")[1])
    with pytest.raises(InvalidInput, match="p values are from 0 to 1, got -0.1 to 0.2"):
        holm_kernel([-0.1, 0.2])
