"""The twin on a GPU: a pretended one everywhere, a real one where there is one."""

import contextlib

import numpy as np
import pytest
import torch
from brian2 import Function, Network, NeuronGroup, ms

import chronaxie as cx
from chronaxie.gradient_bridge import Twin, fit, predict
from chronaxie.models import Normal

from .helpers import run_twin
from .pretended import PretendedCuda
from .test_exact_corners import FUNCTIONS, driven_by
from .test_exact_networks import cells, wired
from .test_fit import Recurrent
from .tiny import QUICK, task

DTYPES = {"float64": torch.float64, "float32": torch.float32}
CASES = {
    "same": {"hidden": [8]},
    "next": {"hidden": [8, 6], "transmission": "next"},
    "current": {"hidden": [8], "input": "current"},
    "feedforward": {"hidden": [8], "recurrent": False},
}


@pytest.fixture(params=["pretended", "real"])
def gpu(request):
    """A context in which there is a GPU."""
    if request.param == "pretended":
        return PretendedCuda()
    if not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU: torch.cuda.is_available() is False")
    return contextlib.nullcontext()


def stimulus(case, trials=3, steps=25, channels=4):
    rng = np.random.default_rng(0)
    x = rng.random((trials, steps, channels))
    return torch.from_numpy(x if case == "current" else (x < 0.3).astype(float))


def network(case):
    return cx.srnn(4, outputs=3, bias=Normal(0.05, 0.02), **CASES[case])


def one_pass(twin, x, initial=None):
    """Return recording and gradients by name, all on the CPU."""
    out = twin(x, record={"output": ["v"]}, initial=initial)
    out.states["output"]["v"].square().sum().backward()
    return out, {name: p.grad.cpu() for name, p in twin.named_parameters()}


@pytest.mark.parametrize(
    ("case", "dtype"), [*((case, "float64") for case in CASES), ("next", "float32")], ids=str
)
def test_spikes_states_and_gradients_are_those_of_the_cpu(gpu, case, dtype):
    net, x = network(case), stimulus(case)
    start = {"hidden1": {"v": np.full((3, 8), 0.005)}}
    options = {"trainable": ("w", "bias", "tau_m", "tau_a"), "dtype": DTYPES[dtype]}
    expected, gradients = one_pass(Twin(net, **options), x, start)
    assert expected.spikes["hidden1"].sum() > 20
    with gpu as pretended:
        twin = Twin(net, **options).to("cuda")
        assert twin.device.type == "cuda"
        twin(x, initial=start)
        # Whatever is taken back to the CPU while the network runs makes each step wait for the GPU.
        assert pretended is None or pretended.taken == 0
        out, ours = one_pass(twin, x, start)
        assert out.spikes["hidden1"].device.type == "cuda"
        assert out.states["output"]["v"].device.type == "cuda"
        spikes, states = out.spikes["hidden1"].cpu(), out.states["output"]["v"].cpu()
    assert torch.equal(spikes, expected.spikes["hidden1"])
    # Sums in another order, over 25 steps: some hundred roundings of numbers below 1, gradients below 100.
    ulp = torch.finfo(DTYPES[dtype]).eps
    torch.testing.assert_close(states, expected.states["output"]["v"], rtol=0, atol=200 * ulp)
    for name, gradient in gradients.items():
        torch.testing.assert_close(ours[name], gradient, rtol=1e5 * ulp, atol=1e4 * ulp)


