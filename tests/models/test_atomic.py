"""Files are whole or not there."""

import errno
import os
import stat
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from chronaxie.models import save, srnn
from chronaxie.models.atomic import written_beside
from chronaxie.studies.results import write_result


def test_the_file_takes_its_place(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with written_beside(str(path)) as beside:
        assert beside.parent == tmp_path
        beside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: calls.append(("fsync", os.fstat(fd).st_ino)) or fsync(fd))
    monkeypatch.setattr(
        os, "replace", lambda a, b: calls.append(("replace", os.stat(a).st_ino)) or replace(a, b)
    )
    with written_beside(tmp_path / "a.txt") as beside:
        beside.write_text("new")
        number = beside.stat().st_ino
    assert calls == [("fsync", number), ("replace", number)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_nothing_has_changed(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted():
        with written_beside(path) as beside:
            beside.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_goes_with_the_next(tmp_path):
    script = (
        "import os, signal, sys, h5netcdf\nfrom chronaxie.models.atomic import written_beside\n"
        "with written_beside(sys.argv[1]) as beside, h5netcdf.File(beside, 'w') as file:\n"
        "    file.create_variable('x', (), dtype=float)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "a[1].nc"
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert [p.suffix for p in tmp_path.iterdir() if p.name.startswith(".a[1].nc.")].count(".part") == 1
    # Somebody else's: another file's, and one without a lock of ours.
    others = [tmp_path / ".b.nc.01234567.part", tmp_path / ".a[1].nc.01234567.part"]
    for other in others:
        other.write_text("x")
    write_text(path)
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_a_file_system_without_locks_is_written(tmp_path, monkeypatch):
    def refused(path):
        path.write_text("")
        raise OSError(errno.ENOSYS, "no locks")

    monkeypatch.setattr("chronaxie.models.atomic.locked", refused)
    write_text(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "x"
    assert len(list(tmp_path.iterdir())) == 1


def test_two_writers_do_not_meet(tmp_path):
    path = tmp_path / "a.txt"
    with written_beside(path) as first, written_beside(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def write_text(path):
    with written_beside(path) as beside:
        beside.write_text("x")


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
@pytest.mark.parametrize(
    "write",
    [
        write_text,
        lambda path: save(srnn(1, [1], 1), path),
        lambda path: write_result(xr.Dataset({"a": 1}), path),
    ],
    ids=["text", "network", "result"],
)
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_permissions_follow_the_umask(tmp_path, write, umask):
    before = os.umask(umask)
    try:
        write(tmp_path / "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~umask
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError), written_beside(tmp_path / "no" / "a"):
        pass


def test_a_result_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.nc"
    write_result(xr.Dataset({"a": 1}), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="unable to infer dtype"):
        write_result(xr.Dataset({"a": ("x", np.array([object()]))}), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
