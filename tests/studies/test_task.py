import numpy as np
import pytest

from chronaxie.models import ECGEncoder
from chronaxie.studies.task import Task, TaskError, make_split

DT = 0.004


def split(first=0, *, stimulus=None, label=None, dt=DT, channel=("up", "down")):
    stimulus = np.array([[[0, 1], [1, 0], [0, 0]]], dtype=np.uint8) if stimulus is None else stimulus
    label = np.array([[0, 1, -1]], dtype=np.int8) if label is None else label
    return make_split(stimulus, label, dt=dt, trial=first + np.arange(len(stimulus)), channel=channel)


def task(*, classes=("a", "b"), dt=DT, **splits):
    parts = {"train": split(0), "valid": split(1), "test": split(2), **splits}
    return Task("small", **parts, classes=classes, dt=dt, source="", licence="", hash="", description="")


def spikes(value, dtype=np.uint8):
    stimulus = np.zeros((1, 3, 2), dtype=dtype)
    stimulus[0, 1, 0] = value
    return stimulus


def test_a_split_carries_units_time_and_mask():
    ds = task().test
    assert ds.time.values.tolist() == [0, DT, 2 * DT]
    assert ds.labelled.values.tolist() == [[True, True, False]]
    assert {name: v.attrs["units"] for name, v in ds.data_vars.items()} == dict.fromkeys(ds.data_vars, "1")
    assert ds.time.attrs["units"] == "s"


def test_graded_stimuli_and_labels_a_trial_are_allowed():
    parts = {
        name: split(i, stimulus=spikes(-0.5, float), label=np.array([1], dtype=np.int8))
        for i, name in enumerate(("train", "valid", "test"))
    }
    assert task(**parts).train.label.dims == ("trial",)


def test_unlabelled_class_and_encoder_fit_the_task():
    fields = {"classes": ("a", "b"), "dt": DT, "source": "", "licence": "", "hash": "", "description": ""}
    splits = {"train": split(0), "valid": split(1), "test": split(2)}
    assert Task("small", **splits, **fields, unlabelled_class="a").unlabelled_class == "a"
    with pytest.raises(
        TaskError, match=r"an encoder with the step of the task, 0\.004 s, got ECGEncoder\(dt=0\.002"
    ):
        Task("small", **splits, **fields, encoder=ECGEncoder(dt=0.002))
    for wrong in ("b", "c", 0):
        with pytest.raises(TaskError, match="unlabelled_class must be None, or the first class, 'a', got"):
            Task("small", **splits, **fields, unlabelled_class=wrong)


def test_a_task_is_frozen():
    with pytest.raises(AttributeError):
        task().train = split()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"valid": split(1, stimulus=spikes(2))},
            r"valid, stimulus: expected spikes of 0 or 1.*got 2 at .*\(0, 1, 0\)",
        ),
        (
            {"test": split(2, stimulus=spikes(-1, np.int16))},
            "test, stimulus: expected spikes of 0 or 1.*got -1",
        ),
        (
            {"train": split(0, stimulus=spikes(np.nan, float))},
            "train, stimulus: expected finite numbers, got nan",
        ),
        ({"train": split(0, stimulus=spikes(np.inf, float))}, "stimulus: expected finite numbers, got inf"),
        ({"train": split(0, stimulus=spikes(1, complex))}, "expected real numbers, got dtype complex128"),
        ({"train": split(0, label=np.array([[0, 2, 1]]))}, "label: expected -1 .* to 1.*got 2 and 0 more"),
        ({"train": split(0, label=np.array([[0, -2, 1]]))}, "label: .*got -2"),
        ({"train": split(0, label=np.array([[0.0, 1.0, 1.0]]))}, "expected integers and bool, got float64"),
        ({"train": split(0, label=np.array([[-1, -1, -1]]))}, "at least one labelled step, got none"),
        (
            {"test": split(2, dt=0.002)},
            "test, time: expected steps of dt = 0.004 s, got 0.002 s after step 0",
        ),
        ({"test": split(2, channel=("up", "other"))}, "test, channel: expected the channels of train"),
        ({"test": split(0)}, r"unique over train, valid and test, but \[0\]"),
        (
            {"valid": split(1, stimulus=spikes(0.5, float))},
            "valid, label, stimulus: expected the dimensions and kind",
        ),
        ({"valid": split(1).drop_vars("labelled")}, "valid, labelled: expected a variable of this name"),
        (
            {"valid": split(1).transpose("time", ...)},
            "valid, stimulus: expected the dimensions .*time', 'trial'",
        ),
        ({"valid": split(1).isel(trial=slice(0, 0))}, "valid: expected at least one trial"),
        ({"valid": {"stimulus": 0}}, "valid: expected an xarray.Dataset, got dict"),
        ({"classes": ("a", "a")}, "at least two different names"),
        ({"dt": 0.0}, "dt must be a finite number of seconds > 0, got 0.0"),
        ({"dt": "4 ms"}, "dt must be a finite number of seconds > 0, got '4 ms'"),
    ],
)
def test_data_that_break_the_interface_are_refused(changed, message):
    with pytest.raises(TaskError, match=f"^task 'small'.*{message}"):
        task(**changed)


def test_a_mask_that_disagrees_with_the_labels_is_refused():
    ds = split(1)
    ds["labelled"] = ~ds.labelled.assign_attrs(units="1")
    with pytest.raises(
        TaskError, match="valid, labelled: expected True exactly where label >= 0, got 3 entries"
    ):
        task(valid=ds.assign(labelled=ds.labelled.assign_attrs(units="1")))


def test_missing_units_and_bad_signals_are_refused():
    ds = split(1)
    ds["signal"] = ("trial", "time", "lead"), np.full((1, 3, 1), np.nan), {"units": "mV"}
    with pytest.raises(TaskError, match="valid, signal: expected finite numbers, got NaN"):
        task(valid=ds)
    del ds["stimulus"].attrs["units"]
    with pytest.raises(TaskError, match="valid, stimulus: expected the attribute 'units', got none"):
        task(valid=ds)
