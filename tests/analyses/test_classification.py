"""Accuracy, balanced accuracy and confusion against counts made by hand."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import InvalidInput, accuracy, accuracy_yin, balanced_accuracy, confusion, f1_scores

LABEL = [[0, 0, 1, 2, -1, 1], [2, 2, 2, -1, -1, 0]]
PREDICTION = [[0, 1, 1, 2, 0, 0], [2, 2, 0, 0, 1, 0]]
NAMES = ["P", "QR", "T"]


def array(values, dtype=np.int64, **coords):
    return xr.DataArray(np.asarray(values, dtype=dtype), dims=("trial", "time"), coords=coords)


def test_accuracy_counts_labelled_steps_only():
    # 9 labelled steps, right at 0, 2, 3 of the first trial and 0, 1, 5 of the second
    got = accuracy(array(PREDICTION), array(LABEL))
    assert float(got) == 6 / 9
    assert got.attrs["units"] == "1"
    assert got.attrs["long_name"]


def test_accuracy_over_one_dimension():
    got = accuracy(array(PREDICTION), array(LABEL), dim="time")
    assert got.dims == ("trial",)
    np.testing.assert_array_equal(got.values, [3 / 5, 3 / 4])


def test_accuracy_with_a_mask_and_transposed_prediction():
    mask = array([[1, 1, 1, 0, 1, 0], [0, 0, 1, 1, 1, 1]], dtype=bool)
    # counted: (0, 0), (0, 1), (0, 2), (1, 2), (1, 5); right: three of them
    assert float(accuracy(array(PREDICTION).T, array(LABEL), mask=mask)) == 3 / 5


def test_accuracy_of_nothing_is_nan():
    nothing = array(np.full((2, 6), -1))
    assert np.isnan(float(accuracy(array(PREDICTION), nothing)))
    assert np.isnan(float(balanced_accuracy(array(PREDICTION), nothing)))
    empty = array(np.zeros((2, 0)))
    assert np.isnan(float(accuracy(empty, empty)))


def test_accuracy_takes_small_integer_types():
    got = accuracy(array(PREDICTION, dtype=np.uint8), array(LABEL, dtype=np.int8))
    assert float(got) == 6 / 9


def test_accuracy_yin_counts_unlabelled_steps_as_class_0():
    # without the first 2 steps: labels 1 2 0 1 | 2 0 0 0, predictions 1 2 0 0 | 0 0 1 0
    assert float(accuracy_yin(array(PREDICTION), array(LABEL), skip=2)) == 5 / 8
    assert np.isnan(float(accuracy_yin(array(PREDICTION), array(LABEL))))


def test_accuracy_yin_skips_along_time_whatever_the_order_of_dimensions():
    got = accuracy_yin(array(PREDICTION).T, array(LABEL).T, skip=2, dim="time")
    np.testing.assert_array_equal(got.values, [3 / 4, 2 / 4])


def test_confusion_by_hand():
    got = confusion(array(PREDICTION), array(LABEL), NAMES)
    assert got.dims == ("true_class", "predicted_class")
    np.testing.assert_array_equal(got.values, [[2, 1, 0], [1, 1, 0], [1, 0, 3]])
    assert got["true_class"].values.tolist() == NAMES
    assert got.dtype == np.int64


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_that_occur():
    # recalls 2/3, 1/2, 3/4; class 3 is predicted nowhere and occurs nowhere
    got = float(balanced_accuracy(array(PREDICTION), array(LABEL)))
    np.testing.assert_allclose(got, (2 / 3 + 1 / 2 + 3 / 4) / 3, rtol=1e-15)
    only = array(np.where(np.equal(LABEL, 2), 2, -1))
    assert float(balanced_accuracy(array(PREDICTION), only)) == 3 / 4


def test_unlabelled_steps_may_hold_any_prediction():
    prediction = array(np.where(np.equal(LABEL, -1), 99, PREDICTION))
    np.testing.assert_array_equal(
        confusion(prediction, array(LABEL), NAMES), confusion(array(PREDICTION), array(LABEL), NAMES)
    )


def test_times_that_differ_in_the_last_bit_are_the_same_time():
    left, right = np.cumsum(np.full(6, 0.1)), 0.1 * np.arange(1, 7)
    assert not np.array_equal(left, right)
    assert float(accuracy(array(PREDICTION, time=left), array(LABEL, time=right))) == 6 / 9


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"prediction": array(PREDICTION)[:, :5]}, InvalidInput, "'time': 5.*'time': 6.*must be the same"),
        (
            {"prediction": array(PREDICTION).astype(float)},
            TypeError,
            "prediction must be .* integers.*float64",
        ),
        ({"label": np.asarray(LABEL)}, TypeError, "label must be an xarray.DataArray.*accuracy_kernel"),
        ({"label": array(LABEL) - 1}, InvalidInput, "label -2 is below -1"),
        ({"mask": array(LABEL)}, TypeError, "mask must be .* of bool.*int64"),
        ({"dim": "epoch"}, InvalidInput, "no dimension 'epoch'; label has"),
        (
            {"prediction": array(PREDICTION, trial=[0, 1]), "label": array(LABEL, trial=[0, 2])},
            InvalidInput,
            "coordinate 'trial' of prediction and label differ",
        ),
    ],
)
def test_accuracy_refuses(change, error, match):
    given = {"prediction": array(PREDICTION), "label": array(LABEL)} | change
    prediction, label = given.pop("prediction"), given.pop("label")
    with pytest.raises(error, match=match):
        accuracy(prediction, label, **given)


def test_accuracy_yin_refuses_a_bad_skip_and_a_missing_time():
    with pytest.raises(InvalidInput, match="skip must be a whole number of steps, at least 0, got -1"):
        accuracy_yin(array(PREDICTION), array(LABEL), skip=-1)
    with pytest.raises(InvalidInput, match="label needs a dimension 'step'"):
        accuracy_yin(array(PREDICTION), array(LABEL), time="step")


def test_confusion_refuses_what_is_no_class():
    with pytest.raises(InvalidInput, match="label 2 is not a class; expected 0 to 1"):
        confusion(array(PREDICTION), array(LABEL), NAMES[:2])
    with pytest.raises(InvalidInput, match="prediction 7 is not a class; expected 0 to 2"):
        confusion(array(PREDICTION).where(array(PREDICTION) != 2, 7), array(LABEL), NAMES)
    with pytest.raises(InvalidInput, match="classes must be different names"):
        confusion(array(PREDICTION), array(LABEL), ["P", "P", "T"])


def test_f1_by_hand():
    # class a: 3 right, 1 taken for b, 2 of b taken for it; class c neither occurs nor is predicted
    counts = xr.DataArray(
        [[3, 1, 0], [2, 4, 0], [0, 0, 0]],
        dims=("true_class", "predicted_class"),
        coords={"true_class": list("abc"), "predicted_class": list("abc")},
    )
    got = f1_scores(counts)
    np.testing.assert_allclose(got.values, [6 / 9, 8 / 11, np.nan], rtol=1e-12)
    assert got.true_class.values.tolist() == list("abc")
    np.testing.assert_array_equal(f1_scores(counts.transpose()), got)


def test_f1_needs_a_square_table():
    with pytest.raises(InvalidInput, match="f1_scores: expected counts .*take them from confusion"):
        f1_scores(xr.DataArray(np.zeros((2, 3), int), dims=("true_class", "predicted_class")))
