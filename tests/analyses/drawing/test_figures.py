"""Figures from a study's dataset: files, what is left out and what must not be, what the axes show."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie import analyses
from chronaxie.analyses import FIGURES, InvalidInput, MissingVariable, figures
from chronaxie.analyses.drawing.figure_files import footer
from chronaxie.analyses.drawing.style import GREY, class_colours

NAMES = [spec.name for spec in FIGURES]
SPEC = {spec.name: spec for spec in FIGURES}


@pytest.fixture
def ax():
    return Figure().subplots()


def test_every_figure_is_written_from_the_file_alone(result, tmp_path):
    result.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    rc, backend = dict(mpl.rcParams), mpl.get_backend()
    with xr.open_dataset(tmp_path / "result.nc", engine="h5netcdf") as ds:
        written = figures(ds, tmp_path / "figures", stem="ecg")
    assert [path.name for path in written] == [
        f"ecg_{name}.{form}" for name in NAMES for form in ("png", "svg")
    ]
    assert sorted(written) == sorted((tmp_path / "figures").iterdir())
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in written if path.suffix == ".png")
    assert all("<svg" in path.read_text() for path in written if path.suffix == ".svg")
    assert dict(mpl.rcParams) == rc
    assert mpl.get_backend() == backend


def test_a_figure_is_left_out_only_where_its_variables_are(result, tmp_path):
    assert figures(xr.Dataset(), tmp_path, stem="ecg") == []
    part = result[["accuracy_dt"]]
    assert [path.name for path in figures(part, tmp_path, stem="x")] == ["x_dt.png", "x_dt.svg"]


def test_the_log_says_what_a_figure_that_is_not_drawn_looked_for(result, tmp_path, caplog):
    caplog.set_level("INFO")
    figures(result[["accuracy_dt"]], tmp_path, stem="x", specs=(SPEC["dt"], SPEC["confusion"]))
    (line,) = caplog.records
    assert line.levelname == "INFO"
    assert line.getMessage() == (
        "figures: confusion is not drawn: looked for confusion, true_class, predicted_class; "
        "the dataset lacks confusion, true_class, predicted_class"
    )
    caplog.clear()
    assert figures(result[["accuracy_dt"]], tmp_path, stem="x", specs=SPEC["raster"]) == []
    (line,) = caplog.records
    assert line.levelname == "WARNING"
    assert "raster is not drawn: looked for example_spike_time, " in line.getMessage()


def test_one_figure_or_several_but_not_its_name(result, tmp_path):
    written = figures(result[["accuracy_dt"]], tmp_path, stem="x", specs=SPEC["dt"])
    assert [path.name for path in written] == ["x_dt.png", "x_dt.svg"]
    assert analyses.figure_names("x", specs=SPEC["dt"]) == ["x_dt.png", "x_dt.svg"]
    for wrong in ("dt", ("dt",), None):
        with pytest.raises(TypeError, match=r"figures: specs must be FigureSpec.*got ('dt'|None)"):
            figures(result, tmp_path, stem="x", specs=wrong)


def test_the_same_dataset_gives_the_same_bytes(result, tmp_path):
    part = result[["confusion"]]
    first, second = figures(part, tmp_path / "1", stem="x"), figures(part, tmp_path / "2", stem="x")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_an_error_is_raised_and_leaves_no_file_behind(result, tmp_path):
    wrong = result[["example_spike_time", "unit_layer"]].assign(
        example_spike_unit=result["example_spike_unit"] + 30
    )
    with pytest.raises(InvalidInput, match="example_spike_unit goes to 65, but there are 36 units"):
        figures(wrong, tmp_path, stem="x")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TypeError, match=r"figures: expected an xarray.Dataset, got str"):
        figures("result.nc", tmp_path, stem="x")


def test_without_a_signal_the_raster_has_three_panels(result):
    with_signal = analyses.compose(result, SPEC["raster"])
    without = analyses.compose(result.drop_vars("example_signal"), SPEC["raster"])
    assert (len(with_signal.axes), len(without.axes)) == (4, 3)
    assert without.axes[-1].get_xlabel() == "Time (s)"


def labels(ax):
    """Texts and legend of an axis that are drawn: tick labels within the limits, nothing empty or hidden."""
    ticks = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        ticks += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        ticks += [tick.label2 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    texts = [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts, *ticks]
    shown = [text for text in texts if text.get_visible() and text.get_text()]
    return [*shown, *([ax.get_legend()] if ax.get_legend() else [])]


@pytest.mark.parametrize("name", NAMES)
def test_no_text_lies_on_another_or_outside(result, name):
    figure = analyses.compose(result, SPEC[name])
    figure.draw_without_rendering()
    width, height = figure.bbox.width, figure.bbox.height
    boxes = [(a, a.get_window_extent()) for ax in figure.axes for a in labels(ax)]
    for artist, box in boxes:
        assert min(box.x0, box.y0) >= -1, f"{artist} leaves the figure"
        assert box.x1 <= width + 1, f"{artist} leaves the figure"
        assert box.y1 <= height + 1, f"{artist} leaves the figure"
    # a touch of one pixel is no overlap
    shrunk = [(a, b.padded(-1)) for a, b in boxes if b.width > 2 and b.height > 2]
    overlaps = [
        (str(a), str(c)) for k, (a, b) in enumerate(shrunk) for c, d in shrunk[k + 1 :] if b.overlaps(d)
    ]
    assert overlaps == []


def test_learning_curve_shows_the_numbers(result, ax):
    analyses.learning_loss(result, ax)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), result["train_loss"].values)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]


def test_confusion_rows_add_up_to_a_hundred_percent(ax):
    counts = xr.DataArray(
        [[3, 1], [0, 0]],
        dims=("true_class", "predicted_class"),
        coords={"true_class": ["a", "b"], "predicted_class": ["a", "b"]},
        name="confusion",
    )
    analyses.confusion_matrix(counts.to_dataset(), ax)
    # a class that never occurs has no percentages
    assert [text.get_text() for text in ax.texts] == ["75", "25"]


def test_time_constants_are_drawn_before_against_after_without_nan(result, ax):
    analyses.adaptation_change(result, ax)
    points = ax.lines[0].get_xydata()
    assert len(points) == 36
    np.testing.assert_array_equal(points[:, 0], result["tau_a_initial"].values[:36])
    np.testing.assert_array_equal(points[:, 1], result["tau_a"].values[:36])


def test_bands_cover_the_trial_and_unlabelled_steps_have_their_own_colour(result, ax):
    analyses.example_classes(result, ax)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["P", "PQ", "QR", "RS", "ST", "TP", "unlabelled"]
    spans = [path.get_extents() for band in ax.collections for path in band.get_paths()]
    covered = sum(box.width for box in spans if box.y0 > 0.5)
    np.testing.assert_allclose(covered, 1300 * 0.004, rtol=1e-9)


@pytest.mark.filterwarnings("error")
def test_a_silent_network_of_one_epoch_can_be_drawn(result, small, tmp_path):
    models = {"hidden1": "ALIF", "output": "LeakyIntegrator"}
    silent = small.isel(hidden1_spike=slice(0), input_spike=slice(0))
    ds = xr.merge(
        [
            result[["train_loss", "valid_accuracy"]].isel(epoch=slice(1)),
            analyses.firing_rates(silent),
            analyses.energy(silent, models=models),
            result[["example_stimulus", "example_spike_time", "example_spike_unit"]].isel(
                example_spike=slice(0)
            ),
            result[["rate_dt"]] * 0,
        ],
        combine_attrs="drop_conflicts",
    )
    written = {path.stem for path in figures(ds, tmp_path, stem="x")}
    assert written == {"x_learning", "x_firing_rates", "x_energy", "x_raster", "x_dt"}


def test_a_missing_variable_is_named(ax):
    with pytest.raises(MissingVariable, match="energy_bars: the dataset lacks energy_per_step"):
        analyses.energy_bars(xr.Dataset(), ax)


def test_the_whole_result_can_be_merged_and_comes_back_from_netcdf(result, tmp_path):
    result.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as back:
        xr.testing.assert_equal(back, result)
    prefixes = ("energy_", "operations_", "biology_", "timescale_")
    ours = [name for name in result.variables if name.startswith(prefixes)]
    assert len(ours) > 40
    assert [name for name in ours if not {"units", "long_name"} <= set(result[name].attrs)] == []


def test_the_analyses_load_neither_torch_nor_brian2_nor_pyplot():
    code = (
        "import sys, chronaxie.analyses; "
        "print([m for m in ('torch', 'brian2', 'matplotlib.pyplot', 'chronaxie.models') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("size", [1, 8, 9, 20])
def test_no_two_classes_share_a_colour(size):
    colours = class_colours([str(k) for k in range(size)] + ["none"])
    assert len(set(colours)) == size + 1
    assert colours[-1] == GREY


ORIGIN = {
    "study": "train",
    "task": "digits",
    "model": "lstm",
    "seed": np.int64(3),
    "data_source": "UCI Handwritten Digits (Alpaydin and Kaynak 1998), the test images",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_foot_says_which_data_and_seed_and_lies_on_nothing(result, name):
    figure = analyses.compose(result.assign_attrs(ORIGIN), SPEC[name])
    foot = figure.get_supxlabel()
    assert foot == "train digits lstm, seed 3, UCI Handwritten Digits"
    figure.draw_without_rendering()
    box = figure._supxlabel.get_window_extent()
    assert box.y0 >= 0
    assert box.x1 <= figure.bbox.width
    others = [a.get_window_extent() for ax in figure.axes for a in labels(ax)]
    assert not any(box.overlaps(other) for other in others)


def test_the_foot_of_a_record_and_of_a_long_name():
    record = {"study": "simulate", "record": "100", "leads": "MLII", "network": "out/ludb/net.nc"}
    assert footer(xr.Dataset(attrs=record)) == "simulate, record 100, lead MLII, net.nc"
    assert footer(xr.Dataset(attrs=ORIGIN), most=27) == "train digits lstm, seed 3…"
    records = xr.Dataset(attrs={"data_source": "WFDB records 100, 101 (and more)"})
    assert footer(records) == "WFDB records 100, 101"
    assert footer(xr.Dataset()) == ""


def test_without_attributes_there_is_no_foot(result):
    assert analyses.compose(result.drop_attrs(deep=False), SPEC["learning"])._supxlabel is None
