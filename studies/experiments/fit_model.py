"""Neurons that are recorded, and the adaptive threshold neuron that is fitted to the recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from brian2 import Network, NeuronGroup, TimedArray, ms, mV, nS, pA, pF, second

from ...analyses import biology
from ...analyses.biology.glif import glif_cells
from ...models import simulate

DT = 0.5 * ms
GROUP = "cell"
UNITS = {"C": pF, "g_L": nS, "E_L": mV, "theta_0": mV, "b": mV, "tau_a": ms}
NAMES = {"C": "pF", "g_L": "nS", "E_L": "mV", "theta_0": "mV", "b": "mV", "tau_a": "ms"}
# Within which both methods look; the central 98 % of the published cells and somewhat beyond.
BOUNDS = {
    "C": (20.0, 800.0),
    "g_L": (0.8, 40.0),
    "E_L": (-95.0, -50.0),
    "theta_0": (8.0, 80.0),
    "b": (0.05, 20.0),
    "tau_a": (0.6, 150.0),
}
# Where every fit begins, but for a factor that the seed draws: the medians of the published cells.
MEDIANS = {"C": 94.7, "g_L": 5.28, "E_L": -73.3, "theta_0": 34.1, "b": 2.63, "tau_a": 8.39}
SYNTHETIC = {"C": 120.0, "g_L": 7.0, "E_L": -70.0, "theta_0": 25.0, "b": 4.0, "tau_a": 30.0}

_ALIF = """
    dv/dt = (g_L*(E_L - v) + current(t, i))/C : volt (unless refractory)
    da/dt = -a/tau_a : volt
    C : farad (constant, shared)
    g_L : siemens (constant, shared)
    E_L : volt (constant, shared)
    theta_0 : volt (constant, shared)
    b : volt (constant, shared)
    tau_a : second (constant, shared)
"""
# Brette and Gerstner, Journal of Neurophysiology 94, 3637 (2005), figure 2C; here it is cut at -40 mV.
_ADEX = """
    dv/dt = (g_L*(E_L - v) + g_L*D_T*exp((v - V_T)/D_T) + current(t, i) - w)/C : volt (unless refractory)
    dw/dt = (a*(v - E_L) - w)/tau_w : amp
