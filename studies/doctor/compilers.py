"""Compilers: each is given a program of a few lines, with OpenMP and without, which is then run."""

from __future__ import annotations

import shlex
from pathlib import Path

from ... import _compilers
from .findings import BROKEN, NOT_HERE, OK, Finding
from .processes import run

PART = "compilers"
SECONDS = 60
_PLAIN = '#include <stdio.h>\nint main(void) { printf("1"); return 0; }\n'
_OPENMP = (
    "#include <stdio.h>\n#include <omp.h>\n"
    'int main(void) { printf("%d", omp_get_max_threads()); return 0; }\n'
)
_INSTALL = "Debian, Ubuntu: apt-get install {}; macOS: xcode-select --install"
# Name, environment variable, programs, ending of a source, what it is for, what to install.
_LANGUAGES = (
    ("C compiler", "CC", _compilers.C, "c", "the engine fused, many times as fast, and device cython", "gcc"),
    ("C++ compiler", "CXX", _compilers.CXX, "cpp", "the devices cython and cpp_standalone", "g++"),
)


def compiler_findings(folder):
    """What compilers this machine has, and whether they work.

    Parameters
    ----------
    folder : path-like
        Empty, for the programs.

    Yields
    ------
    Finding
    """
    for name, variable, programs, ending, gives, package in _LANGUAGES:
        yield from _language(Path(folder), name, variable, programs, ending, gives, package)
    make, header = _compilers.find_program("make"), _compilers.find_python_header()
    install = _INSTALL.format("make")
    yield _there("make", make, f"the device cpp_standalone; {install}")
    yield _there("Python.h", header, f"the device cython; {_INSTALL.format('python3-dev')}")


def _there(name, path, gives):
    if path is None:
        return Finding(PART, name, NOT_HERE, "not found", f"gives {gives}")
    return Finding(PART, name, OK, path)


def _language(folder, name, variable, programs, ending, gives, package):
    try:
        named, command = _compilers.named_command(variable), _compilers.find_command(variable, *programs)
    except ValueError as error:
        yield Finding(PART, name, BROKEN, str(error), f"correct or unset {variable}; it gives {gives}")
        return
    if command is None:
        found = (
            f"{variable}={shlex.join(named)}, which is no program"
            if named
            else f"none of {', '.join(programs)}"
        )
        advice = f"gives {gives}; {_INSTALL.format(package)}"
        yield Finding(PART, name, BROKEN if named else NOT_HERE, found, advice)
        return
    source = folder / f"plain.{ending}"
    problem = _compiled(source, _PLAIN, command)
    if problem:
        again = f"reinstall it, or set {variable} to another compiler; it gives {gives}"
        yield Finding(PART, name, BROKEN, f"{shlex.join(command)}: {problem}", again)
        return
    yield Finding(PART, name, OK, f"{command[0]}, {_version(command)}")
    problem = _compiled(folder / f"openmp.{ending}", _OPENMP, [*command, "-fopenmp"])
    openmp = f"OpenMP, {ending}"
    if problem:
        yield Finding(PART, openmp, NOT_HERE, problem, "gives threads within one simulation or training")
    else:
        yield Finding(PART, openmp, OK, "works")


def _compiled(source, text, command):
    """Compile and run a program; what went wrong, or nothing."""
    source.write_text(text)
    program = source.with_suffix("")
    steps = ([*command, str(source), "-o", str(program)], [str(program)])
    for step in steps:
        _, problem = _run(step)
        if problem:
            return problem
    return ""


def _version(command):
    said, _ = _run([*command, "--version"])
    return next(iter(said.splitlines()), "which does not say its version")


def _run(command):
    """What a command printed, and what went wrong, or nothing."""
    try:
        code, said, complained = run(command, seconds=SECONDS)
    except OSError as error:
        return "", str(error)
    if code is None:
        return "", f"{command[0]} did not end within {SECONDS:g} s"
    return said, f"exit code {code}: {' '.join((complained or said).split())[:200]}" if code else ""
