"""Downloads of archives: what they hold is there, and nothing else."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
from scipy.io import wavfile

from chronaxie.studies.datasets import RemoteFile
from chronaxie.studies.fetching import FetchError, fetch

BODY = bytes(range(256)) * 2000


def md5(content):
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def spikes(dataset, server):
    """A data set of one zip archive; function that puts its content."""

    def put(body):
        dataset(files=(RemoteFile("a.h5.zip", md5(body), "set/a.h5", "a.h5"),))
        server.put("/a.h5.zip", body)

    put(zipped({"a.h5": BODY}))
    return put


def test_an_archive_is_unpacked_and_remembered(spikes, server, tmp_path, found):
    fetch("set", folder=tmp_path, progress=False)
    assert (tmp_path / "set" / "a.h5").read_bytes() == BODY
    assert found(tmp_path / "set") == {"a.h5", "fetched.json"}
    fetch("set", folder=tmp_path, progress=False)
    assert server.requests == ["/a.h5.zip"]
    (tmp_path / "set" / "a.h5").write_bytes(BODY[:-1])
    with pytest.raises(FetchError, match=r"a\.h5 is there, but is not the file that is published"):
        fetch("set", folder=tmp_path, progress=False)


def test_a_file_put_there_by_hand_is_left_as_it_is(spikes, server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.h5").write_bytes(b"mine")
    lines = []
    fetch("set", folder=tmp_path, progress=False, report=lines.append)
    assert "there, and not by this command; it is left as it is, unchecked" in lines[0]
    assert (tmp_path / "set" / "a.h5").read_bytes() == b"mine"
    assert server.requests == []


def test_an_archive_put_there_by_hand_is_unpacked(spikes, server, tmp_path, found):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.h5.zip").write_bytes(zipped({"a.h5": BODY}))
    fetch("set", folder=tmp_path, progress=False)
    assert (tmp_path / "set" / "a.h5").read_bytes() == BODY
    assert found(tmp_path / "set") == {"a.h5", "a.h5.zip", "fetched.json"}
    assert server.requests == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (zipped({"a.h5": BODY, "../a.h5": b"hostile"}), r"holds '\.\./a\.h5', which leads out of it"),
        (b"not an archive", "not a whole zip archive"),
    ],
)
def test_a_wrong_archive_leaves_nothing(spikes, tmp_path, found, body, message):
    spikes(body)
    with pytest.raises(FetchError, match=message):
        fetch("set", folder=tmp_path / "new" / "data", progress=False)
    assert found(tmp_path) == set()


def test_recordings_are_known_by_the_archive_or_by_their_samples(dataset, server, tmp_path, found):
    content = io.BytesIO()
    samples = np.arange(5, dtype=np.int16)
    wavfile.write(content, 8000, samples)
    body = zipped({"top/recordings/0_a_0.wav": content.getvalue()})
    known = f"sha256:{sha256(samples.astype('<i2').tobytes())}"
    server.put("/v1.zip", body)
    for target, archive, contents in (("one", sha256(body), "sha256:0"), ("two", "0", known)):
        file = RemoteFile("v1.zip", f"sha256:{archive}", f"set/{target}.npz", contents=contents)
        dataset(files=(file,))
        fetch("set", folder=tmp_path, progress=False)
        assert np.array_equal(np.load(tmp_path / "set" / f"{target}.npz")["samples"], samples)
    dataset(files=(RemoteFile("v1.zip", "sha256:0", "set/three.npz", contents="sha256:0"),))
    with pytest.raises(
        FetchError, match="not what is published: expected sha256:0 or samples of sha256:0, got"
    ):
        fetch("set", folder=tmp_path, progress=False)
    assert found(tmp_path / "set") == {"one.npz", "two.npz", "fetched.json"}
