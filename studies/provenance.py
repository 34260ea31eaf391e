"""Where a result comes from: version, commit, packages, machine; and a network: task, options, seed."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import subprocess
import time
from pathlib import Path

from .._version import __version__
from ..models import annotate, encoder_text

# What `provenance` says of a result.
MADE_WITH = ("chronaxie_version", "commit", "package_versions", "python", "machine")
PACKAGES = ("brian2", "numpy", "scipy", "torch", "xarray", "h5netcdf", "scikit-learn")


def commit():
    """The commit of the package's repository, with ``+changes`` if files differ; ``unknown`` outside of one."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return "unknown (not a repository)"
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return f"unknown ({type(error).__name__} from git)"
    return head + ("+changes" if changed else "")


def _git(root, *arguments):
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def provenance():
    """Attributes of a result: package version, commit, package versions, Python and machine."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {
        "chronaxie_version": __version__,
        "commit": commit(),
        "package_versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def remember_task(net, name, *, options, classes, seed, encoder=None):
    """Annotate a network with the task that it is trained on, for ``chronaxie evaluate`` and ``chronaxie simulate``.

    Parameters
    ----------
    net : brian2.Network
    name : str
        Of the task.
    options : dict
        Keyword arguments of the task's own function, as JSON has them, without `data` and `seed`.
    classes : sequence of str
    seed : int
        Of the task's splits.
    encoder : object or None
        `Task.encoder`.

    Returns
    -------
    brian2.Network
        The same.
    """
    about = {
        "task": name,
        "options": json.dumps(options),
        "classes": json.dumps(list(classes)),
        "seed": str(seed),
    }
    return annotate(net, about=about if encoder is None else about | {"encoder": encoder_text(encoder)})


def of_network_study(study, config, task, began):
    """Attributes of the result of a study of one network file: `provenance`, what it was of, and how long it took.

    Parameters
    ----------
    study : str
    config : dataclass
        With the path `network`.
    task : Task
    began : float
        `time.perf_counter` at its start.
    """
    return provenance() | {
        "study": study,
        "task": task.name,
        "network": Path(config.network).name,
        "configuration": json.dumps(dataclasses.asdict(config)),
        "data_source": task.source,
        "data_hash": task.hash,
        "wall_time_s": time.perf_counter() - began,
    }
