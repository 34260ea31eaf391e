"""``chronaxie show``: the figures and numbers of a result file again."""

from __future__ import annotations

from .answering import add_json, of_result, say
from .simulate import SHOWN


def add(commands):
    """Register the command."""
    show = commands.add_parser("show", help="draw the figures of a result file again, and print its numbers")
    show.add_argument("file", metavar="FILE", help="the .nc file that chronaxie run, train or simulate wrote")
    show.add_argument("--out", metavar="DIR", help="folder of the figures (default: that of the file)")
    add_json(show)
    show.set_defaults(command=_show, after_interrupt="")


def _show(given):
    from pathlib import Path

    from ... import analyses
    from ...analyses.drawing import fidelity, time_constants
    from ..record_simulation import excerpt
    from ..results import ResultError, read_result
    from ..summary import summarise

    ds = read_result(given.file)
    path = Path(given.file)
    if "missing_jobs" in ds.attrs:
        raise ResultError(f"{path}: is the dataset of a sweep; chronaxie report {path.parent} shows it")
    if given.out is not None and Path(given.out).is_file():
        raise ResultError(f"{given.out}: is a file, not a folder; give another --out DIR")
    summary = summarise(ds)
    shown, specs = ds, analyses.FIGURES
    if ds.attrs["study"] == "simulate":
        shown, specs = excerpt(ds, SHOWN), (analyses.RECORD,)
    elif ds.attrs["study"] == "continuous":
        specs = analyses.STEPS
    elif ds.attrs["study"] == "robustness":
        specs = analyses.ROBUSTNESS
    elif ds.attrs["study"] == "fidelity":
        specs = fidelity.FIDELITY
    elif ds.attrs["study"] == "lesions":
        specs = time_constants.LESIONS
    drawn = analyses.figures(shown, given.out or path.parent, stem=path.stem, specs=specs)
    say(given, summary + "\n\ndrawn:\n" + "\n".join(f"  {p}" for p in drawn), of_result(ds, drawn))
    return 0
