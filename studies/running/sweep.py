"""A sweep: a study, the configuration it starts from, its axes, and the jobs that they make."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import catalogue
from ..study import Axis, Study
from .axes import coordinates, points, slug, sweep_axes
from .records import in_words
from .values import checked, configuration, defaults, to_json


@dataclass(frozen=True)
class Job:
    """One run of a study: a point of the axes.

    Parameters
    ----------
    id : str
        Name of its folder: where it is on the axes, and the first digits of a hash of study and configuration.
    position : tuple of int
        On each axis.
    at : dict of str to object
        The coordinate on each axis.
    config : object
        The study's configuration.
    """

    id: str
    position: tuple[int, ...]
    at: dict
    config: object

    @property
    def text(self) -> str:
        """Where it is on the axes, in words."""
        return in_words(self.at)


@dataclass(frozen=True)
class Sweep:
    """A study over its axes.

    Parameters
    ----------
    study_name : str
        One of the catalogue, or the absolute path of a Python file.
    values : dict of str to object
        Fields of the configuration that the jobs share, the defaults included.
    axes : tuple of Axis
    smoke : bool
        Whether it is the study's smoke run.

    Raises
    ------
    ValueError
        Unknown study or field, or a configuration that the study refuses.
    """

    study_name: str
    values: dict
    axes: tuple[Axis, ...] = ()
    smoke: bool = False

    @cached_property
    def study(self) -> Study:
        """The `Study`."""
        return catalogue.study(self.study_name)

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All `Job`, the last axis fastest, as a tuple."""
        study, found = self.study, []
        labels = [coordinates(axis) for axis in self.axes]
        for position in points(self.axes):
            values = dict(self.values)
            for axis, k in zip(self.axes, position, strict=True):
                values |= axis.at(k)
            at = {
                axis.field: labels[n][k] for n, (axis, k) in enumerate(zip(self.axes, position, strict=True))
            }
            where = f"run {study.name}" + (f", {slug(at)}" if at else "")
            config = configuration(study.config, values, where=where)
            identity = hashlib.sha256(f"{study.name} {to_json(config)}".encode()).hexdigest()[:8]
            found.append(Job(f"{slug(at) or 'job'}_{identity}", position, at, config))
        return tuple(found)

    def job(self, name: str) -> Job:
        """The job of that id."""
        return next(job for job in self.jobs if job.id == name)

    @property
    def file_hash(self) -> str:
        """SHA-256 of the study's own file; empty for studies of the catalogue."""
        if not catalogue.is_file(self.study_name):
            return ""
        return hashlib.sha256(Path(self.study_name).read_bytes()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """What ``sweep.json`` holds of it, as a dict; the first that differs tells two sweeps apart best."""
        return {
            "study": self.study_name,
            "study_file_hash": self.file_hash,
            "smoke": self.smoke,
            "axes": [json.loads(json.dumps(dataclasses.asdict(axis), allow_nan=False)) for axis in self.axes],
            "configuration": json.loads(json.dumps(self.values, allow_nan=False)),
        }


def make_sweep(
    study_name: str,
    *,
    values: Mapping[str, Any] | None = None,
    sweeps: Mapping[str, Sequence[Any] | Axis] | None = None,
    seeds: int | None = None,
    smoke: bool = False,
    base: Mapping[str, Any] | None = None,
) -> Sweep:
    """The sweep that a user asks for.

    Parameters
    ----------
    study_name : str
        One of `chronaxie.studies.catalogue.STUDIES`, or the path of a Python file with a `Study` in ``STUDY``.
    values : mapping of str to object, optional
        Fields of the configuration; axes of the study that sweep them are left out.
    sweeps : mapping of str to sequence or Axis, optional
        Values by field, beside or in place of the study's own axes; labels by the name of an axis that has them; or an
        axis as it is to be.
    seeds : int, optional
        Seeds 0 to seeds − 1.
    smoke : bool
        The study's smoke configuration and axes.
    base : mapping of str to object, optional
        Values to start from in place of defaults, which `values`, `sweeps` and `smoke` may change.

    Returns
    -------
    Sweep
        Its jobs' configurations have been made, and so checked.

    Raises
    ------
    ValueError
        Unknown study, field or label (with the nearest), an empty sweep, a value that is refused.
    """
    if catalogue.is_file(study_name):
        study_name = str(Path(study_name).resolve())
    study = catalogue.study(study_name)
    given = checked(study.config, values or {}, where=f"run {study.name}")
    begin = dict(study.smoke) if smoke else {}
    axes = sweep_axes(study, smoke=smoke, fixed=given, sweeps=sweeps or {}, seeds=seeds)
    begin = checked(
        study.config, defaults(study.config) | dict(base or {}) | begin | given, where=f"run {study.name}"
    )
    swept = {field for axis in axes for field in axis.swept}
    sweep = Sweep(
        study_name, {name: value for name, value in begin.items() if name not in swept}, axes, smoke
    )
    ids = [job.id for job in sweep.jobs]
    if len(set(ids)) < len(ids):
        raise ValueError(f"run {study.name}: two jobs have the same configuration; give every value once")
    return sweep
