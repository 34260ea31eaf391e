"""What the commands share: checked numbers, and lines of progress."""

from __future__ import annotations

import argparse
import sys

from ..processes import is_first
from ..running.values import read_value

# As in `gradient_bridge.engines`, which loads torch.
ENGINES = ("auto", "fused", "compiled", "reference")


def add_engine(parser):
    """Add the choice of the engine that runs the twin."""
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        help="what runs the network in training (default: auto, the fused C engine where it can, else reference)",
    )


def number(text, kind, holds, expected):
    """The number in an argument, or the error that argparse shows."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not holds(value):
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text}")
    return value


def whole(text):
    """A whole number >= 0."""
    return number(text, int, lambda value: value >= 0, "a whole number >= 0")


def count(text):
    """A whole number >= 1."""
    return number(text, int, lambda value: value >= 1, "a whole number >= 1")


def positive(text):
    """A finite number > 0."""
    return number(text, float, lambda value: 0 < value < float("inf"), "a finite number > 0")


def not_negative(text):
    """A finite number >= 0."""
    return number(text, float, lambda value: 0 <= value < float("inf"), "a finite number >= 0")


def share(text):
    """A number in [0, 1)."""
    return number(text, float, lambda value: 0 <= value < 1, "a number in [0, 1)")


def option(text):
    """Name and value of an option of a task, ``NAME=VALUE``.

    VALUE is read as JSON where it is JSON, lists as tuples: ``8``, ``0.5``, ``null``, ``[1, 2]``,
    ``{"pool": 10}``. Anything else is text: ``theo``; so is ``"8"``, in quotation marks.

    Parameters
    ----------
    text : str

    Returns
    -------
    (str, object)

    Raises
    ------
    argparse.ArgumentTypeError
        No ``=``, or no name before it.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, such as valid_fraction=0.2, got {text}")
    return name, read_value(value)


def add_options(parser):
    """The repeatable argument ``--option NAME=VALUE``; ``given.options`` is then a dict, each name once."""
    parser.add_argument(
        "--option",
        dest="options",
        action=Named,
        type=option,
        default={},
        metavar="NAME=VALUE",
        help="an option of the task's own function, such as leave_out=theo or window=4 (chronaxie.studies.tasks); the "
        "value is JSON, else text; may be repeated",
    )


class Named(argparse.Action):
    """Gathers values by name in a dict; a name that comes twice is an error."""

    def __call__(self, parser, namespace, values, option_string=None):
        """Add one to those that were given."""
        name, value = values
        before = getattr(namespace, self.dest)
        if name in before:
            raise argparse.ArgumentError(self, f"{name} is given twice; give it once")
        setattr(namespace, self.dest, {**before, name: value})


def report(line):
    """Say on stderr what is being done; of several processes the first one says it."""
    if is_first():
        print(line, file=sys.stderr, flush=True)