@pytest.mark.usefixtures("half_ms")
@pytest.mark.parametrize("kind", FUNCTIONS)
def test_every_function(gpu, kind):
    """In their own units; 20 steps of a nonlinear cell, of which only rounding may differ."""
    net = Network(driven_by(FUNCTIONS[kind]))
    expected = run_twin(Twin(net), 20)
    with gpu as pretended:
        out = run_twin(Twin(net).to("cuda"), 20)
        assert pretended is None or pretended.taken == 0
        values = {name: trace.cpu() for name, trace in out.states["cells"].items()}
        spikes = out.spikes["cells"].cpu()
    assert torch.equal(spikes, expected.spikes["cells"])
    for name, trace in expected.states["cells"].items():
        torch.testing.assert_close(values[name], trace, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("half_ms")
def test_synapses_that_no_matrix_holds(gpu):
    """Several synapses a pair, delays of their own, values that change, summed variables."""
    group = cells()
    net = Network(
        group,
        wired(group, group, on_pre="v_post += w", delays=["pre"], count=150, amplitude=1),
        wired(group, group, on_pre="g_post += w*exp(-h_pre)", seed=3, delay=1 * ms),
    )
    expected = run_twin(Twin(net), 40)
    with gpu:
        spikes = run_twin(Twin(net).to("cuda"), 40).spikes["cells"].cpu()
    assert expected.spikes["cells"].sum() > 10
    assert torch.equal(spikes, expected.spikes["cells"])


def test_a_trained_twin_comes_back_from_the_gpu():
    net = network("same")
    before = np.array(net["hidden1"].tau_m)
    with PretendedCuda():
        twin = Twin(net, trainable=("tau_m",)).to("cuda")
        optimiser = torch.optim.SGD(twin.parameters(), lr=1e-2)
        twin.scores(stimulus("same")).square().sum().backward()
        optimiser.step()
        trained = twin.trained_values()["hidden1.tau_m"].detach().cpu().numpy()
        twin.sync()
    assert not np.array_equal(trained, before)
    assert np.array_equal(np.array(net["hidden1"].tau_m), trained)


def users_function():
    """Cells with a function that only numpy can compute: of a state variable, and of the neurons' numbers."""
    bent = Function(lambda x: np.tanh(x) * np.sign(x), arg_units=[1], return_unit=1)
    group = NeuronGroup(
        4,
        "dv/dt = (u + bent(v) + bent(i) - v)/(5*ms) : 1\nu : 1",
        threshold="v > 1.5",
        reset="v = 0",
        method="euler",
        name="cells",
        namespace={"bent": bent},
    )
    group.u, group.v = 1.2, [0.1, -0.3, 0.4, -0.2]
    return Network(group)


@pytest.mark.parametrize("trials", [1, 3])
def test_a_function_of_the_user(gpu, trials):
    """NumPy's value and the derivative of its form in torch."""
    net = users_function()
    call = {"duration": 15 * ms, "trials": trials, "record": {"cells": ["v"]}}
    options = {"trainable": ("u",), "functions": {"bent": lambda x: torch.tanh(x) * torch.sign(x)}}
    cpu = Twin(net, **options)
    expected = cpu(**call)
    expected.states["cells"]["v"].square().sum().backward()
    assert expected.spikes["cells"].sum() > 4
    with gpu:
        twin = Twin(net, **options).to("cuda")
        out = twin(**call)
        assert out.states["cells"]["v"].device.type == "cuda"
        out.states["cells"]["v"].square().sum().backward()
        spikes, trace = out.spikes["cells"].cpu(), out.states["cells"]["v"].detach().cpu()
        gradient = twin.trained["cells"]["u"].free.grad.cpu()
    assert torch.equal(spikes, expected.spikes["cells"])
    torch.testing.assert_close(trace, expected.states["cells"]["v"].detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradient, cpu.trained["cells"]["u"].free.grad, rtol=1e-9, atol=1e-9)


def test_any_module_is_trained_and_evaluated_there(gpu, monkeypatch):
    """One epoch of a small GRU; the losses differ by rounding in float32 alone."""
    if torch.version.cuda and not torch.cuda.is_available():
        pytest.skip("PyTorch is built for CUDA and asks cuDNN for a GRU: a GPU cannot be pretended")
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # it keeps 10 bits of a product
    data, options = task(), QUICK | {"epochs": 1}
    expected = fit(Recurrent(), data, **options)
    with gpu:
        model = Recurrent().to("cuda")
        history = fit(model, data, **options)
        assert next(model.parameters()).device.type == "cuda"
        assert predict(model, data.valid.stimulus).shape == (10, 20, 2)
    for name in ("train_loss", "valid_loss"):
        np.testing.assert_allclose(history[name], expected[name], rtol=1e-4)


def test_the_pretended_gpu_refuses_what_a_gpu_refuses():
    with PretendedCuda():
        there, here = torch.zeros(3, device="cuda"), torch.zeros(3)
        assert there.device.type == "cuda"
        assert here.device.type == "cpu"
        with pytest.raises(RuntimeError, match="same device"):
            there + here
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        assert (there + here.to("cuda")).is_cuda
        assert (there.cpu() + here).device.type == "cpu"
