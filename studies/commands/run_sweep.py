"""A study as a sweep of jobs: the arguments of ``chronaxie run`` that every study has, and what they do."""

from __future__ import annotations

import argparse

from ..running.environment import begin_again
from .answering import add_json, say
from .arguments import Named, count, option, positive, report

GOES_ON = "; chronaxie resume DIR, or the same command, goes on with it"


def add(studies, name, *, text=None):
    """Register a study that has no arguments of its own; `name` may be the path of a Python file."""
    parser = studies.add_parser(
        name,
        help=text or argparse.SUPPRESS,
        description="Runs the study as independent jobs, one for each value of what is swept, each in a folder of its "
        "own. Jobs that are done are skipped: the same command goes on with a sweep that was interrupted.",
    )
    add_sweep(parser)
    parser.add_argument("--out", metavar="DIR", help="where results go (default: out/STUDY)")
    add_json(parser)
    parser.set_defaults(command=_run, study_name=name, after_interrupt=GOES_ON)


def add_sweep(parser):
    """The arguments that make a sweep of a study."""
    asked = parser.add_argument_group("sweep")
    asked.add_argument(
        "--set",
        dest="values",
        action=Named,
        type=option,
        default={},
        metavar="FIELD=VALUE",
        help="a field of the study's configuration; the value is JSON, else text; may be repeated",
    )
    asked.add_argument(
        "--sweep",
        dest="sweeps",
        action=Named,
        type=_swept,
        default={},
        metavar="FIELD=A,B,…",
        help="run the study for each of these values, such as hidden=18,36,72; may be repeated: all combinations",
    )
    asked.add_argument("--seeds", type=count, metavar="N", help="run it with the seeds 0 to N-1")
    asked.add_argument(
        "--config",
        metavar="FILE.toml",
        help="fields of the configuration from a TOML file, and lists of values in its table [sweep]",
    )
    asked.add_argument("--smoke", action="store_true", help="the study's small version, in under a minute")
    add_running(asked)


def add_running(parser):
    """The arguments that say how the jobs of a sweep are run."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers",
        type=count,
        metavar="N",
        help="jobs at a time, a process each (default: one for each core)",
    )
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run the jobs on the workers of a dask scheduler, tcp://host:8786",
    )
    parser.add_argument(
        "--memory",
        type=positive,
        metavar="GIB",
        help="a job that needs more memory than this fails (default: no limit)",
    )
    parser.add_argument("--retry", action="store_true", help="run jobs again that failed before")
    parser.add_argument(
        "--zarr",
        action="store_true",
        help="gather into a Zarr folder (default: only where netCDF would be large)",
    )


def _swept(text):
    from ..running.axes import read_sweep

    try:
        return read_sweep(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def is_sweep(given):
    """Whether a study that can also be run alone is to be run as a sweep."""
    return bool(given.sweeps or given.seeds is not None or given.smoke or _toml(given)[1])


def refuse_running(given):
    """Refuse arguments of a sweep where there is none."""
    for name in ("workers", "scheduler", "memory", "retry", "zarr"):
        if getattr(given, name):
            raise ValueError(
                f"--{name} is for sweeps, and this is a single run; name --seeds or --sweep, or leave it out"
            )


def given_values(given):
    """Fields that the TOML file or ``--set`` give, without those that ``--sweep`` sweeps, as a dict."""
    from_file = {name: value for name, value in _toml(given)[0].items() if name not in given.sweeps}
    return from_file | given.values


def swept(given):
    """Values by the name of what is swept, of the TOML file and ``--sweep``, as a dict."""
    return {name: found for name, found in _toml(given)[1].items() if name not in given.values} | given.sweeps


def run_asked(study_name, given, *, base=None, values=None, axes=None):
    """Run the sweep that was asked for into ``given.out``; returns the exit code.

    Parameters
    ----------
    study_name : str
    given : argparse.Namespace
    base, values : dict, optional
        As `make_sweep` takes them: of options of the command beside ``--set``.
    axes : dict of str to Axis, optional
        In the place of values that are swept.
    """
    from ..running.runner import run_sweep
    from ..running.sweep import make_sweep

    sweep = make_sweep(
        study_name,
        values=(values or {}) | given_values(given),
        sweeps=swept(given) | (axes or {}),
        seeds=given.seeds,
        smoke=given.smoke,
        base=base,
    )
    out = given.out or f"out/{sweep.study.name}"
    given.after_interrupt = GOES_ON
    return finished(given, out, run_sweep(sweep, out, **running_options(given)))


def running_options(given):
    """What `run_sweep` takes of the arguments of `add_running`."""
    names = ("workers", "scheduler", "memory", "retry", "zarr")
    return {name: getattr(given, name) for name in names} | {"report": report}


def finished(given, directory, outcome):
    """Say what a sweep has come to; returns the exit code: 1 where a job failed or there is no answer."""
    parts = [outcome.answer] if outcome.answer else []
    if outcome.files:
        parts.append("\nwritten:\n" + "\n".join(f"  {path}" for path in outcome.files))
    if outcome.failed:
        parts.append(
            f"\nfailed: {len(outcome.failed)}, their tracebacks in {directory}/jobs/*/error.txt; --retry runs them "
            "again"
        )
        parts += [f"  {name}: {error}" for name, error in outcome.failed.items()]
    content = {"directory": directory, "answer": outcome.answer or None, "problem": outcome.problem or None}
    content |= {"files": outcome.files, "failed": outcome.failed}
    if parts or given.json:
        say(given, "\n".join(parts), content)
    wrong = [" ".join(outcome.problem.split())] if outcome.problem else []
    if outcome.failed:
        wrong.append(
            f"{directory}: {len(outcome.failed)} jobs not done; chronaxie resume {directory} --retry runs them again"
        )
    if wrong:
        report(f"chronaxie: {'; '.join(wrong)}")
    return int(bool(wrong))


def _toml(given):
    from ..running.values import read_toml

    return ({}, {}) if given.config is None else read_toml(given.config)


def _run(given):
    begin_again()
    return run_asked(given.study_name, given)
