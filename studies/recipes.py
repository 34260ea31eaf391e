"""Recipes: for each task the network and the training that `chronaxie train` starts from. Numbers only.

A recipe is found on the validation split and says in `source` where its numbers come from. What is not written in
`RECIPES` is the default of `NetworkRecipe` and of `Training`.
"""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass, field

from ..gradient_bridge.options import Training

ADLIF = ("se_adlif", "ef_adlif")
MODELS = ("alif", "lif", *ADLIF, "lstm", "gru", "rnn")
# Weights and time constants with which neurons of threshold 1 start; the papers' have thresholds of 0.01 to 0.1.
ADLIF_START = {
    "input_gain": 4.0,
    "recurrent_gain": 1.0,
    "tau_m": "uniform(5, 25)",
    "tau_a": "uniform(60, 300)",
    "tau_m_output": "normal(5, 2)",
    # A neuron of strong coupling that spikes often multiplies a gradient by 1.7 a step through its reset (docs/ecg.md).
    "detach_reset": True,
}
PAPERS = "released code of Yin, Corradi and Bohté 2021"


@dataclass(frozen=True)
class NetworkRecipe:
    """The spiking network of a task; a dense network takes sizes, reduction and skip from it.

    Whether the input is spikes or currents is the task's: whole numbers are spikes, floats are currents.

    Parameters
    ----------
    hidden : tuple of int
        Neurons of each hidden layer.
    recurrent : bool or tuple of bool
        Recurrent synapses in the hidden layers.
    reduce : {"none", "mean", "sum", "last"}
        Readout over steps; "none" for labels in time. Dense networks take the mean for a sum.
    skip : int
        Steps at the beginning that readout and loss leave out.
    input_gain, recurrent_gain : float
        Factors of the initial input and recurrent weights.
    tau_m, tau_a : str
        Initial time constants of the hidden layers, in steps, as `models.initial_from` reads them.
    tau_m_output, tau_a_output : str or None
        The same for the readout; None: as the hidden layers.
    output : {"membrane", "spikes"}
        Whether the classes are leaky integrators whose membrane is read, or units like the hidden ones whose spikes
        are counted.
    b0, beta : float
        Threshold, and its rise by adaptation, of the ALIF network.
    b0_lif : float
        Constant threshold of the LIF network.
    transmission : {"same", "next"}
        Whether spikes reach the next layer in the same step (papers) or one step later.
    surrogate : str
        Surrogate derivative.
    detach_reset : bool
        Gradients ignore the reset's dependence on the spike (`Twin`).
    """

    hidden: tuple[int, ...] = (36,)
    recurrent: bool | tuple[bool, ...] = True
    reduce: str = "none"
    skip: int = 10
    input_gain: float = 1.0
    recurrent_gain: float = 1.0
    tau_m: str = "normal(20, 5)"
    tau_a: str = "normal(150, 10)"
    tau_m_output: str | None = None
    tau_a_output: str | None = None
    output: str = "membrane"
    b0: float = 0.01
    beta: float = 1.8
    b0_lif: float = 0.1
    transmission: str = "same"
    surrogate: str = "gaussian"
    detach_reset: bool = False


@dataclass(frozen=True)
class Recipe:
    """What a task is trained with.

    Parameters
    ----------
    network : NetworkRecipe
    alif : Training
        Options of `fit` for the ALIF network.
    adlif_network : NetworkRecipe or None
        The networks of neurons with subthreshold coupling (`SEAdLIF`, `EFAdLIF`); None: `network` with the initial
        values of `ADLIF_START`, a first guess.
    adlif : Training or None
        Options of `fit` for these; None: as `alif`.
    lstm : Training
        Options of `fit` for the LSTM.
    lif, gru, rnn : Training or None
        None: `lif` as `alif`, `gru` and `rnn` as `lstm`.
    options : tuple of (str, object)
        Keyword arguments of the task's own function.
    unlabelled_class : str or None
        Class as which unlabelled steps count in the loss, as the papers do, where the task has that convention
        (`Task.unlabelled_class`: the published QTDB files, not the raw records); None leaves them out.
    brian2_trials : int
        Test trials that are simulated in Brian2 unless another number is given: fewer for large networks, since memory
        grows with synapses times trials.
    source : str
        Where the numbers come from.
    """

    network: NetworkRecipe
    alif: Training
    lstm: Training
    lif: Training | None = None
    gru: Training | None = None
    rnn: Training | None = None
    adlif_network: NetworkRecipe | None = None
    adlif: Training | None = None
    options: tuple[tuple[str, object], ...] = ()
    unlabelled_class: str | None = None
    brian2_trials: int = 100
    source: str = field(default="first guess, not searched", kw_only=True)

    def training(self, model):
        """Options of `fit` for one of `MODELS`."""
        if model not in MODELS:
            raise ValueError(f"recipe: model must be one of {', '.join(MODELS)}, got {model!r}")
        if model in ADLIF:
            return self.adlif or self.alif
        substitute = self.alif if model in ("alif", "lif") else self.lstm
        return getattr(self, model) or substitute

    def network_of(self, model):
        """The `NetworkRecipe` of one of `MODELS`."""
        if model not in ADLIF:
            return self.network
        return self.adlif_network or dataclasses.replace(self.network, **ADLIF_START)


