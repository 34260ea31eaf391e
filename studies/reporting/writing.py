"""From a result file or a folder to an HTML file that holds everything it shows."""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..._version import __version__
from ...models.atomic import written_beside
from ..results import ResultError
from .folder_contents import is_sweep, only_result
from .parts import Folded, Link, Number
from .single import page_of_file
from .sweep import page_of_sweep

_GENERATOR = "chronaxie report"
# Letters beyond which a cell of text has a width of its own.
_LONG = 40
# Bytes at the beginning of a file within which a report says what it is.
_HEAD = 2000


def write_report(path: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> Path:
    """Write the report of a result as one HTML file, which loads nothing.

    Parameters
    ----------
    path : path
        A result file (``.nc``), a folder with one, or the folder of a sweep.
    out : path, optional
        The HTML file; by default ``report.html`` in the folder, or beside a file with its name and ``.html``. An
        earlier report there is replaced, any other file is not.

    Returns
    -------
    Path
        Of the HTML file.

    Raises
    ------
    ResultError
        Nothing that can be reported on, or `out` is not to be written.
    """
    path = Path(path)
    out = (path / "report.html" if path.is_dir() else path.with_suffix(".html")) if out is None else Path(out)
    _check(out)
    text = render(_page(path))
    try:
        with written_beside(out) as beside:
            beside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultError(
            f"{out}: cannot be written ({error.strerror}); give another file: --out FILE.html"
        ) from error
    return out


def render(page):
    """The HTML of a page.

    Parameters
    ----------
    page : Page

    Returns
    -------
    str
        Everything that comes from files is escaped; a policy in the page forbids the browser to load anything, and to
        run any other script than the page's own.
    """
    style, script = (_source(name) for name in ("report.css", "report.js"))
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            page=page,
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
            version=__version__,
            generator=_GENERATOR,
        )
    )


def _page(path):
    """The page of a file, or of what a folder holds."""
    if path.is_file() and path.suffix != ".nc":
        raise ResultError(
            f"{path}: expected a result file (.nc), its folder, or the folder of a sweep, got a file that ends in "
            f"{path.suffix or 'nothing'}"
        )
    if not path.is_dir():
        return page_of_file(path)
    return page_of_sweep(path) if is_sweep(path) else page_of_file(only_result(path))


def _check(out):
    if out.suffix.lower() not in (".html", ".htm"):
        raise ResultError(
            f"{out}: expected a name that ends in .html, got {out.suffix or 'no ending'}; --out FILE.html"
        )
    if out.is_dir():
        raise ResultError(f"{out}: is a folder; give a file in it: --out {out / 'report.html'}")
    if not out.parent.is_dir():
        raise ResultError(f"{out.parent}: no such folder; make it, or give another file: --out FILE.html")
    if out.is_file():
        with out.open("rb") as file:
            if _GENERATOR.encode() not in file.read(_HEAD):
                raise ResultError(
                    f"{out}: is there already and is no report; give another file: --out FILE.html"
                )


@cache
def _environment():
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests |= {
        "link": lambda cell: isinstance(cell, Link),
        "folded": lambda cell: isinstance(cell, Folded),
        "long": lambda cell: isinstance(cell, str) and len(cell) > _LONG,
        "numeric": lambda cell: isinstance(cell, Number | int | float),
    }
    return environment


def _source(name):
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text):
    """As a Content-Security-Policy names what stands between two tags."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
