"""Records of the user: which lead is read, in which unit, what is refused, and how windows cover a record."""

import sys

import numpy as np
import pytest
from scipy.signal import savgol_filter

from chronaxie.models.ecg_encoders import DifferenceEncoder, ECGEncoder
from chronaxie.models.ecg_encoding import decode_binary_level_crossing
from chronaxie.models.encoders import threshold_difference
from chronaxie.models.extras import MissingExtra
from chronaxie.studies.task import MissingDataError, TaskError
from chronaxie.studies.tasks import load_record
from chronaxie.studies.tasks.wfdb_files import find_record, read_leads, signal_files
from chronaxie.studies.tasks.wfdb_records import joined

from .wfdb_files import RATE, beats, write_record

# name, lead taken by default, rate (Hz), seconds
KINDS = [
    ("challenge2015/a103l", "II", 250, 330.0),
    ("ludb/1", "ii", 500, 10.0),
    ("mitdb/100", "MLII", 360, 650000 / 360),
    ("ptbdb/s0010_re", "ii", 1000, 38.4),
    ("svdb/800", "ECG", 128, 1800.0),
]


@pytest.fixture
def record(tmp_path):
    return write_record(tmp_path, "one", beats()[0])


@pytest.mark.parametrize(("name", "lead", "rate", "seconds"), KINDS)
def test_a_record_of_each_kind_loads(name, lead, rate, seconds, data_dir):
    ds = load_record(data_dir / "wfdb" / name)
    assert (ds.attrs["leads"], ds.attrs["rate"]) == (lead, rate)
    assert ds.attrs["duration"] == pytest.approx(seconds, abs=0.004)
    assert int(ds.kept.sum()) * 0.004 == pytest.approx(seconds, abs=0.004)
    assert ds.sizes["channel"] == len(ECGEncoder().channels)
    assert 0.3 < float(np.ptp(ds.signal.values)) < 12  # mV: an ECG, no digital units


def test_the_same_record_by_every_ending(data_dir):
    folder = data_dir / "wfdb" / "challenge2015"
    signals = [read_leads(folder / f"a103l{end}", seconds=2).signal for end in ("", ".hea", ".mat")]
    assert np.array_equal(signals[0], signals[1])
    assert np.array_equal(signals[0], signals[2])


def test_windows_keep_every_step_once_and_settle_before(record):
    ds = load_record(record, window=1.0, overlap=0.3)
    kept = ds.kept.values
    at = ds.start.values[:, None] + ds.time.values
    np.testing.assert_allclose(joined(at, kept), np.arange(1000) * 0.004, atol=1e-9)
    assert (kept.argmax(axis=1)[1:] >= 75).all()
    whole = load_record(record, window=100.0)
    assert whole.sizes["trial"] == 1
    np.testing.assert_array_equal(joined(ds.stimulus, kept), whole.stimulus.values[0])
    np.testing.assert_array_equal(joined(ds.signal, kept), whole.signal.values[0])


def test_the_stimulus_decodes_to_the_lead(record):
    ds = load_record(record, lead="ii", window=100.0)
    z = (ds.signal.values[0, :, 0] - ds["mean"].values[0, 0]) / ds.sd.values[0, 0]
    decoded = decode_binary_level_crossing(ds.stimulus.values[0], ECGEncoder.delta, start=z[0])
    assert np.abs(decoded - z).max() <= ECGEncoder.delta * (1 + 1e-9)
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1))


def test_two_leads_for_the_code_of_the_qtdb_files(record):
    ds = load_record(record, encoder=DifferenceEncoder(threshold=0.3, smoothing=0, window=None))
    assert ds.channel.values.tolist() == ["ii up", "ii down", "i up", "i down"]
    x = (ds.signal.values[0] - ds["mean"].values[0]) / ds.sd.values[0]
    np.testing.assert_array_equal(ds.stimulus.values[0, 1:, 2], np.diff(x[:, 1]) >= 0.3)


