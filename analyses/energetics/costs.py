"""What an operation costs, and what operations a neuron needs: numbers with their sources, nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EnergyCost:
    """A cost model: energy of operations and of accesses to memory, in pJ.

    Parameters
    ----------
    name : str
    ac, mac : float
        Of one accumulate, of one multiply-accumulate (pJ).
    source : str
        Where the numbers come from.
    weight : float
        Of reading one 32-bit weight (pJ). Zero, the default, leaves memory out, as the papers do.
    state : float
        Of reading or writing one 32-bit state, coefficient or activation (pJ).
    """

    name: str
    ac: float
    mac: float
    source: str
    weight: float = 0.0
    state: float = 0.0


@dataclass(frozen=True)
class NeuronCost:
    """Operations of one neuron.

    Parameters
    ----------
    name : str
    mac : int
        Multiply-accumulates per decision step, of the state update.
    ac : int
        Accumulates per own spike.
    source : str
        Where the numbers come from.
    words : int or None
        32-bit words that a state update reads and writes, for cost models with memory.
    """

    name: str
    mac: int
    ac: int
    source: str
    words: int | None = None


# Its table has caches by 64 bits, not by words of 32: the energies of memory are those of another paper.
_HOROWITZ = "Horowitz, ISSCC 2014 (doi:10.1109/ISSCC.2014.6757323), table of rough energy costs, 45 nm, 0.9 V"
_HAN = "Han et al., EIE, ISCA 2016 (arXiv:1602.01528), table I, 45 nm"

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
FLOAT32_SRAM = EnergyCost(
    "float32, SRAM",
    ac=0.9,
    mac=4.6,
    weight=5.0,
    state=5.0,
    source=f"{FLOAT32.source}; memory, {_HAN}: 32-bit word of a 32 KB SRAM 5 pJ, weights and states",
)
FLOAT32_DRAM = EnergyCost(
    "float32, DRAM",
    ac=0.9,
    mac=4.6,
    weight=640.0,
    state=5.0,
    source=f"{FLOAT32.source}; memory, {_HAN}: weights in DRAM, 640 pJ for 32 bits; states in SRAM, 5 pJ",
)
EQUAL_COST = EnergyCost(
    "equal cost",
    ac=1.0,
    mac=1.0,
    source="1 pJ for either operation, no memory: the ratio of energies is the ratio of numbers of operations",
)

ENERGY_COSTS = (FLOAT32, INT32_RATIO_31)
COST_MODELS = (*ENERGY_COSTS, FLOAT32_SRAM, FLOAT32_DRAM, EQUAL_COST)

_COUNTED = "counted from the published update of Yin, Corradi and Bohté 2021"
_TCT = "Zhang et al., TC-LIF, arXiv:2308.13250, table of operation counts"
_WORDS = "words: each state read and written, one coefficient of decay read for each"

NEURON_COSTS = {
    "ALIF": NeuronCost(
        "ALIF",
        mac=3,
        ac=2,
        words=6,
        source=f"{_COUNTED}: adaptation, threshold, membrane; 1 - alpha folded "
        f"into the weights; a spike resets the membrane and drives adaptation; {_WORDS}",
    ),
    **{
        name: NeuronCost(
            name,
            mac=4,
            ac=1,
            words=8,
            source="counted from the update of Baronig et al. 2025: decay of membrane and adaptation, adaptation into "
            "the membrane and membrane into adaptation; 1 - alpha folded into the weights; a spike sets the membrane "
            f"to 0 and drives adaptation; {_WORDS}, and one coefficient for each coupling",
        )
        for name in ("SEAdLIF", "EFAdLIF")
    },
    "LIF": NeuronCost("LIF", mac=1, ac=1, words=3, source=f"{_TCT}; {_WORDS}"),
    "TC-LIF": NeuronCost("TC-LIF", mac=2, ac=2, words=6, source=f"{_TCT}; {_WORDS}"),
    "LeakyIntegrator": NeuronCost(
        "LeakyIntegrator", mac=1, ac=0, words=3, source=f"{_COUNTED}: readout, no spike, no reset; {_WORDS}"
    ),
}


def lstm_mac(inputs, units, *, recurrent=True):
    """Multiply-accumulates of one LSTM layer and step: 4(mn + nn) + 17n, m inputs, n units; not recurrent: 4mn + 17n.

    Source: arXiv:2308.13250. Its energy of the S-MNIST network comes out with the last hidden layer not recurrent.
    """
    return 4 * (inputs * units + recurrent * units * units) + 17 * units


def gru_mac(inputs, units, *, recurrent=True):
    """Multiply-accumulates of one GRU layer and step: 3(mn + nn) + 10n.

    Three gates; the operations by element (products of gates and states, their nonlinearities) are of the order of 10n,
    as the LSTM's 17n.
    """
    return 3 * (inputs * units + recurrent * units * units) + 10 * units


def rnn_mac(inputs, units, *, recurrent=True):
    """Multiply-accumulates of one plain recurrent layer and step: mn + nn + n, the last for its nonlinearity."""
    return inputs * units + recurrent * units * units + units


def dense_mac(inputs, units):
    """Multiply-accumulates of one dense layer: mn."""
    return inputs * units
