"""Study `sparsity`: how few spikes do, and what energy is left to save against dense networks of equal accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ... import analyses
from ...analyses.comparing import energies, mismatches, over_seeds, paired_effects
from ...analyses.rate_tradeoff import break_rate, energy_at_equal_accuracy
from ...analyses.variables import require
from ..recurrent import DENSE
from ..study import Axis, Study
from ..train_config import TrainConfig
from .comparing import mean_rate, mismatches_in_words, number
from .networks import run_network

PENALTIES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SIZES = (2, 4, 8, 16, 36)
# Loss of accuracy that counts as none.
TOLERANCE = 0.01


def penalised(penalty):
    """Label of the ALIF network that is trained with a penalty on its rate."""
    return f"alif-{penalty:g}"


def family(kind, sizes=SIZES):
    """Labels of the dense networks of a kind, by their sizes."""
    return tuple(f"{kind}-{size}" for size in sizes)


def _axis(penalties, kinds, sizes):
    values = [("alif", penalty, None) for penalty in penalties]
    values += [(kind, None, (size,)) for kind in kinds for size in sizes]
    labels = [penalised(p) for p in penalties] + [label for kind in kinds for label in family(kind, sizes)]
    fields = ("model", "rate_penalty", "hidden")
    return Axis("network", tuple(values), text="network", fields=fields, labels=tuple(labels))


@dataclass(frozen=True)
class SparsityConfig(TrainConfig):
    """A `TrainConfig`, by default for ECG waves.

    Parameters
    ----------
    task : str
        One of `RECIPES`.
    """

    task: str = "ecg"


def answer(ds):
    """What a gathered sweep over penalties says.

    Parameters
    ----------
    ds : xarray.Dataset
        Results on ``network``, labelled as in the study's axis, and ``seed``.

    Returns
    -------
    xarray.Dataset
        ``accuracy``, ``rate_mean``, ``energy_mean (network, …)`` with intervals; ``accuracy_effect (effect)``: what a
        penalty changes, in pairs of seeds; ``break_rate``; ``energy_ratio_equal (sparse_network, family,
        energy_model)``; ``mismatches``. The attribute ``answer``.
    """
    require(ds, "network", "seed", "test_accuracy", "spikes_per_step", "spike_mismatches", where="sparsity")
    there = ds["network"].values.tolist()
    sparse = [label for label in map(penalised, PENALTIES) if label in there]
    families = {kind: [label for label in family(kind) if label in there] for kind in DENSE}
    families = {kind: labels for kind, labels in families.items() if labels}
    used, rate = energies(ds), mean_rate(ds)
    parts = [
        over_seeds(ds["test_accuracy"], "accuracy", text="accuracy on what is labelled"),
        over_seeds(rate, "rate_mean"),
        over_seeds(used, "energy_mean", text="energy per step, mean over seeds"),
        break_rate(rate.sel(network=sparse), ds["test_accuracy"].sel(network=sparse), tolerance=TOLERANCE),
        mismatches(ds),
    ]
    if len(sparse) > 1 and penalised(0.0) in sparse:
        effects = {f"penalty {label.removeprefix('alif-')}": (label, penalised(0.0)) for label in sparse[1:]}
        parts.append(paired_effects(ds["test_accuracy"], effects, "accuracy_effect"))
    if families and sparse:
        parts.append(energy_at_equal_accuracy(ds["test_accuracy"], used, sparse, families))
    found = xr.merge(parts, combine_attrs="drop_conflicts")
    return found.assign_attrs(answer=_sentence(found, sparse))


def _sentence(found, sparse):
    said = []
    if sparse:
        first, last = found.sel(network=sparse[0]), found.sel(network=sparse[-1])
        words = [
            f"{number(one['accuracy'], one['accuracy_interval'].values)} at "
            f"{number(one['rate_mean'], one['rate_mean_interval'].values)} spikes per neuron and step"
            for one in (first, last)
        ]
        said.append(f"from {sparse[0]} to {sparse[-1]} accuracy goes from {words[0]} to {words[1]}")
    broken = found["break_rate"]
    if np.isnan(broken):
        said.append(f"at none of these rates {100 * TOLERANCE:g} % of accuracy is lost")
    else:
        interval = found["break_rate_interval"].values
        where = f"{number(broken, interval)} spikes per neuron and step ({broken.attrs['count']})"
        said.append(f"{100 * TOLERANCE:g} % of accuracy is lost at {where}")
    if "energy_ratio_equal" in found:
        ratio = found["energy_ratio_equal"]
        if ratio.notnull().any():
            low, high = float(ratio.min()), float(ratio.max())
            said.append(
                f"dense networks of equal accuracy need {low:.2g} to {high:.2g} times the energy, over penalties, "
                "kinds and cost models"
            )
        else:
            said.append("no size of the dense networks is as accurate")
    return "; ".join(said) + mismatches_in_words(found) + "."


STUDY = Study(
    name="sparsity",
    question="How few spikes does an adaptive network need before its accuracy breaks, and what energy does it save "
    "against dense networks that are equally accurate?",
    method="ALIF networks are trained with a growing penalty on their mean rate in the loss, and dense networks of "
    "several sizes without; all by the recipe of the task, on the same seeds, chosen on validation data, tested once. "
    f"Accuracy breaks where it is {TOLERANCE:g} below the best of a seed; the logarithm of the rate is interpolated. "
    "The energy of a dense network of equal accuracy is that of the smallest one that reaches it, interpolated between "
    "sizes, for each seed; seeds in which no size is as accurate are left out, and counted. Energies are per step from "
    "counted operations: with the float32 costs of Horowitz (2014), with the papers' ratio of 31, and with weights and "
    "states read from SRAM. Intervals are Student's over seeds, of rates and ratios on the logarithm.",
    config=SparsityConfig,
    run=run_network,
    smoke={
        "task": "synthetic_ecg",
        "epochs": 10,
        "batch_size": 3,
        "options": (("config", {"train": 12, "valid": 4, "test": 4, "steps": 300}),),
    },
    axes=(_axis(PENALTIES, DENSE, SIZES), Axis("seed", tuple(range(5)))),
    smoke_axes=(_axis((0.0, 3.0), ("lstm",), (2, 8)), Axis("seed", (0, 1))),
    answer=answer,
    needs=("network", "seed"),
    figures=analyses.RATE_TRADEOFF,
)
