"""Study `speech`: spoken digits and commands, by networks that are compared with each other."""

from __future__ import annotations

from dataclasses import dataclass

from ... import analyses
from ..field_checks import check_fields, one_of
from ..study import Axis, Study
from ..train_config import TrainConfig
from .comparing import compared_networks
from .networks import ALIF, ALIF_FIXED, EFFECTS, LIF, LSTM, LSTM_PARAMETERS, network_axis, run_network

TASKS = ("spoken_digits", "shd", "ssc")


@dataclass(frozen=True)
class SpeechConfig(TrainConfig):
    """A `TrainConfig` for speech.

    Parameters
    ----------
    task : {"spoken_digits", "shd", "ssc"}
        The Free Spoken Digit Dataset (official split), the Spiking Heidelberg Digits, the Spiking Speech Commands.
        All of them read files; none has a version without.
    """

    task: str = "spoken_digits"

    def __post_init__(self):
        check_fields(self, "speech", {"task": one_of(TASKS)})
        super().__post_init__()


STUDY = Study(
    name="speech",
    question="How well do adaptive spiking networks name spoken words, and what do adaptation and trained time "
    "constants contribute?",
    method="The networks are trained by the recipe of the task on the same seeds, chosen by the accuracy on validation "
    "recordings split off the training set, and tested once on the official test set. Differences are taken in pairs "
    "of seeds, with Student's interval and p values of the paired t test, corrected for their number (Holm). Energies "
    "are per step, from counted operations. Each spiking network is simulated in Brian2 and compared with its twin in "
    "float64: of spoken digits on the whole test set, of the larger sets on the first recordings, since memory grows "
    "with synapses times recordings.",
    config=SpeechConfig,
    run=run_network,
    smoke={"epochs": 1, "hidden": (16,)},
    axes=(
        network_axis((ALIF, ALIF_FIXED, LIF, LSTM, LSTM_PARAMETERS)),
        Axis("seed", tuple(range(5))),
    ),
    smoke_axes=(network_axis((ALIF, LIF)), Axis("seed", (0, 1))),
    answer=lambda ds: compared_networks(ds, EFFECTS),
    needs=("network", "seed"),
    figures=analyses.NETWORKS,
)
