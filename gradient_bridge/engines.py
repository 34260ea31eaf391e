"""Which engine runs a twin."""

from __future__ import annotations

import logging
import os

from ..models.errors import UnsupportedModel
from .compiled import CompiledEngine
from .fused import AutoEngine, FusedEngine
from .native import NativeBuildError, find_compiler
from .reference import ReferenceEngine

ENGINES = ("auto", "fused", "compiled", "reference")
DEFAULT = "CHRONAXIE_ENGINE"
_log = logging.getLogger("chronaxie")


def default_engine():
    """The engine where none is named: ``CHRONAXIE_ENGINE``, else "auto".

    Raises
    ------
    ValueError
        The variable names no engine.
    """
    name = os.environ.get(DEFAULT) or "auto"
    if name not in ENGINES:
        raise ValueError(f"{DEFAULT}: expected one of {', '.join(ENGINES)}, got {name!r}")
    return name


def make_engine(name, program, values, objects, functions, network):
    """The engine of a name, for a program.

    Parameters
    ----------
    name : {"auto", "fused", "compiled", "reference"}
        "auto": fused where it runs the program, else reference; which and why is logged and in ``note``.
    program, values, objects, functions, network
        As `ReferenceEngine` takes them.

    Returns
    -------
    ReferenceEngine
        Or one that is derived from it. ``note`` says why it is not the faster one.

    Raises
    ------
    UnsupportedModel
        The engine that was named does not run the program.
    NativeBuildError
        ``"fused"``, and there is no C compiler.
    """
    given = (program, values, objects, functions, network)
    if name == "reference":
        return ReferenceEngine(*given)
    if name == "compiled":
        return CompiledEngine(*given)
    if name == "fused":
        find_compiler()
        return FusedEngine(*given)
    try:
        find_compiler()
        engine = AutoEngine(*given)
    except (UnsupportedModel, NativeBuildError) as error:
        engine = ReferenceEngine(*given)
        engine.note = str(error)
    reason = f": {engine.note}" if engine.note else ""
    _log.info("engine %s%s", engine.name, reason)
    return engine
