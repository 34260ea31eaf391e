"""The page of a single result file."""

from __future__ import annotations

from pathlib import Path

from ..results import ResultError, read_result
from .commands import commands_of, configuration
from .drawing import pictures
from .origin import contents, loading, provenance_tables
from .parts import Page
from .presented import presented, why_unreadable


def page_of_file(path):
    """The page of one result, from the file alone.

    Parameters
    ----------
    path : path
        A result file (``.nc``).

    Returns
    -------
    Page

    Raises
    ------
    ResultError
        Missing, damaged, of a study that is not known, or without variables that its study has.
    """
    path = Path(path)
    ds = read_result(path)
    study = presented(ds, path)
    configuration(ds, path)  # what cannot be read is said before anything is drawn
    try:
        found, drawn = study.found(ds), pictures(study.shown(ds), study.figures)
    except KeyError as error:
        raise ResultError(why_unreadable(path, ds.attrs["study"], error)) from error
    a = ds.attrs
    about = [str(a[name]) for name in ("task", "model", "network", "record") if name in a]
    about += [f"seed {a['seed']}"] if "seed" in a else []
    return Page(
        title=" · ".join([str(a["study"]), *about]),
        subtitle=str(a.get("data_source", "")),
        question=study.question,
        found=found,
        pictures=drawn,
        method=study.method,
        commands=commands_of(ds, path),
        provenance=provenance_tables(ds, path),
        loading=loading(path.name),
        contents=contents(ds),
    )
