"""Bad input: the error says where, what was expected, what came and what to do."""

import numpy as np
import pytest
import torch
import xarray as xr
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, TimedArray, check_units, ms, mV

from chronaxie.gradient_bridge import Twin

from .refused import cells, joined
from .tiny import STEPS, student


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
    "no trial": (np.zeros((0, 10, 3)), "at least one trial and one step, got 0 and 0.01 s"),
    "no step": (np.zeros((2, 0, 3)), "at least one trial and one step, got 2 and 0 s"),
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
        r"expected the dimensions \('trial', 'time', 'channel'\), got",
    ),
    "dt": (
        array(ONE, dt=4e-3),
        "expected 'time' from 0 in steps of dt_ref = 0.001 s, got 0.004 s",
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
    with pytest.raises(ValueError, match="'time' must be equidistant at 0.001 s"):
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
    with pytest.raises(ValueError, match="does not divide duration = 0.0001 s"):
        twin(torch.zeros(1, 10, 3), duration=0.1 * ms)
    with pytest.raises(ValueError, match="duration: 0.02 s, but the stimulus has 0.01 s"):
        twin(torch.zeros(1, 10, 3), duration=20 * ms)
    assert twin(duration=2.5 * ms).spikes["source"].shape == (1, 3, 3)  # as in Brian2: to the end of a step


def test_trials():
    twin = Twin(driven(1))
    with pytest.raises(ValueError, match="trials: expected a positive whole number, got 0"):
        twin(duration=5 * ms, trials=0)
    with pytest.raises(ValueError, match="trials: 2 asked for, but the stimulus has 1"):
        twin(torch.zeros(1, 10, 3), trials=2)
    assert twin(duration=5 * ms, trials=2).spikes["source"].shape == (2, 5, 3)


def test_groups_whose_spikes_are_kept():
    twin = Twin(driven(1))
    with pytest.raises(ValueError, match="spikes: no spiking group cell; there are source"):
        twin(duration=5 * ms, spikes=("cell",))
    assert list(twin(duration=5 * ms, spikes=("source",)).spikes) == ["source"]
    assert list(twin(duration=5 * ms, spikes=()).spikes) == []


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


def eventful(**options):
    """A group with a subexpression of a subexpression, a parameter that nothing reads, and an event of its own."""
    equations = "dv/dt = (I - v)/(5*ms) : 1\nI = 2*drive + g : 1\ndrive = h*h : 1\ng : 1\nh : 1\nidle : 1"
    group = cells(equations, events={"near": "v > 0.5*I"}, **options)
    return Network(group)


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint8, torch.int64, torch.bool, torch.float16])
def test_spikes_of_any_type_of_number(dtype):
    spikes = (torch.arange(STEPS * 2).reshape(1, STEPS, 2) % 3 == 0).to(dtype)
    assert bool(student()(spikes).spikes["input"].eq(spikes.to(torch.float64)).all())


def test_a_stimulus_of_complex_numbers():
    twin = student()
    with pytest.raises(ValueError, match="stimulus input: expected real numbers, got torch.complex64"):
        twin(torch.zeros(1, STEPS, 2, dtype=torch.complex64))


def test_what_has_no_trace_is_refused_with_what_has_one():
    twin = Twin(eventful())
    with pytest.raises(
        ValueError,
        match=r"record: cells.I is a subexpression \(2\*drive \+ g\), which has no array and no trace; "
        r"record what it reads, record=\{'cells': \['g', 'h'\]\}, and compute it from that",
    ):
        twin(duration=1 * ms, record={"cells": ["I"]})
    assert set(twin(duration=1 * ms, record={"cells": ["g", "h"]}).states["cells"]) == {"g", "h"}
    with pytest.raises(
        ValueError, match="no statement that runs reads or writes cells.idle: it stays what it is"
    ):
        twin(duration=1 * ms, record={"cells": ["idle"]})
    with pytest.raises(ValueError, match=r"spikes are always there: recording.spikes\['cells'\]"):
        twin(duration=1 * ms, record={"cells": ["spike"]})


def test_custom_events_are_refused_with_what_to_record():
    twin = Twin(eventful())
    slots = dict.fromkeys("ghv", "thresholds")
    expected = (
        r"'near' is a custom event of cells \(v > 0.5\*I\).* cells.run_on_event\('near', 'n \+= 1'\).*"
        r"record=\{'cells': \{'g': 'thresholds', 'h': .*'v': 'thresholds'\}\}, and compare"
    )
    with pytest.raises(ValueError, match="record: " + expected):
        twin(duration=1 * ms, record={"cells": ["near"]})
    with pytest.raises(ValueError, match="spikes: " + expected):
        twin(duration=1 * ms, spikes=["cells.near"])
    assert set(twin(duration=1 * ms, record={"cells": slots}).states["cells"]) == set(slots)
    silent = Twin(eventful(threshold=None, reset=None))
    with pytest.raises(ValueError, match="spikes: " + expected):
        silent(duration=1 * ms, spikes=["cells"])
    with pytest.raises(ValueError, match="spikes: no spiking group cell; there are none"):
        silent(duration=1 * ms, spikes=["cell"])