def test_windows_of_the_qtdb_code_are_encoded_each_by_itself(tmp_path):
    signal = beats(seconds=11.0)[0]
    path = write_record(tmp_path, "r", signal * np.linspace(1, 3, len(signal)))
    encoder = DifferenceEncoder(threshold=0.2, smoothing=5, window=2.0)
    ds = load_record(path, encoder=encoder)
    assert ds.sizes["time"] == 500
    assert ds.sizes["trial"] > 6
    assert np.ptp(ds.sd.values, axis=0).min() > 0.05
    for trial in range(ds.sizes["trial"]):
        x = ds.signal.values[trial]
        z = savgol_filter((x - x.mean(axis=0)) / x.std(axis=0), 5, 3, axis=0)
        events = threshold_difference(z, 0.2, axis=0).reshape(500, 4)
        np.testing.assert_array_equal(ds.stimulus.values[trial], events)
    at = ds.start.values[:, None] + ds.time.values
    np.testing.assert_allclose(joined(at, ds.kept), np.arange(2750) * 0.004, atol=1e-9)
    with pytest.raises(ValueError, match=r"encodes windows of 2 s each by itself, got a window of 3 s"):
        load_record(path, encoder=encoder, window=3.0)
    signal = beats(seconds=11.0, rate=250)[0]
    signal[1500:2100] = 0.5
    path = write_record(tmp_path, "flat", signal, rate=250)
    with pytest.raises(TaskError, match=r"flat, from 6 s, leads ii, i: .* is flat"):
        load_record(path, encoder=encoder, overlap=0)
    with pytest.raises(TaskError, match=r"expected at least the 5 steps that are smoothed over, got 4"):
        load_record(path, encoder=encoder, seconds=0.016)


@pytest.mark.parametrize(
    ("lead", "names", "expected"),
    [
        (None, ("V5", "MLII"), "MLII"),
        (None, ("PLETH", "V"), "V"),
        (None, ("a", "b"), "a"),
        ("V5", ("V5", "MLII"), "V5"),
        ("v5", ("V5", "MLII"), "V5"),
        (1, ("V5", "MLII"), "MLII"),
        ("1", ("ECG", "ECG"), "ECG"),
    ],
)
def test_which_lead(tmp_path, lead, names, expected):
    path = write_record(tmp_path, "r", beats()[0], leads=names)
    assert read_leads(path, lead).names == (expected,)


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1), ("uV", 1e-3), ("V", 1e3), ("nV", 1e-6)])
def test_units_are_turned_into_millivolt(tmp_path, unit, factor):
    signal = beats()[0]
    path = write_record(tmp_path, "r", signal / factor, units=["mV", unit])
    assert np.abs(read_leads(path, "ii").signal[:, 0] - signal).max() < 1e-4  # of 16 bits over 1 mV


def test_the_default_passes_over_what_is_not_in_volts(tmp_path):
    path = write_record(tmp_path, "r", beats()[0], leads=("ii", "other"), units=["NU", "mV"])
    assert read_leads(path).names == ("other",)
    with pytest.raises(TaskError, match=r"lead ii in units of volt, got 'NU'.*choose another lead"):
        read_leads(path, "ii")


def test_gaps_are_refused_with_their_place_or_bridged_on_request(tmp_path):
    signal = beats()[0]
    signal[700:720] = np.nan
    path = write_record(tmp_path, "r", signal)
    with pytest.raises(
        TaskError, match=r"got 20 invalid ones in lead ii, the first at 1\.4 s.*gaps='interpolate'"
    ):
        load_record(path)
    kept = read_leads(path, gaps="keep").signal[:, 0]
    assert np.flatnonzero(np.isnan(kept)).tolist() == list(range(700, 720))
    bridged = read_leads(path, gaps="interpolate").signal[:, 0]
    line = np.interp(np.arange(700, 720), [699, 720], bridged[[699, 720]])
    np.testing.assert_allclose(bridged[700:720], line)
    assert load_record(path, start=2.0).attrs["duration"] == 2.0
    assert load_record(path, gaps="interpolate").attrs["duration"] == 4.0


