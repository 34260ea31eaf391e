"""A twin is an ordinary `torch.nn.Module`."""

import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from brian2 import Network, NeuronGroup, Synapses, ms

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.reference import default_dtype
from chronaxie.models import srnn

TRAINED = {"input_hidden1.w", "hidden1_hidden1.w", "hidden1_output.w", "hidden1.tau_m", "output.tau_m"}


@pytest.fixture
def net():
    return srnn(3, hidden=[8], outputs=2, seed=0, bias=0.02)


@pytest.fixture
def x():
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(2, 40, 3, generator=generator) < 0.3).to(torch.uint8)


def test_names_shapes_and_state(net):
    twin = Twin(net, trainable=("w", "tau_m"))
    assert set(twin.trained_values()) == TRAINED
    names = {f"trained.{k}.free" for k in TRAINED}
    assert {n for n, _ in twin.named_parameters()} == names
    assert set(twin.state_dict()) == names | {n.replace(".free", ".base") for n in names}
    assert "hidden1.tau_m, Bounded" in repr(twin)


def test_state_dict_round_trip(net, x):
    twin = Twin(net, trainable=("w", "tau_m"))
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(0.05)
    twin.sync()
    twin.pull()
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.add_(0.02)
    file = io.BytesIO()
    torch.save(twin.state_dict(), file)
    file.seek(0)
    other = Twin(srnn(3, hidden=[8], outputs=2, seed=0, bias=0.02), trainable=("w", "tau_m"))
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other.scores(x), twin.scores(x))
    assert not torch.equal(other.scores(x), Twin(net, trainable=("w", "tau_m")).scores(x))


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop, torch.optim.AdamW])
def test_optimisers(net, x, make):
    twin = Twin(net, trainable=("w", "tau_m"))
    before = {k: v.detach().clone() for k, v in twin.trained_values().items()}
    optimiser = make(twin.parameters(), lr=0.01)
    losses = []
    for _ in range(4):
        optimiser.zero_grad()
        loss = (twin.scores(x) - 0.5).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all((v != before[k]).any() for k, v in twin.trained_values().items())


def test_gradient_clipping_and_hooks(net, x):
    twin = Twin(net, trainable=("w",))
    seen = []
    handles = [
        twin.register_forward_hook(lambda module, args, out: seen.append(out.spikes["hidden1"].sum().item())),
        next(twin.parameters()).register_hook(lambda grad: 3 * grad),
    ]
    twin.scores(x).sum().backward()
    tripled = next(twin.parameters()).grad.clone()
    for handle in handles:
        handle.remove()
    twin.zero_grad()
    twin.scores(x).sum().backward()
    torch.testing.assert_close(tripled, 3 * next(twin.parameters()).grad, rtol=1e-15, atol=0)
    assert len(seen) == 1
    assert seen[0] > 0
    norm = torch.nn.utils.clip_grad_norm_(twin.parameters(), 1e-3)
    assert norm > 1e-3
    clipped = torch.cat([p.grad.reshape(-1) for p in twin.parameters()]).norm()
    assert clipped.item() == pytest.approx(1e-3, rel=1e-3)  # torch adds 1e-6 to the norm


def test_to_float32_and_back(net, x):
    twin = Twin(net, trainable=("w", "tau_m"))
    exact = twin.scores(x)
    twin.to(torch.float32)
    assert twin.dtype == torch.float32
    rough = twin.scores(x)
    assert rough.dtype == torch.float32
    rough.sum().backward()
    assert all(p.grad.dtype == torch.float32 and torch.isfinite(p.grad).all() for p in twin.parameters())
    torch.testing.assert_close(
        rough[:, :5].double(), exact[:, :5], rtol=1e-4, atol=1e-6
    )  # few spikes so early
    twin.to(torch.float64)
    assert twin.scores(x).dtype == torch.float64
    twin.pull()
    assert torch.equal(twin.scores(x), exact)


def test_a_float32_twin_computes_in_float32_throughout():
    """Also where Brian2's time of the last spike, kept in float64, is the first array of the program."""
    group = NeuronGroup(
        3,
        "dg/dt = (2 - g)/(5*ms) : 1 (unless refractory)",
        threshold="g > 1",
        reset="g = 0",
        refractory=2 * ms,
        method="euler",
    )
    synapses = Synapses(group, group, "a : 1", on_pre="g_post += a")
    synapses.connect()
    twin = Twin(Network(group, synapses), dtype=torch.float32, trainable=("a",))
    out = twin(duration=20 * ms, record={group.name: ["g"]})
    assert out.spikes[group.name].dtype == torch.float32
    assert out.states[group.name]["g"].dtype == torch.float32


def test_inside_other_modules(net, x):
    twin = Twin(net, trainable=("w",))
    model = torch.nn.Sequential(twin.as_module(), torch.nn.Linear(2, 5, dtype=torch.float64))
    out = model(x)
    assert out.shape == (2, 40, 5)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_train_and_eval_and_no_grad_give_the_same_numbers(net, x):
    twin = Twin(net, trainable=("w",))
    graded = twin.train().scores(x)
    with torch.no_grad():
        plain = twin.eval().scores(x)
    assert graded.requires_grad
    assert not plain.requires_grad
    assert torch.equal(graded, plain)


def test_the_default_dtype_of_torch_is_as_before(net, x):
    assert torch.get_default_dtype() == torch.float32
    Twin(net)(x)
    assert torch.get_default_dtype() == torch.float32
    with pytest.raises(ValueError, match="not finite"):
        Twin(net)(torch.full((1, 3, 3), torch.nan))
    assert torch.get_default_dtype() == torch.float32


def test_one_thread_at_a_time_has_its_default_dtype():
    inside = threading.Event()

    def other():
        with default_dtype(torch.float64):
            inside.set()

    thread = threading.Thread(target=other)
    with default_dtype(torch.float16):
        thread.start()
        assert not inside.wait(0.1)
        assert torch.get_default_dtype() == torch.float16
    thread.join()
    assert inside.is_set()
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize("engine", ["reference", "fused"])
def test_twins_of_several_types_run_in_threads_of_their_own(net, x, engine):
    """Torch has one default type for all threads."""
    dtypes = [torch.float32, torch.float64]
    twins = {dtype: Twin(net, trainable=("w",), dtype=dtype, engine=engine) for dtype in dtypes}
    expected = {dtype: twins[dtype].scores(x) for dtype in dtypes}

    def agrees(dtype):
        return torch.equal(twins[dtype].scores(x), expected[dtype])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(2) as threads:
            assert all(threads.map(agrees, dtypes * 20))
    finally:
        sys.setswitchinterval(interval)
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize("name", ["forward", "train", "keys", "parameters", "training"])
def test_groups_and_variables_may_have_names_that_torch_uses_too(name):
    variable = "half" if name == "keys" else "w"
    group = NeuronGroup(
        2, "dv/dt = -v/(5*ms) : 1", threshold="v > 1", reset="v = 0", method="euler", name="cells"
    )
    group.v = [2, 0]  # the second one is not reset and keeps what the first one sends
    synapses = Synapses(group, group, f"{variable} : 1", on_pre=f"v_post += {variable}", name=name)
    synapses.connect()
    twin = Twin(Network(group, synapses), trainable=(variable,))
    assert set(twin.trained_values()) == {f"{name}.{variable}"}
    twin(duration=2 * ms).final["cells"]["v"].sum().backward()
    assert twin.trained[name][variable].free.grad.abs().sum() > 0
