"""Energy of a spiking network against an LSTM of equal size, after the papers' model."""

import numpy as np

from ..errors import InvalidInput
from ..variables import variable
from .costs import ENERGY_COSTS, dense_mac, lstm_mac
from .operations import count_operations, operations

NETWORKS = ("SRNN, formula", "SRNN, counted", "LSTM")
_DIM = "energy_network"


def energy(ds, *, models, graded=(), costs=ENERGY_COSTS, dt_ref=None):
    """Estimate the energy of a simulated network and of an LSTM with as many units in every layer.

    The papers' formula, per decision step, for a recurrent ALIF layer of n units with m inputs::

        AC  = mn Fr_in + (nn + 2n) Fr_out        MAC = 3n

    Fr in spikes per unit and step; LIF: AC = mn Fr_in + (nn + n) Fr_out, MAC = n; leaky readout of o
    outputs: AC = no Fr, MAC = o; without recurrence the term nn falls away. Here mn and nn are the synapses
    that the network really has. The counted variant puts the spikes of each neuron times its own fan-out in
    the place of mean rate times synapses: the two agree where every neuron of a layer has the same fan-out.
    The LSTM has MAC = 4(mn + nn) + 17n for each layer that sends synapses, and no for each readout (a group
    without outgoing synapses). Energy is AC·E_AC + MAC·E_MAC; memory traffic is left out.

    Parameters
    ----------
    ds, models, graded, dt_ref
        As for `operations`: a simulation, the neuron model of every group that receives synapses, the groups
        that send real numbers, the decision step in s.
    costs : sequence of EnergyCost
        Default: float32 (0.9 and 4.6 pJ) and the papers' ratio 31 (0.1 and 3.1 pJ, int32), both at 45 nm.

    Returns
    -------
    Dataset
        All of `operations`, and on ``energy_network`` ("SRNN, formula", "SRNN, counted", "LSTM"):
        ``energy_ac`` and ``energy_mac`` per decision step; with ``energy_cost``: ``energy_per_step`` (pJ),
        ``energy_per_step_sd`` (pJ, sample standard deviation over trials; NaN for one trial, 0 for the
        LSTM), ``energy_per_trial`` (nJ), and ``energy_ratio``: LSTM over each network. ``energy_cost_ac``,
        ``energy_cost_mac (energy_cost)`` in pJ.

    Raises
    ------
    MissingVariable, InvalidInput
        As for `operations`; also when `costs` is empty or names one cost twice.

    References
    ----------
    Yin, Corradi, Bohté, Nature Machine Intelligence 3, 905 (2021); operation counts of LIF and LSTM:
    arXiv:2308.13250; energies: Horowitz, ISSCC 2014.
    """
    where = "energy"
    costs = tuple(costs)
    names = [cost.name for cost in costs]
    if not costs or len(set(names)) != len(names):
        raise InvalidInput(f"{where}: costs must be different EnergyCost, at least one, got {names}")
    counts = count_operations(ds, models=models, graded=graded, dt_ref=dt_ref, where=where)
    trials = len(counts.spikes)
    ac = np.stack(
        [
            (counts.synaptic_formula + counts.own).sum(axis=1),
            (counts.synaptic + counts.own).sum(axis=1),
            np.zeros(trials),
        ]
    )
    srnn_mac = float((counts.state_mac + counts.graded_mac).sum())
    mac = np.array([srnn_mac, srnn_mac, float(_lstm(ds, counts))])
    e_ac, e_mac = np.array([c.ac for c in costs]), np.array([c.mac for c in costs])
    joule = e_ac[:, None, None] * ac + (e_mac[:, None] * mac)[:, :, None]
    step = joule.mean(axis=2)
    sd = joule.std(axis=2, ddof=1) if trials > 1 else np.full(step.shape, np.nan)
    sd[:, -1] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = step[:, -1:] / step
    both = ("energy_cost", _DIM)
    parts = {
        "energy_ac": variable(ac.mean(axis=1), _DIM, units="1", long_name="accumulates per decision step"),
        "energy_mac": variable(mac, _DIM, units="1", long_name="multiply-accumulates per decision step"),
        "energy_per_step": variable(step, both, units="pJ", long_name="energy per decision step"),
        "energy_per_step_sd": variable(
            sd, both, units="pJ", long_name="standard deviation over trials of the energy per decision step"
        ),
        "energy_per_trial": variable(
            step * counts.steps / 1000, both, units="nJ", long_name="energy per trial"
        ),
        "energy_ratio": variable(
            ratio, both, units="1", long_name="energy of the LSTM over that of the network"
        ),
        "energy_cost_ac": variable(e_ac, "energy_cost", units="pJ", long_name="energy of an accumulate"),
        "energy_cost_mac": variable(
            e_mac, "energy_cost", units="pJ", long_name="energy of a multiply-accumulate"
        ),
    }
    coords = {
        "energy_cost": variable(names, "energy_cost", units="1", long_name="cost of operations"),
        _DIM: variable(list(NETWORKS), _DIM, units="1", long_name="network"),
        "energy_cost_source": variable(
            [c.source for c in costs], "energy_cost", units="1", long_name="source"
        ),
    }
    counted = operations(ds, models=models, graded=graded, dt_ref=dt_ref)
    return counted.assign(parts).assign_coords(coords)


def _lstm(ds, counts):
    """Multiply-accumulates per step of the LSTM network that has the layers and sizes of the spiking one."""
    size = dict(zip(counts.groups, counts.sizes.tolist(), strict=True))
    pairs = list(zip(ds["source"].values.tolist(), ds["target"].values.tolist(), strict=True))
    senders = {s for s, _ in pairs}
    total = 0
    for group in dict.fromkeys(t for _, t in pairs):
        inputs = sum(size[s] for s in dict.fromkeys(s for s, t in pairs if t == group and s != group))
        total += lstm_mac(inputs, size[group]) if group in senders else dense_mac(inputs, size[group])
    return total
