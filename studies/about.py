"""What a network file says about its training. The texts come from a file and are not trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ..models import NetworkDescription, annotations


class AboutError(ValueError):
    """The texts that a network carries are not what this package writes."""


@dataclass(frozen=True)
class About:
    """The task that a network was trained on.

    Attributes
    ----------
    task : str or None
    options : dict
        Keyword arguments of the task's own function, without a data folder.
    seed : int or None
        Of the task's splits.
    classes : tuple of str or None
    """

    task: str | None = None
    options: dict = field(default_factory=dict)
    seed: int | None = None
    classes: tuple[str, ...] | None = None


def read_about(net, where):
    """What a network says about its training.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
    where : str
        Its file, for messages.

    Returns
    -------
    About

    Raises
    ------
    AboutError
        A text is not of the form that the package writes.
    """
    about = (net.annotations if isinstance(net, NetworkDescription) else annotations(net)).about
    options = _json(about, "options", where, {})
    if not isinstance(options, dict) or "data" in options or "path" in options:
        raise AboutError(
            f"{where}: its text 'options' must be the options of a task by name, without a data folder, got "
            f"{about['options'][:80]!r}; save the network anew, or give --task and --option"
        )
    seed = _json(about, "seed", where, None)
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        raise AboutError(f"{where}: its text 'seed' must be a whole number >= 0, got {about['seed'][:80]!r}")
    classes = _json(about, "classes", where, None)
    if classes is not None and not (
        isinstance(classes, list) and all(isinstance(name, str) for name in classes)
    ):
        raise AboutError(f"{where}: its text 'classes' must be names, got {about['classes'][:80]!r}")
    return About(about.get("task") or None, options, seed, None if classes is None else tuple(classes))


def _json(about, name, where, default):
    if name not in about:
        return default
    try:
        return json.loads(about[name])
    except (ValueError, RecursionError):
        raise AboutError(f"{where}: its text {name!r} is not JSON: {about[name][:80]!r}") from None
