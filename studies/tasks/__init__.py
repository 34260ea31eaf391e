"""The tasks by name."""

import difflib

from ..data import find_data
from .digits import load_digits
from .heidelberg import load_shd, load_ssc
from .ludb import load_ludb
from .mnist import load_psmnist, load_smnist
from .qtdb import load_qtdb
from .spoken_digits import load_spoken_digits
from .synthetic_ecg import SyntheticECG, load_synthetic_ecg
from .wfdb_records import load_record, load_wfdb

__all__ = [
    "TASKS",
    "SyntheticECG",
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


def load_task(name, *, data=None, seed=0, **options):
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
        Handed on to the task's own function.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        Unknown name (with the nearest), or `data` for a task that reads none.
    """
    if name not in TASKS:
        near = difflib.get_close_matches(str(name), TASKS, n=3, cutoff=0.3) or list(TASKS)
        raise ValueError(
            f"load_task: no task is called {name!r}; nearest: {', '.join(near)}; all: {', '.join(TASKS)}"
        )
    if name in _EMBEDDED:
        if data is not None:
            raise ValueError(
                f"load_task: the task {name!r} reads no data, got data={str(data)!r}; "
                "leave data out, or use the task 'ecg'"
            )
        return TASKS[name](seed=seed, **options)
    return TASKS[name](data, seed=seed, **options)
