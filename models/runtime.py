"""Trials of a network on Brian2's runtime devices, numpy and cython."""

import time

import numpy as np
from brian2 import NetworkOperation, SpikeMonitor, second, seed

from .building import build
from .description import SpikeGeneratorDescription
from .devices import using
from .errors import SimulationTimeout
from .recordings import in_order, spiking
from .tiling import tile
from .traces import monitor_of

# Memory that the traces of one trial may take before a run is cut into pieces.
BUFFER = 1 << 28


class RuntimeEngine:
    """Runs on ``numpy`` or ``cython``: a network of `batch` trials side by side, run for one batch after the other.

    Parameters
    ----------
    single, traces, every, batch, fast_math, timeout
        As for `StandaloneEngine`.
    device : {"numpy", "cython"}
    steps : int
        Of the simulation.
    """

    def __init__(self, single, traces, every, *, device, steps, batch, fast_math, timeout):
        self._single, self._traces, self._every = single, traces, every
        self._device, self._batch, self._timeout = device, batch, timeout
        self._fast_math, self._network, self._steps = fast_math, None, steps
        self.builds, self.build_time_s = 0, 0.0

    def open(self, inputs, trials, stack):
        """Build the network with the inputs of the first trials."""
        stack.enter_context(using(self._device, fast_math=self._fast_math))
        self._tiled = tile(self._single, self._batch)
        self._units = [
            np.minimum(np.arange(first, first + self._batch), trials - 1)
            for first in range(0, trials, self._batch)
        ]
        self._build(inputs, self._units[0])

    def _build(self, inputs, unit):
        began = time.perf_counter()
        self._network = self._make(inputs, unit)
        self._add_drain()
        self._network.store("start")
        self.builds, self.build_time_s = self.builds + 1, self.build_time_s + time.perf_counter() - began

    def _make(self, inputs, unit):
        """Return the network of these trials with its monitors."""
        network = build(inputs.put(self._tiled, unit))
        self._groups = {obj.name: obj for obj in network.objects}
        self._spikes = {
            g.name: SpikeMonitor(self._groups[g.name], name=f"{g.name}_spikes")
            for g in self._single.groups
            if spiking(g)
        }
        sample = self._every * self._single.dt
        self._monitors = [
            monitor_of(self._groups[t.group], t, k, self._single.dt, sample)
            for k, t in enumerate(self._traces)
        ]
        network.add(*self._spikes.values(), *self._monitors)
        self._at = unit
        return network

    def _add_drain(self):
        """Where traces of a trial would take too much memory, monitors are emptied while the network runs.

        A run in pieces would be another one: at its end Brian2 empties the spikes of the last step, which a schedule
        with synapses before thresholds delivers in the next.
        """
        per_step = sum(self._tiled.group(t.group).size * 8 for t in self._traces) / self._every
        if self._batch > 1 or per_step * self._steps <= BUFFER:
            return
        steps = max(int(BUFFER / per_step), 1)
        self._network.add(
            NetworkOperation(
                lambda: self._hand_over(*self._receiver, emptied=True),
                dt=steps * self._single.dt * second,
                when=f"after_{self._network.schedule[-1]}",
                name="chronaxie_drain",
            )
        )

    def run(self, inputs, states, seeds, *, steps, sink, progress):
        """Run all trials and hand the results over; see `StandaloneEngine.run`."""
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        began = time.perf_counter()
        for k, unit in enumerate(self._units):
            self._renew(inputs, unit)
            self._network.restore("start", restore_random_state=False)
            self._set_spikes(inputs, unit)
            for name, variables in states.items():
                for variable, values in variables.items():
                    flat = np.ascontiguousarray(values, dtype=float)[unit].ravel()
                    self._groups[name].variables[variable].set_value(flat)
            seed(int(seeds[unit[0]]))
            self._run_unit(
                unit, steps, sink, lambda part, k=k: progress((k + part) / len(self._units)), deadline
            )
        self.binary_time_s = time.perf_counter() - began

    def _renew(self, inputs, unit):
        """TimedArrays are compiled into code objects: other values need another network."""
        other = not np.array_equal(unit, self._at)
        if other and any(len(values) > 1 for values in inputs.tables.values()):
            self._build(inputs, unit)

    def _set_spikes(self, inputs, unit):
        if len(self._units) == 1:
            return
        put = inputs.put(self._tiled, unit)
        for g in put.groups:
            if isinstance(g, SpikeGeneratorDescription):
                self._groups[g.name].set_spikes(
                    g.indices, g.times * second, period=g.period * second, sorted=True
                )

    def _run_unit(self, unit, steps, sink, progress, deadline):
        length = steps * self._single.dt
        self._receiver = unit, [0] * len(self._traces), sink

        def report(elapsed, completed, start, duration):
            progress(completed)
            if deadline is not None and time.monotonic() > deadline:
                self._network.stop()

        self._network.run(length * second, namespace={}, report=report, report_period=0.2 * second)
        self._check_complete(length, deadline)
        self._hand_over(*self._receiver)

    def _check_complete(self, end, deadline):
        """Brian2 answers Ctrl-C by ending its loop early, without an exception: what it leaves is no result."""
        length = float(self._network.t)
        if length > end - 0.5 * self._single.dt:
            return
        if deadline is not None and time.monotonic() > deadline:
            raise SimulationTimeout(
                f"simulate: stopped after the time-out of {self._timeout:g} s at t = {length:.4g} s; allow more, "
                "simulate fewer trials or a shorter duration"
            )
        raise KeyboardInterrupt(f"the simulation was stopped at t = {length:.4g} s")

    def _hand_over(self, unit, taken, sink, *, emptied=False):
        """Give what the monitors hold to the sink; `taken` counts what each trace has given before."""
        trials = len(np.unique(unit))
        for name, monitor in self._spikes.items():
            beside, neuron = np.divmod(np.array(monitor.i, dtype=np.int64), self._single.size(name))
            kept = beside < trials
            spikes = (unit[beside[kept]], neuron[kept], np.array(monitor.t)[kept])
            sink.events(name, *in_order(*spikes))
        for k, (trace, monitor) in enumerate(zip(self._traces, self._monitors, strict=True)):
            values = np.array(getattr(monitor, f"{trace.variable}_"))
            first, taken[k] = taken[k], taken[k] + values.shape[1]
            if trace.phase == "last":
                step = np.arange(first, taken[k])
                values, first = values[:, step % self._every == self._every - 1], first // self._every
            values = values.reshape(self._batch, self._single.size(trace.group), values.shape[1])
            for beside in range(trials):
                sink.trace(k, unit[beside], first, values[beside].T)
        if emptied:
            for monitor in (*self._spikes.values(), *self._monitors):
                monitor.resize(0)
                monitor.variables["N"].set_value(0)

    def dtype(self, trace_number):
        """Return the type of the values of a trace."""
        trace = self._traces[trace_number]
        return self._groups[trace.group].variables[trace.variable].dtype
