"""C source → a shared library in this process: built once by the compiler that is found, kept in the user's cache."""

import ctypes
import hashlib
import json
import os
import shlex
import subprocess
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from .. import _compilers
from ..models.cache import cached_folder
from ..models.errors import BuildError
from ..models.processes import watched
from ..models.scratch import private_folder, scratch_folder
from ..models.toolchain import compiler_version, first_errors, processor

KIND = "fused"
CFLAGS = "CHRONAXIE_CFLAGS"
FORMAT = 1
# The step reads no errno and no floating-point traps; nothing here changes a value.
BASE = ("-std=gnu11", "-O3", "-fPIC", "-fno-math-errno", "-fno-trapping-math")
# The first of each row that the compiler accepts.
NATIVE = ("-march=native", "-mcpu=native")
WIDE = ("-mprefer-vector-width=512",)
OPENMP = ("-fopenmp",)
_OTHERS = "or take another engine (engine='reference', engine='compiled')"
_PROBE = "int probe(void) { return 0; }\n"
_PROBE_OPENMP = "#include <omp.h>\nint probe(void) { return omp_get_max_threads(); }\n"

_loaded = {}
_loading = threading.Lock()


class NativeBuildError(BuildError):
    """Generated C could not be compiled or its library not be loaded; the message says why."""


class Library(ctypes.CDLL):
    """A loaded library; its functions are attributes, as those of `ctypes.CDLL`.

    Attributes
    ----------
    has_openmp : bool
        Built with OpenMP; without it, one thread does everything.
    key : str
        64 hexadecimal digits, of all that decides about it.
    path : Path
        Where it was loaded from.
    built_s : float
        Wall time of the compiler, 0 where the library was in the cache.
    """

    has_openmp = False
    key = ""
    path = Path()
    built_s = 0.0


def load_library(source, *, flags=(), name="engine"):
    """Compile C and load it: once in a process, and once on a machine for a source, its flags and its compiler.

    It is built with ``-std=gnu11 -O3 -fno-math-errno -fno-trapping-math``, for the processor at hand, with OpenMP where
    the compiler has it, with `flags` and with those of the environment variable ``CHRONAXIE_CFLAGS``, in this order.
    Contraction (``-ffp-contract``) is whatever the compiler does by default unless `flags` say.

    Parameters
    ----------
    source : str
        A whole translation unit.
    flags : tuple of str
        For the compiler.
    name : str
        What its file is called in the compiler's messages, without ``.c``.

    Returns
    -------
    Library
        The same object for the same arguments.

    Raises
    ------
    NativeBuildError
        No compiler; it refused the source (the message holds its own, the command, and where the source is kept); the
        library cannot be loaded.
    DeviceError
        The cache cannot be written, and does not hold the library.
    """
    compiler = find_compiler()
    flags = (*flags, *_environment_flags())
    key = _key(source, compiler, flags, name)
    with _loading:
        if key not in _loaded:
            _loaded[key] = _load(source, compiler, flags, name, key)
        return _loaded[key]


def find_compiler():
    """Return the command of the C compiler: ``$CC``, which may hold arguments, else cc, gcc or clang.

    Returns
    -------
    list of str
        The program's path first.

    Raises
    ------
    NativeBuildError
        None is found, or ``$CC`` is none.
    """
    try:
        named, found = _compilers.named_command("CC"), _compilers.find_command("CC", *_compilers.C)
    except ValueError as error:
        raise NativeBuildError(f"{error}; set CC to a C compiler") from error
    if found:
        return found
    if named:
        raise NativeBuildError(
            f"CC={os.environ['CC']!r}, but there is no program {named[0]!r}; set CC to a C compiler or unset it, "
            f"{_OTHERS}"
        )
    raise NativeBuildError(
        f"engine='fused' needs a C compiler, and none of {', '.join(_compilers.C)} is in PATH; install gcc or clang, "
        f"set CC to a compiler's command, {_OTHERS}"
    )


def _environment_flags():
    text = os.environ.get(CFLAGS, "")
    try:
        return shlex.split(text)
    except ValueError as error:
        raise NativeBuildError(f"{CFLAGS}={text!r} are no flags: {error}") from error


