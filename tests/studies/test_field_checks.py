"""What a configuration refuses when it is made, before anything is loaded or trained."""

import re

import pytest

from chronaxie.studies.continuous import ContinuousConfig
from chronaxie.studies.ecg_config import ECGConfig
from chronaxie.studies.experiments.continuous_time import ContinuousTimeConfig
from chronaxie.studies.experiments.ecg_comparison import ECGComparisonConfig
from chronaxie.studies.experiments.fit_neuron import FitNeuronConfig
from chronaxie.studies.experiments.robustness_comparison import RobustnessComparisonConfig
from chronaxie.studies.experiments.timescales import TimescalesConfig
from chronaxie.studies.fidelity import FidelityConfig
from chronaxie.studies.lesions import LesionsConfig
from chronaxie.studies.physical_config import PhysicalConfig
from chronaxie.studies.published_timescales import PublishedConfig
from chronaxie.studies.robustness import RobustnessConfig
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.train_config import TrainConfig

GIVEN = {
    TrainConfig: {"task": "digits"},
    PhysicalConfig: {"task": "ecg"},
    **dict.fromkeys((LesionsConfig, ContinuousConfig, RobustnessConfig, FidelityConfig), {"network": "n.nc"}),
}
REFUSED = [
    (ECGConfig, "task", "egc", "one of ecg, synthetic_ecg, got 'egc'; the nearest are ecg"),
    (ECGConfig, "model", "alif2", "one of alif, se_adlif, ef_adlif, got 'alif2'; the nearest are alif"),
    (ECGConfig, "hidden", (-3,), "whole numbers >= 1, at least one, got (-3,)"),
    (ECGConfig, "hidden", (), "whole numbers >= 1, at least one, got ()"),
    (ECGConfig, "input_gain", 0.0, "a finite number > 0, got 0.0"),
    (ECGConfig, "epochs", 0, "an integer >= 1, got 0"),
    (ECGConfig, "batch_size", True, "an integer >= 1, got True"),
    (ECGConfig, "seed", -1, "an integer >= 0, got -1"),
    (ECGConfig, "learning_rate", 0.0, "a finite number > 0, got 0.0"),
    (ECGConfig, "warmup", 1.0, "a number in (0, 1), got 1.0"),
    (ECGConfig, "input_dropout", 1.0, "a number in [0, 1), got 1.0"),
    (ECGConfig, "tau_m", "gausian(20, 5)", "expected one of constant(value)"),
    (ECGConfig, "tau_m", "normal(20, -1)", "sd must be >= 0"),
    (ECGConfig, "tau_m", "normal(-20, 5)", "positive times in steps, such as normal(20, 5)"),
    (ECGConfig, "tau_a", "uniform(-5, 20)", "positive times in steps"),
    (ECGConfig, "tau_a", "constant(0)", "positive times in steps"),
    (ECGConfig, "unlabelled_class", "p", "one of P, PQ, QR, RS, ST, TP, or none, got 'p'"),
    (ECGConfig, "select", "best", "one of valid_accuracy, valid_loss, last, got 'best'"),
    (ECGConfig, "surrogate", "gausian", "got 'gausian'; the nearest are gaussian, multi_gaussian"),
    (ECGConfig, "device", "cyton", "got 'cyton'; the nearest are cython"),
    (ECGConfig, "engine", "fusd", "or none, got 'fusd'; the nearest are fused"),
    (ECGConfig, "fine_factors", (2, 0), "whole numbers >= 1, got (2, 0)"),
    (TrainConfig, "hidden", (-3,), "whole numbers >= 1, at least one, or none, got (-3,)"),
    (TrainConfig, "seed", -1, "a whole number >= 0, got -1"),
    (TrainConfig, "epochs", 0, "an integer >= 1, or none, got 0"),
    (TrainConfig, "learning_rate", -1.0, "a finite number > 0, or none, got -1.0"),
    (TrainConfig, "rate_penalty", -1.0, "a finite number >= 0, or none, got -1.0"),
    (TrainConfig, "tau_m", "norml(20, 5)", "expected one of constant(value)"),
    (TrainConfig, "device", "cuda", "cuda_standalone, or none, got 'cuda'"),
    (TrainConfig, "engine", "refrence", "got 'refrence'; the nearest are reference"),
    (PhysicalConfig, "device", "nmpy", "the nearest are numpy"),
    (PhysicalConfig, "engine", "fusd", "the nearest are fused"),
    (PhysicalConfig, "seed", -1, "a whole number >= 0, got -1"),
    (ECGComparisonConfig, "label_lag", -1, "a whole number >= 0, or none, got -1"),
    (RobustnessComparisonConfig, "perturbations", ("weight_nois",), "the nearest are weight_noise"),
    (RobustnessComparisonConfig, "simulator", "cpp", "got 'cpp'"),
    (TimescalesConfig, "stretch", 0.0, "a finite number > 0, got 0.0"),
    (TimescalesConfig, "device", "cyton", "the nearest are cython"),
    (ContinuousTimeConfig, "methods", ("rk3",), "the nearest are rk4, rk2"),
    (ContinuousTimeConfig, "dts", (0.002, 0.0), "finite numbers > 0 (s), at least one"),
    (ContinuousTimeConfig, "start", "warm", "one of zero, random, given, got 'warm'"),
    (ContinuousTimeConfig, "kind", "egc", "the nearest are gsc, ecg"),
    (FitNeuronConfig, "truth", "alf", "got 'alf'; the nearest are alif"),
    (FitNeuronConfig, "duration", float("inf"), "a finite number >= 50 (ms)"),
    (LesionsConfig, "neurons", 0, "a whole number >= 1, or none, got 0"),
    (LesionsConfig, "task", "egc", "the nearest are ecg"),
    (RobustnessConfig, "perturbations", (), "names among membrane_noise"),
    (RobustnessConfig, "dt", -1.0, "a finite number > 0, or none, got -1.0"),
    (RobustnessConfig, "seeds", 0, "a whole number >= 1, got 0"),
    (FidelityConfig, "device", "cyton", "the nearest are cython"),
    (FidelityConfig, "cost", -1.0, "a finite number >= 0, got -1.0"),
    (ContinuousConfig, "trials", 0, "a whole number >= 1, or none, got 0"),
    (ContinuousConfig, "workers", 0, "a whole number >= 1, got 0"),
    (PublishedConfig, "level", 1.0, "a number in (0, 1), got 1.0"),
]


