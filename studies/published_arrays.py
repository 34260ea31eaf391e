"""The time constants of the five published networks: their arrays, steps, and what they were initialised with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..models import KINDS


@dataclass(frozen=True)
class PublishedArray:
    """One array of time constants of a published file, in steps.

    Parameters
    ----------
    network : str
        Short name.
    file : str
        Below the data folder.
    kind : str
        Of `chronaxie.models.KINDS`, which has the step.
    array : str
        Name in the file.
    quantity : {"tau_m", "tau_a"}
    start : tuple of (float, float)
        Means and standard deviations of the normal distributions that the values were drawn from, one for each equal
        part of the neurons; a standard deviation of 0: all had one value.
    note : str
        What a reader must know of this start.
    used : bool
        Whether training could change it: the network uses it, and it is no constant of the code.
    like : str
        Of a constant that no file holds: the array in the file that has one value for each of its neurons.
    """

    network: str
    file: str
    kind: str
    array: str
    quantity: str
    start: tuple[tuple[float, float], ...]
    note: str = ""
    used: bool = True
    like: str = ""

    @property
    def label(self):
        """``<network> <array>``."""
        return f"{self.network} {self.array}"

    @property
    def dt(self):
        """Step in ms."""
        return KINDS[self.kind].dt * 1e3

    @property
    def constant(self):
        """All neurons started with one value."""
        return len(self.start) == 1 and self.start[0][1] == 0

    @property
    def start_text(self):
        """The start in words, in steps."""
        if self.constant:
            return f"{self.start[0][0]:g}"
        return " + ".join(f"N({mean:g}, {sd:g})" for mean, sd in dict.fromkeys(self.start))

    def law(self):
        """The start as a frozen distribution in ms; None for one value."""
        if self.constant:
            return None
        parts = [stats.norm(mean * self.dt, sd * self.dt) for mean, sd in self.start]
        if len(parts) == 1:
            return parts[0]
        edges = np.linspace(min(p.ppf(1e-6) for p in parts), max(p.ppf(1 - 1e-6) for p in parts), 4001)
        weight = np.mean([np.diff(p.cdf(edges)) for p in parts], axis=0)
        return stats.rv_histogram((weight, edges), density=False).freeze()


_UNUSED = "not used by the network: its output is a leaky integrator"
_CONSTANT = "a constant of the authors' code, in no file"
_FINE_TUNED = "start of an earlier stage of training; the last one trained the weights only"
_GSC = "of the script for 256 neurons; another one has N(150, 50)"
_OUTPUT = "a number of neurons as small as the classes"


def _arrays(network, file, kind, rows):
    return tuple(PublishedArray(network, f"checkpoints/{file}.npz", kind, *row) for row in rows)


_MEMBRANE = ((20, 5),)
_LONG = ((700, 25),)

# Sources: README of the published files; scripts of the authors' repositories SRNN-ICONs2020 and
# Efficient-spiking-networks (ECG, SHD, NMI_vis, GSC, TIMIT) for what the README does not say.
ARRAYS = (
    *_arrays(
        "ecg",
        "ecg_icons2020_36",
        "ecg",
        (
            (
                "tau_adp_h",
                "tau_a",
                ((7, 0),),
                "not used by the network: its hidden layer does not adapt",
                False,
            ),
            ("tau_adp_o", "tau_a", ((100, 0),), _OUTPUT),
            ("tau_m_h", "tau_m", ((20, 0),), _CONSTANT, False, "tau_adp_h"),
            ("tau_m_o", "tau_m", ((20, 0),), _CONSTANT, False, "tau_adp_o"),
        ),
    ),
    *_arrays(
        "shd",
        "shd_128_128",
        "shd",
        (
            ("tau_m_h1", "tau_m", _MEMBRANE),
            ("tau_m_h2", "tau_m", _MEMBRANE),
            ("tau_m_o", "tau_m", _MEMBRANE, _OUTPUT),
            ("tau_adp_h1", "tau_a", ((150, 10),)),
            ("tau_adp_h2", "tau_a", ((150, 10),)),
            ("tau_adp_o", "tau_a", ((150, 10),), _UNUSED, False),
        ),
    ),
    *_arrays(
        "smnist",
        "smnist_98p21",
        "smnist",
        (
            ("tau_m_r1", "tau_m", _MEMBRANE),
            ("tau_m_r2", "tau_m", _MEMBRANE),
            ("tau_m_d1", "tau_m", _MEMBRANE),
            ("tau_m_o", "tau_m", _MEMBRANE, _OUTPUT),
            ("tau_adp_r1", "tau_a", _LONG),
            ("tau_adp_r2", "tau_a", _LONG),
            ("tau_adp_d1", "tau_a", _LONG),
            ("tau_adp_o", "tau_a", _LONG, _OUTPUT),
        ),
    ),
    *_arrays(
        "timit",
        "timit_bi",
        "timit",
        (
            ("rnn_fw1.tau_m", "tau_m", ((20, 1), (20, 5), (20, 5), (20, 5)), _FINE_TUNED),
            ("rnn_fw1.tau_adp", "tau_a", ((200, 5), (200, 50), (250, 100), (200, 50)), _FINE_TUNED),
            ("rnn_bw1.tau_m", "tau_m", _MEMBRANE, _FINE_TUNED),
            ("rnn_bw1.tau_adp", "tau_a", ((200, 5), (200, 50), (150, 30), (200, 10)), _FINE_TUNED),
            ("dense_mean.tau_m", "tau_m", ((3, 1),), _FINE_TUNED),
        ),
    ),
    *_arrays(
        "gsc",
        "gsc",
        "gsc",
        (
            ("dense_1.tau_m", "tau_m", _MEMBRANE),
            ("dense_1.tau_adp", "tau_a", ((200, 50),), _GSC),
            ("rnn_1.tau_m", "tau_m", _MEMBRANE),
            ("rnn_1.tau_adp", "tau_a", ((200, 50),), _GSC),
            ("dense_2.tau_m", "tau_m", ((10, 1),), _OUTPUT),
        ),
    ),
)
