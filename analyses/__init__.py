"""From simulated spikes and trained networks to numbers and figures, all as xarray data."""

from . import biology
from .cells import cells_distribution, membrane_beside_cells
from .classification import accuracy, accuracy_yin, balanced_accuracy, confusion, f1_scores
from .comparison import compare
from .convergence import convergence_orders, step_deviations
from .costs import ENERGY_COSTS, FLOAT32, INT32_RATIO_31, NEURON_COSTS, EnergyCost, NeuronCost
from .dense_energy import dense_operations
from .draw_biology import biology_ms, biology_scale_free
from .draw_energy import energy_bars, operation_bars
from .draw_neurons import adaptation_change, firing_rate_distribution, membrane_change
from .draw_raster import example_classes, example_signal, example_spikes, example_stimulus
from .draw_record import record_spikes, record_waves
from .draw_robustness import ROBUSTNESS, accuracy_against_strength
from .draw_training import (
    accuracy_against_dt,
    confusion_matrix,
    learning_accuracy,
    learning_loss,
    learning_rate_of_spikes,
    rate_against_dt,
)
from .energy import energy
from .errors import DataNotFound, InvalidInput, MissingVariable
from .figure_files import FIGURES, RECORD, compose, figure_names, figures
from .glif import glif_parameters, glif_table
from .operations import operations
from .rates import firing_rates
from .step_figures import STEPS, spike_time_errors, step_accuracy, step_spikes, trace_errors
from .timescales import timescales, timescales_table

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
