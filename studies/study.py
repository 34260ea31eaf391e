"""A study: one question, what is run to answer it, and over which values it goes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from ..analyses.drawing.specs import FigureSpec


@dataclass(frozen=True)
class Axis:
    """One swept quantity: a dimension of the gathered dataset.

    Parameters
    ----------
    field : str
        Name of the dimension, and the field of the configuration that is swept where `fields` is empty.
    values : tuple
        What the field takes, one job each; with `fields` tuples with one value for each of them.
    unit : str
        Of the values; empty for names and plain numbers.
    text : str
        What the quantity is, for the axis of a figure.
    fields : tuple of str
        Fields that are swept together, such as ``("model", "frozen_time_constants")`` for variants of a model.
    labels : tuple of str
        Coordinates along the dimension; needed with `fields`, else the values are the coordinates. ``--sweep`` takes
        them between commas.
    unless : tuple of str
        Fields of which a study's axis is left out where one is given or swept: with them it means nothing.

    Raises
    ------
    ValueError
        No values, the same value twice, labels and values that do not belong to each other, or a label with a comma.
    """

    field: str
    values: tuple
    unit: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("values", "fields", "labels", "unless"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        where = f"sweep {self.field!r}"
        if not self.values:
            raise ValueError(f"{where}: expected at least one value, got none; name them: {self.field}=A,B")
        shown = self.labels or tuple(map(repr, self.values))
        twice = sorted({one for one in shown if shown.count(one) > 1})
        if twice:
            raise ValueError(f"{where}: {twice[0]} is there twice; every value makes one job, give it once")
        for label in self.labels:
            if "," in label:
                raise ValueError(
                    f"{where}: the label {label!r} has a comma, which stands between labels in --sweep; write it "
                    f"without one, such as {' '.join(label.replace(',', ' ').split())!r}"
                )
        if self.fields and len(self.labels) != len(self.values):
            raise ValueError(
                f"{where}: fields that are swept together need a label for each of the {len(self.values)} values, got "
                f"{len(self.labels)}"
            )
        if self.labels and len(self.labels) != len(self.values):
            raise ValueError(f"{where}: {len(self.labels)} labels for {len(self.values)} values")
        if any(not isinstance(value, tuple) or len(value) != len(self.fields) for value in self._together):
            raise ValueError(f"{where}: each value must be a tuple with one item for each of {self.fields}")

    @property
    def _together(self):
        return self.values if self.fields else ()

    @property
    def swept(self) -> tuple[str, ...]:
        """The fields of the configuration that change along the axis, tuple of str."""
        return self.fields or (self.field,)

    def at(self, k: int) -> dict[str, Any]:
        """The fields of the configuration at the k-th value, as a dict of field to value."""
        return dict(zip(self.swept, self.values[k] if self.fields else (self.values[k],), strict=True))


@dataclass(frozen=True)
class Study:
    """One question, and everything that is needed to answer it.

    Parameters
    ----------
    name : str
        As in ``chronaxie run NAME``.
    question : str
        One sentence that ends with a question mark.
    method : str
        How it is answered: a paragraph of the report.
    config : type
        Frozen dataclass whose fields are what JSON holds (numbers, text, bool, None, tuples of them); it has a field
        `seed` where something is random.
    run : callable
        One job: ``run(config, *, checkpoint=None, resume=False, report=print)`` to a dataset and a trained model
        (`brian2.Network` or `DenseRecurrent`), or None. The dataset has the same numbers for the same configuration;
        what a clock says goes into the attribute ``wall_time_s`` or variables that `clock` names.
    smoke : mapping of str to object
        Fields of a configuration with which the whole study, over `smoke_axes`, takes less than a minute.
    axes, smoke_axes : tuple of Axis
        What a full run and a smoke run go through, as a product; none for a study of a single run.
    answer : callable or None
        Of a study with axes, or that is swept: from the gathered dataset (a dimension for each axis, `seed` among
        them; NaN where a job failed) to a dataset of the headline numbers with their intervals, whose attribute
        ``answer`` says them in one sentence.
    needs : tuple of str
        Axes without which there is no answer: a sweep that lacks one is refused before anything runs.
    figures : tuple of FigureSpec
        Drawn from the gathered dataset merged with the answer; of a study of a single run, from its result.
    sweep_figures : tuple of FigureSpec
        Of a study of a single run that is swept: drawn from the gathered dataset merged with the answer.
    clock : tuple of str
        Variables of the dataset that hold what a clock said; they are no part of what must be the same.

    Raises
    ------
    ValueError
        A question that is none, fields that the configuration does not have, or an axis that is needed and not there.
    """

    name: str
    question: str
    method: str
    config: type
    run: Callable
    smoke: Mapping[str, object] = field(default_factory=dict)
    axes: tuple[Axis, ...] = ()
    smoke_axes: tuple[Axis, ...] = ()
    answer: Callable | None = None
    needs: tuple[str, ...] = ()
    figures: tuple = ()
    sweep_figures: tuple = ()
    clock: tuple[str, ...] = ("epoch_seconds",)

    def __post_init__(self):
        object.__setattr__(self, "smoke", MappingProxyType(dict(self.smoke)))
        if not self.question.endswith("?"):
            raise ValueError(
                f"study {self.name!r}: the question must end with a question mark: {self.question!r}"
            )
        for axes in (self.axes, self.smoke_axes):
            lacking = [name for name in self.needs if name not in {axis.field for axis in axes}]
            if lacking:
                raise ValueError(
                    f"study {self.name!r}: its answer needs the axis {lacking[0]!r}, which is not among "
                    f"{', '.join(axis.field for axis in axes) or 'no axes'}"
                )
        has = {one.name for one in dataclasses.fields(self.config)}
        used = {
            *self.smoke,
            *(name for axis in (*self.axes, *self.smoke_axes) for name in (*axis.swept, *axis.unless)),
        }
        unknown = sorted(used - has)
        if unknown:
            raise ValueError(
                f"study {self.name!r}: {self.config.__name__} has no field {unknown[0]!r}; it has "
                f"{', '.join(sorted(has))}"
            )

    def figures_of(self, *, swept: bool) -> tuple[FigureSpec, ...]:
        """What is drawn of a run: tuple of FigureSpec.

        Parameters
        ----------
        swept : bool
            Whether the run has axes.
        """
        return self.figures if self.axes or not swept else self.sweep_figures


def without_model(run: Callable[..., xr.Dataset]) -> Callable[..., tuple[xr.Dataset, None]]:
    """The `run` of a `Study` from a function that leaves no model and no checkpoint.

    Parameters
    ----------
    run : callable
        ``run(config, report=…)`` to a dataset.

    Returns
    -------
    callable
        As `Study` wants it: to the dataset and None.
    """

    def one(config, *, checkpoint=None, resume=False, report=print):
        return run(config, report=report), None

    return one
