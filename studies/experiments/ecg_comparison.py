"""Study `ecg_comparison`: which part of an adaptive network's accuracy on ECG waves is due to what."""

from __future__ import annotations

from dataclasses import dataclass

from ... import analyses
from ..field_checks import check_fields, one_of, whole
from ..study import Axis, Study
from ..tasks.qtdb import LAG
from ..train_config import TrainConfig
from .comparing import compared_networks
from .networks import ALIF, ALIF_FIXED, EFFECTS, LSTM, NETWORKS, Variant, network_axis, run_network

TASKS = ("ecg", "synthetic_ecg")
FIELDS = ("model", "match", "frozen_time_constants", "beta", "label_lag")
ALIF_LAG_0, LSTM_LAG_0 = (Variant(f"{kind}-lag0", kind, label_lag=0) for kind in ("alif", "lstm"))
LAG_EFFECTS = {"labels late by 17 steps": ("alif", "alif-lag0"), "labels late (LSTM)": ("lstm", "lstm-lag0")}


@dataclass(frozen=True)
class ECGComparisonConfig(TrainConfig):
    """A `TrainConfig` for ECG waves.

    Parameters
    ----------
    task : {"ecg", "synthetic_ecg"}
    label_lag : int or None
        Steps by which labels lag behind the events: 17, as the published ones do, by default; 0: a wave is to be named
        while it happens.
    """

    task: str = "ecg"
    label_lag: int | None = None

    def __post_init__(self):
        check_fields(self, "ecg_comparison", {"task": one_of(TASKS), "label_lag": whole(0).or_none()})
        super().__post_init__()

    @property
    def task_options(self):
        """Options of the task, with its lag."""
        options, lag = super().task_options, LAG if self.label_lag is None else self.label_lag
        if self.task == "ecg":
            return options if lag == LAG else options | {"label_lag": lag}
        return options | {"config": dict(options.get("config", {})) | {"label_lag": lag}}


STUDY = Study(
    name="ecg_comparison",
    question="How much of the accuracy on ECG waves is due to adaptation, to trained time constants, to size, and to "
    "labels that come late, and what do dense networks of equal size reach?",
    method="Networks that differ in one respect are trained by the recipe of the task on the same seeds: the same "
    "validation split, chosen by the accuracy on it, tested once. Differences are taken in pairs of seeds, with "
    "Student's interval and p values of the paired t test, corrected for the number of effects and sizes (Holm). Fixed "
    "time constants stay as they were drawn. Without adaptation (beta 0) the threshold is constant at b0, 0.01; that "
    "of the LIF networks is 0.1. Dense networks have as many units, or as many trained numbers, as the ALIF network. "
    "Labels of the published files lag the events by 17 steps; lag0 are networks trained and tested with labels at the "
    "events. Accuracies are over labelled steps, and in the papers' convention: unlabelled steps count as class P, the "
    "first ten are left out. Energies are per step, from counted operations. Each spiking network is simulated "
    "in Brian2 on the whole test set and compared with its twin in float64.",
    config=ECGComparisonConfig,
    run=run_network,
    smoke={
        "task": "synthetic_ecg",
        "epochs": 10,
        "batch_size": 3,
        "options": (("config", {"train": 12, "valid": 4, "test": 4, "steps": 300}),),
    },
    axes=(
        network_axis((*NETWORKS, ALIF_LAG_0, LSTM_LAG_0), FIELDS),
        Axis("hidden", ((18,), (36,), (72,)), text="hidden units"),
        Axis("seed", tuple(range(5))),
    ),
    smoke_axes=(
        network_axis((ALIF, ALIF_FIXED, LSTM), FIELDS),
        Axis("hidden", ((8,),), text="hidden units"),
        Axis("seed", (0, 1)),
    ),
    answer=lambda ds: compared_networks(ds, EFFECTS | LAG_EFFECTS),
    needs=("network", "seed"),
    figures=analyses.NETWORKS,
)
