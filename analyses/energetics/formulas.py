"""The papers' formulas for the energy of a spiking network, from its sizes and firing rates alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from ..errors import InvalidInput
from ..variables import variable
from .costs import COST_MODELS, EnergyCost, NeuronCost
from .dense import check_sizes, dense_name, network_tally
from .tally import Tally, check_costs, neuron_cost, price, spiking_tally


def formula_operations(
    model: Literal["ALIF", "LIF", "TC-LIF"] | NeuronCost,
    inputs: int,
    hidden: Sequence[int],
    outputs: int,
    *,
    rates: Sequence[float] | np.ndarray,
    input_rate: float | None = None,
    recurrent: Sequence[bool] | None = None,
    bidirectional: bool = False,
    readout: str | NeuronCost = "LeakyIntegrator",
    reference: Literal["lstm", "gru", "rnn"] = "lstm",
    costs: Sequence[EnergyCost] = COST_MODELS,
) -> xr.Dataset:
    """Operations and energy per step of a spiking network from the papers' formulas, beside a dense one of equal size.

    For a layer of n neurons with m inputs, Fr in spikes per neuron and step::

        ALIF    AC = mn Fr_in + (nn + 2n) Fr_out      MAC = 3n
        LIF     AC = mn Fr_in + (nn + n) Fr_out       MAC = n
        TC-LIF  AC = mn Fr_in + (nn + 2n) Fr_out      MAC = 2n

    Without recurrence the nn falls away; inputs that are real numbers cost mn MAC in the place of mn Fr_in AC. The
    readout of o leaky integrators has AC = no Fr, MAC = o. A bidirectional layer is two of these, and what it sends on
    is 2n wide. Memory, in cost models that have it, as in `energy`, which counts real spikes; this function is for the
    numbers in papers.

    Parameters
    ----------
    model : {"ALIF", "LIF", "TC-LIF"} or NeuronCost
    inputs, outputs : int
        >= 1.
    hidden : sequence of int
        Neurons of each layer; of a bidirectional layer in each direction.
    rates : sequence of float
        Spikes per neuron and step of each layer, in [0, 1].
    input_rate : float, optional
        Spikes per channel and step, in [0, 1]; None: the inputs are real numbers.
    recurrent : sequence of bool, optional
        Which layers are; None: all.
    bidirectional : bool
    readout : str or NeuronCost
        Model of the outputs; they send nothing, so that spikes of their own are not counted.
    reference : {"lstm", "gru", "rnn"}
        What it is held against.
    costs : sequence of EnergyCost

    Returns
    -------
    Dataset
        ``operations_ac``, ``operations_mac`` of the spiking network per step, and on ``energy_network`` (the model, the
        reference) the variables of `energy` without those of trials; ``energy_break_even_rate`` counts spikes per
        hidden neuron and step, all rates scaled together.

    Raises
    ------
    InvalidInput
        An unknown model or reference, sizes below 1, rates outside [0, 1] or not one for each layer.

    References
    ----------
    LIF, TC-LIF, LSTM: Zhang et al., arXiv:2308.13250; ALIF counted from the update of Yin,
    Corradi, Bohté, Nature Machine Intelligence 3, 905 (2021); energies: Horowitz, ISSCC 2014.
    """
    where = "formula_operations"
    check_sizes(inputs, hidden, outputs, where=where)
    if reference not in ("lstm", "gru", "rnn"):
        raise InvalidInput(f"{where}: reference must be one of lstm, gru, rnn, got {reference!r}")
    neuron = neuron_cost(model, group="hidden", where=where)
    out = neuron_cost(readout, group="output", where=where)
    costs = check_costs(costs, (neuron, out), where=where)
    rates = _rates(rates, len(hidden), input_rate, where=where)
    recurrent = [True] * len(hidden) if recurrent is None else list(recurrent)
    if len(recurrent) != len(hidden):
        raise InvalidInput(f"{where}: recurrent must say it of {len(hidden)} layers, got {len(recurrent)}")
    sizes = (inputs, hidden, outputs)
    ways = 2 if bidirectional else 1
    there = _network(neuron, out, sizes, rates, input_rate, recurrent, ways)
    silent = _network(neuron, out, sizes, 0 * rates, input_rate and 0.0, recurrent, ways)
    dense = network_tally(reference, *sizes, recurrent=recurrent, bidirectional=bidirectional)
    networks = [f"bi-{neuron.name}" if bidirectional else neuron.name, dense_name(reference, bidirectional)]
    mean = np.average(rates, weights=hidden)
    variables, coords = price(networks, [there, dense], [silent, dense], costs, rate=mean)
    variables["operations_ac"] = variable(there.ac, units="1", long_name="accumulates per decision step")
    variables["operations_mac"] = variable(
        there.mac, units="1", long_name="multiply-accumulates per decision step"
    )
    return xr.Dataset(
        variables,
        coords=coords,
        attrs={
            "energy_rates": rates,
            "energy_input_rate": "graded" if input_rate is None else input_rate,
        },
    )


def _network(neuron, readout, sizes, rates, input_rate, recurrent, ways):
    inputs, hidden, outputs = sizes
    total, width, before = Tally(), inputs, input_rate
    for units, rate, again in zip(hidden, rates, recurrent, strict=True):
        own = units * rate
        arriving = width * units
        for _ in range(ways):
            total += spiking_tally(
                neuron,
                units,
                events=(0 if before is None else arriving * before) + again * units * own,
                spikes=own,
                graded=arriving if before is None else 0,
            )
        width, before = ways * units, rate
    return total + spiking_tally(readout, outputs, events=width * outputs * before, spikes=0)


def _rates(rates, layers, input_rate, *, where):
    rates = np.atleast_1d(np.asarray(rates, dtype=float))
    every = np.append(rates, 0.0 if input_rate is None else input_rate)
    if len(rates) != layers or not ((every >= 0) & (every <= 1)).all():
        raise InvalidInput(
            f"{where}: expected a rate in [0, 1] spikes per neuron and step for each of {layers} layers and the input, "
            f"got {rates.tolist()} and {input_rate}"
        )
    return rates
