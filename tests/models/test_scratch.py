"""Scratch folders: those of killed processes go, nothing else does."""

import fcntl
import os
import stat
import subprocess
import sys
import time

import pytest

from chronaxie import _locks
from chronaxie.models import DeviceError
from chronaxie.models.scratch import private_folder, remove_abandoned, scratch_folder

KILLED = """
import os, signal, sys
from chronaxie.models.scratch import scratch_folder
with scratch_folder(sys.argv[1], hidden=bool(sys.argv[2])) as folder:
    (folder / "inner").mkdir()
    (folder / "inner" / "big").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("hidden", [False, True])
def test_those_of_the_dead_are_removed(tmp_path, hidden):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "yes" if hidden else ""], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".chronaxie_" if hidden else "chronaxie_")
    with scratch_folder(tmp_path) as mine, scratch_folder(tmp_path, hidden=True) as other:
        assert sorted(tmp_path.iterdir()) == sorted([mine, other])
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path):
    old = time.time() - 1e6
    for name in (
        "chronaxie_results",
        "chronaxie_12_0123abcd",
        "chronaxie_12_0123abcd_mine",
        ".chronaxie_1_x",
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data").write_text("x")
        os.utime(tmp_path / name, (old, old))
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "chronaxie.lock").write_text("")
    (tmp_path / "chronaxie_1_01234567").symlink_to(tmp_path / "target")
    (tmp_path / "chronaxie_2_01234567").write_text("a file")
    before = sorted(tmp_path.rglob("*"))
    with scratch_folder(tmp_path):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_one_without_a_lock_goes_when_it_is_old_and_empty(tmp_path):
    for name, age in (("chronaxie_1_01234567", 1000), ("chronaxie_2_01234567", 1)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    remove_abandoned(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["chronaxie_2_01234567"]


@pytest.mark.parametrize("moment", ["before the lock is made", "before it is locked"])
def test_who_is_taken_for_abandoned_while_making_it_makes_another(tmp_path, monkeypatch, moment):
    removed = []

    def interfering(file, how):
        monkeypatch.undo()
        removed.extend(tmp_path.iterdir())
        remove_abandoned(tmp_path)
        fcntl.flock(file, how)

    def slow(path):
        monkeypatch.undo()
        removed.append(path.parent)
        os.utime(path.parent, (0, 0))
        remove_abandoned(tmp_path)
        return _locks.locked(path)

    if moment == "before it is locked":
        monkeypatch.setattr(
            _locks,
            "fcntl",
            type("Interfering", (), {"flock": staticmethod(interfering), "LOCK_EX": fcntl.LOCK_EX}),
        )
    else:
        monkeypatch.setattr("chronaxie.models.scratch.locked", slow)
    with scratch_folder(tmp_path) as folder:
        assert len(removed) == 1
        assert list(tmp_path.iterdir()) == [folder]
        assert folder != removed[0]
        remove_abandoned(tmp_path)
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_that_of_the_user_is_private(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = os.umask(0)
    try:
        with scratch_folder() as folder:
            assert folder.parent == tmp_path / f"chronaxie-scratch-{os.getuid()}"
            assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        folder.parent.chmod(0o755)
        assert stat.S_IMODE(private_folder().stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize("what", ["link", "file", "owner"])
def test_one_that_is_not_the_users_is_refused(tmp_path, monkeypatch, what):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if what == "owner":
        user = os.getuid()
        private_folder().rename(tmp_path / f"chronaxie-scratch-{user + 1}")
        monkeypatch.setattr("os.getuid", lambda: user + 1)
    elif what == "link":
        (tmp_path / "other").mkdir()
        (tmp_path / f"chronaxie-scratch-{os.getuid()}").symlink_to(tmp_path / "other")
    else:
        (tmp_path / f"chronaxie-scratch-{os.getuid()}").write_text("")
    with pytest.raises(DeviceError, match="another user's or no folder; remove it, or set TMPDIR"):
        private_folder()
