"""C source → a loaded library: compiled once, rebuilt where broken, refused with the compiler's own words."""

import _ctypes
import itertools
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chronaxie.gradient_bridge import native
from chronaxie.gradient_bridge.native import Library, NativeBuildError, find_compiler, load_library
from chronaxie.models import DeviceError, cache

GCC = shutil.which("gcc")
needs_gcc = pytest.mark.skipif(GCC is None, reason="no gcc")
_number = itertools.count()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty cache, and a process that has loaded nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("CHRONAXIE_CFLAGS", raising=False)
    monkeypatch.setattr(native, "_loaded", {})
    return tmp_path / "cache" / "chronaxie" / "fused"


@pytest.fixture
def compiler(tmp_path, monkeypatch, root):
    """Make a compiler that writes down its calls; returns how many compiled an engine so far."""
    path, log = tmp_path / f"cc{next(_number)}", tmp_path / "calls"
    path.write_text(f'#!/bin/sh\nprintf \'%s \' "$@" >>{log}\necho >>{log}\nexec {find_compiler()[0]} "$@"\n')
    path.chmod(0o755)
    log.touch()
    monkeypatch.setenv("CC", str(path))
    return lambda: [line for line in log.read_text().splitlines() if "engine.c" in line]


def source(value=1):
    return f"int value(void) {{ return {value}; }}\n"


def forget():
    """Let go of all libraries: the loader gives what it holds under a path without a look at the file."""
    for library in native._loaded.values():
        _ctypes.dlclose(library._handle)
    native._loaded.clear()


def test_a_function_is_called(root):
    library = load_library("double twice(double x) { return 2 * x; }\n")
    library.twice.restype = native.ctypes.c_double
    library.twice.argtypes = [native.ctypes.c_double]
    assert library.twice(1.5) == 3.0
    assert library.path.parent.parent == root
    assert re.fullmatch("[0-9a-f]{64}", library.key)


def test_nothing_is_compiled_twice(compiler):
    first = load_library(source())
    assert len(compiler()) == 1
    assert first.built_s > 0
    assert load_library(source()) is first
    forget()
    again = load_library(source())
    assert (again.key, again.path, again.built_s) == (first.key, first.path, 0)
    assert again.value() == 1
    assert len(compiler()) == 1


def test_the_key_is_of_source_flags_name_and_compiler(compiler, monkeypatch, tmp_path):
    keys = [
        load_library(source()).key,
        load_library(source(2)).key,
        load_library(source(), flags=("-DX",)).key,
        load_library(source(), flags=("-DX", "-ffp-contract=off")).key,
        load_library(source(), name="engine2").key,
    ]
    monkeypatch.setenv("CHRONAXIE_CFLAGS", "-DY -DZ")
    keys.append(load_library(source()).key)
    monkeypatch.setenv("CC", f"{os.environ['CC']} -DW")
    keys.append(load_library(source()).key)
    assert len(set(keys)) == len(keys)
    assert "-DX" in compiler()[2]
    assert "-DY -DZ" in compiler()[-2]
    assert compiler()[-1].startswith("-DW ")


def test_the_processor_is_in_the_key(root, monkeypatch):
    first = load_library(source()).key
    monkeypatch.setattr(native, "processor", lambda: ["another"])
    assert load_library(source()).key != first


def test_flags_reach_the_compiler(root, monkeypatch):
    code = "int value(void) { return A + 10 * B; }\n"
    monkeypatch.setenv("CHRONAXIE_CFLAGS", "-DB=2")
    assert load_library(code, flags=("-DA=1",)).value() == 21


@pytest.mark.parametrize("damage", ["truncated", "gone", "for another machine"])
def test_a_broken_entry_is_built_anew(compiler, damage):
    path = load_library(source()).path
    forget()
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    elif damage == "gone":
        path.unlink()
    else:  # whole, and no library of this machine
        path.write_bytes(b"not a library")
        (path.parent / "entry.json").unlink()
        cache._seal(path.parent)
    assert load_library(source()).value() == 1
    assert len(compiler()) == 2


