"""Cases in which a twin once differed from Brian2, or accepted what it could not mirror."""

import numpy as np
import pytest
import torch
from brian2 import (
    BrianObject,
    Network,
    NeuronGroup,
    Synapses,
    TimedArray,
    collect,
    magic_network,
    ms,
    mV,
    start_scope,
)

from chronaxie.gradient_bridge import Scaled, Twin, fit, predict
from chronaxie.gradient_bridge.coordinates import OutOfBounds
from chronaxie.models import UnsupportedModel

from .helpers import compare


def relay(equations, **options):
    return NeuronGroup(3, equations, method="euler", name="cells", **options)


def final(net, steps=8, **options):
    """Final states of the twin and of Brian2 after the same steps."""
    twin = Twin(net, namespace=options.pop("namespace", {}), **options)
    out = twin(duration=steps * 0.1 * ms).final
    net.run(steps * 0.1 * ms, namespace={})
    return out, {obj.name: obj for obj in net.objects}


@pytest.mark.usefixtures("numpy_target")
@pytest.mark.parametrize(
    "statement",
    [
        "x = 7.5 % n",
        "x = v % n",
        "x = clip(n, 0.5, 1.5)",
        "x = (1 - b) + v*b",
        "x = v - b",
        "n = n*n*n",
        "x = n // 2",
    ],
)
def test_integers_and_truth_values_in_arithmetic(statement):
    group = relay("v : 1\nx : 1\nn : integer\nb : boolean", threshold="t < 0.4*ms", reset=statement)
    group.v, group.n, group.b = [0.3, 2.7, -1.2], [3, 1291, 2], [True, False, True]
    out, objects = final(Network(group))
    written = statement.split()[0]
    for name in {written, "n"} & set(out["cells"]):
        assert np.array_equal(
            out["cells"][name].reshape(-1).numpy(), objects["cells"].variables[name].get_value()
        )


@pytest.mark.usefixtures("numpy_target")
def test_a_constant_of_the_target_is_not_that_of_the_statement():
    group = relay("v : 1", threshold="t < 0.3*ms", reset="", namespace={"k": 5})
    synapses = Synapses(group, group, on_pre="v_post += k", name="loop")
    synapses.connect(j="i")
    net = Network(group, synapses)
    twin = Twin(net, namespace={"k": 2})
    twin.pull()
    out = twin(duration=0.8 * ms).final["cells"]["v"]
    net.run(0.8 * ms, namespace={"k": 2})
    assert np.array_equal(out[0].numpy(), np.asarray(group.v))
    with pytest.raises(
        UnsupportedModel, match="takes the constant k, which is to be trained, from the caller's frame"
    ):
        Twin(net, trainable=("k",), namespace={"k": 2})


@pytest.mark.usefixtures("numpy_target")
def test_a_timed_array_at_one_column_and_at_times_of_its_own():
    drive = TimedArray(np.arange(24.0).reshape(8, 3), dt=0.1 * ms)
    late = TimedArray(np.arange(8.0), dt=0.1 * ms)
    group = relay(
        "dv/dt = (drive(t, 0) + late(t - d))/ms : 1\nd : second (constant)",
        namespace={"drive": drive, "late": late},
    )
    group.d = [0, 0.2, 0.3] * ms
    net = Network(group)
    stimulus = torch.rand(3, 8, 3, dtype=torch.float64)
    out = Twin(net)({"drive": stimulus, "late": stimulus[:, :, :1]}).final["cells"]["v"]
    assert out.shape == (3, 3)
    one = Twin(net)({"drive": stimulus[1:2], "late": stimulus[1:2, :, :1]}).final["cells"]["v"]
    assert torch.equal(out[1:2], one)
    out, objects = final(net)
    assert np.array_equal(out["cells"]["v"][0].numpy(), np.asarray(objects["cells"].v))


