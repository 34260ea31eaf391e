"""Values that were JSON: in a command, in a file."""

from __future__ import annotations


def tuples(value):
    """The same value with tuples in place of lists, at any depth: JSON has no tuples, options are immutable.

    Parameters
    ----------
    value : object
        What `json.loads` makes, or anything else, which stays as it is.
    """
    if isinstance(value, dict):
        return {name: tuples(item) for name, item in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list | tuple) else value