def test_of_many_processes_one_compiles(compiler):
    script = (
        "import os, multiprocessing\n"
        "from chronaxie.gradient_bridge.native import load_library\n"
        "together = multiprocessing.get_context('fork').Barrier(16)\n"
        "def build():\n"
        "    together.wait()\n"
        f"    return load_library({source(7)!r}).value()\n"
        "children = []\n"
        "for _ in range(16):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os._exit(build())\n"
        "    children.append(child)\n"
        "print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert done.stdout == f"{[7] * 16}\n", done.stderr
    assert len(compiler()) == 1


def test_what_the_compiler_refuses_is_kept_and_quoted(root):
    with pytest.raises(NativeBuildError, match="undeclared|undefined") as raised:
        load_library("int value(void) { return missing; }\n", flags=("-DX",))
    said = str(raised.value)
    assert "engine.c:1" in said
    assert "engine='reference'" in said
    assert re.search("command: .* -DX .*engine.c -o engine.so", said)
    kept = Path(re.search("is kept in (.*)$", said, re.MULTILINE)[1])
    assert kept.read_text() == "int value(void) { return missing; }\n"
    kept.unlink()
    kept.parent.rmdir()
    assert cache.entries() == []


def test_a_compiler_that_fails_without_a_word(root, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "false")
    with pytest.raises(NativeBuildError, match=r"the C compiler failed \(exit code 1\)"):
        load_library(source())


def test_a_library_that_cannot_be_loaded_is_said(root):
    with pytest.raises(NativeBuildError, match="cannot be loaded: .*nowhere.*engine='reference'"):
        load_library("int nowhere(void);\nint value(void) { return nowhere(); }\n", flags=("-Wl,-z,now",))


@pytest.mark.parametrize("setting", ["nothing", "missing", "no command"])
def test_without_a_compiler(root, tmp_path, monkeypatch, setting):
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = "none of cc, gcc, clang is in PATH.*engine='reference', engine='compiled'"
    if setting == "missing":
        monkeypatch.setenv("CC", "mycc -m64")
        expected = "CC='mycc -m64', but there is no program 'mycc'.*engine='reference'"
    elif setting == "no command":
        monkeypatch.setenv("CC", "'gcc")
        expected = 'CC="\'gcc" is not a command'
    with pytest.raises(NativeBuildError, match=expected):
        load_library(source())


def test_the_compiler_is_found_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "")
    for name in ("clang", "gcc", "cc"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        assert find_compiler() == [str(tmp_path / name)]
    monkeypatch.setenv("CC", "gcc -m64 '-DA=a b'")
    assert find_compiler() == [str(tmp_path / "gcc"), "-m64", "-DA=a b"]


def test_flags_that_a_compiler_refuses_are_left_out(root, tmp_path, monkeypatch):
    def refusing(*flags):
        tests = " ".join(f"{flag}) echo refused; exit 1;;" for flag in flags)
        path = tmp_path / f"refusing{next(_number)}"
        path.write_text(f'#!/bin/sh\nfor x in "$@"; do case "$x" in {tests} esac; done\nexec {real} "$@"\n')
        path.chmod(0o755)
        monkeypatch.setenv("CC", str(path))

    real = find_compiler()[0]
    code = "#ifdef _OPENMP\nint value(void) { return 1; }\n#else\nint value(void) { return 0; }\n#endif\n"
    assert isinstance(load_library(code), Library)
    refusing("-march=native", "-mcpu=native", "-mprefer-vector-width=512", "-fopenmp")
    bare = load_library(code)
    assert (bare.value(), bare.has_openmp) == (0, False)
    refusing("-mprefer-vector-width=512")
    library = load_library(code)
    assert library.value() == library.has_openmp


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_cache_without_permission_is_said(root):
    root.parent.mkdir(parents=True)
    root.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(
            DeviceError, match="cannot write the cache .*set XDG_CACHE_HOME to another folder"
        ):
            load_library(source())
    finally:
        root.parent.chmod(stat.S_IRWXU)


def test_a_cache_in_the_place_of_a_file_is_said(root):
    root.parent.parent.mkdir()
    root.parent.write_text("")
    with pytest.raises(DeviceError, match="cannot write the cache .*set XDG_CACHE_HOME to another folder"):
        load_library(source())


def test_the_key_is_found_quickly(root):
    code = "static const char text[] = " + "\n".join(['"' + "x" * 98 + '"'] * 2000) + ";\n" + source()
    load_library(code)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        load_library(code)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.005


def test_a_sanitizer_needs_its_library_first(root, monkeypatch):
    monkeypatch.setenv("CHRONAXIE_CFLAGS", "-fsanitize=address,undefined")
    with pytest.raises(NativeBuildError, match="start python with ASAN_OPTIONS=.* LD_PRELOAD=.*libasan"):
        load_library(source())


@pytest.mark.slow
@needs_gcc
def test_a_sanitizer_sees_what_is_written_outside(root, tmp_path):
    libraries = [
        subprocess.run([GCC, f"-print-file-name={name}.so"], capture_output=True, text=True).stdout.strip()
        for name in ("libasan", "libstdc++")
    ]
    script = (
        "from chronaxie.gradient_bridge.native import load_library\n"
        "library = load_library('''#include <stdlib.h>\n"
        "int put(int k) { volatile int *x = malloc(4 * sizeof *x); x[k] = k; return x[k]; }''')\n"
        "print(library.put(3), flush=True)\nlibrary.put(4)\nprint('not seen')"
    )
    environment = {
        "CC": GCC,
        "CHRONAXIE_CFLAGS": "-fsanitize=address,undefined -g",
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == "3\n", done.stderr
    assert "heap-buffer-overflow" in done.stderr
    assert "engine.c:2" in done.stderr
