"""Configuration of the study `ecg`."""

from __future__ import annotations

from dataclasses import dataclass

from ..gradient_bridge.engines import ENGINES
from ..gradient_bridge.options import CHECKS as OF_TRAINING
from ..gradient_bridge.options import SELECTIONS
from ..gradient_bridge.surrogates import SURROGATES
from .field_checks import DEVICE, DISTRIBUTION, POSITIVE, check_fields, counts, one_of, taken_from
from .recipes import ADLIF, SYNTHETIC_ECG, recipe
from .study import Axis
from .tasks.qtdb import CLASSES

MODELS = ("alif", *ADLIF)
TASKS = ("ecg", "synthetic_ecg")
_NETWORK, _TRAINING = SYNTHETIC_ECG.network, SYNTHETIC_ECG.alif
# Of `Training`.
_NUMBERS = (
    "epochs",
    "batch_size",
    "learning_rate",
    "time_constant_rate",
    "warmup",
    "score_scale",
    "rate_penalty",
    "input_dropout",
    "time_stretch",
    "average_epochs",
)
_CHECKS = {
    "task": one_of(TASKS),
    "model": one_of(MODELS),
    "hidden": counts(1),
    **dict.fromkeys(("input_gain", "recurrent_gain"), POSITIVE),
    **taken_from(OF_TRAINING, ("seed", *_NUMBERS)),
    **dict.fromkeys(("tau_m", "tau_a"), DISTRIBUTION),
    "tau_m_output": DISTRIBUTION.or_none(),
    "unlabelled_class": one_of(CLASSES).or_none(),
    "select": one_of(SELECTIONS),
    "surrogate": one_of(SURROGATES),
    "device": DEVICE,
    "engine": one_of(ENGINES).or_none(),
    "fine_factors": counts(1, none_too=True),
}


@dataclass(frozen=True)
class ECGConfig:
    """Everything that decides the result of the study.

    Parameters
    ----------
    task : {"ecg", "synthetic_ecg"}
        QTDB recordings, or the embedded synthetic ECG.
    model : {"alif", "se_adlif", "ef_adlif"}
        Neurons of the hidden layers: the papers' adaptive ones, or those with subthreshold coupling (symplectic Euler,
        Euler forward). The other defaults are those of "alif"; `defaults` has those of each.
    data : str or None
        Folder of the data sets, for QTDB.
    seed : int
        Of the validation split, the initial network and the order of batches.
    hidden : tuple of int
        Neurons of each hidden layer.
    input_gain, recurrent_gain : float
        Factors of the initial input and recurrent weights.
    epochs, batch_size : int
    learning_rate, time_constant_rate : float
        Peak rates of weights and of (relative) time constants.
    warmup : float
        Fraction of the training over which the rates rise.
    tau_m, tau_a : str
        Initial time constants of the hidden neurons, in steps, as `models.initial_from` reads them.
    tau_m_output : str or None
        Those of the readout; None: `tau_m`.
    score_scale : float
        Factor from the readout's membrane to logits.
    unlabelled_class : str or None
        Count unlabelled steps as this class in the loss, as the papers do, where the task has that convention; None
        leaves them out.
    rate_penalty : float
        Factor of the mean number of spikes per neuron and step in the loss.
    input_dropout : float
        Share of the input's spikes that are left out in training, others in each batch.
    time_stretch : float
        Training recordings are played faster or slower by a factor up to 1 + this either way.
    average_epochs : float
        The parameters of the last so many epochs are averaged, and the averages are validated and kept.
    select : {"valid_accuracy", "valid_loss", "last"}
        Which epoch's parameters are kept.
    surrogate : str
        Surrogate derivative.
    detach_reset : bool
        Gradients ignore the reset's dependence on the spike.
    device : str
        Brian2 device of the comparison.
    engine : {"auto", "fused", "compiled", "reference"} or None
        What runs the twin; None: ``CHRONAXIE_ENGINE``, else auto.
    fine_factors : tuple of int
        The network is also simulated at dt divided by each of them; the largest gives `test_accuracy_fine`.

    Raises
    ------
    ValueError
        A name that there is not, or a number out of its range.
    """

    task: str = "synthetic_ecg"
    model: str = "alif"
    data: str | None = None
    seed: int = 0
    hidden: tuple[int, ...] = _NETWORK.hidden
    input_gain: float = _NETWORK.input_gain
    recurrent_gain: float = _NETWORK.recurrent_gain
    epochs: int = _TRAINING.epochs
    batch_size: int = _TRAINING.batch_size
    learning_rate: float = _TRAINING.learning_rate
    time_constant_rate: float = _TRAINING.time_constant_rate
    warmup: float = _TRAINING.warmup
    tau_m: str = _NETWORK.tau_m
    tau_a: str = _NETWORK.tau_a
    tau_m_output: str | None = _NETWORK.tau_m_output
    score_scale: float = _TRAINING.score_scale
    unlabelled_class: str | None = None
    rate_penalty: float = _TRAINING.rate_penalty
    input_dropout: float = _TRAINING.input_dropout
    time_stretch: float = _TRAINING.time_stretch
    average_epochs: float = _TRAINING.average_epochs
    select: str = _TRAINING.select
    surrogate: str = _NETWORK.surrogate
    detach_reset: bool = _NETWORK.detach_reset
    device: str = "numpy"
    engine: str | None = None
    fine_factors: tuple[int, ...] = (2, 4, 8)

    def __post_init__(self):
        check_fields(self, "run ecg", _CHECKS)

    @property
    def stem(self):
        """Beginning of the names of the files that the study writes."""
        name = {"ecg": "qtdb", "synthetic_ecg": "synthetic"}[self.task]
        return "_".join(["ecg", name, *([] if self.model == "alif" else [self.model]), f"seed{self.seed}"])

    @property
    def network_file(self):
        """Name of the file of the trained network."""
        return f"network_{self.stem}.nc"


def model_axis(models, base, given):
    """The axis of models, each with the defaults of its own recipe.

    Parameters
    ----------
    models : sequence of str
    base : mapping of str to object
        What the sweep starts from: its task, and the defaults of one of the models.
    given : collection of str
        Fields that have a value of their own, or are swept, whatever the model.

    Returns
    -------
    Axis
    """
    recipes = [defaults(base["task"], model) for model in models]
    differing = [
        name for name in recipes[0] if name not in given and any(one[name] != base[name] for one in recipes)
    ]
    fields = ["model", *(name for name in differing if name != "model")]
    values = tuple(tuple(one[name] for name in fields) for one in recipes)
    return Axis("model", values, text="hidden neurons", fields=tuple(fields), labels=tuple(models))


def defaults(task, model="alif"):
    """Fields of a configuration as the recipe of a task has them for a model.

    Parameters
    ----------
    task : {"ecg", "synthetic_ecg"}
    model : {"alif", "se_adlif", "ef_adlif"}

    Returns
    -------
    dict of str to object
    """
    chosen = recipe(task)
    of_network = (
        "hidden",
        "input_gain",
        "recurrent_gain",
        "tau_m",
        "tau_a",
        "tau_m_output",
        "surrogate",
        "detach_reset",
    )
    network, training = chosen.network_of(model), chosen.training(model)
    return {
        "task": task,
        "model": model,
        "unlabelled_class": chosen.unlabelled_class,
        **{name: getattr(network, name) for name in of_network},
        **{name: getattr(training, name) for name in (*_NUMBERS, "select")},
    }
