"""Which compilers are looked for, and where: without Brian2, so that what is missing can be said where that is too."""

import os
import shlex
import shutil
import sysconfig
from pathlib import Path

C = ("cc", "gcc", "clang")
CXX = ("g++", "c++", "clang++")


def find_program(*names):
    """Return the path of the first of some programs that is in PATH, else None."""
    return next((found for found in map(shutil.which, names) if found), None)


def named_command(variable):
    """Return the words of an environment variable, ``CC`` or ``CXX``, quoted as in a shell; none where it is not set.

    Raises
    ------
    ValueError
        Its quotes do not close.
    """
    text = os.environ.get(variable, "")
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{variable}={text!r} is not a command: {error}") from error


def find_command(variable, *names):
    """Return a compiler: what an environment variable says, else the first of the programs in PATH.

    Parameters
    ----------
    variable : str
        ``CC`` or ``CXX``. Where it is set, no other program is looked for.
    *names : str

    Returns
    -------
    list of str or None
        The program's path and the arguments that the variable gives it; None where there is no such program.

    Raises
    ------
    ValueError
        As `named_command`.
    """
    named = named_command(variable)
    path = find_program(*named[:1] or names)
    return path and [path, *named[1:]]


def find_python_header():
    """Return the path of ``Python.h``, against which Brian2's cython target compiles, else None."""
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    return str(header) if header.exists() else None
