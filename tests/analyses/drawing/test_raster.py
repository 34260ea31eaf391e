"""The example trial: the class and the decision in words, graded inputs as lines or an image, colours of classes."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from chronaxie.analyses import FIGURES, InvalidInput, compose, example_classes, example_stimulus, record_waves
from chronaxie.analyses.drawing.style import GREY

RASTER = next(spec for spec in FIGURES if spec.name == "raster")
STEP = 0.002


def trial(channels, label=7, decision=1):
    rng = np.random.default_rng(2)
    return xr.Dataset(
        {
            "example_stimulus": (("time", "channel"), rng.random((50, channels)), {"units": "nA"}),
            "example_spike_time": ("example_spike", [0.01, 0.03], {"units": "s"}),
            "example_spike_unit": ("example_spike", [0, 1], {"units": "1"}),
            "example_trial_label": ((), label),
            "example_trial_prediction": ((), decision),
        },
        {"time": np.arange(50) * STEP, "true_class": [str(k) for k in range(10)]},
    )


@pytest.mark.parametrize(
    "label, decision, title", [(7, 7, "class 7, decided 7"), (-1, 3, "no class, decided 3")]
)
def test_the_class_of_a_trial_and_the_decision_are_written_above(label, decision, title):
    figure = compose(trial(1, label, decision), RASTER)
    assert [ax.get_title() + ax.get_title(loc="left") for ax in figure.axes] == [title, ""]


def test_a_class_that_there_is_not_is_refused():
    with pytest.raises(InvalidInput, match="example_trial_prediction is 10, expected 0 to 9"):
        compose(trial(1, 7, 10), RASTER)
    with pytest.raises(InvalidInput, match="example_trial_label is -2, expected -1 to 9"):
        compose(trial(1, -2, 0), RASTER)


def test_labels_in_time_need_no_title(result):
    assert {ax.get_title() + ax.get_title(loc="left") for ax in compose(result, RASTER).axes} == {""}


def test_up_to_four_graded_channels_are_lines():
    ds = trial(4)
    ax = example_stimulus(ds, Figure().subplots())
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], ds.example_stimulus.values.T)
    assert len(ax.images) == 0


@pytest.mark.parametrize("channels", [5, 8, 40])
def test_more_graded_channels_are_an_image_over_the_same_time(channels):
    ds = trial(channels).assign_coords(channel=[f"pixel +{k}" for k in range(channels)])
    figure = compose(ds, RASTER)
    stimulus, spikes, scale = figure.axes
    (image,) = stimulus.images
    np.testing.assert_array_equal(image.get_array(), ds.example_stimulus.values.T)
    np.testing.assert_allclose(image.get_extent(), (0, 50 * STEP, channels - 0.5, -0.5))
    np.testing.assert_allclose(stimulus.get_xlim(), (0, 50 * STEP))
    assert scale.get_ylabel() == "(nA)"
    figure.draw_without_rendering()
    # the scale takes its room from both panels
    np.testing.assert_allclose(stimulus.get_position().intervalx, spikes.get_position().intervalx)
    names = [text.get_window_extent() for text in stimulus.get_yticklabels()]
    assert not any(a.padded(-1).overlaps(b.padded(-1)) for a, b in zip(names, names[1:], strict=False))


def test_a_class_has_one_colour_in_the_raster_and_in_the_record():
    classes, number = ["none", "P", "QRS", "T"], np.repeat([0, 1, 2, 3], 10)
    ds = xr.Dataset(
        {
            "example_label": ("time", number),
            "example_prediction": ("time", number),
            "record_class": ("time", number),
            "record_signal": (("time", "lead"), np.sin(np.arange(40.0))[:, None], {"units": "mV"}),
        },
        {"time": np.arange(40) * STEP, "true_class": classes, "wave_class": classes},
    )
    raster = example_classes(ds, Figure().subplots())
    record = record_waves(ds, Figure().subplots())
    keys = zip(raster.get_legend().get_texts(), raster.get_legend().legend_handles, strict=True)
    in_raster = {text.get_text(): to_hex(key.get_facecolor()).upper() for text, key in keys}
    assert in_raster == {line.get_label(): line.get_color().upper() for line in record.lines}
    assert in_raster["none"] == GREY
