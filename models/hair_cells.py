"""Hair cells and their nerve fibres: from the envelopes of a cochlea to spikes, as a Brian2 group."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import xarray as xr
from brian2 import Clock, Network, NeuronGroup, Quantity, TimedArray, second

from .annotations import annotate
from .simulating import simulate
from .times import seconds, whole_steps

GROUP = "hair_cells"
DRIVE = "drive"


@dataclass(frozen=True)
class HairCells:
    """A hair cell with its nerve fibre: a leaky integrator that fires, rests and tires.

    ::

        dv/dt = (gain d(t) - a - v)/tau_m     while not refractory
        da/dt = -a/tau_a
        v > 1:  v = 0, a = a + jump; refractory for `refractory`

    v is the membrane of the fibre in units of its threshold, d the drive of its channel (`cochleagram`), a
    the adaptation: a fibre answers strongest at the onset of a sound and then falls within tens of
    milliseconds. Nothing is random: a recording always gives the same spikes.

    Parameters
    ----------
    gain : float
        From drive to steady membrane, > 0. A fibre fires where gain d > 1.
    tau_m : float, s
        Membrane time constant, > 0.
    tau_a : float, s
        Time constant of adaptation, > 0. The short-term component in the auditory nerve is about 60 ms
        (Westerman and Smith, Hearing Research 15, 249, 1984).
    jump : float
        What a spike adds to the adaptation, in units of the threshold, >= 0.
    refractory : float, s
        Refractory period, > 0.

    Raises
    ------
    ValueError
        A parameter that is not a finite number in its range.
    """

    gain: float = 2.0
    tau_m: float = 5e-3
    tau_a: float = 60e-3
    jump: float = 0.1
    refractory: float = 4e-3

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            number, least = np.asarray(value), "> 0"
            good = number.ndim == 0 and number.dtype.kind in "fiu" and np.isfinite(number)
            if field.name == "jump":
                good, least = good and number >= 0, ">= 0"
            else:
                good = good and number > 0
            if not good:
                raise ValueError(f"HairCells: {field.name} must be a finite number {least}, got {value!r}")
            object.__setattr__(self, field.name, float(number))


EQUATIONS = """
dv/dt = (gain*d - a - v)/tau_m : 1 (unless refractory)
da/dt = -a/tau_a : 1
d = drive(t, i) : 1 (constant over dt)
gain : 1 (constant, shared)
jump : 1 (constant, shared)
tau_m : second (constant, shared)
tau_a : second (constant, shared)
tau_refractory : second (constant, shared)
"""


def hair_cells(channels: int, *, cells: HairCells | None = None, dt: Quantity | float = 1e-3) -> Network:
    """A Brian2 network of one hair cell a channel, driven by a `TimedArray`.

    Parameters
    ----------
    channels : int
        Number of hair cells, >= 1.
    cells : HairCells, optional
    dt : float or Quantity, s
        Simulation step and step of the drive.

    Returns
    -------
    brian2.Network
        Group ``hair_cells``; its drive is the TimedArray ``drive``, silent until a stimulus comes
        (`simulate`). Integrated with ``exponential_euler``, which has no poles at equal time constants.

    Raises
    ------
    TypeError, ValueError
        Bad arguments.
    """
    cells = HairCells() if cells is None else cells
    if not isinstance(cells, HairCells):
        raise TypeError(f"hair_cells: cells must be HairCells, got {type(cells).__name__}")
    if isinstance(channels, bool) or not isinstance(channels, (int, np.integer)) or channels < 1:
        raise ValueError(f"hair_cells: channels must be a whole number >= 1, got {channels!r}")
    dt = seconds(dt, "hair_cells: dt") * second
    drive = TimedArray(np.zeros((1, channels)), dt=dt, name=DRIVE)
    group = NeuronGroup(
        channels,
        EQUATIONS,
        threshold="v > 1",
        reset="v = 0\na += jump",
        refractory="tau_refractory",
        method="exponential_euler",
        namespace={DRIVE: drive},
        clock=Clock(dt=dt, name="hair_cells_clock"),
        name=GROUP,
    )
    group.gain, group.jump = cells.gain, cells.jump
    group.tau_m, group.tau_a = cells.tau_m * second, cells.tau_a * second
    group.tau_refractory = cells.refractory * second
    return annotate(Network(group), dt_ref=dt)


def hair_cell_spikes(drive, *, step, dt, cells=None, device="numpy"):
    """Spikes of hair cells, one or none for each channel and step.

    Parameters
    ----------
    drive : (trial, time, channel) array
        As from `cochleagram`, at `step`; at least one trial, step and channel; finite. A trial gives the same
        spikes whatever the others are.
    step : float or Quantity, s
        Of the drive and of the simulation.
    dt : float or Quantity, s
        Of the result, a whole number of `step`. Further spikes of a channel within one dt are the same 1.
    cells : HairCells, optional
    device : str
        Brian2 device, as in `simulate`.

    Returns
    -------
    (trial, time, channel) ndarray of uint8
        1 in bin k where the channel fired in [k dt, (k+1) dt); as many bins as the drive lasts, the last one
        complete.

    Raises
    ------
    StimulusError, TypeError, ValueError
        Bad arguments.
    """
    values = np.asarray(drive)
    if values.ndim != 3:
        raise ValueError(
            f"hair_cell_spikes: expected a drive of shape (trial, time, channel), got the shape {values.shape}"
        )
    step = seconds(step, "hair_cell_spikes: step")
    every = whole_steps(dt, step, "hair_cell_spikes: dt")
    trials, steps, channels = values.shape
    stimulus = xr.DataArray(
        values, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * step}
    )
    net = hair_cells(channels, cells=cells, dt=step)
    ds = simulate(net, stimulus, device=device, record={}, namespace={}, progress=False, seed=0)
    out = np.zeros((trials, -(-steps // every), channels), dtype=np.uint8)
    at = np.rint(ds[f"{GROUP}_spike_time"].values / step).astype(np.int64) // every
    out[ds[f"{GROUP}_spike_trial"].values, at, ds[f"{GROUP}_spike_neuron"].values] = 1
    return out
