"""`simulate`: independent trials of a network on a Brian2 device, as one `xr.Dataset`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import xarray as xr
from brian2 import Network, Quantity
from brian2.core.namespace import get_local_namespace

from .cuda import CUDA, CudaOptions
from .description import NetworkDescription
from .devices import Device
from .simulation import Simulation
from .starts import Start


def simulate(
    net: Network | NetworkDescription,
    stimulus: xr.DataArray | Mapping[str, xr.DataArray] | None = None,
    *,
    duration: Quantity | float | None = None,
    trials: int | None = None,
    seed: int | None = None,
    dt: Quantity | float | None = None,
    device: Device = "numpy",
    record: Mapping[str, Any] | None = None,
    initial: Start | None = None,
    namespace: Mapping[str, Any] | None = None,
    sample_dt: Quantity | float | None = None,
    progress: bool | None = None,
    method: str | Mapping[str, str] | None = None,
    batch: int | None = None,
    workers: int = 1,
    threads: int = 1,
    fast_math: bool = False,
    timeout: Quantity | float | None = None,
    to: str | os.PathLike[str] | None = None,
    build_only: bool = False,
) -> xr.Dataset | Any:  # Any: with build_only, None or what was built
    """Simulate independent trials of a network; `net` itself and Brian2's global state stay as they are.

    Where nothing is drawn at random a trial gives the same bits however many there are, and however they are run.
    Every trial starts at t = 0 from the values that the network's variables have; where that would lose spikes under
    way or refractory neurons of a network that has run, it is refused (docs/description.md).

    On ``cpp_standalone`` a network's *structure* is compiled once and kept in the user's cache; values of variables
    (weights, time constants), delays, connections, start values, stimuli, durations, steps, trials and seeds are read
    by the program; numbers in namespaces and Poisson inputs are structure. On the other devices trials run side by
    side in one network.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
        Made on the runtime device.
    stimulus : DataArray or dict of str to DataArray, optional
        Dimensions (trial, time, channel), `time` (s) from 0, equidistant at the network's dt_ref (its own dt
        where it has none), whatever `dt`; 0 or 1 for spikes. A dict names the inputs: spike generators, PoissonGroups,
        which then draw nothing, and TimedArrays or the groups that read them. Without it the network's own inputs run
        for `duration`.
    duration : Quantity or float, optional
        Seconds; that of the stimulus by default.
    trials : int, optional
        Number of trials without a stimulus; 1 by default.
    seed : int, optional
        Of random inputs; fresh entropy by default, kept in the attributes.
    dt : Quantity or float, optional
        Simulation step (s) that divides dt_ref and the step of the stimulus; that of the network by default.
    device : {"numpy", "cython", "cpp_standalone", "cuda_standalone"}
        All but the first compile: seconds to a minute once, then fast.
    record : dict, optional
        Traces beside the spikes: ``{"output": ["v"]}``, or with the scheduling slot at which they are sampled
        ``{"output": {"v": "before_output_resets"}}``; Brian2's default is ``"start"``. By default the
        annotated readout; ``{}`` for none.
    initial : Initial, {"given", "zero", "random"} or dict, optional
        State at the start, see `start_states`; that of the annotations by default. A dict gives values
        ``{group: {variable: (trial, neuron)}}``, SI.
    namespace : dict, optional
        As in `describe`.
    sample_dt : Quantity or float, optional
        Sampling interval of traces (s), a multiple of `dt`; dt_ref by default, dt where the network has none.
    progress : bool, optional
        Show a progress bar; by default where stderr is a terminal.
    method : str or dict of str to str, optional
        Another of Brian2's integration methods, see `with_method`.
    batch : int, optional
        Trials side by side in one network; by default one on ``cpp_standalone``, as many as pay elsewhere
        (`batch_size`). What cannot be tiled runs trial by trial.
    workers : int
        Processes that share the trials, on ``cpp_standalone``.
    threads : int
        OpenMP threads of each process, on ``cpp_standalone``: for large networks.
    fast_math : bool
        Compile with Brian2's own flags, ``-ffast-math`` among them: faster, and not equal to the bit.
    timeout : Quantity or float, optional
        Seconds after which the run is stopped; building does not count.
    to : str or Path, optional
        A netCDF file that results are written to as they come, so that memory does not grow with the duration. The
        Dataset that is returned reads from it. It must not exist; a scratch folder beside it takes as much room
        meanwhile.
    build_only : bool
        Build and compile, and run nothing. For ``cuda_standalone`` that needs no GPU, and `to` is the folder of the
        generated project, which stays there.

    Returns
    -------
    Dataset
        Spikes of every spiking group, inputs included: ``hidden1_spike_trial``, ``hidden1_spike_neuron``,
        ``hidden1_spike_time`` (s) on dimension ``hidden1_spike``, ordered by trial, time, neuron. Traces
        ``output_v (trial, time, output_neuron)``. ``synapses (connection)`` and ``hidden1_fan_out
        (hidden1_neuron)``: numbers of synapses. Attributes: dt, dt_ref, duration (s), trials, batch, workers, threads,
        device, seed, versions, wall_time_s (build and run), run_time_s (the run alone), binary_time_s (of it, the
        compiled program or Brian2's loop). With `build_only` None; on ``cuda_standalone`` what was made, as `Built`.

    Raises
    ------
    StimulusError
        The stimulus does not fit the network.
    DeviceError
        Unknown device, or the compiler that it needs is missing.
    BuildError
        The compiler refused the code; the message holds its own.
    SimulationError
        The compiled program failed, such as on a full disk.
    SimulationTimeout
        The run took longer than `timeout`.
    UnsupportedModel
        The network holds what `describe` does not support, or `tile` where `batch` asks for trials side by side.
    ValueError, TypeError, KeyError
        Other bad arguments; a time constant that is not positive.
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    if build_only and device == "numpy":
        raise ValueError("simulate: build_only: numpy builds nothing; use a device that compiles")
    if build_only and to is not None and device != CUDA:
        raise ValueError(
            "simulate: build_only runs nothing, so that there is nothing to write to `to`; leave it out"
        )
    prepared = Simulation(
        net,
        stimulus,
        duration=duration,
        trials=trials,
        seed=seed,
        dt=dt,
        device=device,
        record=record,
        namespace=namespace,
        sample_dt=sample_dt,
        method=method,
        batch=batch,
        workers=workers,
        threads=threads,
        fast_math=fast_math,
        timeout=timeout,
        cuda=CudaOptions(build_only=True, folder=to) if build_only and device == CUDA else None,
    )
    with prepared as simulation:
        if build_only:
            simulation.build()
            return simulation.built
        return simulation.run(initial=initial, progress=progress, to=to)
