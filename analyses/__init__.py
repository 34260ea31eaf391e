"""From simulated spikes and trained networks to numbers and figures, all as xarray data."""

from . import biology
from .classification import accuracy, accuracy_yin, balanced_accuracy, confusion, f1_scores
from .comparison import compare
from .costs import ENERGY_COSTS, FLOAT32, INT32_RATIO_31, NEURON_COSTS, EnergyCost, NeuronCost
from .dense_energy import dense_operations
from .draw_biology import biology_ms, biology_scale_free
from .draw_energy import energy_bars, operation_bars
from .draw_neurons import adaptation_change, firing_rate_distribution, membrane_change
from .draw_raster import example_classes, example_signal, example_spikes, example_stimulus
from .draw_record import record_spikes, record_waves
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
from .operations import operations
from .rates import firing_rates
from .timescales import timescales, timescales_table

__all__ = [
    "ENERGY_COSTS",
    "FIGURES",
    "FLOAT32",
    "INT32_RATIO_31",
    "NEURON_COSTS",
    "RECORD",
    "DataNotFound",
    "EnergyCost",
    "InvalidInput",
    "MissingVariable",
    "NeuronCost",
    "accuracy",
    "accuracy_against_dt",
    "accuracy_yin",
    "adaptation_change",
    "balanced_accuracy",
    "biology",
    "biology_ms",
    "biology_scale_free",
    "compare",
    "compose",
    "confusion",
    "confusion_matrix",
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
    "learning_accuracy",
    "learning_loss",
    "learning_rate_of_spikes",
    "membrane_change",
    "operation_bars",
    "operations",
    "rate_against_dt",
    "record_spikes",
    "record_waves",
    "timescales",
    "timescales_table",
]
