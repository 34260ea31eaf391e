"""Trials of a network on a GPU: one program for all of them side by side, compiled for one duration."""

import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from brian2 import get_device, second

from .cuda import CUDA, CudaOptions, built
from .description import SpikeGeneratorDescription
from .devices import using
from .errors import SimulationError, SimulationTimeout
from .processes import watched
from .runtime import RuntimeEngine
from .standalone.program import compile_project
from .tiling import tile

SEED = "CHRONAXIE_CUDA_SEED"
QUOTED = 20  # last lines of a program that failed


class CudaEngine(RuntimeEngine):
    """Runs on ``cuda_standalone``: a program of `batch` trials side by side, run for one batch after the other.

    Start values and seeds are given to the program; a batch with other inputs needs another program.

    Parameters
    ----------
    single, traces, every, batch, fast_math, timeout
        As for `StandaloneEngine`.
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
            single,
            traces,
            every,
            device=CUDA,
            steps=steps,
            batch=batch,
            fast_math=fast_math,
            timeout=timeout,
        )
        self._options = options or CudaOptions()
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
        device.insert_code("main", f'random_number_buffer.set_seed(strtoull(getenv("{SEED}"), NULL, 10));')
        network.run(self._steps * self._single.dt * second, namespace={})
        self._folder = Path(device.build_options["directory"]).resolve()
        device.build(directory=str(self._folder), compile=False, run=False, with_output=False)
        compile_project(self._folder)
        taken = time.perf_counter() - began
        self.built = built(self._folder, taken)
        self.builds, self.build_time_s = self.builds + 1, self.build_time_s + taken

    def run(self, inputs, states, seeds, *, steps, sink, progress):
        """Run all trials and hand the results over; see `StandaloneEngine.run`."""
        if steps != self._steps:
            raise ValueError(f"CudaEngine: compiled for {self._steps} steps, asked for {steps}")
        if self._options.build_only:
            raise ValueError("CudaEngine: built only, as was asked for (build_only=True)")
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        began = time.perf_counter()
        for k, unit in enumerate(self._units):
            if not np.array_equal(unit, self._at) and self._differ(inputs):
                self._build(inputs, unit)
            self._run_program(self._arguments(states, unit), str(int(seeds[unit[0]])), deadline)
            self._hand_over(unit, [0] * len(self._traces), sink)
            progress((k + 1) / len(self._units))
        self.binary_time_s = time.perf_counter() - began

    def _arguments(self, states, unit):
        """Write the values at the start to files, and return the program's arguments that name them."""
        arguments = []
        for name, variables in states.items():
            for variable, values in variables.items():
                flat = np.ascontiguousarray(values, dtype=float)[unit].ravel()
                file = Path("static_arrays", f"start_{len(arguments)}.dat")
                flat.tofile(self._folder / file)
                arguments.append(f"{name}.{variable}={file}")
        return arguments

    def _run_program(self, arguments, seed, deadline):
        device, log = get_device(), self._folder / "results" / "output.txt"
        # The folder of the results ends in a slash, as the program puts names behind it.
        command = [self._folder / "main", "--results_dir", f"{log.parent}/", *arguments]
        with (
            open(log, "wb") as output,
            watched(
                command, cwd=self._folder, stdout=output, stderr=subprocess.STDOUT, environment={SEED: seed}
            ) as process,
        ):
            try:
                code = process.wait(None if deadline is None else max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired as error:
                raise SimulationTimeout(
                    f"simulate: stopped after the time-out of {self._timeout:g} s; allow more, simulate fewer trials "
                    "or a shorter duration"
                ) from error
        said = log.read_text(errors="replace").splitlines()
        # What is wrong with a file of values the program says, and goes on.
        if code or any(
            line.startswith(("Error reading", "Could not read", "Error writing")) for line in said
        ):
            last = "\n".join(said[-QUOTED:])
            raise SimulationError(f"the program of the network failed on the GPU (exit code {code}):\n{last}")
        device.has_been_run, device.results_dir = True, f"{log.parent}/"

    def _differ(self, inputs):
        """Whether some input is not the same in all trials."""
        generators = [g for g in self._single.groups if isinstance(g, SpikeGeneratorDescription)]
        return any(len(inputs.spikes[g.name].offsets) > 2 for g in generators) or any(
            len(values) > 1 for values in inputs.tables.values()
        )
