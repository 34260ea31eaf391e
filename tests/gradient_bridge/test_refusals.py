"""What cannot be mirrored is refused by name: object, feature, remedy. Bad input says where, what, and what to do."""

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import (
    Function,
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    ms,
    mV,
)
from brian2.devices.device import device, reset_device, set_device

from chronaxie.gradient_bridge import OutOfBounds, Twin, UnknownParameter
from chronaxie.models import srnn
from chronaxie.models.errors import UnsupportedModel


def cells(equations="dv/dt = (1.5 - v)/(5*ms) : 1\nu : 1", name="cells", **options):
    defaults = {"threshold": "v > 1", "reset": "v = 0", "method": "euler"}
    return NeuronGroup(3, equations, name=name, **(defaults | options))


def joined(model="w : 1", group=None, **options):
    group = group or cells()
    synapses = Synapses(group, group, model, name="wires", **options)
    synapses.connect()
    return Network(group, synapses)


def operation():
    group = cells()
    return Network(group, NetworkOperation(lambda: None, name="watch"))


def clocks():
    return Network(cells(), cells(name="slow", dt=1 * ms))


def summed_onto_a_part():
    group = cells("dv/dt = (1.5 - v + u)/(5*ms) : 1\nu : 1")
    part = group[:2]
    synapses = Synapses(group, part, "u_post = 0.1*v_pre : 1 (summed)", name="wires")
    synapses.connect()
    return Network(group, synapses)


def user_function():
    twice = Function(lambda x: 2 * x, arg_units=[1], return_unit=1)
    return Network(cells("dv/dt = (twice(1.5) - v)/(5*ms) : 1", namespace={"twice": twice}))


def poisson_input():
    group = cells()
    return Network(group, PoissonInput(group, "v", 10, 20 * Hz, weight=0.1))


NETWORKS = {
    "network operation": (operation, "'watch' uses network_operation.*equations, a reset or run_regularly"),
    "noise": (
        lambda: Network(cells("dv/dt = (1 - v)/(5*ms) + 0.1*xi*ms**-0.5 : 1")),
        "'cells.*' uses .*(rand|xi)",
    ),
    "random reset": (lambda: Network(cells(reset="v = rand()")), "'cells_.*reset.*' uses .*rand"),
    "random threshold": (
        lambda: Network(cells(threshold="rand() < 0.1*v")),
        "'cells_.*threshold.*' uses .*rand",
    ),
    "random transmission": (lambda: joined(on_pre="v_post += w*randn()"), "'wires_pre' uses .*randn"),
    "plasticity": (
        lambda: joined(
            "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)", on_pre="v_post += w\nx += 1\nw += 0.01*x"
        ),
        "'wires_pre' uses a synaptic variable that changes .*plasticity is not mirrored yet",
    ),
    "assignment at a spike": (
        lambda: joined(on_pre="v_post = w"),
        "'wires_pre' uses an assignment at a spike.*add to",
    ),
    "product at a spike": (
        lambda: joined(on_pre="v_post *= 0.5"),
        "'wires_pre' uses an assignment at a spike",
    ),
    "own target": (
        lambda: joined(on_pre="v_post += w*(1 - v_post)"),
        "'wires_pre' uses a statement that reads the variable that the pathway adds to .*add to a variable of its own",
    ),
    "own target, second statement": (
        lambda: joined(on_pre="u_post += w\nv_post += u_post"),
        "'wires_pre' uses a statement that reads the variable that the pathway adds to",
    ),
    "several clocks": (clocks, "'(cells|slow).*' uses several clocks: steps of .0.0001, 0.001. s.*same dt"),
    "user function": (user_function, "'cells_stateupdater' uses .*function.*twice"),
    "part of a group": (summed_onto_a_part, "'wires.*' uses a summed variable of a subgroup.*whole group"),
    "Poisson input": (poisson_input, "'poissoninput.*' uses PoissonInput.*explicit spike source"),
    "slow operation": (
        lambda: _regular(dt=1 * ms),
        "several clocks: steps of .0.0001, 0.001. s",
    ),
    "nothing": (lambda: Network(), "'network' uses no object that does anything.*add groups"),
}


def _regular(**options):
    group = cells()
    group.run_regularly("v *= 0.9", **options)
    return Network(group)


@pytest.mark.parametrize("kind", NETWORKS)
def test_networks(kind):
    make, message = NETWORKS[kind]
    net = make()
    with pytest.raises(UnsupportedModel, match=message) as caught:
        Twin(net)
    error = caught.value
    assert error.object_name
    assert error.feature
    assert error.remedy
    assert isinstance(error, NotImplementedError)


