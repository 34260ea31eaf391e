"""What a gathered sweep says: the study's answer, and every number of its jobs over the swept values."""

from __future__ import annotations

import numpy as np

from .parts import Found
from .presented import single_numbers, table_of_numbers
from .tables import LEVEL, capital, heading, headline, mean_of, number_of, table_over

SEED = "seed"
# What a study is about, where it has no answer of its own.
_MAIN = ("test_accuracy", "accuracy", "test_loss")


def found_in(gathered, sweep):
    """What the gathered dataset of a sweep with at least one axis says.

    Parameters
    ----------
    gathered : xarray.Dataset
        A dimension for each axis; the answer's variables lack at least one of them.
    sweep : Sweep

    Returns
    -------
    Found
    """
    axes = [axis.field for axis in sweep.axes]
    of_answer = [
        n for n, v in gathered.data_vars.items() if not set(axes) <= set(v.dims) and v.dtype.kind in "iuf"
    ]
    bounds = {f"{name}_interval" for name in of_answer}
    answers = [name for name in of_answer if name not in bounds]
    numbers = [
        n for n, v in gathered.data_vars.items() if set(v.dims) == set(axes) and v.dtype.kind in "iufb"
    ]
    constant = [name for name in numbers if _is_constant(gathered[name])]
    varying = [name for name in numbers if name not in constant]
    others = [axis for axis in axes if axis != SEED]
    answer = gathered.attrs.get("answer") or _generic(gathered, varying or numbers, others)
    rows = [
        (
            heading(gathered[name].assign_attrs(units="1")),
            number_of(gathered, name),
            _unit(gathered[name]),
            _count(gathered[name]),
        )
        for name in answers
        if not gathered[name].dims
    ]
    if not rows and not others:
        rows = [_over_seeds(gathered, name) for name in varying]
    tables = [
        *_tables_of_answer(gathered, answers),
        table_over(
            gathered,
            others or axes,
            varying,
            mean=SEED if others else None,
            title="Every number over " + (", ".join(others) if others else "the seeds"),
            note=_note(gathered, axes, others),
            folded=not rows and len(varying) > 8,
        ),
        table_of_numbers(
            single_numbers(gathered[constant].isel(dict.fromkeys(axes, 0), drop=True)), "The same in all jobs"
        ),
    ]
    return Found(
        answer, headline(rows, note=_note(gathered, axes, others)), tuple(t for t in tables if t is not None)
    )


def _tables_of_answer(gathered, answers):
    """The answer's numbers along the dimensions that they have, those with the same dimensions in one table."""
    by_dims = {}
    for name in answers:
        if gathered[name].dims:
            by_dims.setdefault(gathered[name].dims, []).append(name)
    for dims, names in by_dims.items():
        words = ", ".join(heading(gathered[dim].assign_attrs(units="1")).lower() for dim in dims)
        yield table_over(
            gathered, dims, names, title=f"The answer over {words}", note="In brackets the intervals."
        )


def _generic(gathered, numbers, others):
    """A sentence on the main number, for a study that has no answer of its own."""
    if not numbers:
        return "The jobs left no numbers that could be compared."
    name = next((main for main in _MAIN if main in numbers), numbers[0])
    text, array = capital(str(gathered[name].attrs.get("long_name", name))), gathered[name]
    seeds = f"{gathered.sizes[SEED]} seeds" if SEED in array.dims else ""
    how = (
        f"means over {seeds} with {100 * LEVEL:g} % intervals"
        if seeds
        else "one job each, so without intervals"
    )
    if not others:
        return f"{text}: {mean_of(array)} ({100 * LEVEL:g} % interval over {seeds})."
    stacked = array.stack(place=others, create_index=False)
    means = [mean_of(stacked.isel(place=k)) for k in range(stacked.sizes["place"])]
    values = np.array([mean.value for mean in means])
    if np.isnan(values).all():
        return f"{text}: no job has left a number."
    ends = []
    for k in (int(np.nanargmin(values)), int(np.nanargmax(values))):
        at = ", ".join(f"{other} {stacked[other].values[k]}" for other in others)
        ends.append(f"{means[k]} at {at}")
    return f"{text} goes from {ends[0]} to {ends[1]} ({how})."


def _over_seeds(gathered, name):
    array = gathered[name]
    count = int(array.notnull().sum())
    return heading(array.assign_attrs(units="1")), mean_of(array), _unit(array), f"{count} seeds"


def _note(gathered, axes, others):
    if SEED not in axes:
        return "One job each: there is no interval."
    if not gathered.sizes[SEED] > 1:
        return "One seed: there is no interval."
    what = "In brackets the" if others else "The"
    seeds = f"{gathered.sizes[SEED]} seeds (Student)"
    return f"{what} {100 * LEVEL:g} % intervals are over {seeds}, where the study gives no others."


def _is_constant(array):
    values = np.asarray(array.values, dtype=float)
    values = values[~np.isnan(values)]
    return values.size > 0 and bool((values == values[0]).all())


def _unit(array):
    return str(array.attrs.get("units", "1"))


def _count(array):
    """What an answer says of how many of what it is of, as the variable's attribute ``count``."""
    return str(array.attrs.get("count", ""))
