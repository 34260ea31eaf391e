"""The layer that everyone trains: its sizes, constants, input and weights, equal for all."""

import math
from dataclasses import dataclass

import numpy as np

# Threshold and its rise by adaptation as in Yin et al. 2021; time constants in steps.
B0, BETA, TAU_M, TAU_A = 0.01, 1.8, 20.0, 100.0
# Gaussian surrogate of the papers: 0.5 N(u; 0, 0.5) = PEAK exp(-2 u²).
PEAK = 0.5 / (0.5 * math.sqrt(2 * math.pi))
CURRENT_SD = 0.5  # 3 % of the neuron-steps spike


@dataclass(frozen=True)
class Size:
    """How large a batch through the layer is.

    Parameters
    ----------
    steps, trials, neurons : int
        >= 1.
    """

    steps: int
    trials: int
    neurons: int

    def __post_init__(self):
        if min(self.shape) < 1:
            raise ValueError(f"size: expected steps, trials and neurons >= 1, got {self}")

    @property
    def shape(self):
        """(steps, trials, neurons)."""
        return self.steps, self.trials, self.neurons

    def __str__(self):
        return "x".join(map(str, self.shape))


SIZES = (Size(1300, 64, 36), Size(250, 64, 128), Size(250, 64, 512), Size(100, 256, 256))
SMALL = Size(40, 32, 48)  # of the check that models are the same


def parse_size(text):
    """A `Size` from ``"1300x64x36"``; anything else is refused."""
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
        raise ValueError(f"size: expected steps x trials x neurons as in 1300x64x36, got {text!r}")
    return Size(*map(int, parts))


def currents(size, bias=0.0):
    """Input currents, float32, shape (time, trial, neuron): normal with mean `bias`."""
    x = np.random.default_rng(1).standard_normal(size.shape, dtype=np.float32)
    return x * np.float32(CURRENT_SD) + np.float32(bias)


def weights(neurons):
    """Recurrent weights, float32, shape (pre, post)."""
    w = np.random.default_rng(0).standard_normal((neurons, neurons), dtype=np.float32)
    return w / np.float32(math.sqrt(neurons))
