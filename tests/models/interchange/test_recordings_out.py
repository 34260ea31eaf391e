"""Simulations in Neo, NWB and pandas: every spike and sample, read by the libraries that they are for."""

from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import firing_rates
from chronaxie.models.interchange import MissingExtra, to_neo, to_nwb, to_pandas

DURATION, DT = 0.5, 1e-3


def simulated(trials=2, neurons=4, seed=0):
    """A dataset as `simulate` makes it, its last neuron silent: spikes of one group, a trace of another in volts."""
    rng = np.random.default_rng(seed)
    fired = rng.random((trials, 500, neurons)) < 0.05
    fired[..., -1] = False
    trial, step, neuron = np.nonzero(fired)
    samples = np.arange(500) * DT
    trace = rng.normal(size=(trials, 500, 3))
    return xr.Dataset(
        {
            "cells_spike_trial": ("cells_spike", trial.astype(np.int32), {"units": "1"}),
            "cells_spike_neuron": ("cells_spike", neuron.astype(np.int32), {"units": "1"}),
            "cells_spike_time": ("cells_spike", step * DT, {"units": "s"}),
            "output_v": (("trial", "time", "output_neuron"), trace, {"units": "V"}),
        },
        coords={
            "trial": np.arange(trials),
            "time": ("time", samples, {"units": "s"}),
            "cells_neuron": np.arange(neurons),
            "output_neuron": np.arange(3),
        },
        attrs={"duration": DURATION, "dt": DT, "dt_ref": DT, "trials": trials},
    )


def test_elephant_reads_the_block_and_finds_our_rates_and_their_own_irregularity():
    statistics = pytest.importorskip("elephant.statistics", reason="elephant is not installed")
    ds = simulated()
    block = to_neo(ds)
    assert [len(s.spiketrains) for s in block.segments] == [4, 4]
    found = [
        [float(statistics.mean_firing_rate(t).rescale("Hz")) for t in s.spiketrains] for s in block.segments
    ]
    ours = firing_rates(ds).firing_rate.values
    np.testing.assert_allclose(np.mean(found, axis=0), ours, rtol=1e-12)
    train = block.segments[1].spiketrains[0]
    times = ds.cells_spike_time.values[
        (ds.cells_spike_trial.values == 1) & (ds.cells_spike_neuron.values == 0)
    ]
    np.testing.assert_array_equal(train.magnitude, times)
    intervals = np.diff(times)
    assert statistics.cv(statistics.isi(train).magnitude) == pytest.approx(intervals.std() / intervals.mean())
    assert (train.annotations["group"], train.annotations["neuron"]) == ("cells", 0)
    assert len(block.segments[0].spiketrains[3]) == 0


def test_traces_are_analog_signals_in_their_unit():
    neo = pytest.importorskip("neo", reason="the extra interchange: neo is not installed")
    ds = simulated()
    (signal,) = to_neo(ds).segments[1].analogsignals
    assert isinstance(signal, neo.AnalogSignal)
    assert (signal.name, str(signal.dimensionality), signal.shape) == ("output_v", "V", (500, 3))
    np.testing.assert_array_equal(signal.magnitude, ds.output_v.values[1])
    assert float(signal.sampling_period.rescale("s")) == pytest.approx(DT)
    assert float(signal.t_start) == 0


def test_an_nwb_file_holds_trials_units_and_traces(tmp_path):
    pynwb = pytest.importorskip("pynwb", reason="the extra interchange: pynwb is not installed")
    ds, path = simulated(), tmp_path / "run.nwb"
    to_nwb(ds, path, session_start=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(FileExistsError, match="to_nwb: .*run.nwb exists"):
        to_nwb(ds, path)
    assert pynwb.validate(path=str(path)) in ([], ([], 0))
    with pynwb.NWBHDF5IO(path, mode="r") as io:
        file = io.read()
        np.testing.assert_allclose(file.trials["start_time"][:], [0, DURATION])
        assert list(file.units["group"][:]) == ["cells"] * 4
        for n in range(4):
            of = ds.cells_spike_neuron.values == n
            times = (ds.cells_spike_trial.values * DURATION + ds.cells_spike_time.values)[of]
            np.testing.assert_array_equal(file.units["spike_times"][n], np.sort(times))
        series = file.acquisition["output_v"]
        assert (series.unit, series.rate) == ("V", pytest.approx(1 / DT))
        np.testing.assert_array_equal(series.data[:], ds.output_v.values.reshape(-1, 3))
    assert list(tmp_path.iterdir()) == [path]


def test_tables_hold_every_value_and_say_its_unit():
    ds = simulated()
    tables = to_pandas(ds)
    assert set(tables) == {"spikes", "trial_time_output_neuron"}
    spikes = tables["spikes"]
    assert list(spikes.columns) == ["group", "trial", "neuron", "time"]
    assert spikes.attrs["units"] == {"time": "s"}
    assert spikes.groupby("neuron").size().sum() == ds.sizes["cells_spike"]
    np.testing.assert_array_equal(np.sort(spikes["time"]), np.sort(ds.cells_spike_time.values))
    traces = tables["trial_time_output_neuron"]
    assert traces.attrs["units"] == {"output_v": "V", "time": "s"}
    row = traces[(traces.trial == 1) & (traces.output_neuron == 2)]
    np.testing.assert_array_equal(row.output_v, ds.output_v.values[1, :, 2])


def test_tables_of_time_constants_and_of_results():
    ds = xr.Dataset(
        {
            "tau_m": ("neuron", [20.0, 30.0], {"units": "ms"}),
            "accuracy": ((), 0.5),
            "loss": ("epoch", [2.0, 1.0]),
        },
        coords={"layer": ("neuron", ["hidden1", "output"]), "epoch": [0, 1]},
    )
    tables = to_pandas(ds)
    assert tables["neuron"].to_dict("list") == {
        "neuron": [0, 1],
        "layer": ["hidden1", "output"],
        "tau_m": [20.0, 30.0],
    }
    assert tables["neuron"].attrs["units"] == {"tau_m": "ms"}
    assert tables["values"].to_dict("list") == {"accuracy": [0.5]}
    assert tables["epoch"]["loss"].tolist() == [2.0, 1.0]


def test_two_sessions_of_one_file_name_have_identifiers_of_their_own(tmp_path):
    pynwb = pytest.importorskip("pynwb", reason="the extra interchange: pynwb is not installed")
    found = set()
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with pynwb.NWBHDF5IO(to_nwb(simulated(seed=seed), folder / "run.nwb"), "r") as io:
            found.add(io.read().identifier)
    assert len(found) == 2


def test_what_is_no_simulation_is_refused():
    with pytest.raises(TypeError, match="to_neo: expected the Dataset of a simulation, got ndarray"):
        to_neo(np.zeros(3))
    with pytest.raises(ValueError, match="to_neo: the dataset has no duration"):
        to_neo(xr.Dataset())
    with pytest.raises(TypeError, match="to_pandas: expected a Dataset, got DataArray"):
        to_pandas(xr.DataArray([1]))
    uneven = simulated().assign_coords(time=np.arange(500.0) ** 2)
    with pytest.raises(ValueError, match="the samples of output_v are not regular"):
        to_neo(uneven)


@pytest.mark.parametrize(("module", "call"), [("neo", to_neo), ("pynwb", lambda ds: to_nwb(ds, "never.nwb"))])
def test_a_missing_package_is_named_with_its_extra(module, call, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(
        MissingExtra, match=rf"{module} cannot be imported .*pip install 'chronaxie\[interchange\]'"
    ):
        call(simulated())
