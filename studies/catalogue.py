"""The studies by name; a study's module is loaded when it is asked for, since most of them load torch."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from .study import Study

# Name → module of this package, the variable in it that holds the Study, what it does in a line of help.
HOMES = {
    "ecg": ("ecg", "STUDY", "train on ECG waves, sync back, simulate in Brian2, compare"),
    "train": ("training", "STUDY", "train one network on one task, spiking or dense"),
    "train_current_alif": ("physical_training", "STUDY", "train one network in physical units on one task"),
    "continuous": ("network_studies", "CONTINUOUS", "a trained network at finer and finer dt"),
    "robustness": ("network_studies", "ROBUSTNESS", "a trained network under perturbations"),
    "fidelity": ("network_studies", "FIDELITY", "a trained network in Brian2 beside its twin"),
    "lesions": ("network_studies", "LESIONS", "a trained network without each of its neurons"),
    "published": ("network_studies", "PUBLISHED", "the published networks' time constants"),
    "ecg_comparison": ("experiments.ecg_comparison", "STUDY", "networks beside each other on ECG waves"),
    "mnist": ("experiments.mnist", "STUDY", "digits pixel by pixel, spiking and dense networks"),
    "speech": ("experiments.speech", "STUDY", "spoken digits and commands, spiking and dense networks"),
    "robustness_comparison": (
        "experiments.robustness_comparison",
        "STUDY",
        "perturbations of adaptive, leaky and dense networks",
    ),
    "sparsity": ("experiments.sparsity", "STUDY", "accuracy against firing rate and energy"),
    "timescales": ("experiments.timescales", "STUDY", "where learned time constants come from"),
    "continuous_time": ("experiments.continuous_time", "STUDY", "networks whose step becomes a time"),
    "fit_neuron": (
        "experiments.fit_neuron",
        "STUDY",
        "which parameters of a neuron its recording identifies",
    ),
}


class _Catalogue(Mapping):
    """The package's studies, each loaded when it is looked up."""

    def __getitem__(self, name):
        module, variable, _ = HOMES[name]
        return getattr(import_module(f".{module}", __package__), variable)

    def __iter__(self):
        return iter(HOMES)

    def __len__(self):
        return len(HOMES)

    def __contains__(self, name):
        return name in HOMES


STUDIES: Mapping[str, Study] = _Catalogue()


def study(name: str) -> Study:
    """The study of that name, or the one that a Python file of the user's defines.

    Parameters
    ----------
    name : str
        One of `STUDIES`, or the path of a file ``….py`` with a `Study` in the variable ``STUDY``.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        No study has that name (the message gives the nearest ones), or the file defines none.
    """
    if is_file(name):
        return _of_file(Path(name))
    if name not in STUDIES:
        raise ValueError(unknown(name))
    return STUDIES[name]


def is_file(name):
    """Whether a study is named by the path of a Python file."""
    return str(name).endswith(".py")


def unknown(name, names=None):
    """What to say of a study that there is not; `names` are all that can be had (default: those of `STUDIES`)."""
    names = list(STUDIES if names is None else names)
    near = get_close_matches(name, names, n=3)
    hint = f"the nearest are {', '.join(near)}" if near else f"there are {', '.join(names)}"
    return f"unknown study {name!r}: {hint}; a study of your own: the path of its Python file, FILE.py"


def _of_file(path):
    """The STUDY of a Python file, which is loaded once a process, under a name made from its path."""
    path = path.resolve()
    if not path.is_file():
        raise ValueError(f"{path}: no such file; expected a Python file with a Study in STUDY")
    module = "chronaxie_study_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    if module not in sys.modules:
        spec = importlib.util.spec_from_file_location(module, path)
        sys.modules[module] = importlib.util.module_from_spec(spec)  # dataclasses look their module up
        try:
            spec.loader.exec_module(sys.modules[module])
        except BaseException as error:
            del sys.modules[module]
            if not isinstance(error, Exception):
                raise
            raise ValueError(f"{path}: cannot be loaded: {_where_it_fails(error, path)}") from error
    if not hasattr(sys.modules[module], "STUDY"):
        raise ValueError(
            f"{path}: has no variable STUDY; a study of your own ends with STUDY = Study(name=…, question=…, …) "
            "(chronaxie.studies.study)"
        )
    found = sys.modules[module].STUDY
    if not isinstance(found, Study):
        raise ValueError(
            f"{path}: expected a chronaxie.studies.study.Study in the variable STUDY, got {type(found).__name__}"
        )
    return found


def _where_it_fails(error, path):
    """An error of a file of the user's, with the last of its lines that led to it."""
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    line = (
        error.lineno
        if isinstance(error, SyntaxError) and error.filename == str(path)
        else (lines or [None])[-1]
    )
    said = error.msg if isinstance(error, SyntaxError) else error
    return f"{type(error).__name__}{f' in line {line}' if line else ''}: {said}"
