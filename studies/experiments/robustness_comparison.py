"""Study `robustness_comparison`: what perturbations do to adaptive, leaky and dense networks alike."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import xarray as xr

from ... import analyses
from ...analyses.comparing import mismatches, over_seeds, paired_effects
from ...analyses.perturbed_networks import perturbations_of, share_kept
from ...analyses.variables import require
from ...gradient_bridge import predict
from ...models import PERTURBATIONS, describe
from ..evaluating import first_trials
from ..field_checks import DEVICE, check_fields, some_of, whole
from ..robustness import PLAIN, as_dataset, robustness
from ..scoring import accuracies, decisions
from ..study import Axis, Study
from ..sweeps import sweeps
from ..train_config import TrainConfig
from ..training import spiking_network, task_of
from .comparing import mismatches_in_words, number
from .dense_perturbations import jittered_stimulus, perturb_dense
from .networks import ALIF, LIF, LSTM, network_axis, run_network

DENSE_PERTURBATIONS = (
    "weight_noise",
    "weight_quantisation",
    "neuron_lesion",
    "synapse_lesion",
    "input_jitter",
)
EFFECTS = {
    "ALIF over LIF": ("alif", "lif"),
    "ALIF over LSTM": ("alif", "lstm"),
    "LIF over LSTM": ("lif", "lstm"),
}
_CHECKS = {
    "perturbations": some_of(PERTURBATIONS).or_none(),
    **dict.fromkeys(("draws", "trials"), whole(1)),
    "simulator": DEVICE,
}


@dataclass(frozen=True)
class RobustnessComparisonConfig(TrainConfig):
    """A `TrainConfig`, and what is done to the trained network.

    Parameters
    ----------
    task : str
        One of `RECIPES`.
    perturbations : tuple of str or None
        Of `PERTURBATIONS`; None: all. Those that a network cannot have are left out.
    draws : int
        Of each perturbation at each strength.
    trials : int
        The first so many test trials are perturbed.
    simulator : str
        Brian2 device of the perturbed spiking networks.
    """

    task: str = "ecg"
    perturbations: tuple[str, ...] | None = None
    draws: int = 3
    trials: int = 50
    simulator: str = "cpp_standalone"

    def __post_init__(self):
        super().__post_init__()
        check_fields(self, "robustness_comparison", _CHECKS)


def run(config, *, checkpoint=None, resume=False, report=print):
    """Train a network, and test it under every perturbation that it can have.

    Parameters
    ----------
    config : RobustnessComparisonConfig
    checkpoint, resume, report
        As for `training.run`.

    Returns
    -------
    result : xarray.Dataset
        That of the study `train`, with the variables of `robustness` on ``draw`` in the place of its ``seed``.
    model : brian2.Network or DenseRecurrent
    """
    result, model = run_network(config, checkpoint=checkpoint, resume=resume, report=report)
    task = task_of(config)
    if config.is_spiking:
        perturbed = robustness(
            describe(model, namespace={}),
            task,
            device=config.simulator,
            names=config.perturbations,
            seeds=config.draws,
            trials=config.trials,
            report=report,
        )
    else:
        perturbed = _perturbed_dense(model, task, config, report)
    perturbed = perturbed.rename(seed="draw").drop_vars("draw")
    return xr.merge([result, perturbed], compat="no_conflicts", combine_attrs="override"), model


def _perturbed_dense(model, task, config, report):
    """The dataset of `robustness` for a dense network, at the strengths of the spiking network of its task."""
    alike = dataclasses.replace(config, model="alif", match="neurons")
    hidden = alike.sizes(task.train.sizes["channel"], len(task.classes))
    every = sweeps(describe(spiking_network(alike, task, hidden), namespace={}))
    names = [name for name in config.perturbations or PERTURBATIONS if name in DENSE_PERTURBATIONS]
    if task.test.stimulus.dtype.kind == "f":  # real numbers have no time that could be moved
        names = [name for name in names if name != "input_jitter"]
    chosen = {name: every[name] for name in names}
    test = first_trials(task.test, config.trials, "trials")

    def row(network, stimulus):
        found = accuracies(
            decisions(predict(network, stimulus), test), test, unlabelled_class=task.unlabelled_class
        )
        return {name: value for name, (value, _) in found.items() if name != "balanced_accuracy"}

    def one(name, strength, seed):
        if name == "input_jitter":
            return row(model, jittered_stimulus(test.stimulus, strength / 1e3, seed=seed))
        return row(perturb_dense(model, chosen[name].make(strength), seed=seed), test.stimulus)

    found = {PLAIN: [row(model, test.stimulus)] * config.draws}
    for name, sweep in chosen.items():
        report(name)
        found[name] = [[one(name, strength, k) for k in range(config.draws)] for strength in sweep.strengths]
    return as_dataset(found, chosen, config.draws, test=test, classes=task.classes)


def answer(ds):
    """What a gathered comparison under perturbations says.

    Parameters
    ----------
    ds : xarray.Dataset
        Results on ``network`` and ``seed``.

    Returns
    -------
    xarray.Dataset
        ``kept (network, perturbation)``: share of the accuracy above the commonest class that is kept, mean over
        strengths; ``kept_effect (effect, perturbation)`` in pairs of seeds; both with intervals. ``accuracy``,
        ``mismatches``, and the attribute ``answer``.
    """
    require(ds, "network", "seed", "accuracy_unperturbed", "spike_mismatches", where="robustness_comparison")
    kept = share_kept(ds)
    parts = [
        over_seeds(ds["test_accuracy"], "accuracy", text="accuracy on what is labelled"),
        over_seeds(kept, "kept"),
        mismatches(ds),
    ]
    there = set(ds["network"].values.tolist())
    if any(set(pair) <= there for pair in EFFECTS.values()):
        parts.append(paired_effects(kept, EFFECTS, "kept_effect"))
    found = xr.merge(parts, combine_attrs="drop_conflicts")
    return found.assign_attrs(answer=_sentence(found, perturbations_of(ds)))


def _sentence(found, names):
    parts = []
    for network in found["network"].values.tolist():
        one = found.sel(network=network)
        if one["kept"].notnull().any():
            worst = one["kept"].fillna(2.0).idxmin().item()
            low = one.sel(perturbation=worst)
            share = number(low["kept"], low["kept_interval"].values, digits=2)
            parts.append(f"{network} {share} ({worst.replace('_', ' ')})")
    sure = ""
    if "kept_effect" in found:
        significant = found["kept_effect_p_holm"] < 0.05
        tests = int(found["kept_effect_p_holm"].notnull().sum())
        if tests:
            sure = f"; {int(significant.sum())} of {tests} differences between networks have p < 0.05 (Holm)"
    least = (
        "Of the accuracy above the commonest class each network keeps, where it keeps least in the mean over "
        "strengths, " + ", ".join(parts)
        if parts
        else "No network is better than the commonest class before anything is perturbed"
    )
    return (
        f"{least}; {len(names)} perturbations, {found['accuracy'].attrs['count']}{sure}"
        f"{mismatches_in_words(found)}."
    )


STUDY = Study(
    name="robustness_comparison",
    question="Do adaptive networks stand perturbations better than leaky and dense ones?",
    method="Networks are trained by the recipe of the task on the same seeds, and the first test trials are given to "
    "each under every perturbation of the package that it can have, at several strengths, drawn several times: spiking "
    "networks in Brian2; of the LSTM weights, units, connections and input times, since it has no spikes that could be "
    "lost, no membrane and no time constants. A unit that is lesioned sends nothing, a lost connection of the LSTM is "
    "lost in all four gates. Networks are compared by the share of their accuracy above the commonest class that they "
    "keep, in the mean over strengths and draws, in pairs of seeds, with Student's interval and p values corrected "
    "over all (Holm).",
    config=RobustnessComparisonConfig,
    run=run,
    smoke={
        "task": "synthetic_ecg",
        "epochs": 10,
        "batch_size": 3,
        "options": (("config", {"train": 12, "valid": 4, "test": 4, "steps": 200}),),
        "perturbations": ("neuron_lesion",),
        "draws": 1,
        "trials": 2,
        "simulator": "numpy",
        "hidden": (8,),
    },
    axes=(network_axis((ALIF, LIF, LSTM)), Axis("seed", tuple(range(5)))),
    smoke_axes=(network_axis((ALIF, LIF, LSTM)), Axis("seed", (0, 1))),
    answer=answer,
    needs=("network", "seed"),
    figures=analyses.PERTURBED_NETWORKS,
)
