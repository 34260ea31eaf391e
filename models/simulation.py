"""`Simulation`: a network made ready on a device once, for any number of runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import brian2
import numpy as np
import xarray as xr
from brian2 import Network, Quantity
from brian2.core.namespace import get_local_namespace
from tqdm import tqdm

from .._version import __version__
from .batches import batch_size
from .building import with_dt
from .cuda import CUDA, Built, CudaOptions
from .cuda_engine import CudaEngine
from .describing import describe
from .description import Array, NetworkDescription, SpikeGeneratorDescription
from .devices import Device, check_device
from .inputs_of_trials import trial_inputs
from .methods import with_method
from .progress import from_start
from .recordings import connectivity_variables, spiking
from .runtime import RuntimeEngine
from .sinks import FileSink, MemorySink
from .standalone import StandaloneEngine
from .starts import Start, start_states
from .stimuli import named, reference_step, stimulus_steps, stimulus_trials, with_generators
from .times import check_time_constants, seconds, whole_steps
from .traces import shapes_of, traces_of

STEP = "the step of the stimulus"


class Simulation:
    """A network with its stimulus, built and compiled once, run as often as wanted from different starts.

    A context manager: ``with Simulation(net, stimulus, device="cython") as simulation: simulation.run()``. On numpy
    and cython Brian2's device is that of the simulation inside; afterwards its global state is as before. Every run
    draws the same random numbers.

    Parameters
    ----------
    net, stimulus, duration, trials, seed, dt, device, record : see `simulate`
        As there.
    namespace, sample_dt, method, batch, workers, threads, fast_math, timeout : see `simulate`
        As there.
    cuda : CudaOptions, optional
        For ``cuda_standalone`` alone.

    Attributes
    ----------
    builds : int
        How often the network was built on numpy and cython, and compiled on ``cpp_standalone``: 0 there where the
        program was in the cache.
    build_time_s : float
        Wall time of that, or of finding the program.
    batch : int
        Trials side by side in one network.

    Raises
    ------
    StimulusError, DeviceError, UnsupportedModel, ValueError, TypeError, KeyError
        As `simulate`, before anything is built.
    """

    def __init__(
        self,
        net: Network | NetworkDescription,
        stimulus: xr.DataArray | Mapping[str, xr.DataArray] | None = None,
        *,
        duration: Quantity | float | None = None,
        trials: int | None = None,
        seed: int | None = None,
        dt: Quantity | float | None = None,
        device: Device = "numpy",
        record: Mapping[str, Any] | None = None,
        namespace: Mapping[str, Any] | None = None,
        sample_dt: Quantity | float | None = None,
        method: str | Mapping[str, str] | None = None,
        batch: int | None = None,
        workers: int = 1,
        threads: int = 1,
        fast_math: bool = False,
        timeout: Quantity | float | None = None,
        cuda: CudaOptions | None = None,
    ) -> None:
        if namespace is None:
            namespace = get_local_namespace(level=1)
        check_device(device, cuda=cuda)
        _check_seed(seed)
        _check_processes(device, workers, threads, fast_math)
        if timeout is not None:
            timeout = seconds(timeout, "timeout")
        single = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
        single = with_generators(from_start(single), stimulus)
        check_time_constants(_named_values(single), growing=single.annotations.growing)
        if method is not None:
            single = with_method(single, method)
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
        every = whole_steps(self._sample, single.dt, "sample_dt")
        self._length = _duration(single, stimulus, duration, step)
        self._steps = whole_steps(self._length, single.dt, "duration")
        self._samples = -(-self._steps // every)
        self._traces = traces_of(single, record)
        if self._steps % every and any(t.phase == "last" for t in self._traces):
            raise ValueError(
                f"simulate: the duration, {self._length:.9g} s, is no multiple of {self._sample:.9g} s, in whose last "
                "step a trace is read; choose a duration that is, or record other traces"
            )
        self._single, self._device = single, device
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
        self.batch = batch_size(single, len(self._labels), device, batch)
        self._inputs = trial_inputs(single, stimulus, len(self._labels), step)
        options = {"batch": self.batch, "fast_math": fast_math, "timeout": timeout}
        if device == "cpp_standalone":
            self._engine = StandaloneEngine(
                single, self._traces, every, workers=workers, threads=threads, **options
            )
        elif device == CUDA:
            self._engine = CudaEngine(single, self._traces, every, steps=self._steps, options=cuda, **options)
        else:
            self._engine = RuntimeEngine(
                single, self._traces, every, device=device, steps=self._steps, **options
            )
        self._workers, self._threads = workers, threads
        self._stack, self._ready = None, False

    @property
    def builds(self) -> int:
        return self._engine.builds

    @property
    def build_time_s(self) -> float:
        return self._engine.build_time_s

    @property
    def built(self) -> Built | None:
        """What was compiled last, on ``cuda_standalone`` alone (`Built`)."""
        return getattr(self._engine, "built", None)

    def __enter__(self) -> Simulation:
        if self._stack is not None:
            raise RuntimeError("Simulation: it is in use already; make another one")
        self._stack = ExitStack()
        return self

    def __exit__(self, *error: Any) -> bool | None:
        stack, self._stack, self._ready = self._stack, None, False
        return stack.__exit__(*error)

    def build(self) -> None:
        """Build and compile, so that `run` only runs; `run` does it where it was not done."""
        if self._stack is None:
            raise RuntimeError(
                "Simulation: use it as a context manager: with Simulation(...) as simulation: ..."
            )
        if not self._ready:
            self._engine.open(self._inputs, len(self._labels), self._stack)
            self._ready = True

    def run(
        self,
        *,
        initial: Start | None = None,
        progress: bool | None = None,
        to: str | os.PathLike[str] | None = None,
    ) -> xr.Dataset:
        """Run all trials once.

        Parameters
        ----------
        initial, progress, to
            As in `simulate`.

        Returns
        -------
        Dataset
            As from `simulate`; ``run_time_s`` is the time of this run alone, ``wall_time_s`` also contains the
            build where this run made it.
        """
        began = time.perf_counter()
        place = None if to is None else _place(to)
        states = start_states(
            self._single,
            self._single.annotations.initial if initial is None else initial,
            len(self._labels),
        )
        self.build()
        started = time.perf_counter()
        single, trials = self._single, len(self._labels)
        groups = [g.name for g in single.groups if spiking(g)]
        dtypes = [self._engine.dtype(k) for k in range(len(self._traces))]
        shapes = shapes_of(single, self._traces, dtypes, trials, self._samples)
        seeds = np.random.SeedSequence(self._seed).generate_state(trials).astype(np.int64)
        variables, coords = connectivity_variables(single)
        if self._traces:
            about = {"units": "s", "long_name": "time"}
            coords["time"] = ("time", np.arange(self._samples) * self._sample, about)
        coords["trial"] = ("trial", self._labels)
        for group in single.groups:
            coords[f"{group.name}_neuron"] = (f"{group.name}_neuron", np.arange(group.size))
        with ExitStack() as stack:
            sink = MemorySink(groups, shapes) if place is None else FileSink(place, groups, shapes, stack)
            with _bar(progress, trials * self._length) as report:
                self._engine.run(self._inputs, states, seeds, steps=self._steps, sink=sink, progress=report)
            now = time.perf_counter()
            attrs = self._attributes() | {
                "wall_time_s": now - began,
                "run_time_s": now - started,
                "binary_time_s": self._engine.binary_time_s,
            }
            ds = sink.dataset(variables, coords, attrs)
        return ds if to is None else xr.open_dataset(to, engine="h5netcdf")

    def _attributes(self):
        single = self._single
        attrs = {
            "dt": single.dt,
            "duration": self._length,
            "trials": len(self._labels),
            "batch": self.batch,
            "workers": min(self._workers, -(-len(self._labels) // self.batch)),
            "threads": self._threads,
            "device": self._device,
            "seed": self._seed,
            "versions": f"chronaxie {__version__}, brian2 {brian2.__version__}, numpy {np.__version__}",
            "inputs": ", ".join(g.name for g in single.groups if isinstance(g, SpikeGeneratorDescription)),
        }
        notes = single.annotations
        if notes.dt_ref is not None:
            attrs["dt_ref"] = float(notes.dt_ref)
        if notes.readout is not None:
            readout = notes.readout
            attrs["readout"] = f"{readout.group}_{readout.variable}"
            attrs["readout_group"], attrs["readout_variable"] = readout.group, readout.variable
            attrs["readout_reduce"], attrs["readout_skip"] = readout.reduce, readout.skip
        return attrs


@contextmanager
def _bar(progress, length):
    """A progress bar of simulated seconds over all trials; gives ``report(fraction)``."""
    form = "{l_bar}{bar}| {n:.3g}/{total:.3g} s [{elapsed}<{remaining}]"
    with tqdm(total=length, unit="s", bar_format=form, disable=not _shown(progress)) as bar:
        yield lambda fraction: bar.update(fraction * length - bar.n)


def _check_seed(seed):
    if seed is not None and (
        isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32
    ):
        raise ValueError(f"simulate: seed must be a whole number in [0, 2**32), got {seed!r}")


def _check_processes(device, workers, threads, fast_math):
    if not isinstance(fast_math, bool):
        raise TypeError(f"simulate: fast_math must be True or False, got {fast_math!r}")
    if fast_math and device == "numpy":
        raise ValueError("simulate: fast_math is for devices that compile; numpy does not")
    for name, value in (("workers", workers), ("threads", threads)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"simulate: {name} must be a whole number >= 1, got {value!r}")
        if value > 1 and device != "cpp_standalone":
            raise ValueError(f"simulate: {name} = {value} needs device='cpp_standalone', got {device!r}")


def _place(to):
    path = Path(to)
    if path.suffix != ".nc":
        raise ValueError(f"simulate: to must be the name of a netCDF file, e.g. 'result.nc', got {str(to)!r}")
    if path.exists():
        raise FileExistsError(f"simulate: to: {path} exists; remove it or choose another name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"simulate: to: the folder {path.parent} does not exist; make it first")
    return path


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
