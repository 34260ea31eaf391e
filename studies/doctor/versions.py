"""Versions: what is installed, what this package needs, what does not go together, what cannot be imported."""

from __future__ import annotations

import importlib.metadata as metadata
import platform

from packaging.requirements import Requirement
from packaging.version import Version

from .findings import BROKEN, NOT_HERE, OK, Finding

PART = "versions"
PACKAGE = "chronaxie"
# Where the module is not called as the package.
MODULES = {"scikit-learn": "sklearn"}
# Packages of the extras that a user would miss: what they give.
EXTRAS = {
    "data": "recordings in WFDB files (LUDB, your own) and chronaxie fetch",
    "interchange": "NIR graphs in and out, recordings for Neo and NWB",
    "dask": "sweeps on a cluster (--scheduler), results of many runs as Zarr",
    "cuda": "simulation on an NVIDIA GPU (device cuda_standalone), from Python 3.12 on",
}


def installed(name):
    """The version of a package, None where it is not installed.

    Parameters
    ----------
    name : str

    Returns
    -------
    str or None
    """
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def needed(extra=""):
    """What this package says that it needs on this Python.

    Parameters
    ----------
    extra : str
        The name of an extra, for what that adds, with the extras that it takes in.

    Returns
    -------
    list of packaging.requirements.Requirement
    """
    asked = [Requirement(text) for text in metadata.requires(PACKAGE) or ()]
    found = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": extra})]
    found = [one for one in found if bool(extra) == (one.marker is not None and "extra" in str(one.marker))]
    taken_in = [other for one in found if one.name == PACKAGE for other in sorted(one.extras)]
    return [one for one in found if one.name != PACKAGE] + [
        one for other in taken_in for one in needed(other)
    ]


def conflict(versions):
    """What is known not to work together although every package's own metadata allow it.

    Parameters
    ----------
    versions : dict of str to (str or None)
        By package; ``python`` too.

    Returns
    -------
    (str, str, str) or None
        The package that does not work, why, and the way out.
    """
    brian2, numpy = (Version(versions.get(name) or "0") for name in ("brian2", "numpy"))
    if Version("0") < brian2 < Version("2.10") and numpy >= Version("2.4"):
        newer = Version(versions["python"]) >= Version("3.12")
        out = "pip install 'numpy<2.4'" + (", or pip install --upgrade 'brian2>=2.10'" if newer else "")
        return "brian2", f"Brian2 {brian2} cannot be imported with NumPy {numpy}, which is 2.4 or later", out
    return None


def package_finding(one, version, answer, broken=None):
    """The finding about a package that is needed.

    Parameters
    ----------
    one : packaging.requirements.Requirement
    version : str or None
        That is installed.
    answer : dict or None
        What its import gave (`questions.modules`); None where it is not installed.
    broken : (str, str, str), optional
        As `conflict` returns it.

    Returns
    -------
    Finding
    """
    spec = str(one.specifier)
    install = f"pip install '{one.name}{spec}'"
    if version is None:
        return Finding(PART, one.name, BROKEN, "not installed", install, required=True)
    if broken is not None and broken[0] == one.name:
        return Finding(PART, one.name, BROKEN, broken[1], broken[2], required=True)
    if not one.specifier.contains(version, prereleases=True):
        found = f"{version}, and chronaxie needs {spec}"
        return Finding(PART, one.name, BROKEN, found, install, required=True)
    if answer["state"] != OK:
        again = answer["advice"] or f"pip install --force-reinstall '{one.name}=={version}'"
        found = f"{version} cannot be imported: {answer['found']}"
        return Finding(PART, one.name, BROKEN, found, again, required=True)
    return Finding(PART, one.name, OK, f"{version} ({spec or 'any'})", required=True)


def extra_finding(extra, gives):
    """The finding about the packages of an extra.

    Parameters
    ----------
    extra : str
    gives : str
        What one can do with it.

    Returns
    -------
    Finding
    """
    name, install = f"[{extra}]", f"pip install 'chronaxie[{extra}]'"
    asked = needed(extra)
    if not asked:
        return Finding(PART, name, NOT_HERE, f"not on Python {platform.python_version()}", f"gives {gives}")
    versions = {one.name: installed(one.name) for one in asked}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        return Finding(PART, name, NOT_HERE, f"without {', '.join(missing)}", f"gives {gives}: {install}")
    wrong = [o for o in asked if not o.specifier.contains(versions[o.name], prereleases=True)]
    if wrong:
        found = ", ".join(f"{one.name} {versions[one.name]}, needed {one.specifier}" for one in wrong)
        return Finding(PART, name, BROKEN, found, install)
    return Finding(PART, name, OK, ", ".join(f"{one} {version}" for one, version in versions.items()))


def version_findings(ask):
    """What is installed of all that this package needs, and of its extras.

    Parameters
    ----------
    ask : callable
        ``ask("modules", *names)`` imports them elsewhere and returns the answers.

    Yields
    ------
    Finding
    """
    python = platform.python_version()
    asked = metadata.metadata(PACKAGE)["Requires-Python"]
    fits = Requirement(f"python{asked}").specifier.contains(python, prereleases=True)
    advice = "" if fits else f"install a Python that is {asked}"
    yield Finding(PART, "chronaxie", OK, installed(PACKAGE), required=True)
    yield Finding(PART, "Python", OK if fits else BROKEN, f"{python} ({asked})", advice, required=True)
    requirements = needed()
    versions = {one.name: installed(one.name) for one in requirements}
    broken = conflict(versions | {"python": python})
    modules = [MODULES.get(name, name) for name, version in versions.items() if version is not None]
    answers = _imported(modules, ask)
    for one in requirements:
        yield package_finding(one, versions[one.name], answers.get(MODULES.get(one.name, one.name)), broken)
    for extra, gives in EXTRAS.items():
        yield extra_finding(extra, gives)


def _imported(modules, ask):
    """Answers by module; after one that ends the process, the rest is asked again."""
    answers = {}
    while len(answers) < len(modules):
        rest = [name for name in modules if name not in answers]
        for name, answer in zip(rest, ask("modules", *rest), strict=False):
            answers[name] = answer
    return answers
