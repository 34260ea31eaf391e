"""Trials of a network in a compiled program of the cache."""

import shutil
import time
import warnings
from dataclasses import replace

import numpy as np

from ..recordings import in_order, spiking
from ..scratch import scratch_folder
from ..sinks import BLOCK, FileSink
from ..tiling import tile
from .names import canonical_names, renamed
from .program import program_of, ranges_of, run_program
from .values import spike_record, table_record, values_of, write_records

# Memory that the results of a run may take before they are written to a file.
BUFFER = 1 << 26


class StandaloneEngine:
    """Runs on ``cpp_standalone``: one program for a structure, whatever the values, inputs, duration and seeds.

    Parameters
    ----------
    single : NetworkDescription
        Of one trial.
    traces : sequence of Trace
    every : int
        Steps from sample to sample of a trace.
    batch : int
        Trials side by side in one network.
    workers : int
        Processes.
    threads : int
        OpenMP threads of each.
    fast_math : bool
        As in `using`.
    timeout : float or None
        Of a run (s).
    """

    def __init__(self, single, traces, every, *, batch, workers, threads, fast_math, timeout):
        self._single, self._traces, self._every = single, traces, every
        self._batch, self._workers, self._timeout = batch, workers, timeout
        self._options = {"threads": threads, "fast_math": fast_math}
        self._program = None
        self.builds, self.build_time_s = 0, 0.0

    def open(self, inputs, trials, stack):
        """Find the program or make it."""
        self._names = canonical_names(self._single)
        self._tiled = renamed(tile(self._single, self._batch), self._names)
        traces = [replace(t, group=self._names.get(t.group, t.group)) for t in self._traces]
        self._program = stack.enter_context(program_of(self._tiled, traces, **self._options))
        self.builds, self.build_time_s = int(self._program.made), self._program.time_s

    def run(self, inputs, states, seeds, *, steps, sink, progress):
        """Run all trials and hand the results over.

        Parameters
        ----------
        inputs : TrialInputs
        states : dict of str to dict of str to ndarray, shape (trial, neuron)
        seeds : ndarray of int, shape (trial,)
        steps : int
            Of the network.
        sink : MemorySink or FileSink
        progress : callable
            ``progress(fraction)``.
        """
        trials = len(seeds)
        units = -(-trials // self._batch)
        ranges = ranges_of(units, self._workers)
        done = [0] * len(ranges)

        def report(trial, step, worker):
            done[worker] = (trial - ranges[worker][0]) * steps + step
            progress(sum(done) / (units * steps))

        # Beside a file that results go to, since temporary files may lie in memory.
        parent = sink.path.parent if isinstance(sink, FileSink) else None
        with scratch_folder(parent, hidden=parent is not None) as scratch:
            run_file = scratch / "run"
            write_records(run_file, self._records(inputs, states, seeds, steps))
            folders = [scratch / str(k) for k in range(len(ranges))]
            for folder in folders:
                folder.mkdir()
            began = time.perf_counter()
            run_program(self._program, run_file, folders, ranges, report=report, timeout=self._timeout)
            self.binary_time_s = time.perf_counter() - began
            for folder in folders:
                self._read(folder, trials, sink)
                self._warn(folder)
                shutil.rmtree(folder)

    def _records(self, inputs, states, seeds, steps):
        tiled, layout, names = self._tiled, self._program.layout, self._names
        units = -(-len(seeds) // self._batch)
        of_unit = [
            np.minimum(np.arange(k * self._batch, (k + 1) * self._batch), len(seeds) - 1)
            for k in range(units)
        ]
        yield from values_of(tiled, layout)
        for name, variables in states.items():
            for variable, values in variables.items():
                rows = [np.asarray(values, dtype=np.float64)[trials].ravel() for trials in of_unit]
                yield "S", f"{names.get(name, name)}.{variable}", rows
        clocks = layout["clocks"]
        groups = {g.name: g for g in tiled.groups}
        for name, events in inputs.spikes.items():
            alike = len(events.offsets) == 2
            size = self._single.size(name)
            parts = []
            for trials in of_unit[:1] if alike else of_unit:
                found = [events.of(k) for k in trials]
                index = np.concatenate([i + n * size for n, (i, _) in enumerate(found)])
                parts.append((index, np.concatenate([t for _, t in found])))
            group = groups[names.get(name, name)]
            yield spike_record(group, tiled.dt if group.dt is None else group.dt, parts)
        timed = {t.name: t for t in tiled.timed_arrays}
        for name, values in inputs.tables.items():
            if len(values) > 1:
                values = np.stack(
                    [np.moveaxis(values[trials], 0, 1).reshape(values.shape[1], -1) for trials in of_unit]
                )
            elif values.shape[1:] != timed[names.get(name, name)].array.values.shape:
                values = np.tile(values, (1, 1, self._batch))  # read as name(t, i) by trials side by side
            yield table_record(names.get(name, name), timed[names.get(name, name)].dt, values)
        own = {obj.name: obj.dt for obj in (*tiled.groups, *tiled.synapses)}
        own |= {r.name: r.dt for obj in (*tiled.groups, *tiled.synapses) for r in getattr(obj, "regular", ())}
        dts = [tiled.dt] * (max(clocks.values()) + 1)
        for name, dt in own.items():
            if dt is not None:
                dts[clocks[name]] = dt
        every = [self._every] * len(self._traces)
        offsets = [self._every - 1 if t.phase == "last" else 0 for t in self._traces]
        yield "P", "steps", np.array([steps, self._chunk(steps)], dtype=np.int64)
        yield "P", "duration", np.array([steps * tiled.dt])
        yield "P", "dt", np.array(dts)
        yield "P", "seeds", np.array([seeds[trials[0]] for trials in of_unit], dtype=np.int64)
        yield "P", "every", np.array(every, dtype=np.int64)
        yield "P", "offset", np.array(offsets, dtype=np.int64)

    def _chunk(self, steps):
        """Steps after which results are written: about BUFFER bytes where a tenth of the neurons spike."""
        sampled = sum(self._single.size(t.group) * 8 * self._batch for t in self._traces) / self._every
        spikes = sum(g.size * 12 for g in self._tiled.groups if spiking(g)) / 10
        return int(min(max(BUFFER // max(sampled + spikes, 1), 1), steps))

    def _read(self, folder, trials, sink):
        segments = np.fromfile(folder / "segments", dtype=np.int64).reshape(-1, 3)
        groups = [g.name for g in self._single.groups if spiking(g)]
        for k, group in enumerate(groups):
            self._read_events(folder, k, segments[segments[:, 0] == k], group, trials, sink)
        for k, trace in enumerate(self._traces):
            own = segments[segments[:, 0] == len(groups) + k]
            self._read_trace(folder, len(groups) + k, own, k, trace, trials, sink)

    def _read_events(self, folder, number, segments, group, trials, sink):
        if not len(segments):
            return
        size = self._single.size(group)
        index = np.memmap(folder / f"{number}.index", dtype=np.int32, mode="r")
        time = np.memmap(folder / f"{number}.time", dtype=np.float64, mode="r")
        ends = np.cumsum(segments[:, 2])
        first = begin = 0
        while first < len(segments):
            last = max(int(np.searchsorted(ends, begin + BLOCK)), first + 1)
            # A unit of several trials is put in order as a whole; of one trial, its segments follow in time.
            while self._batch > 1 and last < len(segments) and segments[last, 1] == segments[last - 1, 1]:
                last += 1
            end = int(ends[last - 1])
            unit = np.repeat(segments[first:last, 1], segments[first:last, 2])
            beside, neuron = np.divmod(np.array(index[begin:end]), size)
            trial, time_s = unit * self._batch + beside, np.array(time[begin:end])
            kept = slice(None) if self._batch == 1 else trial < trials
            sink.events(group, *in_order(trial[kept], neuron[kept], time_s[kept]))
            first, begin = last, end

    def _read_trace(self, folder, number, segments, k, trace, trials, sink):
        size = self._single.size(trace.group)
        dtype = np.dtype(self._program.layout["recorded"][number])
        width = size * self._batch
        unit, row = -1, 0
        with open(folder / f"{number}.value", "rb") as file:
            for _, trial, n in segments.tolist():
                row = row if trial == unit else 0
                unit = trial
                rows = np.fromfile(file, dtype=dtype, count=n * width).reshape(n, self._batch, size)
                for beside in range(self._batch):
                    if unit * self._batch + beside < trials:
                        sink.trace(k, unit * self._batch + beside, row, rows[:, beside])
                row += n

    def _warn(self, folder):
        for name in (folder / "extreme").read_text().split():
            warnings.warn(
                f"{name} has NaN or very large values at the end of a trial; the time step may be too long for the "
                "method, or the network unstable",
                RuntimeWarning,
                stacklevel=2,
            )

    def dtype(self, trace_number):
        """Return the type of the values of a trace."""
        recorded = self._program.layout["recorded"]
        return np.dtype(recorded[len(recorded) - len(self._traces) + trace_number])
