"""What a network of `CurrentALIF` neurons is trained with: recipe and configuration of ``--model current_alif``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from brian2 import ms

from ..gradient_bridge.engines import ENGINES
from ..gradient_bridge.options import Training
from ..models import LogNormal
from .field_checks import DEVICE, check_fields, counts, one_of, whole
from .tasks import check_options

MODEL = "current_alif"
TIME_CONSTANTS = ("tau_m", "tau_a", "tau_in", "tau_rec")


@dataclass(frozen=True)
class Stage:
    """A part of the training: at which simulation step, with which options of `fit`.

    Parameters
    ----------
    dt : float
        Step of the network, s; divides that of the task.
    training : Training
    """

    dt: float
    training: Training


@dataclass(frozen=True)
class PhysicalRecipe:
    """Network and training of a task.

    Parameters
    ----------
    stages : tuple of Stage
        One after the other, from the network that the one before selected; the last one's step is that of the network.
    hidden : tuple of int
        Neurons of each hidden layer.
    input_gain, recurrent_gain : float
        Factors of the initial weights.
    delay : float
        Of recurrent spikes and of those to the readout, s; at least the longest step.
    values : tuple of (str, distribution)
        Initial values in place of those of `CurrentALIF`.
    bounds : tuple of float
        Between which time constants are trained, s. The updater is stable above half a step and accurate from about
        one step on.
    skip : int
        Decisions at the beginning that loss and readout leave out.
    valid_trials : int
        The first so many validation trials select the epoch.
    fine_dt : tuple of float
        Steps (s) at which the trained network is simulated on the whole test set.
    options : tuple of (str, object)
        Keyword arguments of the task's own function.
    surrogate : str
    brian2_trials : int
        Test trials on which the twin is held against Brian2 step by step.
    source : str
        Where the numbers come from.
    """

    stages: tuple[Stage, ...]
    hidden: tuple[int, ...]
    input_gain: float
    recurrent_gain: float
    delay: float
    values: tuple[tuple[str, object], ...]
    bounds: tuple[float, float]
    skip: int
    valid_trials: int
    fine_dt: tuple[float, ...]
    options: tuple[tuple[str, object], ...]
    surrogate: str = "gaussian"
    brian2_trials: int = 10
    source: str = dataclasses.field(default="first guess, not searched", kw_only=True)


_COARSE = Training(
    epochs=10,
    batch_size=64,
    learning_rate=0.04,
    time_constant_rate=0.04,
    warmup=0.1,
    score_scale=300.0,
    skip=10,
    evaluation_batch=64,
)
ECG = PhysicalRecipe(
    stages=(
        Stage(0.004, _COARSE),
        Stage(0.001, dataclasses.replace(_COARSE, epochs=2, learning_rate=0.01, time_constant_rate=0.01)),
    ),
    hidden=(64,),
    input_gain=3.0,
    recurrent_gain=0.3,
    delay=0.004,
    # At the coarse step the updater wants time constants of at least one step.
    values=(
        ("tau_a", LogNormal(8.39 * ms, 1.25, 4 * ms, 60.9 * ms)),
        ("tau_rec", LogNormal(30 * ms, 0.8, 5 * ms, 150 * ms)),
    ),
    bounds=(0.004, 1.0),
    skip=10,
    valid_trials=20,
    fine_dt=(0.001, 0.0001),
    options=(("window", 1.0),),
    source="first guess, then the validation split of QTDB; the network is drawn from the GLIF cells",
)
RECIPES = {"ecg": ECG}
_CHECKS = {
    "seed": whole(0),
    "hidden": counts(1).or_none(),
    "device": DEVICE.or_none(),
    "engine": one_of(ENGINES).or_none(),
    "brian2_trials": whole(1).or_none(),
}


@dataclass(frozen=True)
class PhysicalConfig:
    """Everything that decides the result of ``chronaxie train TASK --model current_alif``. None: the recipe's.

    Parameters
    ----------
    task : str
        One of `RECIPES`.
    data : str or None
        Folder of the data sets.
    seed : int
        Of the validation split, the initial network and the order of batches.
    hidden : tuple of int or None
    epochs, batch_size : int or None
        Of every stage.
    learning_rate, time_constant_rate : float or None
        Peak rates of every stage.
    device : str or None
        Brian2 device of the simulations; None: numpy.
    engine : {"auto", "fused", "compiled", "reference"} or None
        What runs the twin; None: ``CHRONAXIE_ENGINE``, else auto.
    brian2_trials : int or None
        Test trials on which the twin is held against Brian2.
    options : mapping of str to object, or pairs of them
        Keyword arguments of the task's own function, beside those of the recipe.

    Raises
    ------
    ValueError
        A task without a recipe, numbers out of range, an option that the task does not have.
    """

    task: str
    data: str | None = None
    seed: int = 0
    hidden: tuple[int, ...] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    time_constant_rate: float | None = None
    device: str | None = None
    engine: str | None = None
    brian2_trials: int | None = None
    options: tuple[tuple[str, object], ...] = ()

    def __post_init__(self):
        if self.task not in RECIPES:
            raise ValueError(
                f"train: the model {MODEL} has recipes for {', '.join(RECIPES)}, none for the task {self.task!r}"
            )
        check_fields(self, "train", _CHECKS)
        pairs = self.options.items() if isinstance(self.options, Mapping) else self.options
        object.__setattr__(self, "options", tuple(sorted(dict(pairs).items())))
        check_options(self.task, dict(self.options))
        self.stages(unlabelled="mask")  # options of fit out of range are refused now

    model = MODEL

    @property
    def recipe(self):
        """The `PhysicalRecipe` of the task."""
        return RECIPES[self.task]

    @property
    def task_options(self):
        """Keyword arguments of the task's own function: the recipe's, with those given here over them."""
        return dict(self.recipe.options) | dict(self.options)

    @property
    def stem(self):
        """Beginning of the names of the files that the study writes."""
        return f"train_{self.task}_{MODEL}_seed{self.seed}"

    @property
    def network_file(self):
        """Name of the file of the trained network."""
        return f"network_{self.stem}.nc"

    def stages(self, *, unlabelled):
        """The stages with what is given here in place of the recipe's options."""
        names = ("epochs", "batch_size", "learning_rate", "time_constant_rate")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return tuple(
            Stage(s.dt, dataclasses.replace(s.training, unlabelled=unlabelled, seed=self.seed, **given))
            for s in self.recipe.stages
        )
