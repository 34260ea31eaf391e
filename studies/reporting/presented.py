"""How each study is shown: its question, its method, its figures, and what its result says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ... import analyses
from ..catalogue import STUDIES, study
from ..commands.simulate import SHOWN
from ..record_simulation import excerpt
from ..results import ResultError
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


# Of studies that are no `Study` of the catalogue, and what the single results of those that are say.
PRESENTED = {
    "continuous": Presented(
        "Is a network that was trained in discrete steps the same network in continuous time?",
        "The trained network is simulated in Brian2 on its test set, at its own step and at finer ones: with the "
        "refractory period and the recurrent delay that the training step hides (the physical step), and as the "
        "step reads, without them. Accuracy, rates and the place of spikes within a training step are held against "
        "those at the network's own step. Single neurons are simulated at many steps under each integrator, and the "
        "order of convergence is fitted to errors of traces and spike times.",
        continuous,
        analyses.STEPS,
    ),
    "robustness": Presented(
        "How much of its accuracy does a trained network keep when its neurons, synapses and inputs are disturbed?",
        "The trained network is simulated in Brian2 on its test set, unperturbed and under each perturbation at "
        "several strengths; everything random is drawn anew with each seed. Accuracies are over what is labelled.",
        robustness,
        analyses.ROBUSTNESS,
    ),
    "fidelity": Presented(
        "How many of its spikes and decisions does a trained network keep in Brian2, at finer steps and when "
        "disturbed?",
        "The network's differentiable twin in float64 is the reference. Its spikes are compared, neuron by neuron "
        "and trial by trial, with those of Brian2 at the same step, at finer steps and under perturbations: "
        "coincidences and their excess over chance (Γ), the distances of Victor and Purpura and of van Rossum, the "
        "SPIKE-distance, the first spike that differs, and the decisions. As a scale, the reference is compared "
        "with itself with its trials exchanged.",
        fidelity,
        analyses.FIDELITY,
    ),
    "published": Presented(
        "Were the time constants of the published networks trained, and do they resemble measured ones?",
        "The arrays of time constants of five published networks (Yin, Corradi and Bohté 2020, 2021) are tested "
        "against the distributions that they were initialised with, since their values before training are not "
        "published. The trained ones are laid beside tables of measured neurons: ratios of medians and spreads, and"
        " the Wasserstein distance free of scale, with bootstrap intervals.",
        published,
        analyses.PUBLISHED,
    ),
    "simulate": Presented(
        "Which waves does the trained network see in this recording?",
        "The recording is encoded as in the network's training and simulated in Brian2. A wave is a stretch of "
        "decisions for its classes; interruptions and waves shorter than 40 ms are left out.",
        record,
        (analyses.RECORD,),
        lambda ds: excerpt(ds, SHOWN),
    ),
}
_SINGLE = {"ecg": trained, "train": trained}


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
    if name in STUDIES:
        one = study(name)
        figures = one.figures if not one.axes else analyses.FIGURES
        return Presented(one.question, one.method, _SINGLE.get(name, single), tuple(figures))
    if name not in PRESENTED:
        known = ", ".join(sorted({*PRESENTED, *STUDIES}))
        raise ResultError(
            f"{where}: a result of the study {name!r}, which this version does not know; there are {known}. Was it "
            "written by a newer version?"
        )
    return PRESENTED[name]


def of_single(ds, name):
    """What one result of a study of the catalogue says, `Found`."""
    return _SINGLE.get(name, single)(ds)


def why_unreadable(where, name, error):
    """What to say of a result that lacks something, from the KeyError."""
    return (
        f"{where}: expected a result of the study {name!r}, but it lacks {error.args[0]!r}; was it written by another "
        "version?"
    )


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
            [n for n, v in ds.data_vars.items() if v.dims == (dim,)],
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
        if not n.endswith("_interval")
    ]


def table_of_numbers(numbers, title):
    """Rows of `headline` without interval and count as a folded table; None for no rows."""
    rows = tuple((capital(text), number, "" if unit == "1" else unit) for text, number, unit, _ in numbers)
    return Table(title, ("Quantity", "Value", "Unit"), rows, folded=True) if rows else None


# Rows of a table that one would still read.
_LONGEST = 30
