"""Downloads of one file: complete and checked, or not there at all."""

import hashlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time

import pytest

from chronaxie.studies.data import fetched_folder
from chronaxie.studies.datasets import RemoteFile
from chronaxie.studies.fetching import FetchError, fetch

BODY = bytes(range(256)) * 2000


def md5(content):
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def test_a_file_is_fetched_once(one_file, server, tmp_path, found):
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
    ("content", "how", "message"),
    [
        (
            BODY[:-1] + b"x",
            "whole",
            r"512000 bytes\) is not the file that is published: expected md5:.*, got md5:",
        ),
        (b"", "whole", r"what came \(0 bytes\) is not the file"),
        (BODY, "too short", "the connection was cut after|is not the file that is published"),
        (BODY, "cut", "the connection was cut after"),
        (b"", "missing", "the server answers 404 Not Found"),
    ],
    ids=["altered", "empty", "too short", "cut", "404"],
)
def test_a_failed_download_leaves_nothing(one_file, server, tmp_path, found, content, how, message):
    server.put("/a.bin", content, how)
    with pytest.raises(FetchError, match=message) as error:
        fetch("set", folder=tmp_path / "new", progress=False)
    assert f"{server.address}/a.bin: " in str(error.value)
    assert "Nothing incomplete is left behind. Try again later" in str(error.value)
    assert f"by hand at {tmp_path / 'new' / 'set' / 'a.bin'}, then again: chronaxie fetch set" in str(
        error.value
    )
    assert found(tmp_path) == set()
    server.put("/a.bin", BODY)
    fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == {"new/", "new/set/", "new/set/a.bin"}


def test_without_a_network(one_file, tmp_path, found):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FetchError, match=rf"no connection to 127.0.0.1:{port} .*is there a network\?"):
        fetch("set", folder=tmp_path / "new", progress=False, base_url=f"http://127.0.0.1:{port}")
    assert found(tmp_path) == set()


def test_the_mirror_is_asked_where_the_official_place_fails(dataset, server, tmp_path):
    dataset(bases=("/official/", "/mirror/"), files=(RemoteFile("a.bin", md5(BODY), "set/a.bin"),))
    server.put("/official/a.bin", b"a page that asks for a password")
    server.put("/mirror/a.bin", BODY)
    fetch("set", folder=tmp_path, progress=False)
    assert (tmp_path / "set" / "a.bin").read_bytes() == BODY
    assert server.requests == ["/official/a.bin", "/mirror/a.bin"]


def test_a_mirror_by_its_address(one_file, server, tmp_path):
    server.put("/elsewhere/a.bin", BODY)
    fetch("set", folder=tmp_path, progress=False, base_url=f"{server.address}/elsewhere/")
    assert server.requests == ["/elsewhere/a.bin"]


def test_an_interruption_leaves_nothing(one_file, tmp_path, found, interrupt):
    interrupt("/a.bin")
    with pytest.raises(KeyboardInterrupt):
        fetch("set", folder=tmp_path / "new", progress=False)
    assert found(tmp_path) == set()


def test_ctrl_c_on_the_command_line(server, tmp_path, found):
    name = "train-images-idx3-ubyte.gz"
    server.put(f"/{name}", BODY, "stalled")
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


def test_what_a_killed_download_has_left_is_removed(one_file, tmp_path, found):
    (tmp_path / "set").mkdir()
    for name, age in (("old", 7200), ("new", 60)):
        path = tmp_path / "set" / f".{name}.part"
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))
    fetch("set", folder=tmp_path, progress=False)
    assert found(tmp_path / "set") == {"a.bin", ".new.part"}  # the other may be somebody's download


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


def test_a_full_disk(one_file, server, tmp_path, found):
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
