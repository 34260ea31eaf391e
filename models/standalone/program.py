"""Compiled programs: made once for a structure, run for any values, inputs, durations and seeds."""

import json
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from brian2 import prefs

from ..cache import cached_folder
from ..devices import using
from ..errors import BuildError, SimulationError, SimulationTimeout
from ..processes import follow, watched
from ..toolchain import first_errors
from .project import TrialsDevice, generate_project
from .skeleton import build_key, skeleton


@dataclass(frozen=True)
class Program:
    """A compiled program of the cache.

    Attributes
    ----------
    folder : Path
    layout : dict
        Types of its arrays by name, clocks by object, variables of synapses, what its monitors record.
    made : bool
        Whether it was compiled just now.
    time_s : float
        Wall time of finding or making it.
    """

    folder: Path
    layout: dict
    made: bool
    time_s: float


@contextmanager
def program_of(description, traces, *, threads=1, fast_math=False):
    """Hold the compiled program of a network's structure, from the cache where it is there; it stays in the body.

    Parameters
    ----------
    description : NetworkDescription
    traces : sequence of Trace
    threads : int
        OpenMP threads of a run, >= 1.
    fast_math : bool
        As in `using`.

    Yields
    ------
    Program

    Raises
    ------
    BuildError
        The compiler refused the code.
    DeviceError
        No compiler, or the cache cannot be written.
    """
    began = time.perf_counter()
    device = TrialsDevice()
    bare = skeleton(description)

    def make(folder):
        generate_project(bare, traces, device, folder)
        compile_project(folder)

    with ExitStack() as stack:
        with using("cpp_standalone", device=device, threads=threads, fast_math=fast_math):
            key = build_key(bare, traces, threads)
            folder, made = stack.enter_context(cached_folder("standalone", key, make))
        layout = json.loads((folder / "layout.json").read_text())
        yield Program(folder, layout, made, time.perf_counter() - began)


def compile_project(folder):
    """Run make in the folder of a generated project, inside of `using`; object files are removed.

    Raises
    ------
    BuildError
        The compiler refused the code.
    """
    log = folder / "make.log"
    command = [prefs["devices.cpp_standalone.make_cmd_unix"]]
    command += prefs["devices.cpp_standalone.extra_make_args_unix"]
    # A compiler that is killed leaves its temporary files.
    temporary = {"TMPDIR": str(folder)}
    with (
        open(log, "wb") as output,
        watched(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, environment=temporary
        ) as process,
    ):
        code = process.wait()
    if code:
        said = first_errors(log.read_text(errors="replace"))
        raise BuildError(
            f"the C++ build of the network failed ({' '.join(command)}, exit code {code}):\n{said}"
        )
    for path in [*folder.rglob("*.o"), folder / "prefix.h.gch"]:
        path.unlink(missing_ok=True)


def run_program(program, run_file, results, ranges, *, report=None, timeout=None):
    """Run a program, several processes side by side.

    Parameters
    ----------
    program : Program
    run_file : Path
        See `values`.
    results : sequence of Path
        An empty folder for each process.
    ranges : sequence of (int, int)
        First trial and the one after the last, for each process.
    report : callable, optional
        ``report(trial, step, process)`` now and then.
    timeout : float, optional
        Seconds.

    Raises
    ------
    SimulationError
        A program failed.
    SimulationTimeout
        It took too long; all processes were stopped.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    variables = dict(prefs["devices.cpp_standalone.run_environment_variables"])

    def tell(k, line):
        if report is not None:
            trial, step = map(int, line.split())
            report(trial, step, k)

    with ExitStack() as stack:
        processes = []
        for folder, (first, last) in zip(results, ranges, strict=True):
            command = [program.folder / "main", program.folder / "internals", run_file, folder, first, last]
            processes.append(
                stack.enter_context(
                    watched(command, cwd=program.folder, stderr=subprocess.PIPE, environment=variables)
                )
            )
        try:
            codes, said = follow(processes, tell, deadline=deadline)
        except TimeoutError:
            raise SimulationTimeout(
                f"simulate: stopped after the time-out of {timeout:g} s; allow more, simulate fewer trials or a "
                "shorter duration"
            ) from None
        for code, text in zip(codes, said, strict=True):
            if code:
                text = text or f"the program ended with code {code}"
                raise SimulationError(f"simulate (cpp_standalone): {text}")


def ranges_of(trials, workers):
    """Split trials into contiguous ranges of nearly equal length, at most one for each worker."""
    bounds = np.linspace(0, trials, min(workers, trials) + 1).round().astype(int).tolist()
    return list(zip(bounds[:-1], bounds[1:], strict=True))
