"""Operations and energy of dense recurrent networks, in the variables of `energy`."""

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..variables import variable
from .costs import ENERGY_COSTS, dense_mac, gru_mac, lstm_mac, rnn_mac

LAYER_MAC = {"lstm": lstm_mac, "gru": gru_mac, "rnn": rnn_mac}
_DIM = "energy_network"


def network_mac(kind, inputs, hidden, outputs):
    """Multiply-accumulates of a whole network per step: its recurrent layers and a linear readout."""
    sizes = [inputs, *hidden]
    layers = sum(LAYER_MAC[kind](m, n) for m, n in zip(sizes[:-1], sizes[1:], strict=True))
    return layers + dense_mac(sizes[-1], outputs)


def dense_operations(kind, inputs, hidden, outputs, *, costs=ENERGY_COSTS):
    """Operations and energy per step of an LSTM, GRU or plain RNN, beside an LSTM of equal size.

    With m inputs and n units a layer has, in every step, whatever the input is::

        LSTM  4(mn + nn) + 17n        GRU  3(mn + nn) + 10n        RNN  mn + nn + n

    multiply-accumulates, the readout of o classes no. There are no accumulates.

    Parameters
    ----------
    kind : {"lstm", "gru", "rnn"}
    inputs, outputs : int
        >= 1.
    hidden : sequence of int
        Units of each layer, at least one.
    costs : sequence of EnergyCost
        As for `energy`.

    Returns
    -------
    Dataset
        ``operations_ac`` (0) and ``operations_mac`` per step; on ``energy_network`` (``"GRU", "LSTM"``; for the LSTM
        itself one entry): ``energy_ac``, ``energy_mac``; with ``energy_cost``: ``energy_per_step`` (pJ),
        ``energy_per_step_sd`` (pJ; 0, nothing depends on the trial), ``energy_ratio``: LSTM over the network;
        ``energy_cost_ac``, ``energy_cost_mac`` (pJ).

    Raises
    ------
    InvalidInput
        An unknown kind, a size below 1, no layer, costs without name or twice the same.

    References
    ----------
    LSTM: arXiv:2308.13250; energies: Horowitz, ISSCC 2014; Yin, Corradi, Bohté, Nature Machine Intelligence 3, 905
    (2021).
    """
    where = "dense_operations"
    if kind not in LAYER_MAC:
        raise InvalidInput(f"{where}: kind must be one of {', '.join(LAYER_MAC)}, got {kind!r}")
    sizes = [inputs, *hidden, outputs]
    if not list(hidden) or not all(isinstance(n, (int, np.integer)) and n >= 1 for n in sizes):
        raise InvalidInput(f"{where}: expected whole numbers >= 1 and at least one hidden layer, got {sizes}")
    costs = tuple(costs)
    names = [cost.name for cost in costs]
    if not costs or len(set(names)) != len(names):
        raise InvalidInput(f"{where}: costs must be different EnergyCost, at least one, got {names}")
    networks = list(dict.fromkeys([kind.upper(), "LSTM"]))
    mac = np.array([float(network_mac(n.lower(), inputs, hidden, outputs)) for n in networks])
    e_ac, e_mac = np.array([c.ac for c in costs]), np.array([c.mac for c in costs])
    step = e_mac[:, None] * mac
    both = ("energy_cost", _DIM)
    return xr.Dataset(
        {
            "operations_ac": variable(0.0, units="1", long_name="accumulates per decision step"),
            "operations_mac": variable(mac[0], units="1", long_name="multiply-accumulates per decision step"),
            "energy_ac": variable(
                np.zeros(len(networks)), _DIM, units="1", long_name="accumulates per decision step"
            ),
            "energy_mac": variable(mac, _DIM, units="1", long_name="multiply-accumulates per decision step"),
            "energy_per_step": variable(step, both, units="pJ", long_name="energy per decision step"),
            "energy_per_step_sd": variable(
                np.zeros(step.shape),
                both,
                units="pJ",
                long_name="standard deviation over trials of the energy per decision step",
            ),
            "energy_ratio": variable(
                step[:, -1:] / step, both, units="1", long_name="energy of the LSTM over that of the network"
            ),
            "energy_cost_ac": variable(e_ac, "energy_cost", units="pJ", long_name="energy of an accumulate"),
            "energy_cost_mac": variable(
                e_mac, "energy_cost", units="pJ", long_name="energy of a multiply-accumulate"
            ),
        },
        coords={
            "energy_cost": variable(names, "energy_cost", units="1", long_name="cost of operations"),
            _DIM: variable(networks, _DIM, units="1", long_name="network"),
            "energy_cost_source": variable(
                [c.source for c in costs], "energy_cost", units="1", long_name="source"
            ),
        },
    )
