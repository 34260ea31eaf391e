"""Exponents over stretched tasks: a known one, and units that are refused."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.time_constants.scaling import scaling_exponents


def stretched(exponent, units="ms"):
    stretch = np.array([0.5, 1.0, 2.0])
    tau = 80 * stretch[:, None, None] ** exponent * np.ones((1, 4, 6))
    coords = {"stretch": stretch, "seed": np.arange(4), "layer": ("neuron", ["hidden1"] * 6)}
    return xr.Dataset({"tau_m": (("stretch", "seed", "neuron"), tau, {"units": units})}, coords)


def test_a_known_exponent():
    found = scaling_exponents(stretched(0.7))
    np.testing.assert_allclose(found.scaling_exponent, 0.7, rtol=1e-12)


@pytest.mark.parametrize("units", ["s", None])
def test_other_units_are_refused(units):
    with pytest.raises(InvalidInput, match="scaling_exponents: tau_m must be in ms, but its units"):
        scaling_exponents(stretched(0.7, units))