def test_a_network_without_plastic_synapses_is_not_refused():
    """The same network as above, its offending line taken out."""
    Twin(joined("w : 1", on_pre="v_post += w"))


def test_an_active_standalone_device(tmp_path):
    net = joined(on_pre="v_post += w")
    set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
    try:
        with pytest.raises(
            UnsupportedModel, match=r"active device CPPStandaloneDevice.*set_device\('runtime'\)"
        ):
            Twin(net)
    finally:
        device.reinit()
        reset_device()
    Twin(net)


def test_unknown_names_come_with_the_nearest():
    net = srnn(3, hidden=[4], outputs=2)
    with pytest.raises(
        UnknownParameter, match="trainable 'hidden1.tau' fits nothing.*did you mean hidden1.tau_"
    ):
        Twin(net, trainable=("hidden1.tau",))
    with pytest.raises(UnknownParameter, match="did you mean .*tau_m"):
        Twin(net, trainable=("taum",))
    with pytest.raises(UnknownParameter, match="'hiden1_hidden1.w'.*did you mean hidden1_hidden1.w"):
        Twin(net, trainable=("w", "hiden1_hidden1.w"))
    with pytest.raises(TypeError, match=r"got the string 'tau_m'; write \('tau_m',\)"):
        Twin(net, trainable="tau_m")
    with pytest.raises(TypeError, match="trainable: expected names, got 3"):
        Twin(net, trainable=(3,))


def test_delays_and_foreign_constants_are_refused_with_the_line_that_helps():
    gain = 1.5
    net = joined(group=cells("dv/dt = (gain - v)/(5*ms) : 1"), on_pre="v_post += w", delay=1 * ms)
    message = (
        "training the constant gain, which only lives in the caller's frame.*"
        rf"cells.namespace\['gain'\] = {gain}"
    )
    with pytest.raises(UnsupportedModel, match=message):
        Twin(net, trainable=("gain",))
    with pytest.raises(UnsupportedModel, match="training a delay.*leave it out of trainable"):
        Twin(net, trainable=("delay",))


@pytest.mark.parametrize("value", [0, -5])
def test_time_constants_that_are_not_positive(value):
    group = NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second", method="euler", name="cells")
    group.tau = [3, value] * ms
    with pytest.raises(
        OutOfBounds, match=r"cells.tau\[1\] = .* values between 5e-05 and 1 \(SI units\); change it"
    ):
        Twin(Network(group), trainable=("tau",))


def driven(steps=None):
    source = SpikeGeneratorGroup(3, [], [] * ms, name="source", dt=1 * ms)
    drive = TimedArray(np.zeros((1, 2)), dt=1 * ms)
    group = NeuronGroup(
        2,
        "v = drive(t, i) + x : 1\nx : 1",
        threshold="v > 1",
        dt=1 * ms,
        name="cells",
        namespace={"drive": drive},
    )
    return Network(source, group) if steps is None else Network(source)


def array(values, dt=1e-3, dims=("trial", "time", "channel")):
    return xr.DataArray(values, dims=dims, coords={"time": np.arange(values.shape[1]) * dt})


ONE = np.zeros((2, 10, 3))
STIMULI = {
    "channels": (
        np.zeros((2, 10, 4)),
        r"stimulus source: expected shape \(trial, time, 3\), got \(2, 10, 4\)",
    ),
    "dimensions": (np.zeros((10, 3)), r"expected shape \(trial, time, 3\), got \(10, 3\)"),
    "no trial": (np.zeros((0, 10, 3)), "at least one trial and one step, got 0 and 10"),
    "no step": (np.zeros((2, 0, 3)), "at least one trial and one step, got 2 and 0"),
    "graded": (
        ONE + 0.5,
        r"expected 0 or 1 spikes per step, got 0.5 .* \[0, 0, 0\]; graded inputs come as",
    ),
    "negative": (ONE.astype(int) - 1, "expected 0 or 1 spikes per step, got -1"),
    "NaN": (
        np.where(np.arange(3) == 2, np.nan, ONE),
        r"not finite at \(trial, time, channel\) = \[0, 0, 2\]",
    ),
    "names": (
        array(ONE, dims=("trial", "time", "neuron")),
        r"expected dimensions \(trial, time, channel\), got",
    ),
    "dt": (
        array(ONE, dt=4e-3),
        "the network has steps of 0.001 s, the stimulus of 0.004 to 0.004 s; resample it",
    ),
    "group": ({"sauce": ONE}, "no input sauce; inputs: source"),
}


