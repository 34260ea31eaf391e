"""The page of a sweep: the gathered answer, every job with its files, and the command that runs it again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from urllib.parse import quote

from .. import ecg_config
from ..results import ResultError
from ..running.axes import coordinates
from ..running.folder import open_sweep
from ..running.gathering import open_gathered
from ..running.records import (
    DONE,
    ERROR,
    FAILED,
    INTERRUPTED,
    RESULT,
    STATE,
    job_folder,
    read_state,
    read_sweep_json,
)
from ..running.values import defaults
from .commands import shown_path
from .drawing import pictures
from .origin import contents, loading, provenance_tables
from .parts import Command, Folded, Found, Link, Number, Page, Table
from .presented import of_single, why_unreadable
from .sweep_numbers import SEED, found_in
from .tables import headline

# Jobs whose table one sees without opening it.
_FEW = 24


def page_of_sweep(directory):
    """The page of a sweep, finished or not.

    Parameters
    ----------
    directory : Path

    Returns
    -------
    Page

    Raises
    ------
    ResultError
        The folder holds no sweep, a damaged one, or that of a newer version.
    """
    directory = Path(directory)
    sweep = open_sweep(directory)
    states = [(job, read_state(directory, job)) for job in sweep.jobs]
    gathered = open_gathered(directory, sweep)
    if gathered is None:
        return _page(directory, sweep, states, None, _nothing(states), ())
    with gathered:
        specs = sweep.study.figures_of(swept=bool(sweep.axes))
        try:
            found = found_in(gathered, sweep) if sweep.axes else of_single(gathered, sweep.study.name)
            drawn = pictures(gathered, specs)
        except KeyError as error:
            raise ResultError(why_unreadable(directory, sweep.study.name, error)) from error
        return _page(directory, sweep, states, gathered, found, drawn)


def run_command(sweep, directory):
    """The command that runs a sweep.

    Parameters
    ----------
    sweep : Sweep
    directory : str
        What is shown as its folder.

    Returns
    -------
    str
    """
    study, words = sweep.study, ["chronaxie", "run", sweep.study_name, *(["--smoke"] if sweep.smoke else [])]
    own = {axis.field: axis for axis in (study.smoke_axes if sweep.smoke else study.axes)}
    for axis in sweep.axes:
        if axis == own.get(axis.field):
            continue
        # --seeds makes the last axis, where the study has none for the seed.
        in_place = SEED in own or axis is sweep.axes[-1]
        if axis.field == SEED and axis.values == tuple(range(len(axis.values))) and in_place:
            words += ["--seeds", str(len(axis.values))]
        else:
            words += ["--sweep", f"{axis.field}={_words(axis.labels or axis.values)}"]
    usual = defaults(study.config)
    if study.name == "ecg":
        data = sweep.values.get("data")
        words += ["--synthetic"] if data is None else ["--data", data]
        recipe = ecg_config.defaults(
            sweep.values.get("task", usual["task"]), sweep.values.get("model", usual["model"])
        )
        usual |= recipe | {"data": data}
    usual |= dict(study.smoke) if sweep.smoke else {}
    swept = {axis.field for axis in sweep.axes}
    # An axis of the study that is not there was left out because its fields were given.
    changed = {field for field, value in sweep.values.items() if usual.get(field) != value}
    left_out = [axis for axis in own.values() if axis.field not in swept]
    given = {field for axis in left_out if not set(axis.unless) & {*swept, *changed} for field in axis.swept}
    for field, value in sweep.values.items():
        if field in given or field not in usual or usual[field] != value:
            words += ["--set", f"{field}={_word(value)}"]
    return shlex.join([*words, "--out", directory])


def _page(directory, sweep, states, gathered, found, drawn):
    study, name = sweep.study, shown_path(directory)
    done = sum(state.state == DONE for _, state in states)
    file = (
        directory
        if gathered is None
        else next(
            path
            for path in (directory / f"{study.name}.zarr", directory / f"{study.name}.nc")
            if path.exists()
        )
    )
    about = [f"{axis.field}: {', '.join(map(str, coordinates(axis)))}" for axis in sweep.axes]
    ds = gathered if gathered is not None else _empty(directory, study)
    commands = [Command("Run the sweep", run_command(sweep, name))]
    stale = () if gathered is None else tuple(_stale(gathered, states))
    if done < len(states) or stale:
        text = "Go on with what is not done" if done < len(states) else "Gather the results again"
        commands.append(Command(text, f"chronaxie resume {shlex.quote(name)}"))
    if done:
        first = next(job for job, state in states if state.state == DONE)
        result = str(job_folder(name, first) / RESULT)
        commands.append(
            Command(
                "Run one job again from its file alone, and compare the numbers",
                f"chronaxie rerun {shlex.quote(result)}",
            )
        )
    commands.append(Command("Make this page again", f"chronaxie report {shlex.quote(name)}"))
    undone = len(states) - done
    warnings = stale
    if undone and done:
        warnings += (f"{done} of {len(states)} jobs are done; what is said here is of those alone.",)
    answered = Found(
        found.answer,
        found.headline,
        (*found.tables, *_jobs(directory, sweep, states)),
        (*warnings, *found.warnings),
    )
    return Page(
        title=f"{study.name} · {f'{done} of ' if undone else ''}{len(states)} jobs"
        + (" done" if undone else "")
        + (" · smoke run" if sweep.smoke else ""),
        subtitle="; ".join(about),
        question=study.question,
        found=answered,
        pictures=drawn,
        method=study.method,
        commands=tuple(commands),
        provenance=provenance_tables(ds, file),
        loading=loading(file.name, zarr=file.suffix == ".zarr")
        if gathered is not None
        else "# no job is done: there is no dataset yet",
        contents=contents(ds),
    )


def _stale(gathered, states):
    """Warnings where the gathered dataset is of other jobs than those that are done."""
    missing = set(json.loads(gathered.attrs["missing_jobs"]))
    undone = {job.id for job, state in states if state.state != DONE}
    again = "“chronaxie resume” gathers again"
    if later := missing - undone:
        yield f"Jobs that are done but not in these numbers, which were gathered before: {len(later)}; {again}."
    if gone := undone - missing:
        yield f"Jobs in these numbers that are not done any more: {len(gone)}; {again}."


def _nothing(states):
    """What a sweep says that is not gathered."""
    done = sum(state.state == DONE for _, state in states)
    return Found(
        f"Not answered yet: {done} of {len(states)} jobs are done, and their results are not gathered.",
        headline([("jobs that are done", Number(done), "1", f"{len(states)} jobs")]),
    )


def _empty(directory, study):
    """A dataset without variables that says where the sweep comes from."""
    import xarray as xr

    content = read_sweep_json(directory)
    return xr.Dataset(
        attrs={
            "study": study.name,
            **content["versions"],
            "configuration": json.dumps(content["configuration"]),
        }
    )


def _jobs(directory, sweep, states):
    """Failed jobs with their errors, and every job with its files."""
    axes = tuple(axis.field for axis in sweep.axes)
    failed = tuple(
        (job.id, *_place(job), state.state, Folded(state.error or "no word", _traceback(directory, job)))
        for job, state in states
        if state.state in (FAILED, INTERRUPTED)
    )
    if failed:
        yield Table("Failed jobs", ("Job", *axes, "State", "Error"), failed)
    rows = tuple(
        (
            job.id,
            *_place(job),
            state.state,
            Number(state.seconds if state.state == DONE else float("nan")),
            *(_file(directory, job, names) for names in ((RESULT,), ("network.nc", "network.pt"), (STATE,))),
        )
        for job, state in states
    )
    columns = ("Job", *axes, "State", "Wall time (s)", "Result", "Network", "Record")
    yield Table(
        "Jobs",
        columns,
        rows,
        "Files are beside the page, in the folder of the sweep.",
        folded=len(rows) > _FEW,
    )


def _place(job):
    return tuple(
        Number(v) if isinstance(v, int | float) and not isinstance(v, bool) else str(v)
        for v in job.at.values()
    )


def _file(directory, job, names):
    """A link to the first of the files that is there, relative to the folder of the sweep."""
    folder = job_folder(".", job)
    found = next((name for name in names if (directory / folder / name).is_file()), None)
    return "–" if found is None else Link(found, quote((folder / found).as_posix()))


def _traceback(directory, job):
    try:
        return (job_folder(directory, job) / ERROR).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "no traceback was written"


def _word(value):
    """A value as ``--set`` and ``--sweep`` read it."""
    text = json.dumps(value, ensure_ascii=False)
    plain = (
        isinstance(value, str) and value.replace("_", "").replace("-", "").isalnum() and not _is_json(value)
    )
    return value if plain else text


def _words(values):
    """Values as ``--sweep`` reads them: all of them as JSON where one has to be."""
    words = [_word(value) for value in values]
    if any("," in word or word.startswith('"') for word in words):
        words = [json.dumps(value, ensure_ascii=False) for value in values]
    return ",".join(words)


def _is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
