"""chronaxie simulate: what is written is the simulation of the record, window by window, and the waves in it."""

import numpy as np
import pytest
import xarray as xr

from chronaxie import analyses
from chronaxie.models import load, readout_scores, save, simulate
from chronaxie.models.ecg_encoders import DifferenceEncoder, ECGEncoder
from chronaxie.studies import record_simulation
from chronaxie.studies.cli import main
from chronaxie.studies.record_reading import Reading
from chronaxie.studies.record_simulation import (
    beats_doubted,
    excerpt,
    find_waves,
    heart_rate,
    simulate_record,
)
from chronaxie.studies.tasks import load_record

from .wfdb_files import beats, write_annotated_beats
from .wfdb_files import ecg_network as network

LUDB = Reading(ECGEncoder(), ("none", "P", "QRS", "T"), {n: (n,) for n in ("P", "QRS", "T")}, "QRS", "")


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return write_annotated_beats(tmp_path_factory.mktemp("record"))


@pytest.fixture(scope="module")
def result(record):
    return simulate_record(network(), record, report=lambda line: None)


# ------------------------------------------------------------------ the dataset
def test_a_short_record_is_its_simulation(record):
    net = network()
    ds = simulate_record(net, record, seconds=4.0, report=lambda line: None)
    stimulus = load_record(record, seconds=4.0).stimulus
    out = simulate(net, stimulus, namespace={})
    scores = readout_scores(out)[0]
    np.testing.assert_array_equal(ds.record_score.values, scores.astype(np.float32))
    np.testing.assert_array_equal(ds.record_class.values, scores.argmax(-1))
    np.testing.assert_allclose(ds.record_spike_time.values, np.sort(out.hidden1_spike_time.values), atol=1e-9)
    assert ds.unit_layer.values.tolist() == ["hidden1"] * 6
    assert len(out.hidden1_spike_time) > 10


def test_windows_are_laid_end_to_end(record, result):
    assert result.sizes["time"] == 5250
    np.testing.assert_allclose(result.time.values, np.arange(5250) * 0.004, atol=1e-9)
    first = simulate_record(network(), record, seconds=10.0, report=lambda line: None)
    # Normalised over what was read, so codes of a part differ; the same record cut elsewhere is held against itself.
    assert first.sizes["time"] == 2500
    windows = load_record(record)
    out = simulate(network(), windows.stimulus, namespace={})
    scores = readout_scores(out)
    np.testing.assert_array_equal(result.record_score.values[:2500], scores[0].astype(np.float32))
    np.testing.assert_array_equal(result.record_score.values[2500:4500], scores[1, 500:].astype(np.float32))
    np.testing.assert_array_equal(result.record_score.values[4500:], scores[2, 1750:].astype(np.float32))
    spikes = result.record_spike_time.values
    assert (np.diff(spikes) >= 0).all()
    of_first = out.hidden1_spike_time.values[out.hidden1_spike_trial.values == 0]
    assert (spikes < 10 - 1e-9).sum() == len(of_first)


def test_annotated_beats_and_what_the_record_is(record, result):
    waves = beats(seconds=21.0)[1]
    np.testing.assert_allclose(result.beat_time.values, waves[waves[:, 0] == 1, 2] / 500)
    assert (result.attrs["record"], result.attrs["leads"], result.attrs["rate"]) == ("rec", "ii", 500)
    assert result.attrs["encoder"] == "ECGEncoder"
    part = simulate_record(network(), record, start=5.0, seconds=2.0, report=lambda line: None)
    assert float(part.time[0]) == 5.0
    assert part.beat_time.values.min() >= 5.0
    assert part.beat_time.values.max() < 7.0


def test_a_finer_step_decides_the_same(record):
    coarse, fine = (
        simulate_record(network(), record, seconds=3.0, dt=dt, report=lambda line: None) for dt in (None, 1.0)
    )
    np.testing.assert_array_equal(fine.record_class.values, coarse.record_class.values)
    assert fine.attrs["simulation_dt"] == 0.001


def test_excerpt_is_the_beginning(result):
    part = excerpt(result, 5.0)
    assert part.sizes["time"] == 1250
    assert part.record_spike_time.values.max() < 5.0
    assert part.beat_time.values.max() < 5.0


