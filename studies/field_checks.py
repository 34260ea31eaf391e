"""Fields of configurations, checked when one is made: a sweep is refused before its first job, not in it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from ..models.devices import DEVICES
from ..models.initials import Constant, Normal, initial_from


@dataclass(frozen=True)
class Check:
    """What must hold of a value.

    Parameters
    ----------
    holds : callable
        From a value to whether it is taken; a TypeError, or a ValueError whose text is then part of the message, says
        that it is not.
    expected : str
        The same in words, behind "must be".
    names : tuple of str
        Of which the nearest ones are shown.
    """

    holds: Callable
    expected: str
    names: tuple[str, ...] = ()

    def or_none(self):
        """The same, and None."""
        return Check(lambda v: v is None or self.holds(v), f"{self.expected}, or none", self.names)

    def problem(self, value):
        """What is wrong with a value, as the end of a message; empty where nothing is."""
        why = ""
        try:
            if self.holds(value):
                return ""
        except TypeError:
            pass
        except ValueError as error:
            why = f" ({error})"
        values = value if isinstance(value, tuple | list) else (value,)
        wrong = [v for v in values if isinstance(v, str) and v not in self.names]
        near = [one for v in wrong for one in get_close_matches(v, self.names, n=3)]
        hint = f"; the nearest are {', '.join(dict.fromkeys(near))}" if near else ""
        return f"must be {self.expected}, got {value!r}{why}{hint}"


def check_fields(config, where, checks):
    """Refuse a configuration of which a field is out of its range.

    Parameters
    ----------
    config : object
        A dataclass.
    where : str
        Begins the message.
    checks : mapping of str to Check
        By field; what the configuration does not have is left out.

    Raises
    ------
    ValueError
        Naming the field, what was expected, what came, and the nearest names.
    """
    has = {field.name for field in dataclasses.fields(config)}
    for name, check in checks.items():
        if name in has and (problem := check.problem(getattr(config, name))):
            raise ValueError(f"{where}: {name} {problem}")


def whole(least):
    """A whole number from `least` on."""
    return Check(lambda v: _is_number(v, int) and v >= least, f"a whole number >= {least}")


def counts(least, *, none_too=False):
    """A tuple of whole numbers from `least` on; `none_too`: it may be empty."""
    every = whole(least).holds
    return Check(
        lambda v: isinstance(v, tuple) and (bool(v) or none_too) and all(map(every, v)),
        f"whole numbers >= {least}" + ("" if none_too else ", at least one"),
    )


def one_of(names):
    """One of some names."""
    names = tuple(names)
    return Check(lambda v: v in names, f"one of {', '.join(map(str, names))}", names)


def some_of(names, *, none_too=False):
    """A tuple of some names, each once; `none_too`: it may be empty."""
    names = tuple(names)
    return Check(
        lambda v: (bool(v) or none_too) and len(set(v)) == len(v) and set(v) <= set(names),
        f"names among {', '.join(names)}, each once",
        names,
    )


def taken_from(options: Mapping[str, tuple], names):
    """Checks of the fields `names` as `gradient_bridge.options.CHECKS` has them, dict of str to Check."""
    return {name: Check(_no_truth_value(options[name][0]), options[name][1]) for name in names}


def _no_truth_value(holds):
    return lambda v: not isinstance(v, bool) and holds(v)


def _is_number(value, kind=(int, float)):
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)


def _is_time(text):
    initial = initial_from(text)
    if isinstance(initial, Normal):  # drawn again below one step
        return initial.minimum is not None or bool(dataclasses.replace(initial, minimum=1))
    return initial.scale > 0 if isinstance(initial, Constant) else initial.scale >= 0


POSITIVE = Check(lambda v: _is_number(v) and v > 0, "a finite number > 0")
NOT_NEGATIVE = Check(lambda v: _is_number(v) and v >= 0, "a finite number >= 0")
FRACTION = Check(lambda v: _is_number(v) and 0 < v < 1, "a number in (0, 1)")
STEPS = Check(
    lambda v: isinstance(v, tuple) and bool(v) and all(map(POSITIVE.holds, v)),
    "finite numbers > 0 (s), at least one",
)
DISTRIBUTION = Check(
    _is_time, "a distribution of positive times in steps, such as normal(20, 5) or uniform(5, 25)"
)
DEVICE = one_of(DEVICES)