def recipe(task):
    """The recipe of a task by its name.

    Raises
    ------
    ValueError
        No recipe of that name, with the nearest ones.
    """
    if task not in RECIPES:
        near = difflib.get_close_matches(str(task), RECIPES, n=3, cutoff=0.3) or list(RECIPES)
        raise ValueError(
            f"recipe: none for the task {task!r}; nearest: {', '.join(near)}; all: {', '.join(RECIPES)}"
        )
    return RECIPES[task]


# ------------------------------------------------------------------ ECG: QTDB and synthetic
_ECG_NETWORK = NetworkRecipe(
    hidden=(36,), input_gain=2.0, recurrent_gain=0.3, tau_m="normal(20, 15)", tau_a="normal(150, 80)"
)
_ECG_ALIF = Training(
    epochs=60, batch_size=32, learning_rate=0.008, time_constant_rate=0.03, warmup=0.1, score_scale=3.0
)
_ECG_LSTM = Training(epochs=60, batch_size=32, learning_rate=0.01, warmup=0.1)

SYNTHETIC_ECG = Recipe(
    network=_ECG_NETWORK,
    alif=_ECG_ALIF,
    lstm=_ECG_LSTM,
    source="searched on the validation split of QTDB",
)
_ECG_LONG = dataclasses.replace(
    _ECG_ALIF, batch_size=16, epochs=250, average_epochs=10.0, input_dropout=0.1, time_stretch=0.1
)
ECG = dataclasses.replace(
    SYNTHETIC_ECG,
    alif=_ECG_LONG,
    adlif_network=NetworkRecipe(hidden=(36,), **ADLIF_START),
    # Eight recordings validate, unlike each other: of averaged parameters the last epoch is the safer choice.
    adlif=dataclasses.replace(_ECG_LONG, select="last"),
    lstm=dataclasses.replace(_ECG_LSTM, epochs=120),
    unlabelled_class="P",
    source="searched on the validation recordings of seed 0 (docs/ecg.md)",
)

# ------------------------------------------------------------------ LUDB
_LUDB_WEIGHTS = (0.7, 1.6, 1.0, 0.9)  # none, P, QRS, T: small P waves are found at the expense of silence
LUDB = Recipe(
    network=NetworkRecipe(
        hidden=(100,),
        input_gain=5.0,
        recurrent_gain=0.3,
        tau_m="normal(12, 10)",
        tau_m_output="normal(5, 2)",
        tau_a="normal(150, 80)",
    ),
    alif=Training(
        epochs=36,
        batch_size=16,
        learning_rate=0.02,
        time_constant_rate=0.03,
        warmup=0.1,
        score_scale=3.0,
        class_weights=_LUDB_WEIGHTS,
    ),
    lstm=Training(epochs=50, batch_size=16, learning_rate=0.008, warmup=0.1, class_weights=_LUDB_WEIGHTS),
    source="searched on the validation patients of LUDB",
)

# ------------------------------------------------------------------ digits
DIGITS = Recipe(
    network=NetworkRecipe(
        hidden=(128,), reduce="mean", skip=0, input_gain=6.0, tau_m="normal(4, 3)", tau_a="normal(60, 30)"
    ),
    alif=Training(
        epochs=60,
        batch_size=32,
        learning_rate=0.02,
        time_constant_rate=0.03,
        warmup=0.1,
        score_scale=10.0,
        average_epochs=5.0,
        select="last",
    ),
    lstm=Training(epochs=60, batch_size=32, learning_rate=0.01, warmup=0.1),
    source="searched on the validation split, seed 0; averages by the last epoch of five (docs/digits.md)",
)

