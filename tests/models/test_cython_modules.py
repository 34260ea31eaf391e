"""Modules of the cython device in our cache are whole, or made again."""

import sys

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, ms, prefs
from brian2.codegen.runtime.cython_rt import extension_manager

from chronaxie.models.cython_modules import own_modules


@pytest.fixture
def in_cython(tmp_path, monkeypatch):
    """A function that runs a small network in cython: its state at the end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names = ("codegen.target", "codegen.runtime.cython.cache_dir")
    before = [prefs[name] for name in names]
    prefs["codegen.target"] = "cython"

    def run():
        with own_modules(["-O1"]) as folder:
            prefs["codegen.runtime.cython.cache_dir"] = str(folder)
            extension_manager.cython_extension_manager._code_cache.clear()  # as in another process
            group = NeuronGroup(3, "dv/dt = -v/(5*ms) : 1", method="euler", name="cells", dt=1 * ms)
            group.v = [1, 2, 3]
            Network(group).run(2 * ms, namespace={})
            return np.array(group.v)

    yield run
    for name, value in zip(names, before, strict=True):
        prefs[name] = value


def modules(folder):
    return sorted(folder.glob("chronaxie/cython/*/*.so"))


def test_a_damaged_module_is_made_again_and_a_whole_one_taken(in_cython, tmp_path):
    expected, path = in_cython(), list(sys.path)
    (made,) = modules(tmp_path)
    made.unlink()  # this process has it in memory
    made.write_bytes(b"no module")
    np.testing.assert_array_equal(in_cython(), expected)
    assert modules(tmp_path) == [made]
    before = made.stat()
    assert before.st_size > 10_000
    assert sys.path == path
    np.testing.assert_array_equal(in_cython(), expected)
    assert (made.stat().st_mtime_ns, made.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_an_interrupted_build_leaves_nothing(in_cython, tmp_path, monkeypatch):
    def interrupted(**options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(extension_manager, "Extension", interrupted)
        with pytest.raises(KeyboardInterrupt):
            in_cython()
    (folder,) = tmp_path.glob("chronaxie/cython/*")
    assert not [p for p in folder.iterdir() if p.suffix != ".lock"]
    assert len(in_cython()) == 3


def test_brian2_loads_modules_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    manager = extension_manager.cython_extension_manager
    before = id(manager._code_cache), manager._load_module
    with pytest.raises(ZeroDivisionError), own_modules(["-O1"]):
        1 / 0  # noqa: B018
    assert (id(manager._code_cache), manager._load_module) == before
