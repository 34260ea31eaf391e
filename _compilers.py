"""Which compilers are looked for, and where: without Brian2, so that what is missing can be said where that is too."""

import os
import shutil
import sysconfig
from pathlib import Path

C = ("gcc", "cc", "clang")
CXX = ("g++", "c++", "clang++")


def find_program(variable, *names):
    """Return the path of a program: that of an environment variable, else the first of the names in PATH, else None.

    Parameters
    ----------
    variable : str or None
        ``CC`` or ``CXX``, whose value may hold arguments. Where it is set, no other program is looked for.
    *names : str
    """
    named = os.environ.get(variable, "").split() if variable else []
    if named:
        return shutil.which(named[0])
    return next((found for found in map(shutil.which, names) if found), None)


def find_python_header():
    """Return the path of ``Python.h``, against which Brian2's cython target compiles, else None."""
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    return str(header) if header.exists() else None
