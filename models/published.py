"""The published networks: which array of a file is what, by kind of network."""

from dataclasses import dataclass

from .annotations import SPIKES, Initial
from .neurons import ALIF, LeakyIntegrator, NeuronModel


@dataclass(frozen=True)
class Layer:
    """One layer of a published network, by the names of its arrays.

    Weights are (post, pre) there, time constants count steps.

    Parameters
    ----------
    weight : str
        From the layer before, or from the input.
    biases : tuple of str
        Only their sum matters.
    recurrent : str or None
        Recurrent weights, of the layer's own spikes one step before.
    tau_m : str
        Name of the membrane time constants.
    tau_m_optional : float or None
        Value (steps) for a file without the array `tau_m`; None where the array must be there.
    tau_a : str or None
        Name of the adaptation time constants; None for a leaky integrator.
    b0, beta : float
        Baseline threshold and adaptation strength that the authors used.
    b0_trained : float or None
        Baseline threshold of files that hold the optional `tau_m`, where it is another.
    neuron : NeuronModel
    columns : dict of str to (float, float) or None
        Part of the presynaptic axis, as fractions, by direction.
    bias_share : float
        The biases are multiplied by it: where one readout stands for two networks.
    """

    weight: str
    biases: tuple[str, ...]
    tau_m: str
    recurrent: str | None = None
    tau_m_optional: float | None = None
    tau_a: str | None = None
    b0: float = 0.01
    beta: float = 1.8
    b0_trained: float | None = None
    neuron: NeuronModel = ALIF
    columns: dict | None = None
    bias_share: float = 1.0

    def names(self):
        """Names of the arrays that the file must hold."""
        tau_m = () if self.tau_m_optional is not None else (self.tau_m,)
        rest = (self.recurrent, self.tau_a)
        return [self.weight, *self.biases, *tau_m, *(name for name in rest if name is not None)]


@dataclass(frozen=True)
class Kind:
    """A family of published networks.

    Parameters
    ----------
    layers : tuple of Layer
        ``hidden1``, ``hidden2``, …, ``output``. ``{direction}`` in a name stands for the prefix of the direction.
    input : {"spikes", "current"}
    dt : float
        Step of the task (s).
    reduce, skip, variable : str, int, str
        Of the `Readout`.
    start : Initial
        The random start of released scripts of that family (docs/published.md says where scripts differ).
    task : str
        That the network was trained on.
    outputs : int
        Classes of that task; a file with another number is reported.
    source : str
    directions : dict of str to str
        Prefix of the names by direction; empty where there is one network in a file.
    unused : dict of str to str
        Arrays that a file may hold and that the network does not need, with the reason.
    """

    layers: tuple[Layer, ...]
    input: str
    dt: float
    start: Initial
    task: str
    outputs: int
    source: str
    reduce: str = "none"
    skip: int = 0
    variable: str = "v"
    directions: dict | None = None
    unused: dict | None = None


_PAPER_2020 = "Yin, Corradi and Bohté 2020 (ICONS, arXiv:2005.11633)"
_PAPER_2021 = "Yin, Corradi and Bohté 2021 (Nature Machine Intelligence 3, 905)"
_SAME = Initial("random", membrane=1.0, spike="same")
_MEMBRANE = Initial("random", membrane=1.0, spike="none")
_REST = Initial("random", membrane=0.0, spike="none")


def _heidelberg(reduce, start, task, outputs, dataset):
    """SHD and SSC have the same arrays."""
    return Kind(
        layers=(
            Layer(
                "i_2_h1.weight",
                ("i_2_h1.bias", "h1_2_h1.bias"),
                "tau_m_h1",
                recurrent="h1_2_h1.weight",
                tau_a="tau_adp_h1",
            ),
            Layer(
                "h1_2_h2.weight",
                ("h1_2_h2.bias", "h2_2_h2.bias"),
                "tau_m_h2",
                recurrent="h2_2_h2.weight",
                tau_a="tau_adp_h2",
            ),
            Layer("h2o.weight", ("h2o.bias",), "tau_m_o", neuron=LeakyIntegrator),
        ),
        input="spikes",
        dt=0.004,
        reduce=reduce,
        skip=11 if reduce == "softmax_sum" else 0,
        start=start,
        task=task,
        outputs=outputs,
        source=f"{_PAPER_2021}, {dataset}",
        unused={"tau_adp_o": "the output is a leaky integrator, which does not adapt"},
    )


