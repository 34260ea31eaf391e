"""`Simulation`: a network made ready on a device once, for any number of runs."""

import sys
import time
from contextlib import ExitStack

import brian2
import numpy as np
import xarray as xr
from brian2 import Quantity, SpikeMonitor, second
from brian2.core.namespace import get_local_namespace
from tqdm import tqdm

from .._version import __version__
from .building import build, with_dt
from .describing import describe
from .description import Array, NetworkDescription, SpikeGeneratorDescription
from .devices import check_device, run_compiled, using
from .recordings import connectivity_variables, spike_variables, spiking
from .starts import start_states
from .stimuli import named, reference_step, stimulus_steps, stimulus_trials, with_stimulus
from .tiling import tile
from .times import check_time_constants, seconds, whole_steps
from .traces import monitor_of, trace_variables, traces_of

STEP = "the step of the stimulus"


class Simulation:
    """A network with its stimulus, built and compiled once, run as often as wanted from different starts.

    A context manager: ``with Simulation(net, stimulus, device="cpp_standalone") as simulation: simulation.run()``.
    Inside, Brian2's device is that of the simulation; afterwards its global state is as before. Every run draws
    the same random numbers.

    Parameters
    ----------
    net, stimulus, duration, trials, seed, dt, device, record, namespace, sample_dt
        As in `simulate`.

    Attributes
    ----------
    builds : int
        How often the network was built (and compiled, on ``cpp_standalone``): 0 before the first run, then 1.
    build_time_s : float
        Wall time of that.

    Raises
    ------
    StimulusError, DeviceError, UnsupportedModel, ValueError, TypeError, KeyError
        As `simulate`, before anything is built.
    """

    def __init__(
        self,
        net,
        stimulus=None,
        *,
        duration=None,
        trials=None,
        seed=None,
        dt=None,
        device="numpy",
        record=None,
        namespace=None,
        sample_dt=None,
    ):
        if namespace is None:
            namespace = get_local_namespace(level=1)
        check_device(device)
        if seed is not None and (
            isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32
        ):
            raise ValueError(f"simulate: seed must be a whole number in [0, 2**32), got {seed!r}")
        single = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
        check_time_constants(_named_values(single), growing=single.annotations.growing)
        self._labels = np.arange(_trials(single, stimulus, trials))
        if stimulus is not None:
            first = next(iter(named(single, stimulus).values()))
            self._labels = first["trial"].values if "trial" in first.coords else self._labels
        # A network without dt_ref was made for its own dt, and so is its stimulus: read before dt is replaced.
        step = reference_step(single)
        if dt is not None:
            single = with_dt(single, dt)
        if stimulus is not None:
            whole_steps(step, single.dt, STEP)
        self._sample = seconds(reference_step(single) if sample_dt is None else sample_dt, "sample_dt")
        self._every = whole_steps(self._sample, single.dt, "sample_dt")
        self._length = _duration(single, stimulus, duration, step)
        self._traces = traces_of(single, record)
        self._single, self._device, self._seed = single, device, seed
        self._tiled = tile(single, len(self._labels))
        if stimulus is not None:
            self._tiled = with_stimulus(self._tiled, stimulus, step=step)
        self._stack, self._network = None, None
        self.builds, self.build_time_s = 0, 0.0

    def __enter__(self):
        if self._stack is not None:
            raise RuntimeError("Simulation: it is in use already; make another one")
        self._stack = ExitStack()
        return self

    def __exit__(self, *error):
        stack, self._stack, self._network = self._stack, None, None
        return stack.__exit__(*error)

    def run(self, *, initial=None, progress=None):
        """Run all trials once.

        Parameters
        ----------
        initial, progress
            As in `simulate`.

        Returns
        -------
        Dataset
            As from `simulate`; ``run_time_s`` is the time of this run alone, ``wall_time_s`` also contains the
            build where this run made it.
        """
        if self._stack is None:
            raise RuntimeError(
                "Simulation: use it as a context manager: with Simulation(...) as simulation: ..."
            )
        states = start_states(
            self._single,
            self._single.annotations.initial if initial is None else initial,
            len(self._labels),
        )
        began = time.perf_counter()
        if self._network is None:
            self._build(_shown(progress))
        started = time.perf_counter()
        if self._device == "cpp_standalone":
            self._run_compiled(states, progress)
        else:
            self._run_here(states, progress)
        ds = self._dataset()
        now = time.perf_counter()
        ds.attrs |= {"wall_time_s": now - began, "run_time_s": now - started}
        return ds

    def _build(self, shown):
        began = time.perf_counter()
        self._used_seed = self._stack.enter_context(using(self._device, random_seed=self._seed))
        network = build(self._tiled)
        self._groups = {obj.name: obj for obj in network.objects}
        self._spikes = {
            g.name: SpikeMonitor(self._groups[g.name], name=f"{g.name}_spikes")
            for g in self._single.groups
            if spiking(g)
        }
        self._monitors = [
            monitor_of(self._groups[t.group], t, k, self._single.dt, self._sample)
            for k, t in enumerate(self._traces)
        ]
        network.add(*self._spikes.values(), *self._monitors)
        if self._device == "cpp_standalone":
            # The compiled program reports by itself: Brian2 cannot call back into Python from it.
            reports = {"report": "stderr", "report_period": 1 * second} if shown else {}
            network.run(self._length * second, namespace={}, **reports)
            self._compiled = run_compiled()
        else:
            network.store("start")
        self._network = network
        self.builds, self.build_time_s = self.builds + 1, time.perf_counter() - began

    def _flat(self, states):
        """Yield (group, variable, values side by side) as the tiled network has them."""
        for group, variables in states.items():
            for name, values in variables.items():
                yield self._groups[group], name, np.ascontiguousarray(values, dtype=float).ravel()

    def _run_here(self, states, progress):
        self._network.restore("start", restore_random_state=True)
        for group, name, values in self._flat(states):
            group.variables[name].set_value(values)
        if not _shown(progress):
            self._network.run(self._length * second, namespace={})
            self._check_complete(float(self._network.t) / self._length)
            return
        length = self._length
        with tqdm(
            total=length, unit="s", bar_format="{l_bar}{bar}| {n:.3g}/{total:.3g} s [{elapsed}<{remaining}]"
        ) as bar:

            def report(elapsed, completed, start, duration):
                bar.update(completed * length - bar.n)

            self._network.run(length * second, namespace={}, report=report, report_period=0.2 * second)
        self._check_complete(float(self._network.t) / length)

    def _run_compiled(self, states, progress):
        arguments = {
            getattr(group, name): Quantity(values, dim=group.variables[name].dim)
            for group, name, values in self._flat(states)
        }
        self._check_complete(self._compiled(arguments, quiet=not _shown(progress)))

    def _check_complete(self, fraction):
        """Brian2 answers Ctrl-C by ending its loop early, without an exception: what it leaves is no result."""
        if fraction < 1 - 0.5 * self._single.dt / self._length:
            raise KeyboardInterrupt(f"the simulation was stopped after {fraction:.0%}")

    def _dataset(self):
        single, trials = self._single, len(self._labels)
        variables, coords = connectivity_variables(single)
        for name, monitor in self._spikes.items():
            variables |= spike_variables(name, np.array(monitor.i), np.array(monitor.t), single.size(name))
        for trace, monitor in zip(self._traces, self._monitors, strict=True):
            variables |= trace_variables(trace, monitor, trials, self._every)
        if self._traces:
            n = len(variables[f"{self._traces[0].group}_{self._traces[0].variable}"][1][0])
            coords["time"] = (
                "time",
                np.arange(n) * self._sample,
                {"units": "s", "long_name": "time"},
            )
        coords["trial"] = ("trial", self._labels)
        for group in single.groups:
            coords[f"{group.name}_neuron"] = (f"{group.name}_neuron", np.arange(group.size))
        attrs = _attributes(single, self._length, trials, self._device, self._used_seed)
        return xr.Dataset(variables, coords, attrs)


