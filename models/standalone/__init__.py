"""Brian2's C++ standalone device with one build for each structure: see `engine`."""

from .engine import StandaloneEngine

__all__ = ["StandaloneEngine"]