@pytest.mark.usefixtures("numpy_target")
def test_what_shares_an_array_in_numpy_changes_with_it():
    """``x = v`` and then ``v -= 1``: in Brian2's numpy target x is the same array."""
    group = relay("dv/dt = 1.7/ms : 1\nx : 1", threshold="v > 1", reset="x = v\nv -= 1")
    net = Network(group)
    twin = Twin(net, trainable=("v",))
    with torch.no_grad():
        plain = twin(duration=20 * ms).final[group.name]
    graded = twin(duration=20 * ms).final[group.name]
    net.run(20 * ms)
    for found in (plain, graded):
        assert np.array_equal(found["x"][0].detach().numpy(), group.x)
        assert np.array_equal(found["v"][0].detach().numpy(), group.v)
    assert np.any(group.x[:] < 1)


def test_types_and_objects_that_are_not_mirrored():
    single = Twin(Network(relay("dv/dt = -v/ms : 1", dtype=np.float32)), trainable=("v",))
    with torch.no_grad():
        assert single(duration=1 * ms).final["cells"]["v"].dtype == torch.float32
    with pytest.raises(UnsupportedModel, match="v of type float32 in a network of float64, with gradients"):
        single(duration=1 * ms)

    class Own(BrianObject):
        def run(self):
            pass

    with pytest.raises(UnsupportedModel, match="a run\\(\\) of its own"):
        Twin(Network(relay("dv/dt = -v/ms : 1"), Own(name="own")))
    with pytest.raises(UnsupportedModel, match="the magic network"):
        Twin(magic_network)
    start_scope()
    assert not collect()


@pytest.mark.parametrize("name, equations", [("k", "x = floor(k) : 1"), ("k", "x = int(v > k) : 1")])
def test_a_quantity_that_no_gradient_reaches_is_refused(name, equations):
    group = relay(f"dv/dt = (x - v)/ms : 1\n{equations}\nk : 1 (constant)")
    with pytest.raises(
        UnsupportedModel, match=f"has no statement through which a gradient reaches {name}, which is"
    ):
        Twin(Network(group), trainable=(name,))


def test_every_threshold_has_its_own_scale():
    group = relay(
        "v : 1\nu : volt",
        threshold="v > 1",
        reset="v = 0",
        events={"high": "u > 5*mV"},
    )
    group.run_on_event("high", "u = 0*mV")
    twin = Twin(Network(group), scale={"cells_high_thresholder": 2 * mV})
    assert twin.surrogates["cells"][1] == 1
    assert twin.surrogates["cells_high_thresholder"][1] == 0.002


def test_names_that_the_generated_source_might_use():
    group = relay(
        "dv/dt = (run + space - v)/ms : 1\nrun : 1 (constant)\nspace : 1", threshold="v > 1", reset="v = 0"
    )
    group.run, group.space = 3, [1, 2, 3]
    compare(Network(group), Twin(Network(group)), 50, None, minimum=3)


@pytest.mark.parametrize("bad", [-1, 5 * mV, float("nan"), [1, 2]])
def test_scales_that_are_refused(bad):
    group = relay("v : 1", threshold="v > 1", reset="v = 0")
    with pytest.raises(ValueError, match="scale of cells: expected one positive quantity"):
        Twin(Network(group), scale=bad)


def test_arguments_of_other_types():
    net = Network(relay("dv/dt = (k - v)/ms : 1\nk : 1 (constant)"))
    with pytest.raises(
        TypeError, match="coordinates of cells.k: expected an Identity, Scaled, Log or Bounded"
    ):
        Twin(net, trainable=("k",), coordinates={"k": "log"})
    with pytest.raises(TypeError, match="readout must be a Readout"):
        Twin(net, readout="output")


def test_pull_after_a_run_goes_on_from_there(numpy_target):
    group = relay("dv/dt = (3*sin(t/ms) - v)/ms : 1")
    net = Network(group)
    twin = Twin(net)
    net.run(1 * ms)
    twin.pull()
    out = twin(duration=1 * ms).final["cells"]["v"][0].numpy()
    net.run(1 * ms)
    assert np.array_equal(out, np.asarray(group.v))


