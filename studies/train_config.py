"""What is to be trained: a task, a model, and where it differs from the task's recipe."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass

from ..gradient_bridge.engines import ENGINES
from ..gradient_bridge.options import CHECKS as OF_TRAINING
from ..gradient_bridge.options import SELECTIONS
from .field_checks import (
    DEVICE,
    DISTRIBUTION,
    NOT_NEGATIVE,
    check_fields,
    counts,
    one_of,
    taken_from,
    whole,
)
from .json_values import tuples
from .recipes import MODELS, recipe
from .recurrent import SPIKING, equal_parameters, parameters_of
from .tasks import check_options

MATCHES = ("neurons", "parameters")
_OF_SPIKING = (
    "tau_m",
    "tau_a",
    "delays",
    "beta",
    "rate_penalty",
    "finer",
    "time_constant_rate",
    "frozen_time_constants",
    "feedforward",
    "detach_reset",
    "device",
    "engine",
    "brian2_trials",
)
_OF_RECIPE = (
    *("epochs", "batch_size", "learning_rate", "time_constant_rate", "rate_penalty", "finer"),
    *("input_dropout", "time_stretch", "average_epochs", "lost_gradients", "select"),
)
_CHECKS = {
    "model": one_of(MODELS),
    "match": one_of(MATCHES),
    "seed": whole(0),
    "hidden": counts(1).or_none(),
    **dict.fromkeys(("tau_m", "tau_a", "delays"), DISTRIBUTION.or_none()),
    "beta": NOT_NEGATIVE.or_none(),
    **{name: check.or_none() for name, check in taken_from(OF_TRAINING, _OF_RECIPE[:-1]).items()},
    "select": one_of(SELECTIONS).or_none(),
    "device": DEVICE.or_none(),
    "engine": one_of(ENGINES).or_none(),
    "brian2_trials": whole(1).or_none(),
}


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides the result of the study `train`. None stands for the recipe of the task.

    Parameters
    ----------
    task : str
        One of `RECIPES`.
    model : {"alif", "lif", "se_adlif", "ef_adlif", "lstm", "gru", "rnn"}
        Adaptive spiking network, the same without adaptation, spiking networks with subthreshold coupling (symplectic
        Euler, Euler forward), dense networks.
    match : {"neurons", "parameters"}
        As many hidden units as the ALIF network of the recipe, or as many trained numbers, in as many layers. Where
        the recipe has a network with subthreshold coupling, that has sizes of its own, which `hidden` replaces.
    data : str or None
        Folder of the data sets.
    seed : int
        Of the validation split, the initial network and the order of batches.
    hidden : tuple of int or None
        Neurons of each hidden layer of the ALIF network, to which the others are matched.
    tau_m, tau_a : str or None
        Initial time constants of the hidden neurons in steps, as `models.initial_from` reads them:
        ``"lognormal(20, 0.5, 1, 200)"``.
    delays : str or None
        Where recurrent delays are trained: what they are drawn from, in steps, likewise, one for each
        sending neuron; each synapse then learns its own. None: all are one step, and stay so.
    beta : float or None
        Rise of the threshold by adaptation, of the ALIF network, >= 0; with 0 its threshold is constant at b0.
    rate_penalty : float or None
        Factor of the mean number of spikes per neuron and step in the loss, >= 0.
    finer : tuple of int or None
        Training at mixed steps: each batch at the step of the task or at a fraction of it (`Training`).
    epochs, batch_size : int or None
    learning_rate, time_constant_rate : float or None
        Peak rates of weights and of (relative) time constants.
    input_dropout, time_stretch, average_epochs : float or None
        Of the stimulus and of the parameters that are kept (`Training`).
    lost_gradients : int or None
        Batches of an epoch that may be left out because their gradient is not finite (`Training`).
    select : {"valid_accuracy", "valid_loss", "last"} or None
        Which epoch is kept (`Training`).
    frozen_time_constants : bool
        Train weights and biases only.
    feedforward : bool
        Without recurrent synapses in the hidden layers.
    detach_reset : bool or None
        Gradients ignore the reset's dependence on the spike (`Twin`).
    device : str or None
        Brian2 device of the comparison; None: numpy.
    engine : {"auto", "fused", "compiled", "reference"} or None
        What runs the twin; None: ``CHRONAXIE_ENGINE``, else auto.
    brian2_trials : int or None
        The first so many test trials are simulated in Brian2; None: the recipe's.
    options : mapping of str to object, or pairs of them
        Keyword arguments of the task's own function, as JSON has them, in place of or beside those of the recipe
        (`task_options`). Kept as pairs, lists as tuples.

    Raises
    ------
    ValueError
        Unknown names, numbers out of range, and options of spiking networks for dense ones.
    """

    task: str
    model: str = "alif"
    match: str = "neurons"
    data: str | None = None
    seed: int = 0
    hidden: tuple[int, ...] | None = None
    tau_m: str | None = None
    tau_a: str | None = None
    delays: str | None = None
    beta: float | None = None
    rate_penalty: float | None = None
    finer: tuple[int, ...] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    time_constant_rate: float | None = None
    input_dropout: float | None = None
    time_stretch: float | None = None
    average_epochs: float | None = None
    lost_gradients: int | None = None
    select: str | None = None
    frozen_time_constants: bool = False
    feedforward: bool = False
    detach_reset: bool | None = None
    device: str | None = None
    engine: str | None = None
    brian2_trials: int | None = None
    options: tuple[tuple[str, object], ...] = ()

    def __post_init__(self):
        for name in ("hidden", "finer"):
            if isinstance(getattr(self, name), list):
                object.__setattr__(self, name, tuple(getattr(self, name)))
        check_fields(self, "train", _CHECKS)
        layers = self.network.recurrent
        object.__setattr__(self, "options", _pairs(self.task, self.options))
        if self.hidden is not None and isinstance(layers, tuple) and len(layers) != len(self.hidden):
            raise ValueError(
                f"train: hidden: the recipe of {self.task} says which of its {len(layers)} layers are recurrent; "
                f"expected {len(layers)} sizes, got {self.hidden}"
            )
        if self.frozen_time_constants and self.time_constant_rate is not None:
            raise ValueError(
                "train: frozen time constants have no rate; leave time_constant_rate or frozen_time_constants out"
            )
        unset = {field.name: field.default for field in dataclasses.fields(self)}
        given = [name for name in _OF_SPIKING if getattr(self, name) != unset[name]]
        if given and not self.is_spiking:
            raise ValueError(
                f"train: {given[0]} is for spiking networks ({', '.join(SPIKING)}), the model is {self.model}; leave "
                "it out"
            )
        if self.feedforward and self.delays is not None:
            raise ValueError(
                "train: delays are those of recurrent synapses, and there are none; leave delays or feedforward out"
            )
        if self.model == "lif" and self.tau_a is not None:
            raise ValueError("train: tau_a is for adaptive networks, the model is lif; leave it out")
        if self.beta is not None and self.model != "alif":
            raise ValueError(f"train: beta is for the model alif, the model is {self.model}; leave it out")

    @property
    def is_spiking(self):
        """Whether the model is a Brian2 network."""
        return self.model in SPIKING

    @property
    def network(self):
        """The `NetworkRecipe` of the model, with what is given here in place of the recipe's."""
        names = ("tau_m", "tau_a", "beta", "detach_reset")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.feedforward:
            given["recurrent"] = False
        return dataclasses.replace(recipe(self.task).network_of(self.model), **given)

    @property
    def task_options(self):
        """Keyword arguments of the task's own function: the recipe's, with those given here over them."""
        return dict(recipe(self.task).options) | dict(self.options)

    @property
    def stem(self):
        """Beginning of the names of the files that the study writes."""
        parts = ["train", self.task, self.model]
        if self.match == "parameters" and self.model != "alif":
            parts.append("parameters")
        if self.frozen_time_constants:
            parts.append("frozen")
        if self.feedforward:
            parts.append("feedforward")
        return "_".join([*parts, f"seed{self.seed}"])

    @property
    def network_file(self):
        """Name of the file of the trained network: a Brian2 network, or weights of torch."""
        return f"network_{self.stem}.{'nc' if self.is_spiking else 'pt'}"

    def sizes(self, inputs, outputs):
        """Units of each hidden layer.

        Parameters
        ----------
        inputs, outputs : int
            Channels and classes of the task.

        Returns
        -------
        tuple of int
        """
        network = self.network
        if self.match == "neurons" or self.model == "alif":
            return tuple(self.hidden or network.hidden)
        hidden = self.hidden or recipe(self.task).network.hidden
        shape = {"recurrent": network.recurrent, "spiking_output": network.output == "spikes"}
        wanted = parameters_of("alif", inputs, hidden, outputs, **shape)
        size = equal_parameters(self.model, inputs, outputs, wanted, layers=len(hidden), **shape)
        return (size,) * len(hidden)

    def training(self, *, unlabelled):
        """The options of `fit`: those of the recipe with what is given here in their place.

        Parameters
        ----------
        unlabelled : "mask" or int
            What the loss does with unlabelled steps.

        Returns
        -------
        Training
        """
        network = self.network
        chosen = {name: getattr(self, name) for name in _OF_RECIPE if getattr(self, name) is not None}
        if network.reduce == "none":
            chosen["skip"] = network.skip
        return dataclasses.replace(
            recipe(self.task).training(self.model), unlabelled=unlabelled, seed=self.seed, **chosen
        )


def _pairs(task, options):
    """Checked options as pairs, in the order of their names."""
    pairs = list(options.items() if isinstance(options, Mapping) else options)
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"train: the option {twice[0]} is given twice; give it once")
    check_options(task, dict(pairs))
    for name, value in pairs:
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"train: option {name}: expected a value that JSON can hold, since it travels with the network, got "
                f"{value!r}"
            ) from error
    return tuple(sorted((name, tuples(value)) for name, value in pairs))
