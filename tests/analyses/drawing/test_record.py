"""The figure of a record: each class is drawn in its own colour where it was decided, and nowhere else."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import RECORD, InvalidInput, MissingVariable, figures, record_waves


@pytest.fixture
def record():
    time = np.arange(100) * 0.004
    decision = np.repeat([0, 1, 2, 3], 25).astype(np.int8)
    return xr.Dataset(
        {
            "record_signal": (("time", "lead"), np.sin(time)[:, None], {"units": "mV", "long_name": "ECG"}),
            "record_class": ("time", decision, {"units": "1"}),
            "record_spike_time": ("record_spike", [0.1, 0.2], {"units": "s"}),
            "record_spike_unit": ("record_spike", [0, 1], {"units": "1"}),
            "beat_time": ("beat", [0.15], {"units": "s"}),
        },
        {
            "time": ("time", time, {"units": "s"}),
            "lead": ["ii"],
            "wave_class": ["none", "P", "QRS", "T"],
            "unit_layer": ("unit", ["hidden1", "hidden1"]),
        },
    )


def test_each_class_is_drawn_where_it_was_decided(record):
    ax = record_waves(record, Figure().subplots())
    lines = {line.get_label(): line for line in ax.lines}
    assert len({line.get_color() for line in lines.values()}) == 5
    for number, name in enumerate(record.wave_class.values):
        drawn = np.isfinite(lines[name].get_ydata())
        decided = record.record_class.values == number
        assert (drawn >= decided).all()
        assert drawn.sum() - decided.sum() <= 1  # one sample more, so that stretches touch
    assert lines["annotated beat"].get_xdata().tolist() == [0.15]
    assert ax.get_ylabel() == "ECG, ii\n(mV)"


def test_the_figure_is_written(record, tmp_path):
    names = [path.name for path in figures(record, tmp_path, stem="x", specs=(RECORD,))]
    assert names == ["x_record.png", "x_record.svg"]


def test_what_does_not_fit_is_refused(record):
    with pytest.raises(InvalidInput, match="record_class goes from 0 to 3, expected 0 to 2"):
        record_waves(record.isel(wave_class=slice(3)), Figure().subplots())
    with pytest.raises(MissingVariable, match="record_class"):
        record_waves(record.drop_vars("record_class"), Figure().subplots())