def _shown(progress):
    return sys.stderr.isatty() if progress is None else progress


def _named_values(description):
    """Yield (name, dimensions, values) of every variable and every constant of a namespace."""
    for obj in (*description.groups, *description.synapses):
        for v in getattr(obj, "variables", ()):
            yield f"{obj.name}.{v.name}", v.array.dimensions, v.array.values
        for e in getattr(obj, "namespace", ()):
            if isinstance(e.value, Array):
                yield f"{obj.name}.{e.name}", e.value.dimensions, e.value.values


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


def _attributes(description, length, trials, device, seed):
    notes = description.annotations
    attrs = {
        "dt": description.dt,
        "duration": length,
        "trials": trials,
        "device": device,
        "seed": seed,
        "versions": f"chronaxie {__version__}, brian2 {brian2.__version__}, numpy {np.__version__}",
        "inputs": ", ".join(g.name for g in description.groups if isinstance(g, SpikeGeneratorDescription)),
    }
    if notes.dt_ref is not None:
        attrs["dt_ref"] = float(notes.dt_ref)
    if notes.readout is not None:
        readout = notes.readout
        attrs["readout"] = f"{readout.group}_{readout.variable}"
        attrs["readout_group"], attrs["readout_variable"] = readout.group, readout.variable
        attrs["readout_reduce"], attrs["readout_skip"] = readout.reduce, readout.skip
    return attrs
