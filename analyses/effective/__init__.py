"""Effective time scales: of spikes and membranes, with the same estimators for models and for recordings."""

from .across_trials import autocorrelation_timescales
from .alignment import beside_learned
from .autocorrelation import trial_autocorrelation_kernel
from .differences import difference_decay_kernel, difference_histogram_kernel
from .doubly_stochastic import doubly_stochastic_spikes
from .exponential import exponential_fit_kernel
from .membrane import membrane_decay_kernel, membrane_timescales
from .recovery import timescale_recovery
from .spike_intervals import isi_timescales
from .spike_trains import recorded_spikes

__all__ = [
    "autocorrelation_timescales",
    "beside_learned",
    "difference_decay_kernel",
    "difference_histogram_kernel",
    "doubly_stochastic_spikes",
    "exponential_fit_kernel",
    "isi_timescales",
    "membrane_decay_kernel",
    "membrane_timescales",
    "recorded_spikes",
    "timescale_recovery",
    "trial_autocorrelation_kernel",
]
