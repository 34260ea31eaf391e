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


def maker(content="x", calls=None):
    def make(folder):
        (folder / "file").write_text(content)
        if calls is not None:
            calls.append(folder)

    return make


def test_an_entry_is_made_once(root):
    calls = []
    first = cache.cached_folder("standalone", "a", maker(calls=calls))
    second = cache.cached_folder("standalone", "a", maker(calls=calls))
    assert first == (root / "standalone" / "a", True)
    assert second == (root / "standalone" / "a", False)
    assert len(calls) == 1
    assert list((root / "scratch").iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "gone", "no list", "half a list", "other version", "no dict"])
def test_a_damaged_entry_is_made_anew(root, damage):
    folder, _ = cache.cached_folder("standalone", "a", maker("whole"))
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
    again, made = cache.cached_folder("standalone", "a", maker("whole"))
    assert made
    assert (again / "file").read_text() == "whole"


def test_nothing_is_left_of_a_failure(root):
    def fails(folder):
        (folder / "file").write_text("half")
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        cache.cached_folder("standalone", "a", fails)
    assert cache.entries() == []
    assert list((root / "scratch").iterdir()) == []
    assert cache.cached_folder("standalone", "a", maker())[1]


def test_of_two_that_want_the_same_one_waits(root):
    calls, found = [], []

    def slow(folder):
        calls.append(folder)
        time.sleep(0.3)
        (folder / "file").write_text("x")

    def want():
        found.append(cache.cached_folder("standalone", "a", slow))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert sorted(made for _, made in found) == [False, False, False, True]


def test_the_least_recently_used_go_first(root, monkeypatch):
    for k, name in enumerate("abc"):
        folder, _ = cache.cached_folder("standalone", name, maker("x" * 1000))
        os.utime(folder / "entry.json", (k, k))
    cache.cached_folder("standalone", "a", maker())  # used just now
    size = cache.entries()[0][2]
    monkeypatch.setenv(cache.SIZE, str(2 * size + 10))
    cache.trim()
    assert [folder.name for _, folder, _, _ in cache.entries()] == ["c", "a"]
    monkeypatch.setenv(cache.SIZE, "10")
    cache.cached_folder("standalone", "d", maker("x" * 1000))
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
        cache.cached_folder("standalone", "a", maker())


def test_scratch_folders_of_the_dead_are_removed(tmp_path):
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom chronaxie.models.cache import scratch_folder\n"
        "with scratch_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'big').write_text('x')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with cache.scratch_folder(tmp_path) as mine, cache.scratch_folder(tmp_path) as other:
        assert sorted(tmp_path.iterdir()) == sorted([mine, other])
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_and_clears(root, capsys):
    cache.cached_folder("standalone", "a" * 64, maker("x" * 3000))
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
