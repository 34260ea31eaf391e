"""The three programs of docs/training_brian2.md: what they find, as a reader runs them; and a few epochs of each."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "training_brian2.md"
RATES, NEURON, SYNAPSE = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
NUMBER = r"-?\d+(?:\.\d*)?(?:e-?\d+)?"


def run(source, folder):
    """Run a program in a process of its own; return what it prints."""
    (folder / "program.py").write_text(source)
    command = [sys.executable, "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(printed, pattern):
    """The numbers that a pattern's groups match."""
    found = re.findall(pattern, printed)
    assert found, printed
    return np.array(found, dtype=float)


@pytest.mark.slow
def test_rates_are_brought_to_their_targets(tmp_path):
    """Within 2.5 Hz: three standard deviations of the inhibitory rate, 10 neurons in 3 s of Poisson spikes at 20 Hz."""
    printed = run(RATES, tmp_path)
    before = numbers(printed, rf"rates before: ({NUMBER}) Hz and ({NUMBER}) Hz")[0]
    found = numbers(printed, rf"rates found: ({NUMBER}) Hz and ({NUMBER}) Hz")[0]
    assert abs(before - [8, 20]).max() > 5
    assert abs(found - [8, 20]).max() < 2.5


@pytest.mark.slow
def test_a_neuron_is_found_from_its_voltage_and_spikes(tmp_path):
    printed = run(NEURON, tmp_path)
    found = {
        name: numbers(printed, rf"{name}: true ({NUMBER}) \S+, before ({NUMBER}) \S+, found ({NUMBER})")[0]
        for name in ("g_L", "E_L", "V_T", "a", "b")
    }
    for name, tolerance in {"E_L": 0.2, "V_T": 0.2}.items():  # mV
        assert abs(found[name][2] - found[name][0]) < tolerance, name
    for name, tolerance in {"g_L": 0.02, "a": 0.15, "b": 0.05}.items():  # the sweeps say least of a
        assert abs(found[name][2] / found[name][0] - 1) < tolerance, name
    shift = numbers(printed, rf"the two sweeps with spikes: ({NUMBER}) ({NUMBER})")[0]
    assert shift.max() <= 0.5  # ms: one step


@pytest.mark.slow
def test_short_term_plasticity_is_found_from_responses(tmp_path):
    printed = run(SYNAPSE, tmp_path)
    errors = numbers(printed, rf"(?:tau_d|tau_f|U|A): .* off by ({NUMBER})%")
    assert len(errors) == 4
    assert errors.max() < 1
    assert numbers(printed, rf"largest difference of a response: ({NUMBER}) mV")[0] < 0.05


@pytest.mark.parametrize(
    "source, shorter, fall",
    [
        (RATES, {"epochs=30": "epochs=4", "duration=250*ms": "duration=100*ms", "3*second": "100*ms"}, 1),
        (NEURON, {"epochs=60": "epochs=6", "epochs=30": "epochs=3"}, 1),
        (SYNAPSE, {"epochs=120": "epochs=12"}, 0.5),
    ],
    ids=["rates", "neuron", "synapse"],
)
def test_a_few_epochs_of_it(source, shorter, fall):
    """The program runs to its end, the loss falls, and Brian2 holds what was trained."""
    for whole, part in shorter.items():
        assert whole in source
        source = source.replace(whole, part)
    names = {}
    exec(compile(source, str(PAGE), "exec"), names)  # noqa: S102 - a program of our own page
    history, twin, net = names["history"], names["twin"], names["net"]
    assert history.loss.min() < fall * history.loss[0]
    for key, value in twin.trained_values().items():
        owner, _, name = key.rpartition(".")
        held = np.asarray(net[owner].variables[name].get_value()).reshape(value.shape)
        np.testing.assert_array_equal(held, value.detach().numpy())
