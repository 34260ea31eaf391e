"""chronaxie: Brian2 networks made differentiable, their time constants learned and laid beside biology.

Names are resolved when they are first used (PEP 562): who only simulates, or only analyses, never
loads torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from . import analyses, gradient_bridge, models, studies
    from .gradient_bridge import Twin, fit
    from .models import UnsupportedModel, build, describe, load, load_published, save, simulate, srnn

_SUBPACKAGES = ("models", "gradient_bridge", "analyses", "studies")

_HOME = {
    "srnn": "models",
    "describe": "models",
    "build": "models",
    "save": "models",
    "load": "models",
    "simulate": "models",
    "load_published": "models",
    "UnsupportedModel": "models",
    "Twin": "gradient_bridge",
    "fit": "gradient_bridge",
}

__all__ = [
    "Twin",
    "UnsupportedModel",
    "__version__",
    "analyses",
    "build",
    "describe",
    "fit",
    "gradient_bridge",
    "load",
    "load_published",
    "models",
    "save",
    "simulate",
    "srnn",
    "studies",
]


def __getattr__(name):
    """Import the subpackage that holds `name` and return the object.

    Raises
    ------
    AttributeError
        If chronaxie has no such public name; the message gives the nearest ones.
    """
    if name in _SUBPACKAGES:
        return import_module(f".{name}", __name__)
    if name in _HOME:
        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value
    from difflib import get_close_matches

    near = get_close_matches(name, [*_SUBPACKAGES, *_HOME], n=3)
    hint = f"; the nearest names are {', '.join(near)}" if near else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}", name=name)


def __dir__():
    return sorted({*globals(), *_SUBPACKAGES, *_HOME})