@pytest.mark.parametrize(("kind", "field", "value", "said"), REFUSED)
def test_a_field_out_of_its_range_is_named_with_what_was_expected(kind, field, value, said):
    with pytest.raises(ValueError, match=rf"{field} must be .*{re.escape(said)}"):
        kind(**GIVEN.get(kind, {}), **{field: value})


def test_a_start_that_is_not_drawn_has_no_seeds():
    with pytest.raises(
        ValueError, match="continuous: a zero start has no seed, got seeds = 2; use start=random"
    ):
        ContinuousConfig("net.nc", seeds=2)


def test_what_a_class_of_the_task_refuses_is_refused_with_the_configuration():
    with pytest.raises(ValueError, match="option config: SyntheticECG has no field 'trian'"):
        TrainConfig("synthetic_ecg", options={"config": {"trian": 3}})


@pytest.mark.parametrize(
    ("study", "asked", "message"),
    [
        ("ecg", {"values": {"surrogate": "gausian"}, "seeds": 2}, "the nearest are gaussian"),
        ("ecg", {"sweeps": {"hidden": ((18,), (-3,))}}, r"hidden must be whole numbers >= 1, .* got \(-3,\)"),
        ("train", {"values": {"task": "ecg", "device": "nump"}}, "the nearest are numpy"),
        ("ecg_comparison", {"values": {"engine": "fusd"}}, "the nearest are fused"),
        ("robustness", {"values": {"network": "x.nc", "start": "warm"}}, "start must be one of zero"),
    ],
)
def test_a_sweep_with_such_a_value_is_refused_before_it_begins(study, asked, message):
    with pytest.raises(ValueError, match=message):
        make_sweep(study, **asked)


def test_the_configurations_that_are_used_are_taken():
    ECGConfig(hidden=(18, 18), fine_factors=(), tau_m="uniform(0, 20)", tau_a="normal(3, 8)", engine="fused")
    TrainConfig("digits", delays="uniform(2, 20)", device="numpy", rate_penalty=0.0)
    FidelityConfig("net.nc", perturbations=(), dts=(0.002,))
    assert FidelityConfig("a/net.nc").stem == "fidelity_net"
    assert (LesionsConfig("n.nc").device, FidelityConfig("n.nc").device) == ("cpp_standalone", "numpy")