def test_part_of_a_record(record):
    whole, part = read_leads(record).signal, read_leads(record, start=1.0, seconds=0.5)
    np.testing.assert_array_equal(part.signal, whole[RATE : RATE + RATE // 2])
    assert part.start == 1.0
    assert load_record(record, start=1.0, seconds=0.5).start.values.tolist() == [1.0]


# ------------------------------------------------------------------ refusals
def edited(record, line, old, new):
    path = record.with_name(record.name + ".hea")
    lines = path.read_text().splitlines()
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    path.write_text("\n".join(lines) + "\n")


def test_a_header_without_its_signal_file(record):
    record.with_name("one.dat").unlink()
    with pytest.raises(MissingDataError, match=r"one\.hea: its signal file one\.dat is not beside it"):
        load_record(record)


def test_a_sampling_rate_of_0(record):
    edited(record, 0, " 500 ", " 0 ")
    with pytest.raises(TaskError, match=r"one\.hea: expected a sampling rate > 0 Hz, got 0"):
        load_record(record)


def test_an_empty_recording(record):
    edited(record, 0, " 2000", " 0")
    with pytest.raises(TaskError, match=r"the recording is empty"):
        load_record(record)


def test_an_empty_signal_file(record):
    record.with_name("one.dat").write_bytes(b"")
    with pytest.raises(TaskError, match=r"one\.dat: the signal file is too short: .* got 0 bytes, 0 samples"):
        load_record(record)


def test_a_truncated_signal_file(record):
    path = record.with_name("one.dat")
    path.write_bytes(path.read_bytes()[:1001])
    expected = (
        r"one\.dat: the signal file is too short: expected at least 8000 bytes for 2000 samples of 2 signals as "
        r"one\.hea says, got 1001 bytes, 250 samples; it was cut off"
    )
    with pytest.raises(TaskError, match=expected):
        load_record(record)
    with pytest.raises(TaskError, match=r"expected at least 1004 bytes for 251 samples"):
        read_leads(record, seconds=251 / RATE)
    assert len(read_leads(record, seconds=250 / RATE).signal) == 250


@pytest.mark.parametrize("name", ["mitdb/100", "ptbdb/s0010_re", "challenge2015/a103l", "svdb/800", "ludb/1"])
def test_the_size_that_is_expected_is_that_of_whole_files(name, data_dir, tmp_path):
    from shutil import copy

    base = data_dir / "wfdb" / name
    _, signals, *_ = files = signal_files(base)
    for file in files:
        copy(file, tmp_path)
    path = tmp_path / signals.name
    read_leads(tmp_path / base.name, gaps="keep")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)
    with pytest.raises(TaskError, match=rf"expected at least {signals.stat().st_size} bytes"):
        read_leads(tmp_path / base.name, gaps="keep")


def test_files_that_do_not_fit_are_not_told_in_words_of_numpy(record, monkeypatch):
    import wfdb

    def broken(*args, **kwargs):
        raise ValueError("operands could not be broadcast together")

    monkeypatch.setattr(wfdb, "rdrecord", broken)
    with pytest.raises(TaskError, match=r"one: its signals cannot be read: .* do not fit together") as caught:
        load_record(record)
    assert "broadcast" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\x00\x01\x02", "one two three\n", "# nothing\n", "one 2 500 2000\n"])
def test_a_damaged_header(record, text):
    record.with_name("one.hea").write_text(text)
    with pytest.raises(TaskError, match=r"one\.hea: expected"):
        load_record(record)


def test_a_record_of_several_segments(record):
    record.with_name("all.hea").write_text("all/2 2 500 4000\none 2000\none 2000\n")
    with pytest.raises(
        TaskError, match=r"all\.hea: a record of 2 segments; name one of them, such as one, one"
    ):
        load_record(record.with_name("all"))


def test_a_header_without_signals(record):
    record.with_name("one.hea").write_text("one 0 500 2000\n")
    with pytest.raises(TaskError, match=r"expected at least one signal, got none"):
        load_record(record)


def test_a_flat_lead(tmp_path):
    path = write_record(tmp_path, "flat", np.full(2000, 0.25))
    with pytest.raises(TaskError, match=r"flat, leads ii: .* is flat \(standard deviation 0\).* lead$"):
        load_record(path)
    with pytest.raises(TaskError, match=r"is flat .* \(the stretch is only 0\.02 s long: read more"):
        load_record(path, seconds=0.02)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"lead": "v9"}, TaskError, r"no lead 'v9'; the record has 0 i \(mV\), 1 ii \(mV\)"),
        ({"lead": 2}, TaskError, r"no lead 2; the record has 0 i"),
        (
            {"lead": ("ii", "1"), "encoder": DifferenceEncoder()},
            TaskError,
            r"one: the lead ii is named twice \(ii, 1\); expected 2 different ones; the record has 0 i",
        ),
        ({"lead": ("i", "ii")}, TaskError, r"expected 1 lead, got \['i', 'ii'\]"),
        ({"start": 4.0}, TaskError, r"expected a range in its 4 s, got 4 s"),
        ({"start": 1.0, "seconds": 3.1}, TaskError, r"got 1 s to 4\.1 s"),
        ({"start": -1}, ValueError, r"start must be a finite time >= 0 s"),
        ({"seconds": 0}, ValueError, r"seconds must be a finite time > 0 s"),
        ({"gaps": "keep"}, ValueError, r"gaps must be 'refuse' or 'interpolate', got 'keep'"),
        ({"gaps": "skip"}, ValueError, r"gaps must be 'refuse' or 'interpolate', got 'skip'"),
        ({"window": 1, "overlap": 1}, ValueError, r"overlap must be shorter than the window"),
        ({"window": np.nan}, ValueError, r"window must be a finite time"),
    ],
)
def test_options_out_of_range(record, options, error, message):
    with pytest.raises(error, match=message):
        load_record(record, **options)


