"""From simulated spikes and trained networks to numbers and figures, all as xarray data."""

from . import biology
from .activity.rates import firing_rates
from .biology.cells import cells_distribution, membrane_beside_cells
from .biology.comparison import compare
from .biology.glif import glif_parameters, glif_table
from .classification import accuracy, accuracy_yin, balanced_accuracy, confusion, f1_scores
from .convergence import convergence_orders, step_deviations
from .drawing.biology import biology_ms, biology_scale_free
from .drawing.energy import energy_bars, operation_bars
from .drawing.figure_files import FIGURES, RECORD, compose, figure_names, figures
from .drawing.neurons import adaptation_change, firing_rate_distribution, membrane_change
from .drawing.raster import example_classes, example_signal, example_spikes, example_stimulus
from .drawing.record import record_spikes, record_waves
from .drawing.robustness import ROBUSTNESS, accuracy_against_strength
from .drawing.steps import STEPS, spike_time_errors, step_accuracy, step_spikes, trace_errors
from .drawing.training import (
    accuracy_against_dt,
    confusion_matrix,
    learning_accuracy,
    learning_loss,
    learning_rate_of_spikes,
    rate_against_dt,
)
from .energetics.costs import ENERGY_COSTS, FLOAT32, INT32_RATIO_31, NEURON_COSTS, EnergyCost, NeuronCost
from .energetics.dense import dense_operations
from .energetics.network import energy
from .energetics.operations import operations
from .errors import DataNotFound, InvalidInput, MissingVariable
from .time_constants.summary import timescales, timescales_table

__all__ = [
    "ENERGY_COSTS",
    "FIGURES",
    "FLOAT32",
    "INT32_RATIO_31",
    "NEURON_COSTS",
    "RECORD",
    "ROBUSTNESS",
    "STEPS",
    "DataNotFound",
    "EnergyCost",
    "InvalidInput",
    "MissingVariable",
    "NeuronCost",
    "accuracy",
    "accuracy_against_dt",
    "accuracy_against_strength",
    "accuracy_yin",
    "adaptation_change",
    "balanced_accuracy",
    "biology",
    "biology_ms",
    "biology_scale_free",
    "cells_distribution",
    "compare",
    "compose",
    "confusion",
    "confusion_matrix",
    "convergence_orders",
    "dense_operations",
    "energy",
    "energy_bars",
    "example_classes",
    "example_signal",
    "example_spikes",
    "example_stimulus",
    "f1_scores",
    "figure_names",
    "figures",
    "firing_rate_distribution",
    "firing_rates",
    "glif_parameters",
    "glif_table",
    "learning_accuracy",
    "learning_loss",
    "learning_rate_of_spikes",
    "membrane_beside_cells",
    "membrane_change",
    "operation_bars",
    "operations",
    "rate_against_dt",
    "record_spikes",
    "record_waves",
    "spike_time_errors",
    "step_accuracy",
    "step_deviations",
    "step_spikes",
    "timescales",
    "timescales_table",
    "trace_errors",
]
