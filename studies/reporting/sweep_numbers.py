"""What a gathered sweep says: the study's answer, and every number of its jobs over the swept values."""

from __future__ import annotations

import json

import numpy as np

from .parts import Found
from .presented import is_example, single_numbers, table_of_numbers
from .tables import LEVEL, capital, heading, headline, mean_of, number_of, table_over

SEED = "seed"
# What a study is about that has no answer of its own.
_MAIN = ("test_accuracy", "accuracy", "test_loss")
# Columns that one reads without opening the table.
_FEW = 8
_ONE_JOB = "one job each, so without intervals"


def found_in(gathered, sweep):
    """What the gathered dataset of a sweep with at least one axis says.

    Parameters
    ----------
    gathered : xarray.Dataset
        A dimension for each axis; the answer's variables lack at least one of them. Attribute ``missing_jobs``.
    sweep : Sweep

    Returns
    -------
    Found
    """
    axes = [axis.field for axis in sweep.axes]
    others = [axis for axis in axes if axis != SEED]
    answers = [
        n for n, v in gathered.data_vars.items() if not set(axes) <= set(v.dims) and v.dtype.kind in "iuf"
    ]
    answers = [name for name in answers if not name.endswith("_interval")]
    numbers = [
        n
        for n, v in gathered.data_vars.items()
        if set(v.dims) == set(axes) and v.dtype.kind in "iufb" and not is_example(n)
    ]
    done = _done(gathered, sweep)
    constant = [name for name in numbers if done and _is_constant(gathered[name].transpose(*axes), done)]
    varying = [name for name in numbers if name not in constant]
    main = next((name for name in _MAIN if name in numbers), next(iter(varying or numbers), None))
    note = _note(gathered, axes)
    if any(not gathered[name].dims for name in answers):
        rows, said = _of_answer(gathered, answers), "The intervals are those of the study's answer."
    elif main is None:
        rows, said = [], ""
    else:
        rows, said = _over_places(gathered, [main] if others else varying or [main], others), note
    shown = gathered.assign(jobs=_jobs(gathered[main], others)) if main else gathered
    tables = [
        *_tables_of_answer(gathered, answers),
        table_over(
            shown,
            others or axes,
            ["jobs", *varying] if others else varying,
            mean=SEED if others else None,
            title=f"Every number over {', '.join(others or axes)}",
            note=note if others else "",
            folded=len(varying) > _FEW,
        ),
        table_of_numbers(
            single_numbers(gathered[constant].isel(dict(zip(axes, done[0], strict=True)), drop=True))
            if constant
            else [],
            "The same in all jobs that are done",
        ),
    ]
    answer = str(gathered.attrs.get("answer") or _sentence(gathered, main, others))
    return Found(answer, headline(rows, note=said), tuple(table for table in tables if table is not None))


def _of_answer(gathered, names):
    """Rows of the headline: the answer's single numbers; its attribute ``count`` says of how many of what."""
    return [
        (
            _name(gathered[n]),
            number_of(gathered, n),
            _unit(gathered[n]),
            str(gathered[n].attrs.get("count", "")),
        )
        for n in names
        if not gathered[n].dims
    ]


def _tables_of_answer(gathered, answers):
    """The answer's numbers along the dimensions that they have, those with the same dimensions in one table."""
    by_dims = {}
    for name in answers:
        if gathered[name].dims:
            by_dims.setdefault(gathered[name].dims, []).append(name)
    for dims, names in by_dims.items():
        words = ", ".join(_name(gathered[dim]).lower() for dim in dims)
        with_interval = any(f"{name}_interval" in gathered for name in names)
        note = "In brackets the intervals of the study's answer." if with_interval else ""
        yield table_over(gathered, dims, names, title=f"The answer over {words}", note=note)


def _over_places(gathered, names, others):
    """Rows of the headline: numbers at each swept value, means over the seeds."""
    rows = []
    for name in names:
        for at, values in _places(gathered[name], others):
            count = int(values.notnull().sum())
            what = "seeds" if SEED in values.dims else "jobs"
            text = ", ".join(part for part in (_name(gathered[name]), at) if part)
            rows.append((text, mean_of(values), _unit(gathered[name]), f"{count} {what}"))
    return rows


def _sentence(gathered, name, others):
    """The main number in a sentence, for a study that has no answer of its own."""
    if name is None:
        return "The jobs left no single numbers that could be compared."
    array, text = gathered[name], _name(gathered[name])
    found = [(at, mean_of(values), int(values.notnull().sum())) for at, values in _places(array, others)]
    found = [one for one in found if one[2]]
    if not found:
        return f"{text}: no job has left a number."
    over = _over([count for _, _, count in found]) if SEED in array.dims else _ONE_JOB
    if not others:
        return f"{text}: {found[0][1]} ({over})."
    (least, low, _), (most, high, _) = (pick(found, key=lambda one: one[1].value) for pick in (min, max))
    return f"{text}: from {low} at {least} to {high} at {most} ({over})."


def _over(counts):
    """What means over so many seeds are, in words."""
    least, most = min(counts), max(counts)
    if most == 1:
        return "one seed, so without intervals"
    seeds = f"{most}" if least == most else f"{least} to {most}"
    return f"means over {seeds} seeds with {100 * LEVEL:g} % intervals"


def _places(array, others):
    """Where on the axes besides the seed, in words, and the values there."""
    if not others:
        yield "", array
        return
    stacked = array.stack(place=others, create_index=False)
    for k in range(stacked.sizes["place"]):
        one = stacked.isel(place=k)
        yield ", ".join(f"{other} {one[other].item()}" for other in others), one


def _jobs(array, others):
    """How many jobs have left a number, at each place."""
    return (
        array.notnull()
        .sum([dim for dim in array.dims if dim not in others])
        .assign_attrs(long_name="jobs", units="1")
    )


def _note(gathered, axes):
    if SEED not in axes or not gathered.sizes[SEED] > 1:
        return "One job for each value: there are no intervals."
    return (
        f"Means over {gathered.sizes[SEED]} seeds, less those that are not done, with {100 * LEVEL:g} % intervals over "
        "them (Student)."
    )


def _done(gathered, sweep):
    """Positions on the axes of the jobs whose results are gathered, a list of tuples."""
    missing = set(json.loads(gathered.attrs["missing_jobs"]))
    return [job.position for job in sweep.jobs if job.id not in missing]


def _is_constant(array, done):
    """Whether all jobs that are done have left the same number."""
    values = np.array([array.values[position] for position in done], dtype=float)
    return bool((values == values[0]).all())


def _name(array):
    return capital(heading(array.assign_attrs(units="1")))


def _unit(array):
    return str(array.attrs.get("units", "1"))
