"""Operations and energy of dense recurrent networks, in the variables of `energy`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..variables import variable
from .costs import ENERGY_COSTS, EnergyCost
from .tally import LAYERS, Tally, check_costs, dense_tally, linear_tally, price


def dense_operations(
    kind: Literal["lstm", "gru", "rnn"],
    inputs: int,
    hidden: Sequence[int],
    outputs: int,
    *,
    bidirectional: bool = False,
    costs: Sequence[EnergyCost] = ENERGY_COSTS,
) -> xr.Dataset:
    """Operations and energy per step of an LSTM, GRU or plain RNN, beside an LSTM of equal size.

    With m inputs and n units a layer has, in every step, whatever the input is::

        LSTM  4(mn + nn) + 17n        GRU  3(mn + nn) + 10n        RNN  mn + nn + n

    multiply-accumulates, the readout of o classes no. There are no accumulates. A bidirectional layer is two of these,
    and what it sends on is 2n wide.

    Parameters
    ----------
    kind : {"lstm", "gru", "rnn"}
    inputs, outputs : int
        >= 1.
    hidden : sequence of int
        Units of each layer, at least one; of a bidirectional layer in each direction.
    bidirectional : bool
    costs : sequence of EnergyCost
        As for `energy`.

    Returns
    -------
    Dataset
        ``operations_ac`` (0) and ``operations_mac`` per step; on ``energy_network`` (``"GRU", "LSTM"``, or ``"bi-GRU",
        "bi-LSTM"``; for the LSTM itself one entry): ``energy_ac``, ``energy_mac``, ``energy_weight_words``,
        ``energy_state_words``; with ``energy_cost``: ``energy_per_step`` (pJ), ``energy_per_step_sd`` (pJ; 0, nothing
        depends on the trial), ``energy_ratio``: LSTM over the network; ``energy_cost_ac``, ``energy_cost_mac`` (pJ).

    Raises
    ------
    InvalidInput
        An unknown kind, a size below 1, no layer, no costs, something else than `EnergyCost`, or one twice.

    References
    ----------
    LSTM: arXiv:2308.13250; energies: Horowitz, ISSCC 2014; Yin, Corradi, Bohté, Nature Machine Intelligence 3, 905
    (2021).
    """
    where = "dense_operations"
    if kind not in LAYERS:
        raise InvalidInput(f"{where}: kind must be one of {', '.join(LAYERS)}, got {kind!r}")
    check_sizes(inputs, hidden, outputs, where=where)
    costs = check_costs(costs, where=where)
    kinds = list(dict.fromkeys([kind, "lstm"]))
    tallies = [network_tally(k, inputs, hidden, outputs, bidirectional=bidirectional) for k in kinds]
    variables, coords = price([dense_name(k, bidirectional) for k in kinds], tallies, tallies, costs)
    # nothing spikes here, so nothing breaks even
    variables = {
        name: v for name, v in variables.items() if "break_even" not in name and "silent" not in name
    }
    variables["operations_ac"] = variable(0.0, units="1", long_name="accumulates per decision step")
    variables["operations_mac"] = variable(
        tallies[0].mac, units="1", long_name="multiply-accumulates per decision step"
    )
    return xr.Dataset(variables, coords=coords)


def network_tally(kind, inputs, hidden, outputs, *, recurrent=None, bidirectional=False):
    """`Tally` of a whole dense network: its layers (`recurrent`: which of them are; None: all) and a linear readout."""
    recurrent = [True] * len(hidden) if recurrent is None else recurrent
    ways = 2 if bidirectional else 1
    total, width = Tally(), inputs
    for units, again in zip(hidden, recurrent, strict=True):
        for _ in range(ways):
            total += dense_tally(kind, width, units, recurrent=again)
        width = ways * units
    return total + linear_tally(width, outputs)


def dense_name(kind, bidirectional):
    """How a figure calls a dense network: "LSTM", "bi-LSTM"."""
    return f"bi-{kind.upper()}" if bidirectional else kind.upper()


def check_sizes(inputs, hidden, outputs, *, where):
    """Raise `InvalidInput` unless all sizes are whole numbers >= 1 and there is a hidden layer."""
    sizes = [inputs, *hidden, outputs]
    if not list(hidden) or not all(isinstance(n, (int, np.integer)) and n >= 1 for n in sizes):
        raise InvalidInput(f"{where}: expected whole numbers >= 1 and at least one hidden layer, got {sizes}")
