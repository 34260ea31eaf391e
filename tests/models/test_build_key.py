"""The key of a build contains all that decides about it: the compiler that make calls, and the package's generator."""

from pathlib import Path

import pytest

from chronaxie.models.devices import compiler_command, using
from chronaxie.models.standalone import skeleton as skeleton_module
from chronaxie.models.standalone.project import TrialsDevice, generate_project
from chronaxie.models.standalone.skeleton import build_key, skeleton

from .compiled import small_network


@pytest.fixture
def compilers(tmp_path, monkeypatch):
    """Make a compiler of a name and a version, the only ones in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(folder))

    def make(name, version="1"):
        path = folder / name
        path.write_text(f"#!/bin/sh\necho {version}\n")
        path.chmod(0o755)
        skeleton_module.compiler_version.cache_clear()
        return path

    yield make
    skeleton_module.compiler_version.cache_clear()


def key():
    return build_key(skeleton(small_network()), [], 1)


def test_one_compiler_is_chosen(compilers, monkeypatch):
    assert compiler_command() is None
    for name in ("clang++", "c++", "g++"):
        path = compilers(name)
        assert compiler_command() == str(path)
    monkeypatch.setenv("CXX", "ccache g++")
    assert compiler_command() == "ccache g++"


def test_the_key_is_of_the_compiler_that_make_calls(compilers, monkeypatch):
    compilers("c++")
    first = key()
    assert key() == first
    compilers("c++", version="2")
    assert key() != first
    compilers("c++")
    assert key() == first
    other = compilers("other")
    monkeypatch.setenv("CXX", str(other))
    assert key() != first


def test_the_makefile_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "/usr/bin/env g++")
    bare, device = skeleton(small_network()), TrialsDevice()
    with using("cpp_standalone", device=device):
        generate_project(bare, [], device, tmp_path)
    assert "CXX = /usr/bin/env g++" in (tmp_path / "makefile").read_text().splitlines()


def test_the_key_is_of_all_that_generates(monkeypatch):
    read, real = set(), Path.read_bytes

    def read_bytes(path):
        read.add(path.name)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    before = skeleton_module._generator.__wrapped__()
    folder = Path(skeleton_module.__file__).parent
    assert read == {p.name for where in (folder, folder.parent) for p in where.glob("*.*") if p.is_file()}
    for name in ("tiling.py", "methods.py", "trials.h"):
        monkeypatch.setattr(
            Path, "read_bytes", lambda path, name=name: real(path) + b"#" * (path.name == name)
        )
        assert skeleton_module._generator.__wrapped__() != before
