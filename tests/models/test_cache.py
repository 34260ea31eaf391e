import json
import os
import subprocess
import sys
import threading
import time

import pytest

from chronaxie.models import DeviceError, cache
from chronaxie.studies.cli import main


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "chronaxie"


def entry(name, make):
    """An entry that is let go at once: its folder, and whether it was made."""
    with cache.cached_folder("standalone", name, make) as found:
        return found


def left(root):
    return [path.name for path in (root / "standalone").iterdir() if path.suffix != ".lock"]


def maker(content="x", calls=None):
    def make(folder):
        (folder / "file").write_text(content)
        if calls is not None:
            calls.append(folder)

    return make


def test_an_entry_is_made_once(root):
    calls = []
    first = entry("a", maker(calls=calls))
    second = entry("a", maker(calls=calls))
    assert first == (root / "standalone" / "a", True)
    assert second == (root / "standalone" / "a", False)
    assert len(calls) == 1
    assert left(root) == ["a"]


@pytest.mark.parametrize("damage", ["cut", "gone", "no list", "half a list", "other version", "no dict"])
def test_a_damaged_entry_is_made_anew(root, damage):
    folder, _ = entry("a", maker("whole"))
    listed = folder / "entry.json"
    content = json.loads(listed.read_text())
    {
        "cut": lambda: (folder / "file").write_text("who"),
        "gone": lambda: (folder / "file").unlink(),
        "no list": lambda: listed.unlink(),
        "half a list": lambda: listed.write_text(listed.read_text()[:20]),
        "other version": lambda: listed.write_text(json.dumps(content | {"format": 0})),
        "no dict": lambda: listed.write_text("[1]"),
    }[damage]()
    again, made = entry("a", maker("whole"))
    assert made
    assert (again / "file").read_text() == "whole"


def test_an_entry_that_serves_no_more_is_made_anew(root):
    folder, _ = entry("a", maker("old"))
    asked = []

    def usable(found):
        asked.append(found)
        return (found / "file").read_text() == "new"

    for made in (True, False):
        with cache.cached_folder("standalone", "a", maker("new"), usable=usable) as found:
            assert found == (folder, made)
        assert (folder / "file").read_text() == "new"
    assert asked == [folder] * 3  # before and inside of the lock, and once more


def test_nothing_is_left_of_a_failure(root):
    def fails(folder):
        (folder / "file").write_text("half")
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        entry("a", fails)
    assert cache.entries() == []
    assert left(root) == []
    assert entry("a", maker())[1]


def test_of_two_that_want_the_same_one_waits(root):
    calls, found = [], []

    def slow(folder):
        calls.append(folder)
        time.sleep(0.3)
        (folder / "file").write_text("x")

    def want():
        found.append(entry("a", slow))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert sorted(made for _, made in found) == [False, False, False, True]


def test_the_least_recently_used_go_first(root, monkeypatch):
    for k, name in enumerate("abc"):
        folder, _ = entry(name, maker("x" * 1000))
        os.utime(folder / "entry.json", (k, k))
    entry("a", maker())  # used just now
    size = cache.entries()[0][2]
    monkeypatch.setenv(cache.SIZE, str(2 * size + 10))
    cache.trim()
    assert [folder.name for _, folder, _, _ in cache.entries()] == ["c", "a"]
    monkeypatch.setenv(cache.SIZE, "10")
    entry("d", maker("x" * 1000))
    assert [folder.name for _, folder, _, _ in cache.entries()] == ["d"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("", 2 * 2**30), ("17", 17), ("500M", 500 * 2**20), ("3 GiB", 3 * 2**30), ("1kb", 1024)],
)
def test_sizes(monkeypatch, text, size):
    monkeypatch.setenv(cache.SIZE, text)
    assert cache.size_limit() == size


@pytest.mark.parametrize("text", ["much", "-3", "1.5G", "3X"])
def test_what_is_no_size_is_refused(monkeypatch, text):
    monkeypatch.setenv(cache.SIZE, text)
    with pytest.raises(ValueError, match="expected a size such as 500M or 2G"):
        cache.size_limit()


def test_a_cache_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DeviceError, match="set XDG_CACHE_HOME to another folder"):
        entry("a", maker())


