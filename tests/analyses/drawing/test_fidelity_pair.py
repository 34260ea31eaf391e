"""The figure of two simulations compared: what is drawn is what `fidelity` found."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import MissingVariable, compose, fidelity
from chronaxie.analyses.drawing.fidelity_pair import (
    FIDELITY_PAIR,
    gamma_of_neurons,
    measures_of_layers,
    trains_alike,
)


def simulation(fired):
    trial, step, neuron = np.nonzero(fired)
    dim = "hidden1_spike"
    return xr.Dataset(
        {
            f"{dim}_trial": (dim, trial, {"units": "1"}),
            f"{dim}_neuron": (dim, neuron, {"units": "1"}),
            f"{dim}_time": (dim, step * 0.004, {"units": "s"}),
        },
        coords={"hidden1_neuron": np.arange(fired.shape[2])},
        attrs={"trials": len(fired), "duration": 2.0, "dt": 0.004, "dt_ref": 0.004},
    )


@pytest.fixture(scope="module")
def ds():
    rng = np.random.default_rng(0)
    fired = rng.random((6, 500, 5)) < 0.05
    fired[:, :, 4] = False
    changed = fired.copy()
    # half of the spikes of the second half of the trial are lost
    changed[:, 250:] &= rng.random(changed[:, 250:].shape) < 0.5
    return fidelity(simulation(fired), simulation(changed), resamples=200)


def axes():
    return Figure().subplots()


def test_measures_have_rows_and_their_intervals(ds):
    ax = measures_of_layers(ds, axes())
    (container,) = ax.containers
    points = dict(
        zip([t.get_text() for t in ax.get_yticklabels()], container.lines[0].get_xdata(), strict=True)
    )
    assert points["Γ, above chance"] == float(ds["fidelity_gamma_factor"][0])
    assert points["trains alike, share"] == float(ds["fidelity_identical"][0])
    (bars,) = container.lines[2]
    ends = np.array([segment[:, 0] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends[0], ds["fidelity_coincidence_interval"].values[0])
    assert ax.get_xlabel() == "95 % intervals, n = 6 trials"
    assert ax.get_title() == "Spikes that coincide in the same step of 4 ms"


def test_neurons_stand_at_their_rates_and_undefined_ones_are_counted(ds):
    ax = gamma_of_neurons(ds, axes())
    x, y = ax.containers[0].lines[0].get_data()
    np.testing.assert_allclose(x, ds["spikes_reference"].mean("trial").values[:4] / 2)
    np.testing.assert_allclose(y, np.median(ds["gamma_factor"].values[:, :4], axis=0))
    assert [text.get_text() for text in ax.texts] == ["not defined: 1 of 5"]


def test_trains_part_when_they_do(ds):
    x, y = trains_alike(ds, axes()).lines[0].get_data()
    assert (y[x < 0.99] == 1).all()
    # four of five neurons lose spikes, the silent one none
    assert y[-1] == pytest.approx(0.2)
    k = int(np.searchsorted(x, 1.2))
    assert y[k] == pytest.approx(1 - (ds["first_divergence"] <= x[k]).mean())


def test_one_figure_from_the_dataset_alone(ds, tmp_path):
    ds.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as read:
        assert len(compose(read, FIDELITY_PAIR).axes) == 3
    assert compose(ds[["coincidence"]], FIDELITY_PAIR) is None
    with pytest.raises(MissingVariable, match="lacks first_divergence"):
        trains_alike(ds.drop_vars("first_divergence"), axes())
