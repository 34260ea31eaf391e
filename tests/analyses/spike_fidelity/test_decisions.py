"""Accuracy kept, by hand and against a known loss."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.spike_fidelity.decisions import accuracy_kept

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def array(values):
    values = np.array(values)
    return xr.DataArray(values, dims=("trial", "time")[: values.ndim])


def test_by_hand():
    label = array([[0, 1, -1, 1], [1, 1, 0, 0]])
    reference = array([[0, 1, 0, 1], [1, 0, 0, 0]])
    other = array([[0, 0, 1, 1], [1, 0, 0, 1]])
    found = accuracy_kept(reference, other, label, resamples=20)
    assert float(found["accuracy_reference"]) == pytest.approx(6 / 7)
    assert float(found["accuracy_other"]) == pytest.approx(4 / 7)
    assert float(found["accuracy_difference"]) == pytest.approx(-2 / 7)
    assert float(found["accuracy_ratio"]) == pytest.approx(4 / 6)
    assert float(found["decisions_same"]) == pytest.approx(5 / 8)
    mask = array([[True] * 4, [False] * 4])
    masked = accuracy_kept(reference, other, label, mask=mask, resamples=20)
    assert float(masked["accuracy_other"]) == pytest.approx(2 / 3)
    assert float(masked["decisions_same"]) == pytest.approx(5 / 8)
    for name in found.variables:
        assert {"units", "long_name"} <= set(found[name].attrs)


def test_a_known_loss_lies_in_its_interval():
    rng = np.random.default_rng(0)
    label = array(rng.integers(0, 10, 800))
    right = rng.random(800) < 0.9
    reference = label.where(right, (label + 1) % 10).astype(int)
    worse = reference.where(rng.random(800) < 0.8, (label + 2) % 10).astype(int)
    found = accuracy_kept(reference, worse, label, resamples=500, seed=1)
    for name, truth in (("accuracy_ratio", 0.8), ("accuracy_difference", -0.18), ("decisions_same", 0.8)):
        low, high = found[f"{name}_interval"].values
        assert low < truth < high
        assert high - low < 0.1
    assert found["accuracy_ratio_interval"].attrs["seed"] == 1


def test_what_has_no_answer_is_nan():
    nothing = accuracy_kept(array([0, 1]), array([0, 1]), array([-1, -1]), resamples=20)
    assert np.isnan(nothing["accuracy_reference"])
    assert float(nothing["decisions_same"]) == 1
    never = accuracy_kept(array([0, 1]), array([1, 0]), array([1, 0]), resamples=20)
    assert np.isnan(never["accuracy_ratio"])
    assert float(never["accuracy_other"]) == 1
    one = accuracy_kept(array([1]), array([1]), array([1]), resamples=20)
    assert float(one["accuracy_ratio"]) == 1
    assert np.isnan(one["accuracy_ratio_interval"]).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInput, match="accuracy"):
        accuracy_kept(array([0, 1]), array([0, 1, 1]), array([0, 1]))
    with pytest.raises(TypeError, match="accuracy"):
        accuracy_kept(array([0.0, 1.0]), array([0, 1]), array([0, 1]))
    with pytest.raises(InvalidInput, match="accuracy_kept: other has .*'trial': 3.*, but label has"):
        accuracy_kept(array([0, 1]), array([0, 1, 1]), array([0, 1]))
    with pytest.raises(TypeError, match="accuracy_kept: reference must be an xarray.DataArray of integers"):
        accuracy_kept(array([0.0, 1.0]), array([0, 1]), array([0, 1]))
    with pytest.raises(InvalidInput, match="accuracy_kept: level must be between 0 and 1"):
        accuracy_kept(array([0, 1]), array([0, 1]), array([0, 1]), level=95)
    of_time = xr.DataArray([0, 1], dims="time")
    with pytest.raises(InvalidInput, match="label needs a dimension 'trial'"):
        accuracy_kept(of_time, of_time, of_time)