def test_the_mode_of_a_module_is_put_back():
    from .tiny import task

    model = torch.nn.Sequential(
        torch.nn.Linear(task().train.sizes["channel"], len(task().classes)), torch.nn.Dropout()
    )
    model.train()
    first, second = (predict(model, task().valid.stimulus) for _ in range(2))
    assert np.array_equal(first, second)
    assert model.training
    fit(model, task(), epochs=1, progress=False)
    assert model.training


def test_weights_in_millivolts_move_by_their_own_size():
    group = relay(
        "dv/dt = (drive - v)/(10*ms) : volt\ndrive : volt (constant)", threshold="v > 1*mV", reset="v = 0*mV"
    )
    group.drive = [2, 3, 4] * mV
    twin = Twin(Network(group), trainable=("drive",))
    optimiser = torch.optim.Adam(twin.parameters(), lr=0.01)
    twin(duration=5 * ms).spikes["cells"].sum().backward()
    optimiser.step()
    moved = twin.trained_values()["cells.drive"].detach().numpy() / np.asarray(group.drive) - 1
    assert (np.abs(moved) > 1e-3).all()
    assert (np.abs(moved) < 0.02).all()
    group.drive = 0 * mV
    with pytest.raises(ValueError, match=r"cells.drive is in volt and zero everywhere.*Scaled\(1e-3\*volt\)"):
        Twin(Network(group), trainable=("drive",))
    with pytest.raises(ValueError, match=r"coordinates=\{'cells.drive': Scaled\(scale\)\}"):
        Twin(Network(group), trainable=("drive",))
    assert len(Twin(Network(group), trainable=("drive",), coordinates={"drive": Scaled(1 * mV)}).trained) == 1
    group.drive = [2, np.nan, np.inf] * mV
    with pytest.raises(
        ValueError, match="cells.drive holds values that are not finite, and cannot be trained"
    ):
        Twin(Network(group), trainable=("drive",))


def test_weights_without_synapses_need_no_coordinate():
    group = relay("dv/dt = -v/(10*ms) : volt", threshold="v > 1*mV", reset="v = 0*mV")
    wires = Synapses(group, group, "w : volt", on_pre="v_post += w", name="wires")
    wires.connect("False")
    twin = Twin(Network(group, wires), trainable=("w",))
    assert twin.trained_values()["wires.w"].shape == (0,)
    assert twin(duration=2 * ms).spikes["cells"].sum() == 0


def test_a_time_that_is_negative_is_trained_by_its_own_size():
    group = relay(
        "dv/dt = (1.5 + lag/ms - v)/(5*ms) : 1\nlag : second (constant)", threshold="v > 1", reset="v = 0"
    )
    group.lag = [-1, 0, 2] * ms
    with pytest.raises(OutOfBounds, match=r"cells.lag\[0\] = -0.001 .*\{'cells.lag': Scaled\(scale\)\}"):
        Twin(Network(group), trainable=("lag",))
    twin = Twin(Network(group), trainable=("lag",), coordinates={"cells.lag": Scaled(1 * ms)})
    twin(duration=5 * ms).spikes["cells"].sum().backward()
    assert (twin.trained["cells"]["lag"].free.grad != 0).any()


def test_fit_says_what_it_was_given():
    from .tiny import student, task

    with pytest.raises(TypeError, match="expected a Twin or a torch module, got Network"):
        fit(student().network, task())
    with pytest.raises(
        TypeError, match="expected a task with train, valid and classes, or a DataLoader, got Dataset"
    ):
        fit(student(), task().train)
    wide = task()
    wide.classes = ("left", "right", "none")
    with pytest.raises(
        ValueError, match=r"2 class scores, expected one for each of 3 classes \(left, right, none\)"
    ):
        fit(student(), wide, epochs=1, progress=False)


@pytest.mark.usefixtures("numpy_target")
@pytest.mark.parametrize("threshold", ["n == 2", "n != 1", "n == 2 and v < 5", "n >= 2"])
def test_a_refractory_period_masks_every_comparison(threshold):
    group = relay("dv/dt = 1/ms : 1\nn : integer", threshold=threshold, reset="v = 0", refractory=0.5 * ms)
    group.n = [2, 2, 1]
    compare(Network(group), Twin(Network(group)), 30, None, minimum=6)
