"""Modules of Brian2's cython device: a cache of our own, whose entries are whole or not there.

Brian2 compiles a module where it looks for it, so that a process that is killed, or a full disk, leaves a part of one
that every later run fails to load.
"""

import hashlib
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager

from .cache import cache_root
from .errors import DeviceError
from .scratch import scratch_folder

# Compiled modules of our own flags, kept apart from the user's: Brian2's key does not contain the flags.
_loaded = {}


@contextmanager
def own_modules(flags):
    """A cache of its own for modules that are compiled with some flags, on disk and in memory.

    Parameters
    ----------
    flags : sequence of str

    Yields
    ------
    Path
        The folder, for Brian2's preference.

    Raises
    ------
    DeviceError
        The cache cannot be written.
    """
    key = hashlib.sha256(" ".join(flags).encode()).hexdigest()[:12]
    folder = cache_root() / "cython" / key
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeviceError(
            f"device 'cython' cannot write its cache {folder}: {error}; set XDG_CACHE_HOME to another folder"
        ) from error
    with suppress(OSError):  # used now, for whoever trims the cache
        os.utime(folder)
    manager = cython_extension_manager
    before, outer = manager._code_cache, vars(manager).get("_load_module")
    manager._code_cache = _loaded.setdefault(key, {})
    manager._load_module = _whole(type(manager)._load_module.__get__(manager))
    try:
        yield folder
    finally:
        manager._code_cache = before
        if outer is None:
            del manager._load_module  # the method of its class again
        else:
            manager._load_module = outer


def _whole(load):
    """Brian2's loading of a module, which it does with the module locked; `load` compiles one that is not there."""

    def load_module(module_path, *, lib_dir, sources, **given):
        path, known = Path(module_path), list(sys.path)
        if sources:  # of a user's functions: further modules beside it
            return load(module_path, lib_dir=lib_dir, sources=sources, **given)
        try:
            if path.is_file():
                try:
                    return load(module_path, lib_dir=lib_dir, sources=sources, **given)
                except ImportError:  # damaged: made again
                    path.unlink(missing_ok=True)
            with scratch_folder(Path(lib_dir).parent) as scratch:
                made = scratch / path.name
                module = load(str(made), lib_dir=str(scratch), sources=sources, **given)
                if made.is_file():
                    made.replace(path)
            return module
        finally:
            sys.path[:] = known  # Brian2 leaves the folder there after an error

    return load_module