# ------------------------------------------------------------------ waves and heart rate
def waves_in(text, reading=LUDB):
    decision = np.array(["-PQT".index(c) for c in text])
    ds = find_waves(decision, 100 + np.arange(len(text)) * 0.004, reading)
    steps = [np.round((ds[n].values - 100) / 0.004).astype(int) for n in ("wave_onset", "wave_offset")]
    return list(zip(ds.wave_kind.values.tolist(), *map(np.ndarray.tolist, steps), strict=True))


def test_stretches_are_waves():
    text = "-" * 5 + "P" * 20 + "-" * 5 + "Q" * 12 + "T" * 30 + "-" * 3
    assert waves_in(text) == [("P", 5, 25), ("QRS", 30, 42), ("T", 42, 72)]
    assert waves_in("T" * 15) == [("T", 0, 15)]
    assert waves_in("-" * 40) == []


def test_short_gaps_are_bridged_and_short_stretches_left_out():
    assert waves_in("T" * 12 + "-" * 9 + "T" * 12) == [("T", 0, 33)]
    assert waves_in("T" * 12 + "-" * 10 + "T" * 12) == [("T", 0, 12), ("T", 22, 34)]
    assert waves_in("-" * 12 + "P" * 9 + "-" * 12) == []
    assert waves_in("-" * 12 + "P" * 10 + "-" * 12) == [("P", 12, 22)]


def test_classes_that_make_one_wave():
    qtdb = Reading(DifferenceEncoder(), ("-", "P", "QR", "RS"), {"QRS": ("QR", "RS")}, "QRS", "")
    decision = np.repeat([0, 2, 3, 0], 11)
    ds = find_waves(decision, np.arange(44) * 0.004, qtdb)
    assert ds.wave_onset.values.tolist() == [pytest.approx(0.044)]
    assert ds.wave_offset.values.tolist() == [pytest.approx(0.132)]


def test_heart_rate_is_that_of_the_median_interval():
    ds = xr.Dataset(
        {
            "wave_onset": ("wave", [0.0, 0.1, 0.8, 1.6, 3.9]),
            "wave_kind": ("wave", ["QRS", "T", "QRS", "QRS", "QRS"]),
        }
    )
    assert heart_rate(ds, "QRS") == pytest.approx(75)
    assert np.isnan(heart_rate(ds, "T"))


def row(found, marked=None):
    ds = xr.Dataset(
        {
            "wave_onset": ("wave", np.asarray(found, float)),
            "wave_kind": ("wave", np.array(["QRS"] * len(found), dtype="U12")),
        }
    )
    return ds if marked is None else ds.assign(beat_time=("beat", np.asarray(marked, float)))


@pytest.mark.parametrize(
    ("found", "marked", "duration", "words"),
    [
        (np.arange(40), np.arange(30), 40, None),
        (np.arange(41), np.arange(30), 41, "41 QRS found, 30 beats annotated: the network"),
        (np.arange(19), np.arange(30), 30, "19 QRS found, 30 beats annotated: the network"),
        ([0.5, 1.5], [0.5], 2, None),  # one more at an end
        (
            [1, 20],
            np.arange(54),
            30,
            "2 QRS found, 54 beats annotated; 2 QRS in 30 s would be less than 20 beats",
        ),
        ([1, 2], None, 30, "2 QRS in 30 s would be less than 20 beats per minute"),
        ([], None, 10, "0 QRS in 10 s would be less than 20"),
        ([0, 3.2, 6.4], None, 7, "3 QRS in 7 s would be less than 20"),
        ([0, 2.9, 5.8], None, 7, None),
        ([], None, 2.5, None),
        (np.arange(0, 5, 0.19), None, 5, "27 QRS in 5 s would be more than 300 beats per minute"),
        (np.arange(0, 5, 0.21), None, 5, None),
    ],
)
def test_beats_that_cannot_be_right_are_doubted(found, marked, duration, words):
    doubt = beats_doubted(row(found, marked), "QRS", duration)
    assert doubt is None if words is None else words in doubt


