"""Trials of a network on a GPU: one program for all of them side by side, compiled for one duration."""

import os
import time
from contextlib import ExitStack, contextmanager

import numpy as np
from brian2 import Quantity, get_device, second

from .cuda import CUDA, CudaOptions, built
from .description import SpikeGeneratorDescription
from .devices import run_compiled, using
from .errors import SimulationTimeout
from .runtime import RuntimeEngine
from .tiling import tile

SEED = "CHRONAXIE_CUDA_SEED"


class CudaEngine(RuntimeEngine):
    """Runs on ``cuda_standalone``: a program of `batch` trials side by side, run for one batch after the other.

    Start values and seeds are given to the program; a batch with other inputs needs another program.

    Parameters
    ----------
    single, traces, every, batch, fast_math, timeout
        As for `StandaloneEngine`; the time-out is that of one batch, measured by the program.
    steps : int
        Of the simulation.
    options : CudaOptions, optional

    Attributes
    ----------
    built : Built
        What was compiled last.
    """

    def __init__(self, single, traces, every, *, steps, batch, fast_math, timeout, options=None):
        super().__init__(
            single, traces, every, device=CUDA, batch=batch, fast_math=fast_math, timeout=timeout
        )
        self._steps, self._options = steps, options or CudaOptions()
        self.built = None

    def open(self, inputs, trials, stack):
        """Build and compile the program with the inputs of the first trials."""
        self._used = stack.enter_context(ExitStack())
        self._tiled = tile(self._single, self._batch)
        self._units = [
            np.minimum(np.arange(first, first + self._batch), trials - 1)
            for first in range(0, trials, self._batch)
        ]
        self._build(inputs, self._units[0])

    def _build(self, inputs, unit):
        began = time.perf_counter()
        self._used.close()
        self._used.enter_context(using(CUDA, cuda=self._options, fast_math=self._fast_math))
        network = self._make(inputs, unit)
        device = get_device()
        # In place of the seed that is compiled in: it comes with each run.
        device.main_queue = [entry for entry in device.main_queue if entry[0] != "seed"]
        device.insert_code(
            "main", f'random_number_buffer.set_seed(strtoull(getenv("{SEED}"), NULL, 10));'
        )
        if self._timeout is not None:
            device._set_maximum_run_time(self._timeout * second)
        network.run(self._steps * self._single.dt * second, namespace={})
        self._compiled = run_compiled()
        taken = time.perf_counter() - began
        self.built = built(device.project_dir, taken)
        self.builds, self.build_time_s = self.builds + 1, self.build_time_s + taken

    def run(self, inputs, states, seeds, *, steps, sink, progress):
        """Run all trials and hand the results over; see `StandaloneEngine.run`."""
        if steps != self._steps:
            raise ValueError(f"CudaEngine: compiled for {self._steps} steps, asked for {steps}")
        began = time.perf_counter()
        for k, unit in enumerate(self._units):
            if not np.array_equal(unit, self._at) and self._differ(inputs):
                self._build(inputs, unit)
            arguments = {}
            for name, variables in states.items():
                group = self._groups[name]
                for variable, values in variables.items():
                    flat = np.ascontiguousarray(values, dtype=float)[unit].ravel()
                    dim = group.variables[variable].dim
                    arguments[getattr(group, variable)] = Quantity(flat, dim=dim)
            with _environment(SEED, str(int(seeds[unit[0]]))):
                completed = self._compiled(arguments)
            self._check_complete(completed)
            self._hand_over(unit, [0] * len(self._traces), sink, emptied=False)
            progress((k + 1) / len(self._units))
        self.binary_time_s = time.perf_counter() - began

    def _differ(self, inputs):
        """Whether some input is not the same in all trials."""
        generators = [g for g in self._single.groups if isinstance(g, SpikeGeneratorDescription)]
        return any(len(inputs.spikes[g.name].offsets) > 2 for g in generators) or any(
            len(values) > 1 for values in inputs.tables.values()
        )

    def _check_complete(self, completed):
        """The program ends early, without an error, when its time is out and when it is interrupted."""
        if completed > 1 - 0.5 / self._steps:
            return
        reached = completed * self._steps * self._single.dt
        if self._timeout is not None and get_device()._last_run_time >= self._timeout:
            raise SimulationTimeout(
                f"simulate: stopped after the time-out of {self._timeout:g} s at t = {reached:.4g} s; allow more, "
                "simulate fewer trials or a shorter duration"
            )
        raise KeyboardInterrupt(f"the simulation was stopped at t = {reached:.4g} s")


@contextmanager
def _environment(name, value):
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
