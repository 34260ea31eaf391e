"""Docstrings of public names hold to numpydoc: every argument with its type, what comes back, in sections."""

from importlib import import_module
from inspect import isclass, isfunction

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

MODULES = (
    "chronaxie",
    "chronaxie.models",
    "chronaxie.gradient_bridge",
    "chronaxie.analyses",
    "chronaxie.analyses.biology",
    "chronaxie.studies.tasks",
    "chronaxie.studies.reporting",
)
# Names that pages and tutorials use of modules without __all__.
MORE = (
    "chronaxie.studies.task.Task",
    "chronaxie.studies.task.make_split",
    "chronaxie.studies.study.Axis",
    "chronaxie.studies.study.Study",
    "chronaxie.studies.study.without_model",
    "chronaxie.studies.catalogue.study",
    "chronaxie.studies.running.sweep.Sweep",
    "chronaxie.studies.running.sweep.Job",
    "chronaxie.studies.running.sweep.make_sweep",
    "chronaxie.studies.running.runner.Outcome",
    "chronaxie.studies.running.runner.run_sweep",
    "chronaxie.studies.results.read_result",
    "chronaxie.studies.results.write_result",
    "chronaxie.studies.fetching.fetch",
    "chronaxie.studies.recurrent.load_dense",
)
# No docstring, no summary; an argument that is not documented, or not there, or without type; no word on what is
# returned or yielded. Left out are rules of style that the project has its own habits for, and the order of arguments.
CHECKS = {"GL08", "SS01", "PR01", "PR02", "PR04", "RT01", "YD01"}


def public_names():
    """Return the dotted names of all public functions and classes."""
    found = list(MORE)
    for module in map(import_module, MODULES):
        for name in module.__all__:
            value = getattr(module, name)
            if isfunction(value) or isclass(value):
                found.append(f"{module.__name__}.{name}")
    return found


def complaints(name):
    """Return what numpydoc says of a docstring, given by its dotted name or as numpydoc reads it."""
    return [f"{code} {text}" for code, text in validate(name)["errors"] if code in CHECKS]


@pytest.mark.parametrize("name", public_names())
def test_a_public_name_is_documented(name):
    assert complaints(name) == []


def documented(x, y=1):
    """Add two numbers.

    Parameters
    ----------
    x : float
    z : float
    """
    return x + y


def test_the_checks_find_what_is_missing():
    found = " ".join(complaints(get_doc_object(documented)))
    assert "PR01" in found
    assert "PR02" in found
    assert "PR04" not in found
    assert "RT01" in found
