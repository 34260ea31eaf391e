"""The commands that make a result again, from its own attributes."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from ..catalogue import STUDIES
from ..results import ResultError
from .parts import Command


@dataclass(frozen=True)
class Option:
    """How a field of a configuration is said on the command line.

    Parameters
    ----------
    name : str
        ``"--dt"``; empty: the value stands alone.
    factor : float
        From the field's unit to the option's.
    switch : tuple
        The option stands without a value where the field has one of these values, and not elsewhere.
    absent : str
        What stands there where the field is None.
    pairs : bool
        The field holds pairs of name and value, each given by the option as NAME=VALUE.
    """

    name: str
    factor: float = 1.0
    switch: tuple = ()
    absent: str = ""
    pairs: bool = False

    def words(self, value):
        """The words of a value on the command line, a list of str."""
        if self.switch:
            return [self.name] if value in self.switch else []
        if value is None:
            return [self.absent] if self.absent else []
        if isinstance(value, bool):
            return [self.name if value else self.name.replace("--", "--no-", 1)]
        if self.pairs:
            return [word for name, item in value for word in (self.name, f"{name}={json.dumps(item)}")]
        values = value if isinstance(value, list) else [value]
        scaled = [
            v if self.factor == 1 or isinstance(v, str) else float(f"{v * self.factor:.12g}") for v in values
        ]
        words = [str(v) for v in scaled]
        return [self.name, *words] if self.name else words


def _same(*fields):
    """Options of the same name as the field."""
    return {field: Option("--" + field.replace("_", "-")) for field in fields}


_OF_NETWORK = _same("network", "kind", "task", "data", "device", "start", "seeds", "workers")
_TRAINING = (
    "data",
    "seed",
    "hidden",
    "epochs",
    "batch_size",
    "learning_rate",
    "time_constant_rate",
    "device",
    "engine",
)
_MS = Option("--dt", factor=1e3)
# Study → its command, and its options by field.
OPTIONS = {
    "ecg": (
        "run ecg",
        {"task": Option("--synthetic", switch=("synthetic_ecg",))}
        | _same(*_TRAINING, "model", "rate_penalty", "input_dropout", "average_epochs", "surrogate"),
    ),
    "train": (
        "train",
        {"task": Option("")}
        | _same(*_TRAINING, "model", "match", "tau_m", "tau_a", "delays", "beta", "rate_penalty", "finer")
        | _same(
            "input_dropout",
            "time_stretch",
            "average_epochs",
            "lost_gradients",
            "select",
            "detach_reset",
            "brian2_trials",
        )
        | {
            "frozen_time_constants": Option("--frozen-time-constants", switch=(True,)),
            "feedforward": Option("--feedforward", switch=(True,)),
            "options": Option("--option", pairs=True),
        },
    ),
    "published": ("run published", _same("data", "resamples", "seed")),
    "continuous": (
        "run continuous",
        {
            **_OF_NETWORK,
            **_same("trials"),
            "dts": _MS,
            "bare": Option("--no-bare", switch=(False,)),
            "neurons": Option("--no-neurons", switch=(False,)),
        },
    ),
    "robustness": (
        "run robustness",
        {**_OF_NETWORK, **_same("perturbations"), "dt": _MS, "trials": Option("--trials", absent="--all")},
    ),
    "fidelity": (
        "run fidelity",
        {
            **_OF_NETWORK,
            **_same("perturbations", "cost"),
            "dts": _MS,
            "trials": Option("--trials", absent="--all"),
            "window": Option("--window", factor=1e3),
            "tau": Option("--tau", factor=1e3),
        },
    ),
    "lesions": (
        "run lesions",
        _same("network", "kind", "task", "data", "device", "neurons", "start", "seed")
        | {"trials": Option("--trials", absent="--all")},
    ),
}


def configuration(ds, where):
    """The configuration that a result was made with, as a dict; empty where the file has none.

    Raises
    ------
    ResultError
        The attribute is not the JSON of a dataclass.
    """
    text = ds.attrs.get("configuration", "{}")
    try:
        found = json.loads(text)
    except (TypeError, ValueError) as error:
        raise ResultError(
            f"{where}: attribute 'configuration': expected JSON, got {str(text)[:80]!r}"
        ) from error
    if not isinstance(found, dict):
        raise ResultError(
            f"{where}: attribute 'configuration': expected a JSON object, got {str(text)[:80]!r}"
        )
    return found


def commands_of(ds, file):
    """How a single result is made again, and its report.

    Parameters
    ----------
    ds : xarray.Dataset
    file : Path
        Of the result.

    Returns
    -------
    tuple of Command
    """
    study, config = str(ds.attrs["study"]), configuration(ds, file)
    name = shlex.quote(shown_path(file))
    out = []
    if study in OPTIONS:
        command, options = OPTIONS[study]
        # The model of physical units has a configuration without that field.
        config = (
            {"model": ds.attrs["model"], **config} if study == "train" and "model" in ds.attrs else config
        )
        words = [
            word
            for field, option in options.items()
            if field in config
            for word in option.words(config[field])
        ]
        left = [field for field, value in config.items() if field not in options and value is not None]
        note = (
            f" (no option sets {', '.join(left)}: they are as by default here, as in the file with rerun)"
            if left
            else ""
        )
        out.append(
            Command(
                f"Run it with the same options{note}", shlex.join(["chronaxie", *command.split(), *words])
            )
        )
    elif study == "simulate":
        out.append(Command("Run it with the same options", _simulate(ds)))
    if study in STUDIES or "study_file" in ds.attrs:
        out.append(
            Command("Run it again from the file alone, and compare the numbers", f"chronaxie rerun {name}")
        )
    return (*out, Command("Make this page again", f"chronaxie report {name}"))


def shown_path(path):
    """A path as commands on the page have it: as it was given, of the present folder its name; str."""
    return str(path) if Path(path).name else Path(path).resolve().name


def _simulate(ds):
    a = ds.attrs
    words = ["chronaxie", "simulate", "NET.nc", "--wfdb", str(a["record"])]
    for lead in str(a["leads"]).split(", "):
        words += ["--lead", lead]
    words += [
        "--start",
        f"{a['start']:g}",
        "--seconds",
        f"{a['duration']:g}",
        "--dt",
        f"{a['simulation_dt'] * 1e3:g}",
    ]
    return shlex.join([*words, "--device", str(a["device"])])
