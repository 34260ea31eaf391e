"""Energy of a spiking network against an LSTM of equal size, counted from its spikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import InvalidInput
from ..variables import variable
from .costs import ENERGY_COSTS, EnergyCost, NeuronCost
from .operations import count_operations, operation_variables
from .tally import DIM, Tally, check_costs, dense_tally, linear_tally, price, spiking_tally

if TYPE_CHECKING:
    import xarray as xr


NETWORKS = ("SRNN, formula", "SRNN, counted", "LSTM")


def energy(
    ds: xr.Dataset,
    *,
    models: Mapping[str, str | NeuronCost],
    graded: Sequence[str] = (),
    costs: Sequence[EnergyCost] = ENERGY_COSTS,
    dt_ref: float | None = None,
    decisions: int | Literal["steps"] = 1,
) -> xr.Dataset:
    """Estimate the energy of a simulated network and of an LSTM with as many units in every layer.

    The papers' formula, per decision step, for a recurrent ALIF layer of n units with m inputs::

        AC  = mn Fr_in + (nn + 2n) Fr_out        MAC = 3n

    Fr in spikes per unit and step; LIF: AC = mn Fr_in + (nn + n) Fr_out, MAC = n; leaky readout of o
    outputs: AC = no Fr, MAC = o; without recurrence the term nn falls away. Here mn and nn are the synapses
    that the network really has. The counted variant puts the spikes of each neuron times its own fan-out in
    the place of mean rate times synapses: the two agree where every neuron of a layer has the same fan-out.
    The LSTM has MAC = 4(mn + nn) + 17n for each layer that sends synapses, and no for each readout (a group
    without outgoing synapses). A network whose layers run forward and backward has an LSTM that does the same.
    Energy is AC·E_AC + MAC·E_MAC, with a cost model that has memory also weights read times E_weight and words of
    state times E_state: for a spiking network one weight and two words for each synaptic event, one weight for each
    graded synapse and step, and the words of the state updates; for the LSTM every weight once a step, inputs and
    outputs of each layer, its cells read and written.

    Parameters
    ----------
    ds, models, graded, dt_ref : see `operations`
        As for `operations`: a simulation, the neuron model of every group that receives synapses, the groups
        that send real numbers, the decision step in s.
    costs : sequence of EnergyCost
        Default: float32 (0.9 and 4.6 pJ) and the papers' ratio 31 (0.1 and 3.1 pJ, int32), both at 45 nm.
        `COST_MODELS` has memory and equal cost as well.
    decisions : int or "steps"
        Decisions in a trial: 1 where the trial has a label, ``"steps"`` where every decision step has one.

    Returns
    -------
    Dataset
        All of `operations`, and on ``energy_network`` ("SRNN, formula", "SRNN, counted", "LSTM"), per decision step:
        ``energy_ac``, ``energy_mac``, ``energy_weight_words``, ``energy_state_words``; with ``energy_cost``:
        ``energy_per_step`` (pJ), ``energy_per_step_sd`` (pJ, sample standard deviation over trials; NaN for one
        trial, 0 for the LSTM), ``energy_silent_per_step`` (pJ, if nothing spiked), ``energy_per_trial`` and
        ``energy_per_decision`` (nJ), ``energy_ratio``: LSTM over each network. The advantage is gone where all rates
        are ``energy_break_even_factor`` times what they are, or the hidden neurons fire ``energy_break_even_rate``
        spikes a step in the mean: 0 where a silent network needs more than the LSTM, NaN where none of them spiked
        (and for the LSTM). ``energy_cost_ac``, ``_mac``, ``_weight``, ``_state (energy_cost)`` in pJ. Of Dask where
        `ds` is.

    Raises
    ------
    MissingVariable, InvalidInput
        As for `operations`; also when `costs` is empty, has something else than `EnergyCost` (a single one, a name),
        names one cost twice, or has memory while a `NeuronCost` has no `words`, and for `decisions` below 1.

    References
    ----------
    Yin, Corradi, Bohté, Nature Machine Intelligence 3, 905 (2021); operation counts of LIF and LSTM:
    arXiv:2308.13250; energies: Horowitz, ISSCC 2014.
    """
    where = "energy"
    counts = count_operations(ds, models=models, graded=graded, dt_ref=dt_ref, where=where)
    costs = check_costs(costs, counts.neurons.values(), where=where)
    if decisions != "steps" and not (isinstance(decisions, (int, np.integer)) and decisions >= 1):
        raise InvalidInput(f"{where}: decisions must be a whole number >= 1 or 'steps', got {decisions!r}")
    tallies = [
        _spiking(counts, counts.synaptic_formula),
        _spiking(counts, counts.synaptic),
        _lstm(ds, counts),
    ]
    silent = [_spiking(counts, 0.0, spikes=0.0)] * 2 + tallies[-1:]
    variables, coords = price(NETWORKS, tallies, silent, costs, rate=counts.hidden_rate)
    step = variables["energy_per_step"].data
    both = ("energy_cost", DIM)
    trial = step * counts.steps / 1000
    made = counts.steps if decisions == "steps" else decisions
    variables["energy_per_trial"] = variable(trial, both, units="nJ", long_name="energy per trial")
    variables["energy_per_decision"] = variable(
        trial / made, both, units="nJ", long_name="energy per decision", decisions_per_trial=made
    )
    return operation_variables(counts).assign(variables).assign_coords(coords)


def _spiking(counts, events, spikes=None):
    """`Tally` of all groups that receive synapses, with (trial, group) synaptic events by source."""
    spikes = counts.spikes if spikes is None else spikes
    total = Tally(
        ac=np.sum(events, axis=-1),
        mac=counts.graded_mac.sum(),
        weights=np.sum(events, axis=-1) + counts.graded_mac.sum(),
        states=2 * np.sum(events, axis=-1),
    )
    for k, group in enumerate(counts.groups):
        if group in counts.neurons:
            own = spikes[:, k] if np.ndim(spikes) else spikes
            total += spiking_tally(counts.neurons[group], int(counts.sizes[k]), events=0, spikes=own)
    return total


def _lstm(ds, counts):
    """`Tally` of the LSTM network that has the layers and sizes of the spiking one."""
    size = dict(zip(counts.groups, counts.sizes.tolist(), strict=True))
    pairs = list(zip(ds["source"].values.tolist(), ds["target"].values.tolist(), strict=True))
    senders = {s for s, _ in pairs}
    total = Tally()
    for group in dict.fromkeys(t for _, t in pairs):
        inputs = sum(size[s] for s in dict.fromkeys(s for s, t in pairs if t == group and s != group))
        total += (
            dense_tally("lstm", inputs, size[group])
            if group in senders
            else linear_tally(inputs, size[group])
        )
    return total
