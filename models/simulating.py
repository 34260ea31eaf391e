"""`simulate`: independent trials of a network on a Brian2 device, as one `xr.Dataset`."""

from brian2.core.namespace import get_local_namespace

from .simulation import Simulation


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
    initial : Initial, {"given", "zero", "random"} or dict, optional
        State at the start, see `start_states`; that of the annotations by default. A dict gives values
        ``{group: {variable: (trial, neuron)}}``, SI.
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
        versions, wall_time_s (build and run), run_time_s (the run alone).

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
    )
    with prepared as simulation:
        return simulation.run(initial=initial, progress=progress)
