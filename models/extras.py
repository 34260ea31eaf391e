"""Packages that the interchange needs and that chronaxie does not: imported when used, named where they are missing."""

from importlib import import_module


class MissingExtra(ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


def require(module):
    """Import an optional package.

    Parameters
    ----------
    module : str
        E.g. ``"nir"``, ``"neo"``.

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
            f"{module} cannot be imported ({error}): pip install 'chronaxie[interchange]'", name=module
        ) from error
