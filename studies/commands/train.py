"""``chronaxie train``: a spiking network or a baseline on a task."""

from __future__ import annotations

import argparse

from .answering import add_json
from .arguments import add_engine, add_options, count, not_negative, positive, whole
from .training_study import run_training_study

OF_TRAINING = ("input_dropout", "time_stretch", "average_epochs", "lost_gradients", "select")


def add(commands):
    """Register the command."""
    train = commands.add_parser(
        "train",
        help="train a network on a task: adaptive or leaky spiking network, LSTM, GRU or plain RNN",
        description="Trains a network on a task by the recipe of the task, tests it and writes dataset, network and "
        "figures. Spiking networks are written back to Brian2 and simulated there. The baselines are trained by the "
        "same program and have as many hidden units, or as many parameters, as the adaptive network. torchrun "
        "--nproc-per-node N -m chronaxie train TASK splits the trials between N processes.",
    )
    train.add_argument("task", metavar="TASK", help="name of the task: ecg, ludb, digits, spoken_digits, …")
    train.add_argument(
        "--model",
        choices=("alif", "lif", "se_adlif", "ef_adlif", "current_alif", "lstm", "gru", "rnn"),
        default="alif",
        help="adaptive spiking network (default), the same without adaptation, with subthreshold coupling (SE-adLIF, "
        "EF-adLIF), in physical units with values of published cells, or a dense network",
    )
    train.add_argument(
        "--match",
        choices=("neurons", "parameters"),
        default="neurons",
        help="as many hidden units (default) or parameters as the adaptive network",
    )
    train.add_argument(
        "--data",
        metavar="DIR",
        help="folder of the data sets (default: CHRONAXIE_DATA, else what chronaxie fetch has made)",
    )
    add_options(train)
    train.add_argument(
        "--out", metavar="DIR", default="out/train", help="where results go (default: %(default)s)"
    )
    train.add_argument(
        "--seed", type=whole, default=0, metavar="N", help="seed of everything random (default: 0)"
    )
    train.add_argument(
        "--hidden",
        type=count,
        nargs="+",
        metavar="N",
        help="neurons of each hidden layer of the adaptive network (default: the recipe's)",
    )
    for name, of in (("tau-m", "membrane"), ("tau-a", "adaptation")):
        train.add_argument(
            f"--{name}",
            metavar="DISTRIBUTION",
            help=f"initial {of} time constants of the hidden neurons, in steps: normal(20, 5), lognormal(20, 0.5, 1, "
            "200) (median, sd of the logarithm, limits), uniform(5, 25), loguniform(5, 100), constant(20)",
        )
    train.add_argument(
        "--delays",
        metavar="DISTRIBUTION",
        help="train the delays within the hidden layers too, from values drawn like this, in steps, such as uniform(2, "
        "20); by the reference engine, which is much slower (default: all one step)",
    )
    train.add_argument(
        "--beta",
        type=not_negative,
        metavar="B",
        help="rise of the threshold by adaptation, of the model alif; 0: none (default: the recipe's)",
    )
    train.add_argument(
        "--rate-penalty",
        type=not_negative,
        metavar="R",
        help="weight of the mean spikes per step in the loss (default: the recipe's)",
    )
    train.add_argument(
        "--finer",
        type=count,
        nargs="+",
        metavar="N",
        help="training at mixed steps: each batch at the step of the task or divided by one of these, such as 2 4",
    )
    train.add_argument("--epochs", type=count, metavar="N", help="passes over the training set")
    train.add_argument("--batch-size", type=count, metavar="N", help="trials in a batch")
    train.add_argument("--learning-rate", type=positive, metavar="R", help="peak rate of the weights")
    train.add_argument(
        "--time-constant-rate", type=positive, metavar="R", help="peak rate of the time constants"
    )
    train.add_argument(
        "--input-dropout",
        type=not_negative,
        metavar="P",
        help="share of the stimulus left out in training, < 1",
    )
    train.add_argument(
        "--time-stretch",
        type=not_negative,
        metavar="S",
        help="training trials are played faster or slower by up to 1 + S",
    )
    train.add_argument(
        "--average-epochs",
        type=not_negative,
        metavar="N",
        help="parameters are averages over the last N epochs; 0: none",
    )
    train.add_argument(
        "--lost-gradients",
        type=whole,
        metavar="N",
        help="batches of an epoch that may be left out because their gradient is not finite (default: the recipe's)",
    )
    train.add_argument(
        "--select", choices=("valid_accuracy", "valid_loss", "last"), help="which epoch's parameters are kept"
    )
    train.add_argument("--frozen-time-constants", action="store_true", help="train weights and biases only")
    train.add_argument(
        "--feedforward", action="store_true", help="without recurrent synapses in the hidden layers"
    )
    train.add_argument(
        "--detach-reset",
        action=argparse.BooleanOptionalAction,
        help="gradients ignore the reset's dependence on the spike, or follow it (default: the recipe's)",
    )
    train.add_argument(
        "--device", metavar="NAME", help="Brian2 device: numpy (default), cython, cpp_standalone"
    )
    add_engine(train)
    train.add_argument(
        "--brian2-trials",
        type=count,
        metavar="N",
        help="simulate the first N test trials in Brian2 (default: the recipe's)",
    )
    train.add_argument("--overwrite", action="store_true", help="replace results that are there")
    train.add_argument(
        "--resume", action="store_true", help="continue an interrupted training from its checkpoint"
    )
    add_json(train)
    train.set_defaults(
        command=_train,
        in_several_processes=True,
        after_interrupt="; if an epoch was complete, the same command with --resume continues after it (with "
        "--overwrite too, if files were being written)",
    )


def _train(given):
    from .. import training
    from ..train_config import TrainConfig

    if given.model == "current_alif":
        return _train_physical(given)
    names = (
        "task",
        "model",
        "match",
        "data",
        "seed",
        "epochs",
        "batch_size",
        "learning_rate",
        "time_constant_rate",
        *OF_TRAINING,
        "frozen_time_constants",
        "feedforward",
        "detach_reset",
        "tau_m",
        "tau_a",
        "delays",
        "beta",
        "rate_penalty",
        "device",
        "engine",
        "brian2_trials",
        "options",
    )
    config = TrainConfig(
        **{name: getattr(given, name) for name in names},
        hidden=tuple(given.hidden) if given.hidden else None,
        finer=tuple(given.finer) if given.finer else None,
    )
    return run_training_study(training.run, config, given)


def _train_physical(given):
    from .. import physical_training
    from ..physical_config import PhysicalConfig

    for option, unset in (
        ("match", "neurons"),
        ("frozen_time_constants", False),
        ("feedforward", False),
        ("detach_reset", None),
        ("tau_m", None),
        ("tau_a", None),
        ("delays", None),
        ("beta", None),
        ("rate_penalty", None),
        ("finer", None),
        *((name, None) for name in OF_TRAINING),
    ):
        if getattr(given, option) != unset:
            name = option.replace("_", "-")
            raise ValueError(f"train: --{name} is not for the model current_alif; leave it out")
    names = ("task", "data", "seed", "epochs", "batch_size", "learning_rate", "time_constant_rate", "device")
    config = PhysicalConfig(
        **{name: getattr(given, name) for name in (*names, "engine", "brian2_trials", "options")},
        hidden=tuple(given.hidden) if given.hidden else None,
    )
    return run_training_study(physical_training.run, config, given)
