"""The fused engine: C generated from a program, forward and adjoint."""

from .engine import FusedEngine

__all__ = ["FusedEngine"]