# ------------------------------------------------------------------ spoken digits
SPOKEN_DIGITS = Recipe(
    network=NetworkRecipe(
        hidden=(64,),
        reduce="mean",
        skip=0,
        recurrent_gain=0.3,
        tau_m="normal(10, 5)",
        tau_a="normal(60, 30)",
        b0=0.1,
    ),
    alif=Training(
        epochs=30,
        batch_size=64,
        learning_rate=0.02,
        time_constant_rate=0.03,
        warmup=0.1,
        score_scale=3.0,
    ),
    lstm=Training(epochs=30, batch_size=64, learning_rate=0.01, warmup=0.1),
    source="searched on validation recordings outside the official test set: threshold, time constants and rates of "
    "the ALIF network, rate of the LSTM",
)

# ------------------------------------------------------------------ as in the papers
_STEP_10 = {"schedule": "step", "step_epochs": 10, "step_factor": 0.5}

SMNIST = Recipe(
    network=NetworkRecipe(
        hidden=(64, 256, 256),
        recurrent=(True, True, False),
        output="spikes",
        reduce="sum",
        skip=0,
        tau_m="normal(20, 5)",
        tau_a="normal(700, 25)",
    ),
    alif=Training(
        epochs=200,
        batch_size=200,
        learning_rate=0.01,
        time_constant_rate=0.02,
        schedule="step",
        step_epochs=50,
        step_factor=0.5,
    ),
    lstm=Training(
        epochs=200, batch_size=200, learning_rate=0.001, schedule="step", step_epochs=50, step_factor=0.5
    ),
    # For two processor cores: a second layer brings more than longer adaptation (docs/digits.md).
    adlif_network=NetworkRecipe(hidden=(64, 64), reduce="mean", skip=0, **ADLIF_START),
    adlif=Training(
        epochs=30,
        batch_size=64,
        learning_rate=0.005,
        time_constant_rate=0.02,
        warmup=0.1,
        score_scale=10.0,
        average_epochs=2.0,
        lost_gradients=20,
    ),
    brian2_trials=20,
    source=f"{PAPERS}, sizes, time constants, rates and readout (counted spikes); the schedule is that of the 2020 "
    "code in even steps; SE-adLIF: found on 20 000 training images and the validation split of seed 0",
)
PSMNIST = dataclasses.replace(
    SMNIST,
    network=dataclasses.replace(SMNIST.network, tau_a="normal(200, 25)"),
    alif=dataclasses.replace(SMNIST.alif, batch_size=300, learning_rate=0.008, time_constant_rate=0.02),
    source=f"{PAPERS}, sizes, time constants, rates and readout (counted spikes); Adam in place of Adamax, a rate that "
    "falls in steps in place of a line, no truncation in time",
)
SHD = Recipe(
    network=NetworkRecipe(
        hidden=(128, 128),
        reduce="mean",
        skip=10,
        tau_m="normal(20, 5)",
        tau_a="normal(150, 10)",
        surrogate="multi_gaussian",
    ),
    alif=Training(epochs=20, batch_size=64, learning_rate=0.01, time_constant_rate=0.01, **_STEP_10),
    lstm=Training(epochs=20, batch_size=64, learning_rate=0.001, **_STEP_10),
    brian2_trials=20,
    source=f"{PAPERS}, SHD script; the readout is the mean of the membrane where the script sums its softmax",
)
SSC = Recipe(
    network=NetworkRecipe(
        hidden=(400, 400),
        reduce="mean",
        skip=0,
        tau_m="normal(20, 5)",
        tau_m_output="normal(3, 1)",
        tau_a="normal(200, 50)",
        surrogate="multi_gaussian",
    ),
    alif=Training(
        epochs=150,
        batch_size=32,
        learning_rate=0.01,
        time_constant_rate=0.025,
        schedule="step",
        step_epochs=5,
        step_factor=0.5,
    ),
    lstm=Training(
        epochs=150, batch_size=32, learning_rate=0.001, schedule="step", step_epochs=5, step_factor=0.5
    ),
    brian2_trials=20,
    source=f"{PAPERS}, SSC notebook",
)

RECIPES = {
    "ecg": ECG,
    "synthetic_ecg": SYNTHETIC_ECG,
    "ludb": LUDB,
    "digits": DIGITS,
    "spoken_digits": SPOKEN_DIGITS,
    "smnist": SMNIST,
    "psmnist": PSMNIST,
    "shd": SHD,
    "ssc": SSC,
}
