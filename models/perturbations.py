"""All perturbations by name; see `perturb`, and docs/robustness.md for what each means."""

from .perturbations_inputs import InputJitter
from .perturbations_membrane import MembraneNoise
from .perturbations_neurons import NeuronLesion, Temperature, TimeConstantMismatch
from .perturbations_synapses import SpikeLoss, SynapseLesion, SynapticDelay
from .perturbations_weights import WeightNoise, WeightQuantisation

PERTURBATIONS = {
    "membrane_noise": MembraneNoise,
    "spike_loss": SpikeLoss,
    "synaptic_delay": SynapticDelay,
    "weight_noise": WeightNoise,
    "weight_quantisation": WeightQuantisation,
    "time_constant_mismatch": TimeConstantMismatch,
    "neuron_lesion": NeuronLesion,
    "synapse_lesion": SynapseLesion,
    "temperature": Temperature,
    "input_jitter": InputJitter,
}