# ------------------------------------------------------------------ the command
@pytest.mark.slow
def test_the_command_writes_dataset_and_figure(record, tmp_path, capsys):
    save(network(task="ludb"), tmp_path / "net.nc")
    command = [
        "simulate",
        str(tmp_path / "net.nc"),
        "--wfdb",
        f"{record}.hea",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*command, "--seconds", "5", "--lead", "i"]) == 0
    printed = capsys.readouterr()
    assert "record rec, lead i: 0 to 5 s" in printed.out
    assert "annotated beats: 6, 75.0 per minute" in printed.out
    assert (
        "encoder: one lead, level crossings counted in binary, delta 0.05 sd, 8 bits (by its task, ludb)"
        in printed.err
    )
    files = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert files == ["record_rec.nc", "record_rec_record.png", "record_rec_record.svg"]
    with xr.open_dataset(tmp_path / "out" / "record_rec.nc", engine="h5netcdf") as ds:
        direct = simulate_record(
            load(tmp_path / "net.nc"), record, lead="i", seconds=5.0, report=lambda line: None
        )
        np.testing.assert_array_equal(ds.record_score, direct.record_score)
        assert all("units" in ds[name].attrs for name in ds.data_vars)
    assert main([*command, "--seconds", "5"]) == 1
    assert "record_rec.nc: is there already; give --overwrite" in capsys.readouterr().err
    assert main([*command, "--seconds", "1", "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lead", "v9"], "no lead 'v9'; the record has 0 i (mV), 1 ii (mV)"),
        (["--start", "100"], "expected a range in its 21 s, got 100 s"),
        (["--device", "gpu"], "gpu"),
        (["--dt", "3"], "dt"),
        (
            ["--seconds", "0.001"],
            "the stretch is too short: expected at least two steps of 0.004 s, got 1 sample",
        ),
        (
            ["--seconds", "0.004"],
            "the stretch is too short: expected at least two steps of 0.004 s, got 2 samples",
        ),
    ],
)
def test_what_cannot_be_simulated_leaves_nothing(record, tmp_path, capsys, options, message):
    save(network(), tmp_path / "net.nc")
    command = ["simulate", str(tmp_path / "net.nc"), "--wfdb", str(record), "--out", str(tmp_path / "out")]
    assert main([*command, *options]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_was_there_stays_and_made_parents_go(record, tmp_path, capsys):
    save(network(), tmp_path / "net.nc")
    (tmp_path / "old").mkdir()
    for out in ("old", "old/new/newer"):
        command = ["simulate", str(tmp_path / "net.nc"), "--wfdb", str(record), "--out", str(tmp_path / out)]
        assert main([*command, "--lead", "v9"]) == 1
        assert "no lead 'v9'" in capsys.readouterr().err
        assert list((tmp_path / "old").iterdir()) == []


def test_ctrl_c_leaves_nothing(record, tmp_path, capsys, monkeypatch):
    def ctrl_c(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(record_simulation, "simulate", ctrl_c)
    save(network(), tmp_path / "net.nc")
    out = tmp_path / "out" / "there"
    assert main(["simulate", str(tmp_path / "net.nc"), "--wfdb", str(record), "--out", str(out)]) == 130
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert not out.parent.exists()


def test_ctrl_c_while_drawing_says_what_is_there(record, tmp_path, capsys, monkeypatch):
    def ctrl_c(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(analyses, "figures", ctrl_c)
    save(network(), tmp_path / "net.nc")
    command = ["simulate", str(tmp_path / "net.nc"), "--wfdb", str(record), "--seconds", "1"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 130
    assert "record_rec.nc was written, its figure was not" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["record_rec.nc"]


def test_a_warning_is_printed_and_stored(record, tmp_path, capsys):
    net = network(task="ludb")
    save(net, tmp_path / "net.nc")
    out = tmp_path / "out"
    assert main(["simulate", str(tmp_path / "net.nc"), "--wfdb", str(record), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    with xr.open_dataset(out / "record_rec.nc", engine="h5netcdf") as ds:
        assert "beats annotated" in ds.attrs["warning"]
        assert f"  warning: {ds.attrs['warning']}\n" in printed
    assert main(["show", str(out / "record_rec.nc")]) == 0
    assert "  warning: " in capsys.readouterr().out


def test_no_such_record(tmp_path, capsys):
    save(network(), tmp_path / "net.nc")
    assert main(["simulate", str(tmp_path / "net.nc"), "--wfdb", str(tmp_path / "none")]) == 1
    assert "no such WFDB record: expected the header none.hea" in capsys.readouterr().err
