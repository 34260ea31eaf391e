"""Packages of the extras, which a part of chronaxie needs: imported when used, named where they are missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class MissingExtra(ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


def require(module: str, extra: str = "interchange") -> ModuleType:
    """Import an optional package.

    Parameters
    ----------
    module : str
        E.g. ``"nir"``, ``"neo"``.
    extra : str
        Of `setup.cfg`, that brings it.

    Returns
    -------
    module

    Raises
    ------
    MissingExtra
        It is not installed, or cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"{module} cannot be imported ({error}): pip install 'chronaxie[{extra}]'", name=module
        ) from error
