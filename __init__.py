"""chronaxie: Brian2 networks made differentiable."""

from ._version import __version__

__all__ = ["__version__"]
