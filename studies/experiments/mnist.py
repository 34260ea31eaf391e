"""Study `mnist`: handwritten digits, pixel by pixel, by networks that are compared with each other."""

from __future__ import annotations

from dataclasses import dataclass

from ... import analyses
from ..field_checks import check_fields, one_of
from ..study import Axis, Study
from ..train_config import TrainConfig
from .comparing import compared_networks
from .networks import ALIF, ALIF_FIXED, EFFECTS, LIF, LSTM, LSTM_PARAMETERS, network_axis, run_network

TASKS = ("smnist", "psmnist", "digits")


@dataclass(frozen=True)
class MnistConfig(TrainConfig):
    """A `TrainConfig` for digits of pixels.

    Parameters
    ----------
    task : {"smnist", "psmnist", "digits"}
        Sequential MNIST, with permuted pixels, or scikit-learn's digits of 8 x 8 pixels, for a small machine.
    """

    task: str = "smnist"

    def __post_init__(self):
        check_fields(self, "mnist", {"task": one_of(TASKS)})
        super().__post_init__()


STUDY = Study(
    name="mnist",
    question="How well do adaptive spiking networks name handwritten digits that they see pixel by pixel, and what do "
    "adaptation and trained time constants contribute?",
    method="The networks are trained by the recipe of the task on the same seeds, chosen by the accuracy on validation "
    "images split off the training set, and tested once. Differences are taken in pairs of seeds, with Student's "
    "interval and p values of the paired t test, corrected for their number (Holm). Energies are per step, from "
    "counted operations. Each spiking network is simulated in Brian2 and compared with its twin in float64: of digits "
    "on the whole test set, of MNIST on its first images, since memory grows with synapses times images.",
    config=MnistConfig,
    run=run_network,
    smoke={"task": "digits", "epochs": 2, "hidden": (16,)},
    axes=(
        network_axis((ALIF, ALIF_FIXED, LIF, LSTM, LSTM_PARAMETERS)),
        Axis("seed", tuple(range(5))),
    ),
    smoke_axes=(network_axis((ALIF, ALIF_FIXED, LSTM)), Axis("seed", (0, 1))),
    answer=lambda ds: compared_networks(ds, EFFECTS),
    needs=("network", "seed"),
    figures=analyses.NETWORKS,
)
