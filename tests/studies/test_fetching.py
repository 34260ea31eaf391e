"""Downloads from a server of the test's own: complete and checked, or not there at all."""

import contextlib
import hashlib
import io
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from chronaxie.studies import fetching
from chronaxie.studies.cli import main
from chronaxie.studies.data import fetched_folder
from chronaxie.studies.datasets import DATASETS, DataSet, ListedFiles, RemoteFile
from chronaxie.studies.fetching import FetchError, fetch

BODY = bytes(range(256)) * 2000


def good(body):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def too_short(body):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(2 * len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return answer


def cut(body):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        # Closing with this option resets the connection: the reader gets an error, not an end.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return answer


def stalled(body):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        handler.server.stalled.set()
        handler.server.over.wait(30)

    return answer


def missing(handler):
    handler.send_error(404)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # the name that http.server calls
        self.server.requests.append(self.path)
        with contextlib.suppress(
            OSError, ValueError
        ):  # the client has gone, or the answer closed the connection
            self.server.answers.get(self.path, missing)(self)

    def finish(self):
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    """A server on this machine: `answers` by path, the `requests` that came, and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.answers, server.requests = {}, []
    server.stalled, server.over = threading.Event(), threading.Event()
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def md5(body):
    return f"md5:{hashlib.md5(body, usedforsecurity=False).hexdigest()}"


def sha256(body):
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def dataset(monkeypatch, server):
    """Function that registers a data set of given files (or a list of them) under a name."""

    def register(name="set", *, bases=("/",), **options):
        options = {
            "title": "t",
            "source": "s",
            "licence": "l",
            "tasks": "x",
            "checked": "c",
            "megabytes": None,
        } | options
        bases = tuple(server.address + base for base in bases)
        monkeypatch.setitem(DATASETS, name, DataSet(name=name, bases=bases, **options))

    return register


@pytest.fixture
def one_file(dataset, server):
    dataset(files=(RemoteFile("a.bin", md5(BODY), "set/a.bin"),))
    server.answers["/a.bin"] = good(BODY)


@pytest.fixture
def database(dataset, server):
    """A database of three records as PhysioNet publishes one: its files, by name."""
    files = {"RECORDS": b"r1\nr2\nr3\n"}
    for record in ("r1", "r2", "r3"):
        for extension in ("hea", "dat"):
            files[f"data/{record}.{extension}"] = f"{record} {extension}".encode() * 1000
    files["data/r2.q1c"] = b"marks"
    lines = [f"{sha256(body)} {name}" for name, body in files.items()]
    lines.append(f"{sha256(b'')} data/r1.not_wanted")
    files["SHA256SUMS.txt"] = "\n".join(lines).encode() + b"\n"
    known = {"data/r1.hea": f"sha256:{sha256(files['data/r1.hea'])}"}
    dataset(listed=ListedFiles(3, "data/", ("hea", "dat"), ("q1c",), known))
    server.answers.update({f"/{name}": good(body) for name, body in files.items()})
    return files


def found(folder):
    """Everything below a folder, also what is hidden; folders end with a slash."""
    if not folder.exists():
        return set()
    return {f"{p.relative_to(folder)}{'/' if p.is_dir() else ''}" for p in folder.rglob("*")}


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("__", "/"), body)
    return buffer.getvalue()


# ------------------------------------------------------------------ one file
def test_a_file_is_fetched_once(one_file, server, tmp_path):
    folder = tmp_path / "new" / "data"
    assert fetch("set", folder=folder, progress=False) == folder / "set"
    assert (folder / "set" / "a.bin").read_bytes() == BODY
    assert found(folder) == {"set/", "set/a.bin"}
    umask = os.umask(0)
    os.umask(umask)
    assert (folder / "set" / "a.bin").stat().st_mode & 0o777 == 0o666 & ~umask
    lines = []
    fetch("set", folder=folder, progress=False, report=lines.append)
    assert server.requests == ["/a.bin"]
    assert lines == [f"{folder / 'set' / 'a.bin'}: complete"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            good(BODY[:-1] + b"x"),
            r"512000 bytes\) is not the file that is published: expected md5:.*, got md5:",
        ),
        (good(b""), r"what came \(0 bytes\) is not the file"),
        (too_short(BODY), "the connection was cut after|is not the file that is published"),
        (cut(BODY), "the connection was cut after"),
        (missing, "the server answers 404 Not Found"),
    ],
    ids=["altered", "empty", "too short", "cut", "404"],
)
def test_a_failed_download_leaves_nothing(one_file, server, tmp_path, answer, message):
    server.answers["/a.bin"] = answer
    with pytest.raises(FetchError, match=message) as error:
        fetch("set", folder=tmp_path / "new", progress=False)
    assert f"{server.address}/a.bin: " in str(error.value)
    assert "Nothing incomplete is left behind. Try again later" in str(error.value)
    assert f"by hand at {tmp_path / 'new' / 'set' / 'a.bin'}, then again: chronaxie fetch set" in str(
        error.value
    )
    assert found(tmp_path) == set()
    server.answers["/a.bin"] = good(BODY)
    fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == {"new/", "new/set/", "new/set/a.bin"}


def test_without_a_network(one_file, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError, match=rf"no connection to 127.0.0.1:{port} .*is there a network\?"):
        fetch("set", folder=tmp_path / "new", progress=False, base_url=f"http://127.0.0.1:{port}")
    assert found(tmp_path) == set()


def test_the_mirror_is_asked_where_the_official_place_fails(dataset, server, tmp_path):
    dataset(bases=("/official/", "/mirror/"), files=(RemoteFile("a.bin", md5(BODY), "set/a.bin"),))
    server.answers["/official/a.bin"] = good(b"a page that asks for a password")
    server.answers["/mirror/a.bin"] = good(BODY)
    fetch("set", folder=tmp_path, progress=False)
    assert (tmp_path / "set" / "a.bin").read_bytes() == BODY
    assert server.requests == ["/official/a.bin", "/mirror/a.bin"]


def test_a_mirror_by_its_address(one_file, server, tmp_path):
    server.answers["/elsewhere/a.bin"] = good(BODY)
    fetch("set", folder=tmp_path, progress=False, base_url=f"{server.address}/elsewhere/")
    assert server.requests == ["/elsewhere/a.bin"]


def interrupt(monkeypatch, path):
    """Let the user press Ctrl-C in the middle of one download."""
    import requests

    whole = requests.Response.iter_content

    def chunks(self, chunk_size=1):
        for chunk in whole(self, chunk_size):
            yield chunk[: len(chunk) // 2]
            if self.url.endswith(path):
                raise KeyboardInterrupt
            yield chunk[len(chunk) // 2 :]

    monkeypatch.setattr(requests.Response, "iter_content", chunks)


def test_an_interruption_leaves_nothing(one_file, tmp_path, monkeypatch):
    interrupt(monkeypatch, "/a.bin")
    with pytest.raises(KeyboardInterrupt):
        fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == set()


def test_ctrl_c_on_the_command_line(server, tmp_path):
    name = "train-images-idx3-ubyte.gz"
    server.answers[f"/{name}"] = stalled(BODY)
    code = "import sys; from chronaxie.studies.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "fetch", "mnist", "--out", str(tmp_path / "new")]
    command += ["--base-url", server.address]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert server.stalled.wait(60)
        deadline = time.monotonic() + 20
        while not any(p.stat().st_size for p in tmp_path.rglob("*.part")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; nothing incomplete is left, the same command continues" in said
    assert found(tmp_path) == set()


def test_a_file_that_is_not_the_published_one_is_not_replaced(one_file, server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.bin").write_bytes(b"mine")
    with pytest.raises(
        FetchError, match="a.bin is there, but is not the file that is published: expected md5:.* got"
    ):
        fetch("set", folder=tmp_path, progress=False)
    assert (tmp_path / "set" / "a.bin").read_bytes() == b"mine"
    assert server.requests == []


def test_a_folder_that_cannot_be_made(one_file, server, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchError, match=r"file.*: cannot be written \(Not a directory\).*--out DIR"):
        fetch("set", folder=tmp_path / "file", progress=False)
    with pytest.raises(FetchError, match=r"cannot be written \("):
        fetch("set", folder="/proc/no such folder", progress=False)
    assert server.requests == []


def test_a_full_disk(one_file, server, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(FetchError, match=r"cannot be written \(File too large\).*room on the disk"):
            fetch("set", folder=tmp_path / "new", progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert found(tmp_path) == set()


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(
        ValueError, match="no data set is called 'qdtb'; nearest: qtdb.*; all: qtdb, ludb, mnist"
    ):
        fetch("qdtb")


def test_the_default_folder_is_where_tasks_look(one_file, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert fetch("set", progress=False) == tmp_path / "chronaxie" / "data" / "set" == fetched_folder() / "set"


# ------------------------------------------------------------------ databases of many files
def test_a_database_is_fetched_once(database, server, tmp_path):
    fetch("set", folder=tmp_path, progress=False)
    assert {name: (tmp_path / "set" / name).read_bytes() for name in database} == database
    assert found(tmp_path / "set") == {"data/", *database}
    assert sorted(server.requests) == sorted(f"/{name}" for name in database)
    server.requests.clear()
    fetch("set", folder=tmp_path, progress=False)
    assert server.requests == []


@pytest.mark.parametrize("answer", [good(b"r2 dat, altered"), too_short(b"r2 dat"), cut(BODY), missing])
def test_a_database_continues_where_it_failed(database, server, tmp_path, answer):
    server.answers["/data/r2.dat"] = answer
    with pytest.raises(FetchError, match=r"r2\.dat could not be downloaded"):
        fetch("set", folder=tmp_path, progress=False)
    complete = {name for name in found(tmp_path / "set") if not name.endswith("/")}
    assert "data/r2.dat" not in complete
    assert complete <= set(database)  # nothing that is hidden or partial
    assert all((tmp_path / "set" / name).read_bytes() == database[name] for name in complete)
    server.answers["/data/r2.dat"] = good(database["data/r2.dat"])
    server.requests.clear()
    fetch("set", folder=tmp_path, progress=False)
    assert sorted(server.requests) == sorted(f"/{name}" for name in set(database) - complete)
    assert found(tmp_path / "set") == {"data/", *database}


def test_an_interruption_of_a_database(database, server, tmp_path, monkeypatch):
    interrupt(monkeypatch, "/data/r2.dat")
    with pytest.raises(KeyboardInterrupt):
        fetch("set", folder=tmp_path, progress=False)
    complete = {name for name in found(tmp_path / "set") if not name.endswith("/")}
    assert complete <= set(database) - {"data/r2.dat"}
    assert all((tmp_path / "set" / name).read_bytes() == database[name] for name in complete)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "got the line '|records for 3|no sum of"),
        (lambda text: re.sub(r"\S+ data/r3.*\n", "", text), "got 2 records for 3"),
        (lambda text: re.sub(r"\S+ data/r3.dat\n", "", text), r"got no sum of data/r3\.dat"),
        (lambda text: re.sub(r"\S+ RECORDS\n", "", text), "got no sum of RECORDS"),
        (lambda text: "0" + text, "got the line '0"),
        (lambda text: "<html>" + text, "got the line '<html>"),
        (lambda text: "", "got 0 records for 3"),
        (lambda text: text.replace("data/r3", "data/../../r3"), r"got the name '\.\./\.\./r3'"),
        (
            lambda text: re.sub(r"\S+ data/r1.hea", "0" * 64 + " data/r1.hea", text),
            "another sum of data/r1.hea",
        ),
    ],
)
def test_a_list_of_sums_that_cannot_be_right(database, server, tmp_path, change, message):
    server.answers["/SHA256SUMS.txt"] = good(change(database["SHA256SUMS.txt"].decode()).encode())
    with pytest.raises(FetchError, match=message):
        fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == set()
    assert server.requests == ["/SHA256SUMS.txt"]


def test_a_damaged_list_on_disk_is_named(database, server, tmp_path):
    fetch("set", folder=tmp_path, progress=False)
    (tmp_path / "set" / "SHA256SUMS.txt").write_text("nothing\n")
    with pytest.raises(FetchError, match="SHA256SUMS.txt: expected the list.*delete the file if it is here"):
        fetch("set", folder=tmp_path, progress=False)


# ------------------------------------------------------------------ archives
@pytest.fixture
def spikes(dataset, server):
    """A data set of one zip archive; function that puts its content."""

    def put(body):
        dataset(files=(RemoteFile("a.h5.zip", md5(body), "set/a.h5", "a.h5"),))
        server.answers["/a.h5.zip"] = good(body)

    put(zipped(**{"a.h5": BODY}))
    return put


def test_an_archive_is_unpacked_and_remembered(spikes, server, tmp_path):
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


def test_an_archive_put_there_by_hand_is_unpacked(spikes, server, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.h5.zip").write_bytes(zipped(**{"a.h5": BODY}))
    fetch("set", folder=tmp_path, progress=False)
    assert (tmp_path / "set" / "a.h5").read_bytes() == BODY
    assert found(tmp_path / "set") == {"a.h5", "a.h5.zip", "fetched.json"}
    assert server.requests == []


@pytest.mark.parametrize("name", ["../a.h5", "x/../../a.h5", "/tmp/a.h5", "..\\a.h5", "C:a.h5"])
def test_an_archive_that_leads_out_of_itself_is_refused(spikes, tmp_path, name):
    spikes(zipped(**{"a.h5": BODY, name: b"hostile"}))
    with pytest.raises(FetchError, match=r"the archive holds '.*a\.h5', which leads out of it"):
        fetch("set", folder=tmp_path / "new" / "data", progress=False)
    assert found(tmp_path) == set()


def test_a_link_in_an_archive_is_refused(spikes, tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.h5", BODY)
    spikes(buffer.getvalue())
    with pytest.raises(FetchError, match="the archive holds 'link', which leads out of it"):
        fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == set()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"not an archive", "not a whole zip archive"),
        (zipped(**{"b.h5": BODY}), r"expected one a\.h5 in the archive, found 0"),
        (zipped(**{"a.h5": BODY, "x__a.h5": BODY}), r"expected one a\.h5 in the archive, found 2"),
        (zipped(**{"a.h5": BODY}).replace(zipped(**{"a.h5": BODY})[100:140], b"\0" * 40), "not a whole zip"),
    ],
    ids=["none", "without", "two", "damaged"],
)
def test_a_wrong_archive_leaves_nothing(spikes, tmp_path, body, message):
    spikes(body)
    with pytest.raises(FetchError, match=message):
        fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == set()


# ------------------------------------------------------------------ the recordings of FSDD
def wav(samples, rate=8000):
    buffer = io.BytesIO()
    wavfile.write(buffer, rate, samples)
    return buffer.getvalue()


def recordings(samples_of, **more):
    names = [(digit, who, k) for digit in range(2) for who in ("lucas", "george") for k in (0, 4, 5, 10)]
    files = {f"top__recordings__{d}_{who}_{k}.wav": wav(samples_of(d, who, k)) for d, who, k in names}
    return zipped(**files, **{"top__recordings__README": b"text", "top__metadata.py": b"pass", **more})


def tone(digit, who, k):
    return (np.arange(5 + digit + k) * (1 if who == "lucas" else -1)).astype(np.int16)


def test_recordings_become_one_file(dataset, server, tmp_path):
    body = recordings(tone)
    dataset(files=(RemoteFile("v1.zip", f"sha256:{sha256(body)}", "set/all.npz", contents="sha256:0"),))
    server.answers["/v1.zip"] = good(body)
    fetch("set", folder=tmp_path, progress=False)
    packed = np.load(tmp_path / "set" / "all.npz")
    assert packed["speaker_names"].tolist() == ["george", "lucas"]
    assert packed["labels"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1] * 2
    assert packed["speaker"].tolist() == [0] * 8 + [1] * 8
    assert packed["index"].tolist() == [0, 4, 5, 10] * 4
    assert packed["is_test"].tolist() == [True, True, False, False] * 4
    assert packed["sample_rate"] == 8000
    for k in range(16):
        who = packed["speaker_names"][packed["speaker"][k]]
        expected = tone(packed["labels"][k], who, packed["index"][k])
        assert np.array_equal(packed["samples"][packed["offsets"][k] : packed["offsets"][k + 1]], expected)
    # Packed anew, with other bytes but the same samples.
    contents = f"sha256:{sha256(packed['samples'].astype('<i2').tobytes())}"
    again = recordings(tone, other=b"file")
    assert again != body
    server.answers["/v1.zip"] = good(again)
    dataset(files=(RemoteFile("v1.zip", f"sha256:{sha256(body)}", "set/again.npz", contents=contents),))
    fetch("set", folder=tmp_path, progress=False)
    assert np.array_equal(np.load(tmp_path / "set" / "again.npz")["samples"], packed["samples"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            recordings(lambda d, who, k: tone(d, who, k) + np.int16(1)),
            "not what is published: expected sha256:",
        ),
        (recordings(tone, recordings__2_x_0=b""), "not what is published"),
        (zipped(**{"recordings__0_a_0.wav": b"RIFF"}), r"0_a_0\.wav is not a WAV file"),
        (
            zipped(**{"recordings__0_a_0.wav": wav(tone(0, "a", 0), 16000)}),
            "expected samples of 16 bit at 8000 Hz",
        ),
        (zipped(other=b""), r"no recordings/\*\.wav in the archive"),
        (zipped(**{"..__x": b"", "recordings__0_a_0.wav": wav(tone(0, "a", 0))}), "leads out of it"),
    ],
)
def test_wrong_recordings_leave_nothing(dataset, server, tmp_path, body, message):
    dataset(files=(RemoteFile("v1.zip", "sha256:0", "set/all.npz", contents="sha256:0"),))
    server.answers["/v1.zip"] = good(body)
    with pytest.raises(FetchError, match=message):
        fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == set()


@pytest.mark.slow
def test_the_packed_recordings_are_those_of_the_data_folder(data_dir, server, tmp_path):
    """Also holds the fingerprint of the samples in the table."""
    with np.load(data_dir / "fsdd" / "fsdd.npz") as file:
        given = dict(file)
    files = {}
    for k in range(len(given["labels"])):
        who = given["speaker_names"][given["speaker"][k]]
        name = f"free-spoken-digit-dataset-1.0.10__recordings__{given['labels'][k]}_{who}_{given['index'][k]}.wav"
        files[name] = wav(given["samples"][given["offsets"][k] : given["offsets"][k + 1]])
    server.answers["/v1.0.10.zip"] = good(zipped(**files))
    fetch("fsdd", folder=tmp_path, progress=False, base_url=server.address)
    with np.load(tmp_path / "fsdd" / "fsdd.npz") as packed:
        assert set(packed.files) == set(given)
        for name, array in given.items():
            assert packed[name].dtype == array.dtype, name
            assert np.array_equal(packed[name], array), name


# ------------------------------------------------------------------ the table and the command line
def test_the_sums_in_the_table_are_those_of_the_data_folder(data_dir):
    for file in DATASETS["mnist"].files:
        assert md5((data_dir / file.target).read_bytes()) == file.checksum
    known = DATASETS["ludb"].listed.known
    for name in ("1.dat", "1.hea", "1.ii"):
        content = (data_dir / "wfdb" / "ludb" / name).read_bytes()
        assert known[f"data/{name}"] == f"sha256:{sha256(content)}"


def test_the_table_is_in_order():
    for name, entry in DATASETS.items():
        assert entry.name == name
        assert (entry.listed is None) == bool(entry.files)
        assert all(base.startswith("https://") and base.endswith("/") for base in entry.bases)
        for file in entry.files:
            assert file.target.startswith(f"{name}/")
            algorithm, value = file.checksum.split(":")
            assert len(value) == hashlib.new(algorithm).digest_size * 2


def test_every_data_set_is_described():
    page = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(DATASETS)
    for name, tasks in rows:
        assert tasks.replace("`", "") == DATASETS[name].tasks


def test_the_command_line_lists_and_fetches(server, tmp_path, capsys):
    assert main(["fetch", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{name}: {entry.title}" in listed for name, entry in DATASETS.items())
    assert main(["fetch"]) == 1
    assert "which data set?" in capsys.readouterr().err
    assert main(["fetch", "minst"]) == 1
    assert "nearest: mnist" in capsys.readouterr().err
    assert main(["fetch", "shd", "--out", str(tmp_path), "--base-url", server.address]) == 1
    assert "the server answers 404" in capsys.readouterr().err
    assert found(tmp_path) == set()


def test_the_command_line_says_where(one_file, tmp_path, capsys):
    assert main(["fetch", "set", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'set'}\n"
    assert main(["fetch", "set", "--out", str(tmp_path)]) == 0
    assert "a.bin: complete" in capsys.readouterr().err


def test_nothing_is_shown_where_there_is_no_terminal(one_file, tmp_path, capsys):
    fetching.fetch("set", folder=tmp_path)
    assert capsys.readouterr() == ("", "")
