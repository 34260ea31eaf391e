"""What a sweep goes through: the axes of a study, changed by what a user asks for, and the points of their product."""

from __future__ import annotations

import dataclasses
import itertools
import re

from ..study import Axis
from .values import checked, field_types, nearest, read_values

_SLUG = 80


def read_sweep(text):
    """Name and values of ``--sweep NAME=A,B,…``.

    Returns
    -------
    (str, tuple)

    Raises
    ------
    ValueError
        No ``=``, or nothing after it.
    """
    name, equals, values = text.partition("=")
    if not equals or not name:
        raise ValueError(f"--sweep: expected FIELD=A,B,…, such as hidden=18,36, got {text}")
    found = read_values(values)
    if not found:
        raise ValueError(f"--sweep {text}: an empty sweep; expected values, such as {name}=A,B")
    return name, found


def sweep_axes(study, *, smoke, fixed, sweeps, seeds):
    """The axes of a sweep: those of the study with what was asked for in their place.

    Parameters
    ----------
    study : Study
    smoke : bool
        Begin with `smoke_axes`, not with `axes`.
    fixed : collection of str
        Fields that were given one value: axes that sweep them are left out, as are those that make no sense with them.
        So are axes that set several fields together where one of these is swept by itself.
    sweeps : mapping of str to tuple or Axis
        Values by field, or labels by the name of an axis of the study; or an axis as it is to be.
    seeds : int or None
        Seeds 0 to seeds − 1.

    Returns
    -------
    tuple of Axis

    Raises
    ------
    ValueError
        A field that the study does not have, an empty sweep, a value of another type, a field that is both swept and
        given, or swept twice, or that takes the place of an axis without which there is no answer.
    """
    where = f"run {study.name}"
    begin = study.smoke_axes if smoke else study.axes
    given = {*fixed, *sweeps}
    axes = {
        axis.field: axis
        for axis in begin
        if not _displacing(axis, fixed, sweeps) and not set(axis.unless) & given
    }
    asked = dict(sweeps)
    if seeds is not None:
        if "seed" in asked:
            raise ValueError(
                f"{where}: seeds are given twice, as --seeds and as --sweep seed=…; give one of them"
            )
        if "seed" not in field_types(study.config):
            raise ValueError(
                f"{where}: nothing in {study.name} is random, it has no field 'seed'; leave --seeds out"
            )
        asked["seed"] = tuple(range(seeds))
    of_study = {axis.field: axis for axis in (*study.smoke_axes, *study.axes)}  # the full one has all labels
    for name, values in asked.items():
        both = [one for one in fixed if one in (of_study[name].swept if name in of_study else (name,))]
        if both:
            raise ValueError(f"{where}: {both[0]} is swept and given one value; leave one of them out")
        axes[name] = (
            values
            if isinstance(values, Axis)
            else _asked(study, of_study.get(name), name, tuple(values), where)
        )
    for axis in begin:
        if axis.field in study.needs and axis.field not in axes:
            raise ValueError(f"{where}: {_needed(axis, _displacing(axis, fixed, sweeps))}")
    swept = [field for axis in axes.values() for field in axis.swept]
    twice = sorted({field for field in swept if swept.count(field) > 1})
    if twice:
        named = [axis.field for axis in axes.values() if twice[0] in axis.swept]
        raise ValueError(f"{where}: {twice[0]} is swept by {' and by '.join(named)}; give one of them")
    return tuple(axes.values())


def _displacing(axis, fixed, sweeps):
    """The fields of a study's axis that take its place: given one value; or swept, of several that it sets together."""
    others = () if axis.field in sweeps else sweeps
    return [field for field in axis.swept if field in fixed or field in others]


def _needed(axis, fields):
    """What to say where an axis that the answer needs was left out because of these fields."""
    if axis.fields:
        return (
            f"{', '.join(fields)} would take the place of the axis {axis.field!r}, which sets {', '.join(axis.fields)} "
            f"together, and the answer needs it; choose from it with --sweep {axis.field}=A,B (there are "
            f"{', '.join(axis.labels)}), or train networks without a comparison: chronaxie run train"
        )
    return (
        f"{axis.field} is given one value and the answer needs it as an axis; give --sweep {axis.field}=A,B, or one "
        f"alone, --sweep {axis.field}=A"
    )


def _asked(study, known, name, values, where):
    """The Axis of values that a user wrote."""
    if known is not None and known.labels:
        wanted = [str(value) for value in values]
        for label in wanted:
            if label not in known.labels:
                raise ValueError(f"{where}: no {name} {label!r}{nearest(label, known.labels)}")
        positions = [known.labels.index(label) for label in wanted]
        return dataclasses.replace(
            known, values=tuple(known.values[k] for k in positions), labels=tuple(wanted)
        )
    if name not in field_types(study.config):
        named = [*field_types(study.config), *(axis.field for axis in study.axes if axis.fields)]
        raise ValueError(f"{where}: no field {name!r} in {study.config.__name__}{nearest(name, named)}")
    fitted = tuple(checked(study.config, {name: value}, where=where)[name] for value in values)
    if known is not None:
        return dataclasses.replace(known, values=fitted)
    return Axis(name, fitted)


def coordinates(axis):
    """Coordinates along the axis: numbers or truth values where all values are, else text.

    Parameters
    ----------
    axis : Axis

    Returns
    -------
    tuple
    """
    found = axis.labels or tuple(
        one[0] if isinstance(one, tuple) and len(one) == 1 else one for one in axis.values
    )
    kinds = {type(one) for one in found}
    if kinds in ({int}, {bool}):
        return found
    if kinds <= {int, float}:
        return tuple(map(float, found))
    return tuple(_word(one) for one in found)


def _word(value):
    if isinstance(value, tuple):
        return ", ".join(map(_word, value))
    return "none" if value is None else str(value)


def points(axes):
    """All points of the product, the last axis fastest.

    Yields
    ------
    tuple of int
        Position on each axis.
    """
    yield from itertools.product(*(range(len(axis.values)) for axis in axes))


def slug(at):
    """A name for files of where on the axes a job is: ``hidden-18_seed-3``."""
    words = "_".join(f"{name}-{value}" for name, value in at.items())
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", words)[:_SLUG].strip("-.")
