"""Docstrings of public names hold to numpydoc: every argument with its type, what comes back, in sections."""

import ast
import re
import textwrap
from importlib import import_module
from inspect import getsource, isclass, isfunction, unwrap

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
ARRAY = re.compile("array_like|ndarray|Tensor")
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


def own_functions(value):
    """The function, or of a class what runs when it is made."""
    if not isclass(value):
        return [unwrap(value)]
    return [value.__dict__[n] for n in ("__init__", "__post_init__") if isfunction(value.__dict__.get(n))]


def raises(function):
    """Whether a function raises something itself."""
    try:
        tree = ast.parse(textwrap.dedent(getsource(function)))
    except OSError:  # of a dataclass, made at run time
        return False
    return any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(tree))


def left_unsaid(value):
    """What a docstring lacks that numpydoc does not ask for: errors that are raised, shapes of arrays."""
    doc = get_doc_object(value)
    found = ["no section Raises"] if any(map(raises, own_functions(value))) and not doc["Raises"] else []
    for p in doc["Parameters"]:
        if ARRAY.search(p.type) and not re.search("shape|scalar", " ".join([p.type, *p.desc])):
            found.append(f"no shape of {p.name}")
    return found


@pytest.mark.parametrize("name", public_names())
def test_a_public_name_is_documented(name):
    assert complaints(name) == []
    module, _, own = name.rpartition(".")
    assert left_unsaid(getattr(import_module(module), own)) == []


def documented(x, y=1):
    """Add two numbers.

    Parameters
    ----------
    x : float
    z : float
    """
    return x + y


def refusing(values):
    """Return values as they are.

    Parameters
    ----------
    values : numpy.ndarray

    Returns
    -------
    numpy.ndarray, shape (n,)
    """
    if not len(values):
        raise ValueError("none")
    return values


def test_the_checks_find_what_is_missing():
    found = " ".join(complaints(get_doc_object(documented)))
    assert "PR01" in found
    assert "PR02" in found
    assert "PR04" not in found
    assert "RT01" in found


def test_errors_and_shapes_are_asked_for():
    assert left_unsaid(refusing) == ["no section Raises", "no shape of values"]
    assert left_unsaid(documented) == []
