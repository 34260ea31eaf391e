"""How each study is shown: its question, its method, its figures, and what its result says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ... import analyses
from ..catalogue import STUDIES, study
from ..commands.simulate import SHOWN
from ..record_simulation import excerpt
from ..results import ResultError
from .lesioned import lesions
from .measured import published, record
from .parts import Found, Table
from .simulated import continuous, fidelity, robustness
from .tables import capital, heading, headline, number_of, table_over
from .trained import trained


@dataclass(frozen=True)
class Presented:
    """A study as its report shows it.

    Parameters
    ----------
    question, method : str
    found : callable
        From the dataset to `Found`.
    figures : tuple of FigureSpec
    shown : callable
        From the dataset to the one that the figures are drawn from.
    """

    question: str
    method: str
    found: Callable
    figures: tuple
    shown: Callable = lambda ds: ds


# What single results say, of studies of the catalogue that have more to say than their numbers.
SINGLE = {
    "ecg": trained,
    "train": trained,
    "continuous": continuous,
    "robustness": robustness,
    "fidelity": fidelity,
    "lesions": lesions,
    "published": published,
}
SIMULATE = Presented(
    "Which waves does the trained network see in this recording?",
    "The recording is encoded as in the network's training and simulated in Brian2. A wave is a stretch of decisions "
    "for its classes; interruptions and waves shorter than 40 ms are left out.",
    record,
    (analyses.RECORD,),
    lambda ds: excerpt(ds, SHOWN),
)


def presented(ds, where):
    """How a single result is shown.

    Parameters
    ----------
    ds : xarray.Dataset
        With the attribute ``study``; ``study_file`` where it is of a study in a file of the user's own, which is not
        loaded: no result file says what is to be run.
    where : Path
        Of the file, for the message.

    Raises
    ------
    ResultError
        Nothing is known of that study.
    """
    name = str(ds.attrs["study"])
    if "study_file" in ds.attrs:
        question = (
            f"What does one run of the study {name!r} give? (Its question is in {ds.attrs['study_file']}.)"
        )
        return Presented(question, f"It is in the file {ds.attrs['study_file']}.", single, analyses.FIGURES)
    if name == "simulate":
        return SIMULATE
    if name not in STUDIES:
        raise ResultError(
            f"{where}: a result of the study {name!r}, which this version does not know; there are "
            f"{', '.join([*STUDIES, 'simulate'])}. Was it written by a newer version?"
        )
    one = study(name)
    # Those of a study over axes are drawn from the gathered dataset; a job of it is one network.
    figures = analyses.FIGURES if one.axes else one.figures
    return Presented(one.question, one.method, SINGLE.get(name, single), tuple(figures))


def of_single(ds, name):
    """What one result of a study of the catalogue says, `Found`."""
    return SINGLE.get(name, single)(ds)


def why_unreadable(where, name, error):
    """What to say of a result that lacks something, from the KeyError."""
    # xarray lists all that there is behind the name of what there is not.
    lacking = str(error.args[0]).removeprefix("No variable named ").split(". ")[0].strip("'")
    expected = f"expected a result of the study {name!r}, but it lacks {lacking!r}"
    return f"{where}: {expected}; was it written by another version?"


def single(ds):
    """What one job of a study says: every number that it has, and its tables along one dimension.

    Parameters
    ----------
    ds : xarray.Dataset

    Returns
    -------
    Found
    """
    numbers = single_numbers(ds)
    answer = ds.attrs.get("answer")
    if answer is None:
        first = f"{numbers[0][0]} is {numbers[0][1]}" if numbers else "One run"
        answer = f"{first}: one run of the study, which has no interval over seeds."
    tables = (
        table_over(
            ds,
            (dim,),
            [n for n, v in ds.data_vars.items() if v.dims == (dim,) and not is_example(n)],
            title=f"Along {dim}",
            folded=True,
        )
        for dim in ds.dims
        if ds.sizes[dim] <= _LONGEST and not str(dim).endswith("bound")
    )
    return Found(str(answer), headline(numbers), tuple(table for table in tables if table is not None))


def single_numbers(ds):
    """The rows of `headline` for every number without dimensions."""
    names = [name for name, v in ds.data_vars.items() if not v.dims and v.dtype.kind in "iufb"]
    return [
        (
            heading(ds[n].assign_attrs(units="1")),
            number_of(ds, n),
            str(ds[n].attrs.get("units", "1")),
            "1 run",
        )
        for n in names
        if not n.endswith("_interval") and not is_example(n)
    ]


def is_example(name):
    """Whether a variable is of one trial that a figure shows: its mean over jobs says nothing."""
    return str(name).startswith("example_")


def table_of_numbers(numbers, title):
    """Rows of `headline` without interval and count as a folded table; None for no rows."""
    rows = tuple((capital(text), number, "" if unit == "1" else unit) for text, number, unit, _ in numbers)
    return Table(title, ("Quantity", "Value", "Unit"), rows, folded=True) if rows else None


# Rows of a table that one would still read.
_LONGEST = 30
