"""`simulate`: independent trials of a network on a Brian2 device, as one `xr.Dataset`."""

import sys
import time
from dataclasses import replace

import brian2
import numpy as np
import xarray as xr
from brian2 import SpikeMonitor, second
from brian2.core.namespace import get_local_namespace
from tqdm import tqdm

from .._version import __version__
from .annotations import Initial
from .building import build, with_dt
from .describing import describe
from .description import Array, NetworkDescription, NeuronGroupDescription, SpikeGeneratorDescription
from .devices import check_device, using
from .recordings import connectivity_variables, spike_variables, spiking
from .stimuli import named, reference_step, stimulus_steps, stimulus_trials, with_stimulus
from .tiling import tile
from .times import check_time_constants, seconds, whole_steps
from .traces import monitor_of, trace_variables, traces_of

STEP = "the step of the stimulus"


def simulate(
    net,
    stimulus=None,
    *,
    duration=None,
    trials=None,
    seed=None,
    dt=None,
    device="numpy",
    record=None,
    initial=None,
    namespace=None,
    sample_dt=None,
    progress=None,
):
    """Simulate independent trials of a network; `net` itself and Brian2's global state stay as they are.

    All trials are copies side by side in one network: one build, one run. A trial gives the same bits
    however many there are. Every trial starts at t = 0 from the values that the network's variables have.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
        Made on the runtime device.
    stimulus : DataArray or dict of str to DataArray, optional
        Dimensions (trial, time, channel), `time` (s) from 0, equidistant at the network's dt_ref (its own dt
        where it has none), whatever `dt`; 0 or 1 for spikes. A dict names the inputs: spike generators, and
        TimedArrays or the groups that read them. Without it the network's own inputs run for `duration`.
    duration : Quantity or float, optional
        Seconds; that of the stimulus by default.
    trials : int, optional
        Number of trials without a stimulus; 1 by default.
    seed : int, optional
        Of random inputs; fresh entropy by default, kept in the attributes.
    dt : Quantity or float, optional
        Simulation step (s) that divides dt_ref and the step of the stimulus; that of the network by default.
    device : {"numpy", "cython", "cpp_standalone"}
        The last two compile: seconds to a minute once, then fast.
    record : dict, optional
        Traces beside the spikes: ``{"output": ["v"]}``, or with the scheduling slot at which they are sampled
        ``{"output": {"v": "before_output_resets"}}``; Brian2's default is ``"start"``. By default the
        annotated readout; ``{}`` for none.
    initial : Initial or {"given", "zero"}, optional
        State at the start; that of the annotations by default.
    namespace : dict, optional
        As in `describe`.
    sample_dt : Quantity or float, optional
        Sampling interval of traces (s), a multiple of `dt`; dt_ref by default, dt where the network has none.
    progress : bool, optional
        Show a progress bar; by default where stderr is a terminal.

    Returns
    -------
    Dataset
        Spikes of every spiking group, inputs included: ``hidden1_spike_trial``, ``hidden1_spike_neuron``,
        ``hidden1_spike_time`` (s) on dimension ``hidden1_spike``, ordered by trial, time, neuron. Traces
        ``output_v (trial, time, output_neuron)``. ``synapses (connection)`` and ``hidden1_fan_out
        (hidden1_neuron)``: numbers of synapses. Attributes: dt, dt_ref, duration (s), trials, device, seed,
        versions, wall_time_s.

    Raises
    ------
    StimulusError
        The stimulus does not fit the network.
    DeviceError
        Unknown device, or the compiler that it needs is missing.
    UnsupportedModel
        The network holds what `describe` or `tile` does not support.
    ValueError, TypeError, KeyError
        Other bad arguments; a time constant that is not positive.
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    check_device(device)
    if seed is not None and (
        isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32
    ):
        raise ValueError(f"simulate: seed must be a whole number in [0, 2**32), got {seed!r}")
    single = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
    single = _initial(single, single.annotations.initial if initial is None else initial)
    check_time_constants(_named_values(single))
    trial_labels = np.arange(_trials(single, stimulus, trials))
    if stimulus is not None:
        first = next(iter(named(single, stimulus).values()))
        trial_labels = first["trial"].values if "trial" in first.coords else trial_labels
    # A network without dt_ref was made for its own dt, and so is its stimulus: read before dt is replaced.
    step = reference_step(single)
    if dt is not None:
        single = with_dt(single, dt)
    if stimulus is not None:
        whole_steps(step, single.dt, STEP)
    sample = seconds(reference_step(single) if sample_dt is None else sample_dt, "sample_dt")
    every = whole_steps(sample, single.dt, "sample_dt")
    length = _duration(single, stimulus, duration, step)
    traces = traces_of(single, record)

    description = tile(single, len(trial_labels))
    if stimulus is not None:
        description = with_stimulus(description, stimulus, step=step)
    started = time.perf_counter()
    with using(device, random_seed=seed) as used_seed:
        network = build(description)
        groups = {obj.name: obj for obj in network.objects}
        spikes = {
            g.name: SpikeMonitor(groups[g.name], name=f"{g.name}_spikes") for g in single.groups if spiking(g)
        }
        monitors = [monitor_of(groups[t.group], t, k, single.dt, sample) for k, t in enumerate(traces)]
        network.add(*spikes.values(), *monitors)
        _run(network, length, device, progress)
        variables, coords = connectivity_variables(single)
        for name, monitor in spikes.items():
            variables |= spike_variables(name, np.array(monitor.i), np.array(monitor.t), single.size(name))
        for trace, monitor in zip(traces, monitors, strict=True):
            variables |= trace_variables(trace, monitor, len(trial_labels), every)
    if traces:
        n = len(variables[f"{traces[0].group}_{traces[0].variable}"][1][0])
        coords["time"] = ("time", np.arange(n) * sample, {"units": "s", "long_name": "time"})
    coords["trial"] = ("trial", trial_labels)
    for group in single.groups:
        coords[f"{group.name}_neuron"] = (f"{group.name}_neuron", np.arange(group.size))
    return xr.Dataset(
        variables, coords, _attributes(single, length, len(trial_labels), device, used_seed, started)
    )


def _run(network, length, device, progress):
    show = sys.stderr.isatty() if progress is None else progress
    if not show:
        network.run(length * second, namespace={})
    elif device == "cpp_standalone":
        # The compiled program reports by itself: Brian2 cannot call back into Python from it.
        network.run(length * second, namespace={}, report="stderr", report_period=1 * second)
    else:
        with tqdm(
            total=length, unit="s", bar_format="{l_bar}{bar}| {n:.3g}/{total:.3g} s [{elapsed}<{remaining}]"
        ) as bar:

            def report(elapsed, completed, start, duration):
                bar.update(completed * length - bar.n)

            network.run(length * second, namespace={}, report=report, report_period=0.2 * second)


def _initial(description, initial):
    if isinstance(initial, str):
        initial = Initial(initial)
    if not isinstance(initial, Initial):
        raise TypeError(f"simulate: initial must be an Initial or its kind, got {type(initial).__name__}")
    if initial.kind == "given":
        return description
    groups = []
    for g in description.groups:
        if isinstance(g, NeuronGroupDescription):
            states = {e.name for e in g.equations if e.type == "differential equation"}
            g = replace(g, variables=tuple(_zero(v) if v.name in states else v for v in g.variables))
        groups.append(g)
    return replace(description, groups=tuple(groups))


def _named_values(description):
    """Yield (name, dimensions, values) of every variable and every constant of a namespace."""
    for obj in (*description.groups, *description.synapses):
        for v in getattr(obj, "variables", ()):
            yield f"{obj.name}.{v.name}", v.array.dimensions, v.array.values
        for e in getattr(obj, "namespace", ()):
            if isinstance(e.value, Array):
                yield f"{obj.name}.{e.name}", e.value.dimensions, e.value.values


def _zero(variable):
    return replace(variable, array=Array(np.zeros_like(variable.array.values), variable.array.dimensions))


def _trials(description, stimulus, trials):
    if stimulus is None:
        if trials is None:
            return 1
        if isinstance(trials, bool) or not isinstance(trials, (int, np.integer)) or trials < 1:
            raise ValueError(f"simulate: trials must be a whole number >= 1, got {trials!r}")
        return int(trials)
    found = stimulus_trials(description, stimulus)
    if trials is not None and trials != found:
        raise ValueError(f"simulate: trials = {trials}, but the stimulus has {found}; leave trials out")
    return found


def _duration(description, stimulus, duration, step):
    if duration is not None:
        whole_steps(duration, description.dt, "duration")
        return seconds(duration, "duration")
    if stimulus is None:
        raise ValueError("simulate: without a stimulus give the duration, e.g. duration=1*second")
    return stimulus_steps(description, stimulus) * step


def _attributes(description, length, trials, device, seed, started):
    notes = description.annotations
    attrs = {
        "dt": description.dt,
        "duration": length,
        "trials": trials,
        "device": device,
        "seed": seed,
        "versions": f"chronaxie {__version__}, brian2 {brian2.__version__}, numpy {np.__version__}",
        "wall_time_s": time.perf_counter() - started,
        "inputs": ", ".join(g.name for g in description.groups if isinstance(g, SpikeGeneratorDescription)),
    }
    if notes.dt_ref is not None:
        attrs["dt_ref"] = float(notes.dt_ref)
    if notes.readout is not None:
        readout = notes.readout
        attrs["readout"] = f"{readout.group}_{readout.variable}"
        attrs["readout_reduce"], attrs["readout_skip"] = readout.reduce, readout.skip
    return attrs