KINDS = {
    "ecg": Kind(
        layers=(
            Layer(
                "i2h.weight",
                ("i2h.bias", "h2h.bias"),
                "tau_m_h",
                recurrent="h2h.weight",
                tau_m_optional=20.0,
                tau_a="tau_adp_h",
                beta=0.0,
                b0_trained=0.1,
            ),
            Layer(
                "h2o.weight",
                ("h2o.bias",),
                "tau_m_o",
                tau_m_optional=20.0,
                tau_a="tau_adp_o",
                b0_trained=0.1,
            ),
        ),
        input="spikes",
        dt=0.004,
        skip=10,
        start=_SAME,
        task="ecg",
        outputs=6,
        source=f"{_PAPER_2020}, QT Database",
    ),
    "shd": _heidelberg("softmax_sum", _MEMBRANE, "shd", 20, "Spiking Heidelberg Digits"),
    "ssc": _heidelberg("mean", _SAME, "ssc", 35, "Spiking Speech Commands"),
    "smnist": Kind(
        layers=(
            Layer(
                "i2h.weight",
                ("i2h.bias", "h2h.bias"),
                "tau_m_r1",
                recurrent="h2h.weight",
                tau_a="tau_adp_r1",
            ),
            Layer(
                "h2d.weight",
                ("h2d.bias", "d2d.bias"),
                "tau_m_r2",
                recurrent="d2d.weight",
                tau_a="tau_adp_r2",
            ),
            Layer("dense1.weight", ("dense1.bias",), "tau_m_d1", tau_a="tau_adp_d1"),
            Layer("d2o.weight", ("d2o.bias",), "tau_m_o", tau_a="tau_adp_o"),
        ),
        input="current",
        dt=0.001,
        reduce="sum",
        variable=SPIKES,
        start=_SAME,
        task="smnist",
        outputs=10,
        source=f"{_PAPER_2021}, sequential MNIST",
    ),
    "gsc": Kind(
        layers=(
            Layer(
                "dense_1.dense.weight",
                ("dense_1.dense.bias",),
                "dense_1.tau_m",
                tau_a="dense_1.tau_adp",
                b0=1.6,
                beta=0.184,
            ),
            Layer(
                "rnn_1.dense.weight",
                ("rnn_1.dense.bias", "rnn_1.recurrent.bias"),
                "rnn_1.tau_m",
                recurrent="rnn_1.recurrent.weight",
                tau_a="rnn_1.tau_adp",
                b0=1.6,
                beta=0.184,
            ),
            Layer("dense_2.dense.weight", ("dense_2.dense.bias",), "dense_2.tau_m", neuron=LeakyIntegrator),
        ),
        input="current",
        dt=0.010,
        reduce="mean",
        start=_REST,
        task="gsc",
        outputs=12,
        source=f"{_PAPER_2021}, Google Speech Commands",
        unused={"thr": "threshold of the input features: events are made of them before the network"},
    ),
    "timit": Kind(
        layers=(
            Layer(
                "{direction}.dense.weight",
                ("{direction}.dense.bias", "{direction}.recurrent.bias"),
                "{direction}.tau_m",
                recurrent="{direction}.recurrent.weight",
                tau_a="{direction}.tau_adp",
                b0=1.6,
                beta=0.184,
            ),
            Layer(
                "dense_mean.dense.weight",
                ("dense_mean.dense.bias",),
                "dense_mean.tau_m",
                neuron=LeakyIntegrator,
                columns={"forward": (0.0, 0.5), "backward": (0.5, 1.0)},
                bias_share=0.5,
            ),
        ),
        input="current",
        dt=0.002,
        start=_REST,
        task="timit",
        outputs=61,
        source=f"{_PAPER_2021}, TIMIT frames",
        directions={"forward": "rnn_fw1", "backward": "rnn_bw1"},
    ),
}
