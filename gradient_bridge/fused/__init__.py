"""The fused engine: C generated from a program, forward and adjoint."""

from .engine import AutoEngine, FusedEngine

__all__ = ["AutoEngine", "FusedEngine"]
