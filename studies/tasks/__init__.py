"""The tasks by name."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ...models.speech import SpeechEncoder
from ..data import find_data
from ..json_values import tuples
from ..task import Task
from .digits import load_digits
from .heidelberg import load_shd, load_ssc
from .heidelberg_spikes import Binning
from .ludb import load_ludb
from .mnist import load_psmnist, load_smnist
from .qtdb import load_qtdb
from .spoken_digits import load_spoken_digits
from .synthetic_ecg import SyntheticECG, load_synthetic_ecg
from .wfdb_records import load_record, load_wfdb

__all__ = [
    "TASKS",
    "SyntheticECG",
    "check_options",
    "find_data",
    "load_digits",
    "load_ludb",
    "load_psmnist",
    "load_qtdb",
    "load_record",
    "load_shd",
    "load_smnist",
    "load_spoken_digits",
    "load_ssc",
    "load_synthetic_ecg",
    "load_task",
    "load_wfdb",
    "options_of",
    "reads_data",
]

TASKS = {
    "ecg": load_qtdb,
    "synthetic_ecg": load_synthetic_ecg,
    "ludb": load_ludb,
    "wfdb": load_wfdb,
    "digits": load_digits,
    "smnist": load_smnist,
    "psmnist": load_psmnist,
    "spoken_digits": load_spoken_digits,
    "shd": load_shd,
    "ssc": load_ssc,
}
_EMBEDDED = frozenset({"synthetic_ecg", "digits"})
# Options that are dataclasses: a dict of their fields does as well, since it can be written in a file or a command.
_CLASSES = {"binning": Binning, "config": SyntheticECG, "encoder": SpeechEncoder}
_GIVEN_OTHERWISE = ("data", "seed")
_DISPLAY = ("progress", "report")


def load_task(
    name: str, *, data: str | os.PathLike[str] | None = None, seed: int = 0, **options: Any
) -> Task:
    """A task by its name.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    data : path-like, optional
        Folder of the data sets, for tasks that read one; default: the environment variable CHRONAXIE_DATA.
    seed : int
        Of whatever the task draws: a validation split, synthetic recordings. >= 0.
    **options
        Handed on to the task's own function; lists as tuples, and a dict for one of the dataclasses `Binning`,
        `SyntheticECG` and `SpeechEncoder`, as what was written as JSON.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        Unknown name (with the nearest), `data` for a task that reads none, an option that it does not have or
        of another type.
    """
    given = check_options(name, {k: v for k, v in options.items() if k not in _DISPLAY})
    options = options | given
    if name in _EMBEDDED and data is not None:
        raise ValueError(
            f"load_task: the task {name!r} reads no data, got data={str(data)!r}; leave data out"
        )
    folder = () if name in _EMBEDDED else (data,)
    try:
        return TASKS[name](*folder, seed=seed, **options)
    except TypeError as error:
        if not options:
            raise
        given = ", ".join(f"{option}={value!r}" for option, value in options.items())
        raise ValueError(
            f"load_task: an option of {name!r} is of another type than expected ({error}); given: {given}"
        ) from error


def reads_data(name: str) -> bool:
    """Whether a task reads a data folder; the others are generated or travel with a package.

    Parameters
    ----------
    name : str
        One of `TASKS`.

    Returns
    -------
    bool
    """
    return name not in _EMBEDDED


def options_of(name: str) -> tuple[str, ...]:
    """Names of the options of a task's own function, without `data`, `seed` and what only shows progress.

    Parameters
    ----------
    name : str
        One of `TASKS`.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        Unknown task, with the nearest.
    """
    if name not in TASKS:
        near = difflib.get_close_matches(str(name), TASKS, n=3, cutoff=0.3) or list(TASKS)
        raise ValueError(
            f"load_task: no task is called {name!r}; nearest: {', '.join(near)}; all: {', '.join(TASKS)}"
        )
    return tuple(
        option
        for option in inspect.signature(TASKS[name]).parameters
        if option not in _GIVEN_OTHERWISE + _DISPLAY
    )


def check_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse options that the function of a task does not take.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    options : mapping of str to object

    Returns
    -------
    dict of str to object
        The options as the task's function takes them: `SyntheticECG` and the like in the place of their fields.

    Raises
    ------
    ValueError
        Unknown task or option, with the nearest; a value that one of those classes refuses.
    """
    known = options_of(name)
    for option in options:
        if option in _GIVEN_OTHERWISE:
            raise ValueError(
                f"task {name!r}: {option} is no option of the task; it is given by itself (--{option})"
            )
        if option not in known:
            raise ValueError(
                f"task {name!r}: no option is called {option!r}; there are {', '.join(known) or 'none'}"
            )
    return {option: _value(name, option, value) for option, value in options.items()}


def _value(task, option, value):
    """The value of an option as the task's function takes it."""
    wanted, where = _CLASSES.get(option), f"task {task!r}: option {option}"
    if wanted is None or isinstance(value, wanted) or value is None:
        return tuples(value)
    known = [field.name for field in fields(wanted) if field.init]
    if not isinstance(value, dict):
        raise ValueError(
            f"{where}: expected a {wanted.__name__}, or a dict of its fields ({', '.join(known)}), got {value!r}"
        )
    unknown = [name for name in value if name not in known]
    if unknown:
        raise ValueError(
            f"{where}: {wanted.__name__} has no field {unknown[0]!r}; there are {', '.join(known)}"
        )
    try:
        return wanted(**tuples(value))
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error
