"""The studies of a trained network and of the published ones, as the catalogue holds them."""

from __future__ import annotations

from .. import analyses
from ..analyses.drawing.time_constants import LESIONS as LESION_FIGURES
from . import continuous, fidelity, lesions, published_timescales, robustness
from .study import Study, without_model

CONTINUOUS = Study(
    name="continuous",
    question="Is what was trained in steps of dt_ref a network in continuous time?",
    method="A trained network is simulated in Brian2 on the test set of its task at dt_ref and at finer steps, with "
    "its physical step (refractory period and recurrent delay of dt_ref) and as the step reads; and single "
    "neurons under each integration method.",
    config=continuous.ContinuousConfig,
    run=without_model(continuous.run),
    figures=analyses.STEPS,
)
ROBUSTNESS = Study(
    name="robustness",
    question="How strong may a perturbation be before the network no longer does its task?",
    method="A trained network is simulated in Brian2 on the test set of its task under every perturbation, at "
    "several strengths and seeds.",
    config=robustness.RobustnessConfig,
    run=without_model(robustness.run),
    figures=analyses.ROBUSTNESS,
)
FIDELITY = Study(
    name="fidelity",
    question="How far do the spikes of a trained network in Brian2 lie from those of its twin, and what does it cost?",
    method="The twin of a trained network is held against Brian2 on the test set of its task, at its own step, at "
    "finer ones and under perturbations: spike by spike, by the distances of spike trains and by decisions.",
    config=fidelity.FidelityConfig,
    run=without_model(fidelity.run),
    figures=analyses.FIDELITY,
)
LESIONS = Study(
    name="lesions",
    question="Which neurons does a trained network need, and do their time constants say which?",
    method="The test set is simulated in Brian2 with one hidden neuron removed, or one of its time constants reset to "
    "the median of its layer, at a time; what is lost has intervals over trials, and is held against time constants, "
    "firing rates and outgoing weights by rank correlations, with and without the rates.",
    config=lesions.LesionsConfig,
    run=without_model(lesions.run),
    figures=LESION_FIGURES,
)
PUBLISHED = Study(
    name="published",
    question="Did training move the time constants of the published networks, and do they resemble cortical cells?",
    method="Each array of time constants in the published checkpoints is held against its distribution at the start "
    "and laid beside measured cells, with intervals by resampling.",
    config=published_timescales.PublishedConfig,
    run=without_model(published_timescales.run),
    figures=analyses.PUBLISHED,
)
