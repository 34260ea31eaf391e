"""Brian2 only: neuron models, network builders, the description of a network, running it on any device."""

from .adlif import EFAdLIF, SEAdLIF
from .annotations import Annotations, Initial, Jitter, Readout, annotate, annotations
from .building import build, with_dt
from .current_alif import CurrentALIF, CurrentIntegrator
from .describing import describe
from .description import NetworkDescription
from .ecg_encoders import DifferenceEncoder, ECGEncoder, LevelCrossingEncoder, encoder_from, encoder_text
from .ecg_encoding import (
    binary_level_crossing,
    decode_binary_level_crossing,
    normalise,
    overload,
    resample,
)
from .encoders import decode_level_crossing, level_crossing, threshold_difference
from .errors import (
    BuildError,
    DeviceError,
    FileRefused,
    SimulationError,
    SimulationTimeout,
    StimulusError,
    UnsupportedModel,
)
from .exporting import export
from .files import load, load_description, save
from .hair_cells import HairCells, hair_cells
from .importing import OddCheckpoint, load_published
from .initials import Constant, LogNormal, LogUniform, Normal, Uniform, initial_from
from .interchange import (
    NIR_LI,
    NIR_LIF,
    GraphRefused,
    MissingExtra,
    NIR_CubaLI,
    NIR_CubaLIF,
    from_nir,
    read_nir,
    to_neo,
    to_nir,
    to_nwb,
    to_pandas,
    write_nir,
)
from .methods import with_method
from .networks import srnn
from .neurons import ALIF, LIF, LeakyIntegrator, NeuronModel, Parameter
from .npz import ArraysRefused, read_npz
from .perturbations import (
    PERTURBATIONS,
    InputJitter,
    MembraneNoise,
    NeuronLesion,
    SpikeLoss,
    SynapseLesion,
    SynapticDelay,
    Temperature,
    TimeConstantMismatch,
    WeightNoise,
    WeightQuantisation,
)
from .perturbing import Perturbation, perturb
from .published import KINDS
from .published_arrays import CheckpointRefused
from .readouts import readout_scores
from .recordings import dense, network_values
from .simulating import simulate
from .simulation import Simulation
from .speech import SpeechEncoder, encode_speech
from .starts import start_states
from .stimuli import with_stimulus
from .tiling import tile

__all__ = [
    "ALIF",
    "KINDS",
    "LIF",
    "NIR_LI",
    "NIR_LIF",
    "PERTURBATIONS",
    "Annotations",
    "ArraysRefused",
    "BuildError",
    "CheckpointRefused",
    "Constant",
    "CurrentALIF",
    "CurrentIntegrator",
    "DeviceError",
    "DifferenceEncoder",
    "ECGEncoder",
    "EFAdLIF",
    "FileRefused",
    "GraphRefused",
    "HairCells",
    "Initial",
    "InputJitter",
    "Jitter",
    "LeakyIntegrator",
    "LevelCrossingEncoder",
    "LogNormal",
    "LogUniform",
    "MembraneNoise",
    "MissingExtra",
    "NIR_CubaLI",
    "NIR_CubaLIF",
    "NetworkDescription",
    "NeuronLesion",
    "NeuronModel",
    "Normal",
    "OddCheckpoint",
    "Parameter",
    "Perturbation",
    "Readout",
    "SEAdLIF",
    "Simulation",
    "SimulationError",
    "SimulationTimeout",
    "SpeechEncoder",
    "SpikeLoss",
    "StimulusError",
    "SynapseLesion",
    "SynapticDelay",
    "Temperature",
    "TimeConstantMismatch",
    "Uniform",
    "UnsupportedModel",
    "WeightNoise",
    "WeightQuantisation",
    "annotate",
    "annotations",
    "binary_level_crossing",
    "build",
    "decode_binary_level_crossing",
    "decode_level_crossing",
    "dense",
    "describe",
    "encode_speech",
    "encoder_from",
    "encoder_text",
    "export",
    "from_nir",
    "hair_cells",
    "initial_from",
    "level_crossing",
    "load",
    "load_description",
    "load_published",
    "network_values",
    "normalise",
    "overload",
    "perturb",
    "read_nir",
    "read_npz",
    "readout_scores",
    "resample",
    "save",
    "simulate",
    "srnn",
    "start_states",
    "threshold_difference",
    "tile",
    "to_neo",
    "to_nir",
    "to_nwb",
    "to_pandas",
    "with_dt",
    "with_method",
    "with_stimulus",
    "write_nir",
]
