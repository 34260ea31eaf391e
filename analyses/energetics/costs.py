"""What an operation costs, and what operations a neuron needs: numbers with their sources, nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EnergyCost:
    """Energy of one accumulate (`ac`) and one multiply-accumulate (`mac`), both in pJ."""

    name: str
    ac: float
    mac: float
    source: str


@dataclass(frozen=True)
class NeuronCost:
    """Operations of one neuron: `mac` per decision step (state update), `ac` per own spike."""

    name: str
    mac: int
    ac: int
    source: str


_HOROWITZ = "Horowitz, ISSCC 2014, 45 nm, 0.9 V"

FLOAT32 = EnergyCost(
    "float32", ac=0.9, mac=4.6, source=f"{_HOROWITZ}: add 0.9 pJ, multiply 3.7 pJ; MAC = both, ratio 5.1"
)
INT32_RATIO_31 = EnergyCost(
    "int32, ratio 31",
    ac=0.1,
    mac=3.1,
    source=f"{_HOROWITZ}: add 0.1 pJ, multiply 3.1 pJ; ratio 31 is multiply over add "
    "(with the add of the accumulate it were 3.2 pJ, ratio 32)",
)

ENERGY_COSTS = (FLOAT32, INT32_RATIO_31)

_COUNTED = "counted from the published update of Yin, Corradi and Bohté 2021"
_TCT = "TC-LIF paper, arXiv:2308.13250, table of operation counts"

NEURON_COSTS = {
    "ALIF": NeuronCost(
        "ALIF",
        mac=3,
        ac=2,
        source=f"{_COUNTED}: adaptation, threshold, membrane; 1 - alpha folded "
        f"into the weights; a spike resets the membrane and drives adaptation",
    ),
    "LIF": NeuronCost("LIF", mac=1, ac=1, source=_TCT),
    "LeakyIntegrator": NeuronCost(
        "LeakyIntegrator", mac=1, ac=0, source=f"{_COUNTED}: readout, no spike, no reset"
    ),
}


def lstm_mac(inputs, units):
    """Multiply-accumulates of one LSTM layer and step: 4(mn + nn) + 17n, m inputs, n units.

    Source: arXiv:2308.13250.
    """
    return 4 * (inputs * units + units * units) + 17 * units


def gru_mac(inputs, units):
    """Multiply-accumulates of one GRU layer and step: 3(mn + nn) + 10n.

    Three gates; the operations by element (products of gates and states, their nonlinearities) are of the order of 10n,
    as the LSTM's 17n.
    """
    return 3 * (inputs * units + units * units) + 10 * units


def rnn_mac(inputs, units):
    """Multiply-accumulates of one plain recurrent layer and step: mn + nn + n, the last for its nonlinearity."""
    return inputs * units + units * units + units


def dense_mac(inputs, units):
    """Multiply-accumulates of one dense layer: mn."""
    return inputs * units
