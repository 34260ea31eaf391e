"""Operations and memory words of a network's step, added up and priced by cost models."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..activity.events import stacked
from ..errors import InvalidInput
from ..variables import quotient, variable
from .costs import NEURON_COSTS, EnergyCost, NeuronCost, dense_mac, gru_mac, lstm_mac, rnn_mac

DIM = "energy_network"
# Gates with weights of their own, words of state beside the output of each unit that are read and written in a step.
LAYERS = {"lstm": (lstm_mac, 4, 2), "gru": (gru_mac, 3, 0), "rnn": (rnn_mac, 1, 0)}


@dataclass(frozen=True)
class Tally:
    """Per decision step: accumulates, multiply-accumulates, weights read, words of state read or written.

    Numbers, or arrays over trials.
    """

    ac: float = 0.0
    mac: float = 0.0
    weights: float = 0.0
    states: float = 0.0

    def __add__(self, other):
        return Tally(
            self.ac + other.ac,
            self.mac + other.mac,
            self.weights + other.weights,
            self.states + other.states,
        )

    def energy(self, cost):
        """Energy in pJ under an `EnergyCost`."""
        return self.ac * cost.ac + self.mac * cost.mac + self.weights * cost.weight + self.states * cost.state


def dense_tally(kind, inputs, units, *, recurrent=True):
    """`Tally` of an "lstm", "gru" or "rnn" layer; every weight is read once a step, sums stay in registers."""
    mac, gates, cell = LAYERS[kind]
    return Tally(
        mac=mac(inputs, units, recurrent=recurrent),
        weights=gates * (inputs * units + recurrent * units * units),
        # inputs and own outputs read, own outputs written
        states=inputs + (1 + recurrent + cell) * units,
    )


def linear_tally(inputs, units):
    """`Tally` of a dense layer without state: mn MAC."""
    return Tally(mac=dense_mac(inputs, units), weights=inputs * units, states=inputs + units)


def spiking_tally(neuron, units, *, events, spikes, graded=0):
    """`Tally` of a layer of spiking neurons.

    Parameters
    ----------
    neuron : NeuronCost
    units : int
    events : float or ndarray
        Spikes that arrive over synapses, per step: one accumulate, one weight, and the sum of the target read and
        written, each.
    spikes : float or ndarray
        Own spikes per step; what they add happens in the state update, whose words are in registers then.
    graded : float
        Synapses that carry a real number in every step: one multiply-accumulate and one weight each.
    """
    return Tally(
        ac=events + neuron.ac * spikes,
        mac=neuron.mac * units + graded,
        weights=events + graded,
        states=2 * events + (neuron.words or 0) * units,
    )


def neuron_cost(model, *, group, where):
    """The `NeuronCost` of a model's name, or itself."""
    import difflib

    if isinstance(model, NeuronCost):
        return model
    if model in NEURON_COSTS:
        return NEURON_COSTS[model]
    near = difflib.get_close_matches(str(model), NEURON_COSTS, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise InvalidInput(
        f"{where}: no operation count for the model {model!r} of {group!r}; there are "
        f"{', '.join(NEURON_COSTS)}; {hint}For another model pass a NeuronCost"
    )


def check_costs(costs, neurons=(), *, where):
    """Return `costs` as a tuple; raise `InvalidInput` for none, others, two of one name, or memory without words."""
    several = isinstance(costs, Iterable) and not isinstance(costs, str)
    costs = tuple(costs) if several else costs
    if not several or not all(isinstance(cost, EnergyCost) for cost in costs):
        raise InvalidInput(
            f"{where}: costs must be a sequence of EnergyCost, such as (FLOAT32,) of analyses.energetics.costs, "
            f"got {costs!r}"
        )
    names = [cost.name for cost in costs]
    if not costs or len(set(names)) != len(names):
        raise InvalidInput(f"{where}: costs must be different EnergyCost, at least one, got {names}")
    without = [neuron.name for neuron in neurons if neuron.words is None]
    if without and any(cost.state for cost in costs):
        raise InvalidInput(
            f"{where}: a cost model with memory needs the words of a state update, which the NeuronCost "
            f"{without[0]!r} does not give: NeuronCost(…, words=…)"
        )
    return costs


def price(networks, tallies, silent, costs, *, rate=np.nan):
    """Variables and coordinates of operations and energy of several networks, the last of them the reference.

    Parameters
    ----------
    networks : sequence of str
    tallies, silent : sequence of Tally
        As the networks are, and without a spike: numbers, or arrays over the same trials.
    costs : sequence of EnergyCost
    rate : float
        Mean spikes per hidden neuron and step of the first networks, for the rate of break-even.

    Returns
    -------
    variables, coords : dict
    """
    parts = ("ac", "mac", "weights", "states")
    # (network, trial)
    counts = {part: _table([getattr(tally, part) for tally in tallies]) for part in parts}
    price_of = {
        "ac": np.array([c.ac for c in costs]),
        "mac": np.array([c.mac for c in costs]),
        "weights": np.array([c.weight for c in costs]),
        "states": np.array([c.state for c in costs]),
    }
    joule = sum(price_of[part][:, None, None] * counts[part] for part in parts)
    step = joule.mean(axis=2)
    trials = joule.shape[2]
    varies = np.array([any(np.ndim(getattr(tally, part)) for part in parts) for tally in tallies])
    sd = joule.std(axis=2, ddof=1) if trials > 1 else np.full(step.shape, np.nan)
    sd = np.where(varies, sd, 0.0)
    fixed = np.stack([[np.mean(tally.energy(cost)) for tally in silent] for cost in costs])
    reference = step[:, -1:]
    ratio = quotient(reference, step)
    # NaN where nothing spikes, as in the reference; a mean of equal numbers may be off by rounding
    of_spikes = np.where(step - fixed > 1e-9 * step, step - fixed, 0.0)
    factor = np.maximum(quotient(reference - fixed, of_spikes), 0)
    both = ("energy_cost", DIM)
    per = "per decision step"
    variables = {
        "energy_ac": variable(counts["ac"].mean(axis=1), DIM, units="1", long_name=f"accumulates {per}"),
        "energy_mac": variable(
            counts["mac"].mean(axis=1), DIM, units="1", long_name=f"multiply-accumulates {per}"
        ),
        "energy_weight_words": variable(
            counts["weights"].mean(axis=1), DIM, units="1", long_name=f"weights read {per}"
        ),
        "energy_state_words": variable(
            counts["states"].mean(axis=1), DIM, units="1", long_name=f"words of state read or written {per}"
        ),
        "energy_per_step": variable(step, both, units="pJ", long_name=f"energy {per}"),
        "energy_per_step_sd": variable(
            sd, both, units="pJ", long_name=f"standard deviation over trials of the energy {per}"
        ),
        "energy_silent_per_step": variable(
            fixed, both, units="pJ", long_name=f"energy {per} if nothing spiked"
        ),
        "energy_ratio": variable(
            ratio, both, units="1", long_name=f"energy of the {networks[-1]} over that of the network"
        ),
        "energy_break_even_factor": variable(
            factor,
            both,
            units="1",
            long_name=f"factor on all rates at which the {networks[-1]} needs no more energy",
        ),
        "energy_break_even_rate": variable(
            factor * np.where(rate > 0, rate, np.nan),
            both,
            units="1",
            long_name=f"spikes per hidden neuron and step at which the {networks[-1]} needs no more energy",
        ),
        "energy_cost_ac": variable(
            price_of["ac"], "energy_cost", units="pJ", long_name="energy of an accumulate"
        ),
        "energy_cost_mac": variable(
            price_of["mac"], "energy_cost", units="pJ", long_name="energy of a multiply-accumulate"
        ),
        "energy_cost_weight": variable(
            price_of["weights"], "energy_cost", units="pJ", long_name="energy of reading a weight"
        ),
        "energy_cost_state": variable(
            price_of["states"], "energy_cost", units="pJ", long_name="energy of an access to a word of state"
        ),
    }
    coords = {
        "energy_cost": variable(
            [c.name for c in costs], "energy_cost", units="1", long_name="cost of operations"
        ),
        DIM: variable(list(networks), DIM, units="1", long_name="network"),
        "energy_cost_source": variable(
            [c.source for c in costs], "energy_cost", units="1", long_name="source"
        ),
    }
    return variables, coords


def _table(rows):
    """Numbers and arrays over trials as one array (row, trial)."""
    trials = max((len(row) for row in rows if np.ndim(row)), default=1)
    return stacked([row if np.ndim(row) else np.full(trials, float(row)) for row in rows])