"""
ADEX = {"C": 281.0, "g_L": 30.0, "E_L": -70.6}
_ADEX_CONSTANTS = {"D_T": 2 * mV, "V_T": -50.4 * mV, "a": 4 * nS, "tau_w": 144 * ms, "b": 80.5 * pA}


@dataclass(frozen=True)
class Truth:
    """A neuron whose recording is fitted.

    Parameters
    ----------
    name : str
    values : dict of str to float
        What is known of the parameters, in the units of `NAMES`; a neuron of another kind lacks some.
    t_ref : float
        Refractory period (ms), which the fit is told.
    threshold : float
        Current (pA) that just reaches threshold if it lasts: the scale of the stimulus.
    adex : bool
        Whether it is an adaptive exponential neuron, else the model itself.
    """

    name: str
    values: dict
    t_ref: float
    threshold: float
    adex: bool = False


def truth_of(name, *, data=None):
    """The neuron of a name.

    Parameters
    ----------
    name : str
        ``"adex"``, ``"alif"`` or the specimen id of a published GLIF cell whose adaptation was accepted.
    data : path, optional
        Folder of the data sets, for a cell.

    Returns
    -------
    Truth

    Raises
    ------
    ValueError
        No such neuron.
    DataNotFound
        The table of the cells is not there.
    """
    if name == "adex":
        return Truth(name, ADEX, 2.0, 620.0, adex=True)
    if name == "alif":
        return Truth(name, SYNTHETIC, 2.0, SYNTHETIC["g_L"] * SYNTHETIC["theta_0"])
    if not str(name).isdigit():
        raise ValueError(
            f"fit_neuron: truth must be adex, alif or the specimen id of a GLIF cell, got {name!r}"
        )
    cells = glif_cells(data=data)
    if int(name) not in cells["cell"].values:
        raise ValueError(
            f"fit_neuron: no cell {name} with an accepted adaptation is among the {cells.sizes['cell']} of "
            f"{biology.sources.ALLEN_GLIF.file}, such as {cells['cell'].values[0]}"
        )
    cell = cells.sel(cell=int(name))
    values = {parameter: float(cell[parameter]) for parameter in UNITS}
    t_ref = max(1, round(float(cell["t_ref"]) / float(DT / ms))) * float(DT / ms)
    return Truth(str(name), values, t_ref, values["g_L"] * values["theta_0"])


def currents(truth, rng, *, duration, held_out=False):
    """Noisy steps of current, an array (time, sweep) in pA by ms: two below threshold and four above, or two others."""
    levels = (1.4, 1.9) if held_out else (-0.5, 0.5, 1.2, 1.5, 1.8, 2.2)
    noise = rng.standard_normal((round(duration), len(levels)))
    slow = np.zeros_like(noise)
    for k in range(1, len(noise)):  # an Ornstein–Uhlenbeck process of 3 ms
        slow[k] = slow[k - 1] * np.exp(-1 / 3) + noise[k] * np.sqrt(1 - np.exp(-2 / 3))
    found = truth.threshold * (np.array(levels) + 0.3 * slow)
    found[:10] = 0
    return found


def model(stimulus, values, t_ref, *, adex=False):
    """A network of one neuron a sweep, named `GROUP`.

    Parameters
    ----------
    stimulus : numpy.ndarray, shape (time, sweep)
        pA, ms by ms.
    values : dict of str to float
        In the units of `NAMES`.
    t_ref : float
        ms.
    adex : bool
        The adaptive exponential neuron instead, whose other parameters are those of its source.

    Returns
    -------
    brian2.Network
    """
    namespace = {"current": TimedArray(stimulus * pA, dt=1 * ms)}
    options = {"refractory": t_ref * ms, "dt": DT, "name": GROUP}
    if adex:
        namespace |= _ADEX_CONSTANTS | {name: values[name] * UNITS[name] for name in ADEX}
        cell = NeuronGroup(
            stimulus.shape[1],
            _ADEX,
            threshold="v > -40*mV",
            reset="v = E_L\nw += b",
            method="euler",
            namespace=namespace,
            **options,
        )
    else:
        cell = NeuronGroup(
            stimulus.shape[1],
            _ALIF,
            threshold="v > E_L + theta_0 + a",
            reset="v = E_L\na += b",
            method="exponential_euler",
            namespace=namespace,
            **options,
        )
        for name, unit in UNITS.items():
            setattr(cell, name, values[name] * unit)
    cell.v = values["E_L"] * mV
    return Network(cell)


def record(net, duration):
    """Membrane (mV, (time, sweep)) and spike times (s, a list by sweep) of a network of `model`."""
    ds = simulate(net, duration=duration * ms, record={GROUP: ["v"]}, seed=0, namespace={}, progress=False)
    neuron, time = ds[f"{GROUP}_spike_neuron"].values, ds[f"{GROUP}_spike_time"].values
    v = ds[f"{GROUP}_v"].isel(trial=0).values * 1e3
    return v, [time[neuron == k] for k in range(v.shape[1])]


def start_of(rng):
    """Values at which a fit begins: the medians of the published cells, each off by a factor (log-sd 0.3)."""
    values = {name: value * np.exp(0.3 * rng.standard_normal()) for name, value in MEDIANS.items()}
    values["E_L"] = MEDIANS["E_L"] + 3 * rng.standard_normal()
    return {name: float(np.clip(value, *BOUNDS[name])) for name, value in values.items()}


def step_seconds():
    """The step of all simulations, s."""
    return float(DT / second)