@pytest.mark.parametrize("kind", STIMULI)
def test_stimuli(kind):
    stimulus, message = STIMULI[kind]
    twin = Twin(driven(1))
    if isinstance(stimulus, np.ndarray):
        stimulus = torch.from_numpy(stimulus)
    with pytest.raises(ValueError, match=message):
        twin(stimulus)


def test_uneven_times_and_several_inputs():
    uneven = array(ONE)
    uneven = uneven.assign_coords(time=np.r_[np.arange(9), 20] * 1e-3)
    with pytest.raises(ValueError, match="steps of 0.001 s, the stimulus of 0.001 to 0.012 s"):
        Twin(driven(1))(uneven)
    twin = Twin(driven())
    with pytest.raises(
        ValueError, match=r"the network has 2 inputs \(.*\); give a dict with the input's name"
    ):
        twin(torch.zeros(2, 10, 3))
    with pytest.raises(ValueError, match=r"the inputs differ in \(trial, time\)"):
        twin({"source": torch.zeros(2, 10, 3), "drive": torch.zeros(2, 11, 2)})
    out = twin({"source": torch.zeros(2, 10, 3), "drive": torch.full((2, 10, 2), 2.0)})
    assert out.spikes["cells"].sum() == 40


def test_durations():
    twin = Twin(driven(1))
    with pytest.raises(ValueError, match="give a stimulus or a duration"):
        twin()
    with pytest.raises(ValueError, match="duration: 0.0001 s is less than one step"):
        twin(duration=0.1 * ms)
    with pytest.raises(ValueError, match="duration: 20 steps, but the stimulus has 10"):
        twin(torch.zeros(1, 10, 3), duration=20 * ms)


def test_a_poisson_group_without_a_stimulus():
    source = PoissonGroup(3, 20 * Hz, name="noise")
    twin = Twin(Network(source, cells()))
    with pytest.raises(
        ValueError, match="the spikes of noise would be drawn at random.*give a stimulus for it"
    ):
        twin(duration=5 * ms)


def test_records():
    twin = Twin(joined(on_pre="v_post += w"))
    with pytest.raises(
        ValueError, match="record: no variable cells.w in the program; of cells there are .*v"
    ):
        twin(duration=1 * ms, record={"cells": ["w"]})
    with pytest.raises(ValueError, match="record: no variable cell.v .*none: unknown group"):
        twin(duration=1 * ms, record={"cell": "v"})
    with pytest.raises(
        ValueError, match="slot 'before_lunch' is not in the network's schedule: expected one of start"
    ):
        twin(duration=1 * ms, record={"cells": {"v": "before_lunch"}})


def test_scores_need_a_readout():
    with pytest.raises(ValueError, match=r"no readout: give Twin\(net, readout=Readout"):
        Twin(joined(on_pre="v_post += w")).scores(torch.zeros(1, 1, 1))


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"engine": "fast"}, ValueError, "engine must be one of reference.*got 'fast'"),
        (
            {"dtype": torch.float16},
            ValueError,
            "dtype must be torch.float32 or torch.float64, got torch.float16",
        ),
        ({"randomness": "torch"}, ValueError, "randomness must be"),
        ({"surrogate": "sigmoid"}, ValueError, "surrogate: expected a Surrogate or one of"),
        (
            {"surrogate": {"sells": "gaussian"}},
            ValueError,
            "surrogate: no group sells with a threshold; there are cells",
        ),
        ({"scale": {"sells": 1}}, ValueError, "scale: no group sells with a threshold; there are cells"),
    ],
)
def test_options(options, error, message):
    with pytest.raises(error, match=message):
        Twin(joined(on_pre="v_post += w"), **options)


def test_not_a_network():
    with pytest.raises(TypeError, match="expected a brian2.Network, got NeuronGroup"):
        Twin(cells())


def test_the_scale_of_a_threshold_with_a_unit():
    def made(**options):
        group = NeuronGroup(
            3, "dv/dt = -v/(5*ms) : volt", threshold="v > -50*mV", name="cells", method="euler", **options
        )
        group.v = -70 * mV
        return Network(group)

    with pytest.raises(ValueError, match=r"cells has a unit and no scale .* give Twin\(scale=.'cells'"):
        Twin(made())
    with pytest.raises(ValueError, match="scale of cells: expected a quantity in the unit of its threshold"):
        Twin(made(), scale=0.02)
    assert Twin(made(), scale=20 * mV).surrogates["cells"][1] == 0.02
    assert Twin(made(reset="v = -62*mV")).surrogates["cells"][1] == pytest.approx(0.012, rel=1e-12)
    assert Twin(made(reset="v -= 5*mV")).surrogates["cells"][1] == pytest.approx(0.025, rel=1e-12)