@pytest.mark.parametrize(("rate", "samples"), [(500, "2 samples"), (250, "1 sample"), (128, "1 sample")])
def test_less_than_two_steps(tmp_path, rate, samples):
    path = write_record(tmp_path, "r", beats(rate=rate)[0], rate=rate)
    with pytest.raises(
        TaskError,
        match=rf"r: the stretch is too short: expected at least two steps of 0\.004 s, got {samples} at {rate} Hz",
    ):
        load_record(path, seconds=0.004)
    assert load_record(path, start=0.3, seconds=0.02).stimulus.sizes["time"] > 1


def test_names_that_are_not_unique_are_chosen_by_position(tmp_path):
    path = write_record(tmp_path, "r", beats()[0], leads=("ECG", "ECG"))
    with pytest.raises(TaskError, match=r"2 leads are called 'ECG'; choose by position: 0 ECG \(mV\), 1 ECG"):
        load_record(path, lead="ECG")
    assert load_record(path, encoder=DifferenceEncoder()).lead.values.tolist() == ["ECG (0)", "ECG (1)"]


def test_no_record_of_that_name(record):
    with pytest.raises(MissingDataError, match=r"expected the header two\.hea in"):
        find_record(record.with_name("two.hea"))
    with pytest.raises(MissingDataError, match=r"a folder; name one of its records, such as one"):
        find_record(record.parent)


def test_the_extra_that_brings_wfdb_is_named(record, monkeypatch):
    monkeypatch.setitem(sys.modules, "wfdb", None)
    with pytest.raises(MissingExtra, match=r"wfdb cannot be imported.*pip install 'chronaxie\[data\]'"):
        load_record(record)
