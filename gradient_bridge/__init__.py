"""The gradient bridge: a Brian2 network as a differentiable torch module, and back."""

from .coordinates import Bounded, Identity, Log, OutOfBounds
from .parameters import UnknownParameter
from .program import Program
from .reading import read
from .recording import Recording
from .surrogates import FastSigmoid, Gaussian, MultiGaussian, Slayer, Surrogate, Triangular
from .twin import Twin

__all__ = [
    "Bounded",
    "FastSigmoid",
    "Gaussian",
    "Identity",
    "Log",
    "MultiGaussian",
    "OutOfBounds",
    "Program",
    "Recording",
    "Slayer",
    "Surrogate",
    "Triangular",
    "Twin",
    "UnknownParameter",
    "read",
]
