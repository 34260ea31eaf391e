"""Each construct of the language: gradients against finite differences, forward values against Brian2."""

import numpy as np
import pytest
import torch
from brian2 import StateMonitor, ms
from brian2 import seed as brian2_seed

from chronaxie.gradient_bridge import Triangular, Twin

from .smooth_networks import NETWORKS, RANDOM

DURATION = 20 * ms
pytestmark = pytest.mark.usefixtures("half_ms")


def made(name):
    case = NETWORKS[name]()
    options = {"randomness": "torch"} if case.random else {}
    return case, Twin(case.net, trainable=case.trained, surrogate=Triangular(), **options)


def loss_of(twin, case):
    """A smooth function of all recorded values and of the last ones, no two of them alike."""
    seed = {"seed": 3} if case.random else {}
    out = twin(duration=DURATION, record=case.traces, **seed)
    values = [out.states[group][name] for group, names in case.traces.items() for name in names]
    for key in case.final:
        owner, _, name = key.rpartition(".")
        values.append(out.final[owner][name])
    total = 0
    for rank, value in enumerate(values):
        flat = value.reshape(-1)
        weights = torch.from_numpy(np.random.default_rng(rank).normal(1, 1, len(flat)))
        size = case.sizes.setdefault(rank, float(flat.detach().abs().max()))
        total = total + (weights * flat / size).tanh().sum()
    return total


def difference(function, tensor, place):
    """Central difference of fourth order by one element of a tensor."""
    flat = tensor.data.view(-1)
    start = flat[place].item()
    step = 1e-3 * max(abs(start), 1e-2)
    values = []
    for k in (2, 1, -1, -2):
        flat[place] = start + k * step
        values.append(function().item())
    flat[place] = start
    return (8 * (values[1] - values[2]) - (values[0] - values[3])) / (12 * step)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_finite_differences(name):
    case, twin = made(name)
    loss_of(twin, case).backward()
    for key, parameter in twin.named_parameters():
        assert parameter.grad is not None, key
        largest = parameter.grad.abs().max().item()
        assert largest > 1e-9, f"no gradient reaches {key}"
        with torch.no_grad():
            for place in np.linspace(0, parameter.numel() - 1, min(parameter.numel(), 2)).astype(int):
                expected = difference(lambda: loss_of(twin, case), parameter, place)
                ours = parameter.grad.view(-1)[place].item()
                # the truncation error of the difference is below 1e-5 of the largest gradient
                assert ours == pytest.approx(expected, rel=2e-5, abs=1e-6 * largest), f"{key}[{place}]"


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - RANDOM))
def test_the_forward_values_are_brian2s(name):
    """With gradients, for three trials at once, to the bit."""
    case, twin = made(name)
    out = twin(duration=DURATION, record=case.traces, trials=3)
    assert any(trace.requires_grad for names in out.states.values() for trace in names.values())
    monitors = {
        (group, variable): StateMonitor(case.net[group], variable, record=True)
        for group, names in case.traces.items()
        for variable in names
    }
    case.net.add(*monitors.values())
    brian2_seed(0)
    case.net.run(DURATION)
    for (group, variable), monitor in monitors.items():
        ours = out.states[group][variable].detach().numpy()
        expected = np.asarray(getattr(monitor, f"{variable}_")).T
        assert len(expected) > 10
        for trial in ours:
            np.testing.assert_array_equal(trial, expected, err_msg=f"{group}.{variable}")
    for key in case.final:
        owner, _, variable = key.rpartition(".")
        expected = np.asarray(case.net[owner].variables[variable].get_value())
        for trial in out.final[owner][variable].detach().numpy():
            np.testing.assert_array_equal(trial, expected, err_msg=key)