def test_a_folder_that_cannot_be_written_is_said(root, monkeypatch):
    entry("a", maker())[0].joinpath("file").unlink()

    def full(*_, **__):
        raise PermissionError(13, "Permission denied", str(root))

    monkeypatch.setattr(cache, "scratch_folder", full)
    with pytest.raises(DeviceError, match="cannot write the cache .*set XDG_CACHE_HOME to another folder"):
        entry("a", maker())


@pytest.mark.parametrize("kind", ["standalone", "cython", "fused"])
def test_every_kind_is_listed_and_cleared(root, kind):
    with cache.cached_folder(kind, "a", maker()) as (folder, _):
        assert folder == root / kind / "a"
    assert [found[:2] for found in cache.entries()] == [(kind, folder)]
    assert cache.clear() > 0
    assert cache.entries() == []


def test_what_is_in_use_stays(root, monkeypatch):
    monkeypatch.setenv(cache.SIZE, "10")
    with cache.cached_folder("standalone", "a", maker()) as (folder, made):
        assert made
        with cache.cached_folder("standalone", "a", maker()) as again:
            assert again == (folder, False)
        cache.trim()
        assert (folder / "file").read_text() == "x"
        assert cache.clear() == 0
        assert (folder / "file").read_text() == "x"
    assert cache.clear() > 0
    assert list((root / "standalone").iterdir()) == []


def test_what_is_in_use_elsewhere_stays(root):
    script = (
        "from chronaxie.models import cache\n"
        "with cache.cached_folder('standalone', 'a', lambda folder: (folder / 'file').write_text('x')):\n"
        "    print('held', flush=True)\n    input()\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        assert cache.clear() == 0
        assert len(cache.entries()) == 1
        other.communicate("\n")
    assert cache.clear() > 0
    assert cache.entries() == []


def test_a_damaged_entry_in_use_is_replaced(root):
    with cache.cached_folder("standalone", "a", maker("whole")) as (folder, _):
        (folder / "file").write_text("who")
        assert entry("a", maker("whole")) == (folder, True)
        assert (folder / "file").read_text() == "whole"


def test_locks_of_whoever_makes_an_entry_stay(root):
    def clearing(folder):
        cache.clear()
        assert (root / "standalone" / "a.lock").exists()
        (folder / "file").write_text("x")

    assert entry("a", clearing)[1]
    assert left(root) == ["a"]


def test_modules_used_within_the_hour_stay(root, monkeypatch):
    monkeypatch.setenv(cache.SIZE, "10")
    now = time.time()
    for name, age in (("old", 7200), ("new", 1800)):
        folder = root / "cython" / name
        folder.mkdir(parents=True)
        (folder / "module.so").write_text("x" * 100)
        os.utime(folder, (now - age, now - age))
    cache.trim()
    assert [folder.name for _, folder, _, _ in cache.entries()] == ["new"]
    cache.clear()
    assert cache.entries() == []


def test_a_cache_that_can_only_be_read_gives_what_it_holds(root):
    folder, _ = entry("a", maker())
    # A folder in the place of the lock cannot be opened for writing, by root neither.
    (root / "standalone" / "a.lock").unlink()
    (root / "standalone" / "a.lock").mkdir()
    paths = [*root.rglob("*"), root]
    before = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(before[path] & ~0o222)
    try:
        assert entry("a", maker()) == (folder, False)
    finally:
        for path, mode in before.items():
            path.chmod(mode)
    (folder / "file").unlink()
    with pytest.raises(DeviceError, match="set XDG_CACHE_HOME to another folder"):
        entry("a", maker())


def test_the_command_shows_and_clears(root, capsys):
    entry("a" * 64, maker("x" * 3000))
    assert main(["cache"]) == 0
    shown = capsys.readouterr().out
    assert "standalone  aaaaaaaaaaaa" in shown
    assert "1 of compiled code, 0.0 MB of at most 2048.0 MB" in shown
    assert main(["cache", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["entries"][0]["bytes"] == content["bytes"] > 3000
    assert main(["cache", "--clear", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["entries"] == []
    assert content["freed"] > 3000
    assert cache.entries() == []
