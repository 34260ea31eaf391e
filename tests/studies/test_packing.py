"""What is taken out of archives, and that nothing else is."""

import io
import zipfile

import numpy as np
import pytest
from scipy.io import wavfile

from chronaxie.studies.datasets import DATASETS
from chronaxie.studies.packing import ArchiveError, pack_fsdd, unpack_member

BODY = bytes(range(256)) * 200


@pytest.fixture
def archive(tmp_path):
    """Function that writes a zip archive of some files, and returns its path."""

    def write(files, *, compression=zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "archive.zip", "w", compression) as file:
            for name, content in files.items():
                file.writestr(name, content)
        return tmp_path / "archive.zip"

    return write


def test_one_file_is_unpacked_from_any_folder(archive, tmp_path):
    unpack_member(archive({"x/y/a.h5": BODY, "b.h5": b"other"}), "a.h5", tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == BODY


@pytest.mark.parametrize("name", ["../a.h5", "x/../../a.h5", "/tmp/a.h5", "..\\a.h5", "C:a.h5"])
def test_an_archive_that_leads_out_of_itself_is_refused(archive, tmp_path, name):
    path = archive({"a.h5": BODY, name: b"hostile"})
    with pytest.raises(ArchiveError, match=r"the archive holds '.*a\.h5', which leads out of it"):
        unpack_member(path, "a.h5", tmp_path / "here")
    with pytest.raises(ArchiveError, match="leads out of it"):
        pack_fsdd(path, tmp_path / "here")
    assert {p.name for p in tmp_path.iterdir()} == {"archive.zip"}


def test_a_link_is_refused(archive, tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(ArchiveError, match="the archive holds 'link', which leads out of it"):
        unpack_member(archive({link: "/etc/passwd", "a.h5": BODY}), "a.h5", tmp_path / "here")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"b.h5": BODY}, r"expected one a\.h5 in the archive, found 0"),
        ({"a.h5": BODY, "x/a.h5": BODY}, r"expected one a\.h5 in the archive, found 2"),
    ],
)
def test_the_file_must_be_there_once(archive, tmp_path, files, message):
    with pytest.raises(ArchiveError, match=message):
        unpack_member(archive(files), "a.h5", tmp_path / "here")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:-30], lambda b: b[:60] + b"\0" * 40 + b[100:], lambda b: b"text"]
)
def test_a_damaged_archive_is_named(archive, tmp_path, compression, damage):
    path = archive({"a.h5": BODY}, compression=compression)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ArchiveError, match="not a whole zip archive"):
        unpack_member(path, "a.h5", tmp_path / "here")


# ------------------------------------------------------------------ the recordings of FSDD
def wav(samples, rate=8000):
    buffer = io.BytesIO()
    wavfile.write(buffer, rate, samples)
    return buffer.getvalue()


def tone(digit, who, k):
    return (np.arange(5 + digit + k) * (1 if who == "lucas" else -1)).astype(np.int16)


def test_recordings_become_one_file(archive, tmp_path):
    names = [(digit, who, k) for who in ("lucas", "george") for k in (10, 0, 4, 5) for digit in range(2)]
    files = {f"top/recordings/{d}_{who}_{k}.wav": wav(tone(d, who, k)) for d, who, k in names}
    pack_fsdd(archive(files | {"top/recordings/README": b"text", "top/x.py": b""}), tmp_path / "all.npz")
    packed = np.load(tmp_path / "all.npz")
    assert packed["speaker_names"].tolist() == ["george", "lucas"]
    assert packed["speaker"].tolist() == [0] * 8 + [1] * 8
    assert packed["labels"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1] * 2
    assert packed["index"].tolist() == [0, 4, 5, 10] * 4
    assert packed["is_test"].tolist() == [True, True, False, False] * 4
    assert packed["sample_rate"] == 8000
    for k in range(16):
        who = packed["speaker_names"][packed["speaker"][k]]
        expected = tone(packed["labels"][k], who, packed["index"][k])
        assert np.array_equal(packed["samples"][packed["offsets"][k] : packed["offsets"][k + 1]], expected)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"recordings/0_a_0.wav": b"RIFF"}, r"0_a_0\.wav is not a WAV file"),
        ({"recordings/0_a_0.wav": wav(tone(0, "a", 0), 16000)}, "of 16 bit at 8000 Hz .* got .* at 16000 Hz"),
        ({"recordings/0_a_0.wav": wav(np.zeros((3, 2), np.int16))}, r"on one channel, got int16 \(3, 2\)"),
        ({"recordings/0_a_0.wav": wav(np.zeros(3, np.float32))}, "of 16 bit .* got float32"),
        ({"recordings/0_a_0.wav": wav(np.zeros(0, np.int16))}, r"got int16 \(0,\)"),
        ({"other": b""}, r"no recordings/\*\.wav in the archive"),
    ],
)
def test_wrong_recordings_are_named(archive, tmp_path, files, message):
    with pytest.raises(ArchiveError, match=message):
        pack_fsdd(archive(files), tmp_path / "all.npz")


@pytest.mark.slow
def test_the_recordings_of_the_data_folder_come_back(data_dir, archive, tmp_path):
    """Also holds the fingerprint of the samples in the table of data sets."""
    with np.load(data_dir / "fsdd" / "fsdd.npz") as file:
        given = dict(file)
    files = {}
    for k in range(len(given["labels"])):
        who = given["speaker_names"][given["speaker"][k]]
        name = (
            f"free-spoken-digit-dataset-1.0.10/recordings/{given['labels'][k]}_{who}_{given['index'][k]}.wav"
        )
        files[name] = wav(given["samples"][given["offsets"][k] : given["offsets"][k + 1]])
    contents = pack_fsdd(archive(files), tmp_path / "all.npz")
    assert contents == DATASETS["fsdd"].files[0].contents
    with np.load(tmp_path / "all.npz") as packed:
        assert set(packed.files) == set(given)
        for name, array in given.items():
            assert packed[name].dtype == array.dtype, name
            assert np.array_equal(packed[name], array), name