def _key(source, compiler, flags, name):
    content = {
        "format": FORMAT,
        "source": source,
        "name": name,
        "flags": [*BASE, *flags],
        "compiler": [os.path.realpath(compiler[0]), *compiler_version(shlex.join(compiler))],
        "processor": processor(),
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _load(source, compiler, flags, name, key):
    """Load a library from the cache, building it where it is missing, damaged or cannot be loaded."""
    _check_sanitizer(flags)
    found, built_s = [], 0.0

    def make(folder):
        nonlocal built_s
        began = time.perf_counter()
        _build(folder, source, compiler, flags, name, key)
        built_s = time.perf_counter() - began

    def usable(folder):
        # Whole, but for another machine's C library, or linked to what is no longer there.
        with suppress(OSError):
            found.append(_open(folder, name))
        return bool(found)

    with cached_folder(KIND, key, make, usable=usable) as (folder, _):
        try:
            library = found[0] if found else _open(folder, name)
        except OSError as error:
            raise NativeBuildError(
                f"the library that {shlex.join(compiler)} made cannot be loaded: {error}; set CC to another compiler, "
                f"{_OTHERS}"
            ) from error
    library.key, library.built_s = key, built_s
    return library


def _open(folder, name):
    library = Library(str(folder / f"{name}.so"))
    library.path = folder / f"{name}.so"
    library.has_openmp = json.loads((folder / "build.json").read_text())["openmp"]
    return library


def _check_sanitizer(flags):
    """Refuse what would end the process: AddressSanitizer exits where its library was not loaded first."""
    wanted = any(flag.startswith("-fsanitize=") and "address" in flag for flag in flags)
    if wanted and not hasattr(ctypes.CDLL(None), "__asan_init"):
        raise NativeBuildError(
            "a library built with -fsanitize=address can only be loaded where its run-time library was loaded first, "
            "and the one of C++ next for torch's exceptions: start python with ASAN_OPTIONS=detect_leaks=0 "
            'LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so)"'
        )


def _build(folder, source, compiler, flags, name, key):
    """Write the source into a folder and compile it there."""
    (folder / f"{name}.c").write_text(source)
    accepted = _accepted(tuple(compiler), compiler_version(shlex.join(compiler))[1])
    options = [*BASE, *accepted, *flags, "-shared"]
    command = [*compiler, *options, f"{name}.c", "-o", f"{name}.so", "-lm"]
    code, said = _run(command, folder)
    if code:
        raise NativeBuildError(
            f"the C compiler failed (exit code {code}):\n{first_errors(said)}\n"
            f"command: {shlex.join(command)}\n{_keep(source, name, key)}\n"
            f"Set CC to another compiler, {_OTHERS}"
        )
    content = {"openmp": any(flag in accepted for flag in OPENMP), "command": command}
    (folder / "build.json").write_text(json.dumps(content))


def _run(command, folder):
    """Run a compiler in a folder; (exit code, what it said)."""
    log = folder / "compiler.log"
    # A compiler that is killed leaves its temporary files.
    environment = {"TMPDIR": str(folder), "LC_ALL": "C"}
    with (
        open(log, "wb") as output,
        watched(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, environment=environment
        ) as process,
    ):
        code = process.wait()
    said = log.read_text(errors="replace")
    log.unlink()
    return code, said


def _keep(source, name, key):
    """Keep a source that was refused where its user can read it, and return where that is."""
    folder = private_folder() / f"refused_{key[:16]}"
    try:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.c").write_text(source)
    except OSError as error:
        return f"the source could not be kept: {error}"
    return f"the source it was given is kept in {folder / name}.c"


@cache
def _accepted(compiler, version):
    """Return the flags for speed that a compiler accepts; `version` tells compilers at one place apart."""
    rows = (NATIVE, WIDE, OPENMP)
    with scratch_folder() as folder:
        if _accepts(compiler, [row[0] for row in rows], folder):
            return tuple(row[0] for row in rows)
        found = (next((flag for flag in row if _accepts(compiler, [flag], folder)), None) for row in rows)
        return tuple(flag for flag in found if flag is not None)


def _accepts(compiler, flags, folder):
    openmp = any(flag in flags for flag in OPENMP)
    (folder / "probe.c").write_text(_PROBE_OPENMP if openmp else _PROBE)
    command = [*compiler, *flags, "-Werror", "-fPIC", "-shared", "probe.c", "-o", "probe.so"]
    return _run(command, folder)[0] == 0
