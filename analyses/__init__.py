"""From simulated spikes and trained networks to numbers and figures, all as xarray data."""

from . import biology
from .activity.by_class import class_rates, rates_over_time
from .activity.dimensionality import participation_ratio
from .activity.rates import firing_rates
from .activity.sparsity import sparsity
from .biology.cells import cells_distribution, membrane_beside_cells
from .biology.comparison import compare
from .biology.glif import glif_cells, glif_parameters, glif_table
from .biology.over_seeds import compare_over_seeds
from .classification import accuracy, accuracy_yin, balanced_accuracy, confusion, f1_scores
from .convergence import convergence_orders, step_deviations
from .drawing.activity import SPARSITY
from .drawing.advantage import ADVANTAGE
from .drawing.biology import biology_ms, biology_scale_free
from .drawing.comparison import COMPARISON
from .drawing.continuous_study import CONTINUOUS_STUDY
from .drawing.effective import EFFECTIVE
from .drawing.energy import energy_bars, operation_bars
from .drawing.fidelity import FIDELITY
from .drawing.fidelity_pair import FIDELITY_PAIR
from .drawing.figure_files import FIGURES, RECORD, compose, figure_names, figures
from .drawing.identification import IDENTIFICATION
from .drawing.networks import NETWORKS
from .drawing.neurons import adaptation_change, firing_rate_distribution, membrane_change
from .drawing.perturbed_networks import PERTURBED_NETWORKS
from .drawing.published import PUBLISHED
from .drawing.raster import example_classes, example_signal, example_spikes, example_stimulus
from .drawing.rate_tradeoff import RATE_TRADEOFF
from .drawing.record import record_spikes, record_waves
from .drawing.robustness import ROBUSTNESS, accuracy_against_strength
from .drawing.steps import STEPS, spike_time_errors, step_accuracy, step_spikes, trace_errors
from .drawing.swept import SWEPT
from .drawing.time_constants import TIME_CONSTANTS
from .drawing.timescale_study import TIMESCALE_STUDY
from .drawing.training import (
    accuracy_against_dt,
    confusion_matrix,
    learning_accuracy,
    learning_loss,
    learning_rate_of_spikes,
    rate_against_dt,
)
from .effective.across_trials import autocorrelation_timescales
from .effective.alignment import beside_learned
from .effective.doubly_stochastic import doubly_stochastic_spikes
from .effective.membrane import membrane_timescales
from .effective.recovery import timescale_recovery
from .effective.spike_intervals import isi_timescales
from .effective.spike_trains import recorded_spikes
from .energetics.costs import (
    COST_MODELS,
    ENERGY_COSTS,
    EQUAL_COST,
    FLOAT32,
    FLOAT32_DRAM,
    FLOAT32_SRAM,
    INT32_RATIO_31,
    NEURON_COSTS,
    EnergyCost,
    NeuronCost,
)
from .energetics.dense import dense_operations
from .energetics.formulas import formula_operations
from .energetics.network import energy
from .energetics.operations import operations
from .energetics.seeds import energy_over_seeds
from .energetics.synapses import synaptic_events
from .errors import DataNotFound, InvalidInput, MissingVariable
from .identification import identification_answer
from .spike_fidelity.comparison import fidelity
from .spike_fidelity.continuous_study import continuous_answer
from .spike_fidelity.decisions import accuracy_kept
from .spike_fidelity.summary import fidelity_summary
from .statistics.over_seeds import over_seeds
from .time_constants.description import timescale_intervals
from .time_constants.displacement import displacement
from .time_constants.distributions import timescale_fits
from .time_constants.relations import lesion_losses, partial_relations, relations
from .time_constants.resets import reset_relations
from .time_constants.scaling import scaling_exponents
from .time_constants.study import timescale_answer
from .time_constants.summary import timescales, timescales_table
from .time_constants.theoretical import displacement_from

__all__ = [
    "ADVANTAGE",
    "COMPARISON",
    "CONTINUOUS_STUDY",
    "COST_MODELS",
    "EFFECTIVE",
    "ENERGY_COSTS",
    "EQUAL_COST",
    "FIDELITY",
    "FIDELITY_PAIR",
    "FIGURES",
    "FLOAT32",
    "FLOAT32_DRAM",
    "FLOAT32_SRAM",
    "IDENTIFICATION",
    "INT32_RATIO_31",
    "NETWORKS",
    "NEURON_COSTS",
    "PERTURBED_NETWORKS",
    "PUBLISHED",
    "RATE_TRADEOFF",
    "RECORD",
    "ROBUSTNESS",
    "SPARSITY",
    "STEPS",
    "SWEPT",
    "TIMESCALE_STUDY",
    "TIME_CONSTANTS",
    "DataNotFound",
    "EnergyCost",
    "InvalidInput",
    "MissingVariable",
    "NeuronCost",
    "accuracy",
    "accuracy_against_dt",
    "accuracy_against_strength",
    "accuracy_kept",
    "accuracy_yin",
    "adaptation_change",
    "autocorrelation_timescales",
    "balanced_accuracy",
    "beside_learned",
    "biology",
    "biology_ms",
    "biology_scale_free",
    "cells_distribution",
    "class_rates",
    "compare",
    "compare_over_seeds",
    "compose",
    "confusion",
    "confusion_matrix",
    "continuous_answer",
    "convergence_orders",
    "dense_operations",
    "displacement",
    "displacement_from",
    "doubly_stochastic_spikes",
    "energy",
    "energy_bars",
    "energy_over_seeds",
    "example_classes",
    "example_signal",
    "example_spikes",
    "example_stimulus",
    "f1_scores",
    "fidelity",
    "fidelity_summary",
    "figure_names",
    "figures",
    "firing_rate_distribution",
    "firing_rates",
    "formula_operations",
    "glif_cells",
    "glif_parameters",
    "glif_table",
    "identification_answer",
    "isi_timescales",
    "learning_accuracy",
    "learning_loss",
    "learning_rate_of_spikes",
    "lesion_losses",
    "membrane_beside_cells",
    "membrane_change",
    "membrane_timescales",
    "operation_bars",
    "operations",
    "over_seeds",
    "partial_relations",
    "participation_ratio",
    "rate_against_dt",
    "rates_over_time",
    "record_spikes",
    "record_waves",
    "recorded_spikes",
    "relations",
    "reset_relations",
    "scaling_exponents",
    "sparsity",
    "spike_time_errors",
    "step_accuracy",
    "step_deviations",
    "step_spikes",
    "synaptic_events",
    "timescale_answer",
    "timescale_fits",
    "timescale_intervals",
    "timescale_recovery",
    "timescales",
    "timescales_table",
    "trace_errors",
]
