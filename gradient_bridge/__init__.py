"""The gradient bridge: a Brian2 network as a differentiable torch module, and back."""

from .checkpoints import CheckpointError
from .coordinates import Bounded, Identity, Log, OutOfBounds, Scaled
from .finer import finer_twin
from .fitting import ProcessLost, TrainingDiverged, fit
from .loaders import pad_trials
from .options import LossTraining, Training
from .parameters import UnknownParameter
from .predicting import predict
from .program import Program
from .reading import read
from .recording import Recording
from .surrogates import FastSigmoid, Gaussian, MultiGaussian, Slayer, Surrogate, Triangular
from .training_losses import CombinedLoss, RateLoss, TraceLoss, VanRossumLoss
from .twin import Twin

__all__ = [
    "Bounded",
    "CheckpointError",
    "CombinedLoss",
    "FastSigmoid",
    "Gaussian",
    "Identity",
    "Log",
    "LossTraining",
    "MultiGaussian",
    "OutOfBounds",
    "ProcessLost",
    "Program",
    "RateLoss",
    "Recording",
    "Scaled",
    "Slayer",
    "Surrogate",
    "TraceLoss",
    "Training",
    "TrainingDiverged",
    "Triangular",
    "Twin",
    "UnknownParameter",
    "VanRossumLoss",
    "finer_twin",
    "fit",
    "pad_trials",
    "predict",
    "read",
]
