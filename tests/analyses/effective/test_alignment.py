"""Effective time constants on the neurons that have the learned ones."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, MissingVariable
from chronaxie.analyses.effective import beside_learned


def network():
    return xr.Dataset(
        {"tau_m": ("neuron", [10.0, 20.0, 30.0, 40.0], {"units": "ms"})},
        coords={"layer": ("neuron", ["h1", "h1", "h2", "out"]), "index": ("neuron", [0, 1, 0, 0])},
    )


def effective():
    return xr.Dataset(
        {
            "isi_tau": ("unit", [3.0, 2.0, 1.0], {"units": "ms", "long_name": "tau"}),
            "isi_correlogram": (("unit", "isi_lag"), np.zeros((3, 2))),
        },
        coords={"unit_layer": ("unit", ["h2", "h1", "h1"]), "unit_index": ("unit", [0, 1, 0])},
    )


def test_units_find_their_neurons():
    ds = beside_learned(network(), effective())
    np.testing.assert_array_equal(ds["isi_tau"], [1, 2, 3, np.nan])
    assert ds["isi_tau"].attrs == {"units": "ms", "long_name": "tau"}
    assert ds["tau_m"].identical(network()["tau_m"])
    assert "isi_correlogram" not in ds


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInput, match="no layer 'h2' in the network; there are h1, out"):
        beside_learned(network().isel(neuron=[0, 1, 3]), effective())
    with pytest.raises(InvalidInput, match="more than once"):
        beside_learned(network(), xr.concat([effective()] * 2, "unit"))
    with pytest.raises(MissingVariable, match="no variable is on the dimension 'unit'"):
        beside_learned(network(), effective().drop_vars("isi_tau"))
    with pytest.raises(MissingVariable, match="unit_layer"):
        beside_learned(network(), effective().drop_vars("unit_layer"))