def test_what_is_no_dict_of_traces_and_no_sequence_of_groups():
    twin = Twin(joined(on_pre="v_post += w"))
    for record in (["v"], "v", ("cells", "v")):
        with pytest.raises(TypeError, match=r"record: expected a dict .* \{'hidden1': \['v'\]\}, .* got "):
            twin(duration=1 * ms, record=record)
    with pytest.raises(
        TypeError, match=r"spikes: expected a sequence of groups, got 'cells'; write \('cells',\)"
    ):
        twin(duration=1 * ms, spikes="cells")


def test_scores_need_a_readout():
    with pytest.raises(ValueError, match=r"no readout: give Twin\(net, readout=Readout"):
        Twin(joined(on_pre="v_post += w")).scores(torch.zeros(1, 1, 1))


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"engine": "fast"}, ValueError, "engine must be one of auto, .*got 'fast'"),
        (
            {"dtype": torch.float16},
            ValueError,
            "dtype must be torch.float32 or torch.float64, got torch.float16",
        ),
        ({"randomness": "numpy"}, ValueError, "randomness must be 'brian2' or 'torch', got 'numpy'"),
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


@pytest.mark.parametrize(
    "functions, error, message",
    [
        (
            {"twise": abs},
            ValueError,
            r"expected functions of yours .*\(twice\), got 'twise', .* mean 'twice'\?",
        ),
        ({"zzz": abs}, ValueError, r"\(twice\), got 'zzz', none of them$"),
        ({"exp": abs}, ValueError, r"\(twice\), got 'exp', one of Brian2's own, whose derivative is known"),
        ({"drive": abs}, ValueError, r"\(twice\), got 'drive', none of them"),
        ({"twice": 2.0}, TypeError, "functions: 'twice': expected a function of tensors, got 2.0"),
        ((abs,), TypeError, "functions: expected a dict of torch functions by name"),
    ],
)
def test_functions_that_are_none_of_the_network(functions, error, message):
    @check_units(x=1, result=1)
    def twice(x):
        return 2 * x

    drive = TimedArray(np.zeros(2), dt=1 * ms)
    group = cells("dv/dt = (drive(t) + exp(twice(v)))/(5*ms) : 1", namespace={"twice": twice, "drive": drive})
    with pytest.raises(error, match=message):
        Twin(Network(group), functions=functions)
    Twin(Network(group), functions={"twice": lambda x: 2 * x})


def test_a_name_that_nothing_stands_for():
    group = cells("dv/dt = (nowhere - v)/(5*ms) : 1")
    with pytest.raises(KeyError, match=r'cells: The identifier "nowhere" could not be resolved.*namespace='):
        Twin(Network(group))
    Twin(Network(group), namespace={"nowhere": 1.0})


def test_not_a_network():
    with pytest.raises(
        TypeError, match=r"expected a brian2.Network, got NeuronGroup; .* Network\(collect\(\)\)"
    ):
        Twin(cells())


def test_the_scale_of_a_threshold_with_a_unit():
    def made(**options):
        group = NeuronGroup(
            3, "dv/dt = -v/(5*ms) : volt", threshold="v > -50*mV", name="cells", method="euler", **options
        )
        group.v = -70 * mV
        return Network(group)

    with pytest.raises(ValueError, match=r"cells has a unit and no scale .* give Twin\(scale=.'cells'"):
        Twin(made(), trainable=("cells.v",))
    assert Twin(made())(duration=1 * ms).spikes["cells"].sum() == 0  # without gradients none is needed
    with pytest.raises(
        ValueError, match="scale of cells: expected one positive quantity in the unit of its threshold"
    ):
        Twin(made(), scale=0.02)
    assert Twin(made(), scale=20 * mV).surrogates["cells"][1] == 0.02
    assert Twin(made(reset="v = -62*mV"), trainable=("v",)).surrogates["cells"][1] == pytest.approx(
        0.012, rel=1e-12
    )
    assert Twin(made(reset="v -= 5*mV"), trainable=("v",)).surrogates["cells"][1] == pytest.approx(
        0.025, rel=1e-12
    )
