"""Participation ratio: known spectra come back, both ways of computing it agree, and from Dask."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.activity import dimensionality, events
from chronaxie.analyses.activity.dimensionality import participation_ratio, participation_ratio_kernel

from ..conftest import DT, random_simulation, simulation_dataset

pytestmark = pytest.mark.filterwarnings("error")


def test_a_known_spectrum_is_recovered():
    # axes with variances 4, 1, 1, 1/4 and a rotation: (Σλ)²/Σλ²; 1e5 samples: an eigenvalue is off by √(2/1e5) = 0.5 %
    rng = np.random.default_rng(0)
    variances = np.array([4, 1, 1, 0.25])
    rotation, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    activity = (rng.normal(size=(100_000, 4)) * np.sqrt(variances)) @ rotation + 7
    expected = variances.sum() ** 2 / (variances**2).sum()
    assert participation_ratio_kernel(activity) == pytest.approx(expected, rel=0.015)


def test_the_eigenvalues_are_not_needed():
    rng = np.random.default_rng(1)
    for shape in ((30, 8), (8, 30)):
        activity = rng.gamma(1, 1, shape)
        values = np.linalg.eigvalsh(np.cov(activity.T))
        expected = values.sum() ** 2 / (values**2).sum()
        assert participation_ratio_kernel(activity) == pytest.approx(expected, rel=1e-9)


def dense_counts(ds, group, bins, width):
    table = np.zeros((ds.attrs["trials"], bins, ds.sizes[f"{group}_neuron"]))
    part = [ds[f"{group}_spike_{name}"].values for name in ("trial", "time", "neuron")]
    at = np.floor(part[1] / width + 1e-6).astype(int)
    np.add.at(table, (part[0][at < bins], at[at < bins], part[2][at < bins]), 1)
    return table.reshape(-1, table.shape[-1])


@pytest.mark.parametrize("steps, bins", [(30, 3), (9, 11)])
def test_counts_of_events_are_those_of_a_dense_table(steps, bins, monkeypatch):
    # more neurons than samples, and fewer; blocks of the events and of the table that do not end with them
    monkeypatch.setattr(events, "BLOCK", 97)
    monkeypatch.setattr(dimensionality, "_BLOCK", 100)
    ds = random_simulation(np.random.default_rng(2), trials=5, steps=100)
    got = participation_ratio(ds, ["input", "hidden1"], bin_width=steps * DT)
    for layer in ("input", "hidden1"):
        expected = participation_ratio_kernel(dense_counts(ds, layer, bins, steps * DT))
        assert float(got["participation_ratio"].sel(activity_layer=layer)) == pytest.approx(
            expected, rel=1e-9
        )
    assert int(got["participation_samples"]) == 5 * bins
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


def events_of(counts, *, duration=10.0):
    """A simulation that has these counts (trial, neuron), spikes of a neuron evenly in the trial."""
    trials, size = counts.shape
    trial, neuron = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    place = np.concatenate([np.arange(n) for n in counts.ravel()])
    ds = simulation_dataset({"cells": []}, {"cells": size}, {}, trials=trials, steps=round(duration / DT))
    columns = {"trial": trial, "neuron": neuron, "time": place * (duration / (counts.max() + 1))}
    parts = {f"cells_spike_{name}": ("cells_spike", values) for name, values in columns.items()}
    ds = ds.drop_vars(list(parts)).assign(parts)
    ds["cells_spike_time"].attrs["units"] = "s"
    return ds


@pytest.mark.parametrize("trials, size, count", [(100, 36, 1000), (60, 4, 3000), (20, 100, 1000)])
def test_large_counts_that_hardly_vary(trials, size, count):
    # counts of ± 1 about 1000: of sums of squares of 1e8 four figures are the variance
    counts = count + np.random.default_rng(0).integers(-1, 2, (trials, size))
    got = float(participation_ratio(events_of(counts))["participation_ratio"][0])
    assert 1 <= got <= min(trials - 1, size)
    assert got == pytest.approx(participation_ratio_kernel(counts), rel=1e-9)


def test_large_counts_that_do_not_vary_have_no_dimension():
    for trials, size in ((7, 3), (3, 7)):
        counts = np.full((trials, size), 1000) + np.arange(size)
        assert np.isnan(participation_ratio(events_of(counts))["participation_ratio"][0])
        # in another unit what is left of the mean is rounding as well
        assert np.isnan(participation_ratio_kernel(counts * 0.1))


def test_the_unit_of_the_activity_does_not_matter():
    activity = np.random.default_rng(4).gamma(1, 1, (30, 8))
    expected = participation_ratio_kernel(activity)
    assert participation_ratio_kernel(1e-9 * activity) == pytest.approx(expected, rel=1e-9)


def test_dask_gives_the_same_numbers_lazily():
    ds = random_simulation(np.random.default_rng(3), trials=5, steps=100)
    got = participation_ratio(ds.chunk(hidden1_spike=123), bin_width=0.04)
    assert got["participation_ratio"].chunks is not None
    xr.testing.assert_allclose(got.compute(), participation_ratio(ds, bin_width=0.04), rtol=1e-12)


def test_what_does_not_vary_has_no_dimension():
    same = [(k, n, 2) for k in range(4) for n in range(3)]
    ds = simulation_dataset({"cells": same}, {"cells": 3}, {}, trials=4, steps=10)
    assert np.isnan(participation_ratio(ds)["participation_ratio"]).all()
    assert np.isnan(participation_ratio(ds.isel(cells_spike=slice(0)))["participation_ratio"]).all()
    one = simulation_dataset({"cells": same[:3]}, {"cells": 3}, {}, trials=1, steps=10)
    assert np.isnan(participation_ratio(one)["participation_ratio"]).all()
    assert np.isnan(participation_ratio_kernel(np.ones((1, 3))))


def test_one_neuron_has_one_dimension():
    ds = simulation_dataset({"cell": [(0, 0, 1), (1, 0, 2), (1, 0, 4)]}, {"cell": 1}, {}, trials=3, steps=10)
    assert float(participation_ratio(ds)["participation_ratio"][0]) == pytest.approx(1, rel=1e-12)


def test_what_is_refused(small):
    with pytest.raises(
        InvalidInput, match="bin_width must be at most the duration of a trial, 0.04 s, got 1.0"
    ):
        participation_ratio(small, bin_width=1)
    large = simulation_dataset({"cells": [(0, 0, 0)]}, {"cells": 5000}, {}, trials=5000, steps=2)
    with pytest.raises(
        InvalidInput, match="'cells' has 5000 neurons and 10000 samples; one of the two must be at"
    ):
        participation_ratio(large, bin_width=DT)
    with pytest.raises(InvalidInput, match=r"finite numbers \(sample, neuron\), got shape \(3,\)"):
        participation_ratio_kernel(np.ones(3))
