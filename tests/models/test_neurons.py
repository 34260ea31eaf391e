"""Neuron specifications and their initial distributions."""

import dataclasses

import numpy as np
import pytest
from brian2 import Equations, Unit, ms, mV, second

from chronaxie.models import (
    ALIF,
    LIF,
    Constant,
    LeakyIntegrator,
    LogNormal,
    LogUniform,
    NeuronModel,
    Normal,
    Parameter,
    Uniform,
    initial_from,
)
from chronaxie.models.initials import draw, orthogonal, stream, xavier_uniform

DT_REF = 4 * ms
MODELS = [ALIF, LIF, LeakyIntegrator]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_every_parameter_is_one_of_the_equations(model):
    equations = Equations(model.equations)
    for parameter in model.parameters:
        assert parameter.name in equations.parameter_names
        assert equations[parameter.name].dim is parameter.unit.dim
        assert ("shared" in equations[parameter.name].flags) == parameter.shared
    assert equations["I"].type == "parameter"
    assert "bias" in equations.parameter_names


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_statements_use_dt_ref_and_never_dt(model):
    names = Equations(model.equations).identifiers
    assert "dt_ref" in names
    assert "dt" not in names


def test_specifications_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ALIF.reset = ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ALIF.parameters[0].default = 1.0


def test_a_reset_needs_a_threshold():
    with pytest.raises(ValueError, match="NeuronModel bad: a reset or refractory period needs a threshold"):
        NeuronModel("bad", "v : 1", None, "v = 0", "exact", None, "", (), "")


def test_a_parameter_appears_once():
    twice = (Parameter("x", Unit(1), 0), Parameter("x", Unit(1), 0))
    with pytest.raises(ValueError, match="appears twice"):
        NeuronModel("bad", "x : 1", None, None, "exact", None, "", twice, "")


@pytest.mark.parametrize("name", ["2x", "lambda", "a b"])
def test_a_parameter_name_is_an_identifier(name):
    with pytest.raises(ValueError, match="expected an identifier"):
        Parameter(name, Unit(1), 0)


def test_numbers_of_a_time_are_steps_and_quantities_are_times():
    rng = stream(0, "tau")
    steps = draw(20, rng, 3, unit=second, dt_ref=DT_REF, name="tau")
    time = draw(80 * ms, rng, 3, unit=second, dt_ref=DT_REF, name="tau")
    assert np.array_equal(np.asarray(steps), np.asarray(time))
    assert steps.dim is second.dim


def test_normal_has_its_moments_and_its_bound():
    values = draw(Normal(20, 15), stream(3, "tau"), 20000, unit=second, dt_ref=DT_REF, name="tau") / DT_REF
    assert values.min() >= 1
    # scipy.stats.truncnorm: mean 22.990 and sd 12.620 of N(20, 15) above 1; 5 standard errors of 20000 draws.
    assert np.mean(values) == pytest.approx(22.990, abs=5 * 12.62 / np.sqrt(20000))
    assert np.std(values) == pytest.approx(12.62, abs=0.3)


def test_normal_in_quantities_is_bounded_by_one_step():
    values = draw(Normal(20 * ms, 60 * ms), stream(3, "tau"), 2000, unit=second, dt_ref=DT_REF, name="tau")
    assert values.min() >= DT_REF


@pytest.mark.parametrize(
    ("initial", "unit", "message"),
    [
        (Normal(20 * mV, 1 * mV), second, "tau: expected a value in second"),
        (-3, second, "tau: a time must be positive"),
        (0 * ms, second, "tau: a time must be positive"),
        (np.nan, Unit(1), "tau: expected finite values"),
        ([1.0, 2.0], Unit(1), r"tau: expected one value or 3, got an array of shape \(2,\)"),
        (Uniform(-2, 1), second, "a time must be positive"),
    ],
)
def test_bad_initial_values_are_refused(initial, unit, message):
    with pytest.raises(ValueError, match=message):
        draw(initial, stream(0, "tau"), 3, unit=unit, dt_ref=DT_REF, name="tau")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(1, 1 * ms), "same unit"),
        (lambda: Normal(1, -1), "sd must be >= 0"),
        (lambda: Normal(1, 1, 5), "minimum must lie below"),
        (lambda: Normal(1, 1, 1 * ms), "minimum needs the unit"),
        (lambda: Uniform(2, 1), "low < high"),
        (lambda: LogUniform(0, 1), "LogUniform: expected 0 < low < high in one unit, got 0 and 1"),
        (lambda: LogUniform(1, 2 * ms), "in one unit"),
    ],
)
def test_bad_distributions_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_uniform_in_the_logarithm_has_as_many_values_in_each_octave():
    values = (
        draw(LogUniform(2, 128), stream(3, "tau"), 12000, unit=second, dt_ref=DT_REF, name="tau") / DT_REF
    )
    assert values.min() >= 2
    assert values.max() < 128
    octaves = np.histogram(np.log2(values), bins=np.arange(1, 8))[0]
    assert np.abs(octaves - 2000).max() < 4 * np.sqrt(2000 * 5 / 6)  # standard deviations of a count


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("normal(20, 5)", Normal(20, 5)),
        ("Normal( 20,5, 2 )", Normal(20, 5, 2)),
        ("lognormal(20, 0.5, 1, 200)", LogNormal(20, 0.5, 1, 200)),
        ("uniform(5, 25)", Uniform(5, 25)),
        ("loguniform(2, 1e2)", LogUniform(2, 100)),
        ("constant(7)", Constant(7)),
    ],
)
def test_a_distribution_can_be_named_by_a_text(text, wanted):
    assert initial_from(text) == wanted


@pytest.mark.parametrize(
    "text", ["gamma(3)", "normal", "normal(20", "normal(20)", "uniform(1, 2, 3)", "uniform(a, b)", "20"]
)
def test_a_text_that_names_none_is_refused(text):
    with pytest.raises(
        ValueError, match=r"initial values: expected one of .*loguniform\(low, high\) with numbers"
    ):
        initial_from(text)


def test_streams_differ_by_name_and_repeat_by_seed():
    assert stream(0, "a").random() == stream(0, "a").random()
    assert stream(0, "a").random() != stream(0, "b").random()
    assert stream(0, "a").random() != stream(1, "a").random()


def test_weights_are_bounded_and_orthogonal():
    w = xavier_uniform(stream(0, "w"), 30, 20)
    bound = np.sqrt(6 / 50)
    assert w.shape == (30, 20)
    assert 0.95 * bound < np.abs(w).max() <= bound
    q = orthogonal(stream(0, "w"), 25)
    # Householder QR of 25 columns: a few ulp.
    assert np.abs(q @ q.T - np.eye(25)).max() < 1e-13


def test_constant_is_the_same_for_all():
    assert np.array_equal(Constant(3).draw(stream(0, ""), 4), [3, 3, 3, 3])
