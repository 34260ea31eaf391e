"""From what a user writes (text, TOML, JSON) to a study's configuration."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from ..json_values import tuples


def read_value(text):
    """A value in a command: JSON where it is JSON, lists as tuples, else text.

    Parameters
    ----------
    text : str
        ``0.1``, ``true``, ``null``, ``[18, 36]``, ``alif``; a number as text is ``"8"``, in quotation marks.
    """
    try:
        return tuples(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return text


def read_values(text):
    """A tuple of the values in a command, between commas: ``18,36``, ``[18,18],[36,36]``, ``alif,lif``; or none."""
    if not text.strip():
        return ()
    try:
        return tuples(json.loads(f"[{text}]", parse_constant=_refuse))
    except (ValueError, RecursionError):
        return tuple(read_value(part.strip()) for part in text.split(","))


def _refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def read_toml(path):
    """Fields of a configuration, and sweeps, of a TOML file.

    Parameters
    ----------
    path : path
        Fields at the top (``hidden = [36]``), lists of values to sweep in the table ``[sweep]`` (``seed = [0, 1]``).

    Returns
    -------
    values, sweeps : dict

    Raises
    ------
    ValueError
        Missing, no TOML, or a sweep that is no list.
    """
    path = Path(path)
    try:
        content = tuples(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(
            f"{path}: cannot be read ({error.strerror}); expected a TOML file of a configuration"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path}: not TOML: {error}") from error
    for name, table in content.items():
        if name != "sweep" and isinstance(table, Mapping) and get_close_matches(name, ["sweep"]):
            raise ValueError(f"{path}: [{name}]: values to sweep are in the table [sweep]; rename it")
    sweeps = content.pop("sweep", {})
    if not isinstance(sweeps, Mapping) or not all(isinstance(values, tuple) for values in sweeps.values()):
        raise ValueError(
            f"{path}: [sweep] must be a table of lists, such as seed = [0, 1, 2], got {sweeps!r}"
        )
    return content, dict(sweeps)


def field_types(kind):
    """Name → type of the fields of a configuration's class, as a dict."""
    hints = typing.get_type_hints(kind)
    return {one.name: hints[one.name] for one in dataclasses.fields(kind) if one.init}


def checked(kind, values, *, where):
    """The values with the types that the fields of a configuration have.

    A single value stands for a tuple of one where the field takes tuples (``hidden=36``), a whole number for a float.

    Parameters
    ----------
    kind : type
        The configuration's class.
    values : mapping of str to object
    where : str
        Begins the messages of errors.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        A field that there is not (with the nearest names), a value of another type, or a number that is not finite.
    """
    known, found = field_types(kind), {}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{where}: no field {name!r} in {kind.__name__}{nearest(name, known)}")
        if not _is_finite(value):
            raise ValueError(f"{where}: {name}: expected finite numbers, which JSON can hold, got {value!r}")
        matched, fitted = _fit(tuples(value), known[name])
        if not matched:
            raise ValueError(
                f"{where}: {name}: expected {_text(known[name])}, got {value!r}{_nearly_json(value)}"
            )
        found[name] = fitted
    return found


def nearest(name, known):
    """End of the message about an unknown name: the nearest ones, else all."""
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; the nearest are {', '.join(near)}" if near else f"; there are {', '.join(known)}"


def defaults(kind):
    """Field → default of a configuration's class; what has none is left out."""
    found = {}
    for one in dataclasses.fields(kind):
        if one.default is not dataclasses.MISSING:
            found[one.name] = one.default
        elif one.default_factory is not dataclasses.MISSING:
            found[one.name] = one.default_factory()
    return found


def configuration(kind, values, *, where):
    """The configuration with these values.

    Raises
    ------
    ValueError
        As `checked`; a field without default and value; and whatever the class itself refuses.
    """
    values = checked(kind, values, where=where)
    lacking = [name for name in field_types(kind) if name not in values and name not in defaults(kind)]
    if lacking:
        raise ValueError(f"{where}: {lacking[0]} needs a value: --set {lacking[0]}=VALUE")
    return kind(**values)


def to_json(config):
    """The configuration as JSON, as results hold it in the attribute ``configuration``."""
    return json.dumps(dataclasses.asdict(config), allow_nan=False)


def from_json(kind, text, *, where):
    """The configuration that `to_json` wrote.

    Raises
    ------
    ValueError
        Not JSON of such a configuration.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{where}: the configuration is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise ValueError(f"{where}: expected the fields of {kind.__name__} as a JSON object, got {text[:80]}")
    return configuration(kind, values, where=where)


def _nearly_json(value):
    """End of the message about a text that was meant as JSON: what JSON wants."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        return '; as JSON, names and texts stand in double quotation marks: \'{"name": [1, "text"]}\''
    return ""


def _is_finite(value):
    """Whether all numbers in a value are finite, at any depth."""
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _fit(value, hint):
    """(whether the value is of the type, the value as it has it)."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        tried = [_fit(value, one) for one in sorted(typing.get_args(hint), key=_is_tuple)]
        return next((one for one in tried if one[0]), (False, value))
    if hint is type(None):
        return value is None, value
    if hint is bool:
        return isinstance(value, bool), value
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool), value
    if hint is float:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        return good, float(value) if good else value
    if hint is str:
        return isinstance(value, str), value
    if _is_tuple(hint):
        return _fit_tuple(value, typing.get_args(hint))
    return True, value


def _fit_tuple(value, items):
    if isinstance(value, Mapping):
        value = tuple(value.items())
    if not isinstance(value, tuple):
        value = (value,)
    if items[1:] == (Ellipsis,):
        items = items[:1] * len(value)
    if items and len(items) != len(value):
        return False, value
    fitted = (
        [_fit(one, hint) for one, hint in zip(value, items, strict=True)]
        if items
        else [(True, v) for v in value]
    )
    return all(good for good, _ in fitted), tuple(one for _, one in fitted)


def _is_tuple(hint):
    return hint is tuple or typing.get_origin(hint) is tuple


def _text(hint):
    return (
        hint.__name__
        if isinstance(hint, type) and not typing.get_args(hint)
        else str(hint).replace("typing.", "")
    )
