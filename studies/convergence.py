"""Protocol: single neurons at finer and finer dt under each integration method, and the times of their spikes.

The drive is a formula of t within the equations: a `TimedArray` is constant over its step, which would hide the order
of a method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from brian2 import Equations, Network, NeuronGroup, ms, mV, second

from ..models import ALIF, describe, simulate, with_method

# Order in dt that theory gives for a smooth right-hand side without noise; None: no error but rounding. Brian2's heun
# and milstein correct for noise only: their deterministic part is Euler's.
ORDERS = {"euler": 1, "exponential_euler": 1, "heun": 1, "milstein": 1, "rk2": 2, "rk4": 4}
FINER = 8  # the reference is rk4 at the finest dt divided by it: its error is a 4096th of that of rk4 there
SAMPLES = 60  # times at which traces are compared, one coarsest dt apart
_SINE = "(1 - cos(2*pi*t/(60*ms)))"

# Adaptive exponential integrate-and-fire: Brette and Gerstner 2005, J Neurophysiol 94:3637, table 1.
ADEX = f"""
dv/dt = (g_L*(E_L - v) + g_L*Delta_T*exp((v - V_T)/Delta_T) - w + I)/C : volt
dw/dt = (a*(v - E_L) - w)/tau_w : amp
I = 0.3*nA*{_SINE} : amp
C = 281*pF : farad
g_L = 30*nS : siemens
E_L = -70.6*mV : volt
V_T = -50.4*mV : volt
Delta_T = 2*mV : volt
tau_w = 144*ms : second
a = 4*nS : siemens
"""


@dataclass(frozen=True)
class Case:
    """One neuron below threshold.

    Parameters
    ----------
    name : str
    equations : Equations
        With a variable v.
    start : dict of str to Quantity or float
        Values of variables at t = 0.
    orders : dict of str to (int or None)
        Expected order in dt by method; None where there is no error but rounding.
    coarsest : float
        Largest dt (s).
    """

    name: str
    equations: Equations
    start: dict
    orders: dict
    coarsest: float


def _alif(drive):
    """The equations of `ALIF` with a formula as input current."""
    kept = [e for e in Equations(ALIF.equations).values() if e.varname != "I"]
    return Equations(kept) + Equations(f"I = {drive} : 1")


_ALIF_START = {"tau_m": 20 * ms, "tau_a": 150 * ms, "bias": 0.1, "a": 1.0}
CASES = (
    Case("ALIF, sinusoidal current", _alif(f"0.5*{_SINE}"), _ALIF_START, ORDERS, 4e-3),
    Case(
        "ALIF, constant current",
        _alif("0.5"),
        _ALIF_START,
        ORDERS | {"exponential_euler": None, "exact": None},
        4e-3,
    ),
    Case("AdEx, sinusoidal current", Equations(ADEX), {"v": -70.6 * mV}, ORDERS, 2e-3),
)


def traces(cases=CASES, *, steps=6):
    """Error of the membrane of each neuron under each method at each dt.

    Parameters
    ----------
    cases : sequence of Case
    steps : int
        Number of dt, each half of the one before.

    Returns
    -------
    Dataset
        ``convergence_error (convergence_case, convergence_step)``: largest difference of v from the reference over 60
        times, over the range of the reference; ``convergence_dt`` (ms), ``convergence_expected``: order by theory, NaN
        where only rounding is expected; coordinates ``convergence_neuron``, ``convergence_method``.
    """
    rows = []
    for case in cases:
        dts = case.coarsest / 2.0 ** np.arange(steps)
        reference = _run(case, _network(case, ["rk4"]), dts[-1] / FINER)["rk4"]
        network = _network(case, case.orders)
        found = [_run(case, network, dt) for dt in dts]
        for method, order in case.orders.items():
            errors = [np.abs(run[method] - reference).max() / np.ptp(reference) for run in found]
            rows.append((case.name, method, np.nan if order is None else order, dts * 1e3, errors))
    names, methods, orders, dts, errors = zip(*rows, strict=True)
    dims = ("convergence_case", "convergence_step")
    return xr.Dataset(
        {
            "convergence_error": (
                dims,
                np.array(errors),
                {"units": "1", "long_name": "largest error of the membrane over its range"},
            ),
            "convergence_dt": (dims, np.array(dts), {"units": "ms", "long_name": "simulation step"}),
            "convergence_expected": (
                dims[0],
                np.array(orders),
                {"units": "1", "long_name": "order by theory"},
            ),
        },
        coords={"convergence_neuron": (dims[0], list(names)), "convergence_method": (dims[0], list(methods))},
    )


def _network(case, methods):
    """One neuron for each method, side by side, named as its method."""
    groups = [
        NeuronGroup(1, case.equations, method="euler", dt=case.coarsest * second, name=method)
        for method in methods
    ]
    for group in groups:
        for name, value in case.start.items():
            setattr(group, name, value)
    # dt_ref, which other statements of ALIF use, plays no part below threshold.
    description = describe(Network(groups), namespace={"dt_ref": 4 * ms})
    return with_method(description, {method: method for method in methods})


def _run(case, description, dt):
    """v at the compared times, by method."""
    methods = [group.name for group in description.groups]
    ds = simulate(
        description,
        duration=SAMPLES * case.coarsest,
        dt=dt,
        record={method: ["v"] for method in methods},
        sample_dt=case.coarsest,
        progress=False,
    )
    return {method: ds[f"{method}_v"].values.ravel() for method in methods}


def spike_times(
    *, neurons=200, duration=0.2, dts=(4e-3, 2e-3, 1e-3, 5e-4, 2.5e-4), finest=5e-6, numbers=(1, 2, 5)
):
    """Error of the times of the spikes of `ALIF` neurons, each under a constant current of its own.

    The method is `exact`: what is left is the grid, to which spikes, and the refractory period that they open, belong.

    Parameters
    ----------
    neurons : int
    duration, finest : float
        Seconds; the reference runs at dt = `finest`.
    dts : sequence of float
        Seconds, each divides 4 ms.
    numbers : sequence of int
        Which spikes of a neuron are compared, the first is 1.

    Returns
    -------
    Dataset
        ``spike_time_error (spike_number, spike_step)``: root mean square over neurons (ms), and ``spike_time_shift``:
        the mean, positive where spikes come late; ``spike_dt`` (ms).
    """
    current = np.linspace(0.6, 1.6, neurons)
    group = NeuronGroup(
        neurons,
        ALIF.equations,
        threshold=ALIF.threshold,
        reset=ALIF.reset,
        refractory=ALIF.refractory,
        method=ALIF.method,
        namespace={"dt_ref": 4 * ms},
        dt=dts[0] * second,
        name="cells",
    )
    group.tau_m, group.tau_a, group.b0, group.beta, group.bias = 20 * ms, 150 * ms, 0.5, 1.8, current
    description = describe(Network(group), namespace={})

    def run(dt):
        ds = simulate(description, duration=duration, dt=dt, progress=False)
        times = [ds.cells_spike_time.values[ds.cells_spike_neuron.values == k] for k in range(neurons)]
        return np.array([[t[n - 1] if len(t) >= n else np.nan for t in times] for n in numbers])

    reference = run(finest)
    late = np.stack([run(dt) - reference for dt in dts], axis=1) * 1e3
    known = np.isfinite(late).all(axis=1)  # a neuron counts where it has that spike at every dt
    mean = np.array([late[k][:, known[k]].mean(axis=-1) for k in range(len(numbers))])
    rms = np.array([np.sqrt((late[k][:, known[k]] ** 2).mean(axis=-1)) for k in range(len(numbers))])
    dims = ("spike_number", "spike_step")
    return xr.Dataset(
        {
            "spike_time_error": (
                dims,
                rms,
                {"units": "ms", "long_name": "error of the time of a spike, root mean square"},
            ),
            "spike_time_shift": (
                dims,
                mean,
                {"units": "ms", "long_name": "mean delay of a spike"},
            ),
            "spike_neurons": (
                dims[0],
                known.sum(axis=-1),
                {"units": "1", "long_name": "neurons that were compared"},
            ),
            "spike_dt": (dims[1], np.array(dts) * 1e3, {"units": "ms", "long_name": "simulation step"}),
        },
        coords={"spike_number": (dims[0], list(numbers))},
    )
