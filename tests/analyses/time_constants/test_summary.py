"""Time constants before and after: a table by hand, layers without one, units."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, MissingVariable, timescales, timescales_table

NAN = np.nan


@pytest.fixture
def network():
    ms = {"units": "ms"}
    return xr.Dataset(
        {
            "tau_m_initial": ("neuron", [10.0, 20.0, 40.0, 8.0, 8.0], ms),
            "tau_m": ("neuron", [20.0, 20.0, 20.0, 4.0, 2.0], ms),
            "tau_a_initial": ("neuron", [100.0, 100.0, 100.0, NAN, NAN], ms),
            "tau_a": ("neuron", [100.0, 150.0, 300.0, NAN, NAN], ms),
        },
        coords={"layer": ("neuron", ["hidden1"] * 3 + ["output"] * 2)},
    )


def cell(ds, name, quantity, layer, when=None):
    row = ds[name].sel(timescale_quantity=quantity, timescale_layer=layer)
    return row.values if when is None else row.sel(timescale_when=when).values


def test_by_hand(network):
    got = timescales(network)
    assert cell(got, "timescale_median", "tau_m", "hidden1").tolist() == [20, 20]
    assert cell(got, "timescale_quartile", "tau_m", "hidden1", "before").tolist() == [15, 30]
    assert cell(got, "timescale_change", "tau_m", "hidden1") == 1
    assert cell(got, "timescale_change", "tau_m", "output") == 0.375
    assert cell(got, "timescale_change_ms", "tau_a", "hidden1") == 50
    assert cell(got, "timescale_count", "tau_a", "hidden1") == 3
    # sample standard deviation of 10, 20, 40 is sqrt(700/3), their mean 70/3
    np.testing.assert_allclose(
        cell(got, "timescale_cv", "tau_m", "hidden1", "before"), np.sqrt(700 / 3) / (70 / 3), rtol=1e-14
    )
    assert cell(got, "timescale_cv", "tau_m", "hidden1", "after") == 0


def test_a_layer_without_adaptation_is_nan_and_not_in_the_table(network):
    got = timescales(network)
    assert np.isnan(cell(got, "timescale_median", "tau_a", "output")).all()
    assert cell(got, "timescale_count", "tau_a", "output") == 0
    lines = timescales_table(got).splitlines()
    assert len(lines) == 2 + 3
    assert [line.split()[:3] for line in lines[2:]] == [
        ["hidden1", "tau_m", "3"],
        ["output", "tau_m", "2"],
        ["hidden1", "tau_a", "3"],
    ]
    assert "20.0 [15.0, 30.0]" in lines[2]
    assert lines[3].endswith("0.38x")


def test_a_network_without_adaptation_has_no_tau_a(network):
    got = timescales(network.drop_vars(["tau_a", "tau_a_initial"]))
    assert got["timescale_quantity"].values.tolist() == ["tau_m"]


def test_every_variable_says_its_unit(network):
    got = timescales(network)
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


def test_what_is_refused(network):
    with pytest.raises(MissingVariable, match="tau_m_initial is missing.*timescale_intervals"):
        timescales(network.drop_vars("tau_m_initial"))
    with pytest.raises(MissingVariable, match="tau_a_initial is missing; before and after"):
        timescales(network.drop_vars("tau_a_initial"))
    with pytest.raises(InvalidInput, match=r"tau_m must be in ms, but its units attribute is 's'"):
        timescales(network.assign(tau_m=network["tau_m"].assign_attrs(units="s")))
    with pytest.raises(InvalidInput, match="tau_m must be positive and finite.*got -3.0 at position 1"):
        timescales(network.assign(tau_m=("neuron", [1.0, -3.0, 1.0, 1.0, 1.0], {"units": "ms"})))
    with pytest.raises(InvalidInput, match="neuron 1 has tau_m only before or only after training"):
        timescales(network.assign(tau_m=("neuron", [1.0, NAN, 1.0, 1.0, 1.0], {"units": "ms"})))
    with pytest.raises(MissingVariable, match="timescales_table: the dataset lacks timescale_median"):
        timescales_table(network)
    with pytest.raises(
        InvalidInput, match=r"dimension \('neuron',\), got \('seed', 'neuron'\); select one run"
    ):
        timescales(network.expand_dims(seed=2))
