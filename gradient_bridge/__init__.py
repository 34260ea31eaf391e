"""The gradient bridge: a Brian2 network as a differentiable torch module, and back."""

from .checkpoints import CheckpointError
from .coordinates import Bounded, Identity, Log, OutOfBounds, Scaled
from .fitting import TrainingDiverged, fit
from .options import Training
from .parameters import UnknownParameter
from .predicting import predict
from .program import Program
from .reading import read
from .recording import Recording
from .surrogates import FastSigmoid, Gaussian, MultiGaussian, Slayer, Surrogate, Triangular
from .twin import Twin

__all__ = [
    "Bounded",
    "CheckpointError",
    "FastSigmoid",
    "Gaussian",
    "Identity",
    "Log",
    "MultiGaussian",
    "OutOfBounds",
    "Program",
    "Recording",
    "Scaled",
    "Slayer",
    "Surrogate",
    "Training",
    "TrainingDiverged",
    "Triangular",
    "Twin",
    "UnknownParameter",
    "fit",
    "predict",
    "read",
]
