"""The command line: ``chronaxie``."""

from __future__ import annotations

import argparse
import os
import sys

from .._version import __version__

DESCRIPTION = """Brian2 networks made differentiable: train adaptive spiking networks with their time constants,
simulate them in Brian2, compare the time constants with biology."""


def main(arguments=None):
    """Entry point of the command line; returns the exit code."""
    parser = make_parser()
    given = parser.parse_args(arguments)
    if not hasattr(given, "command"):
        parser.print_help()
        return 2
    try:
        return given.command(given)
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print(f"\ninterrupted{given.after_interrupt}", file=sys.stderr)
        return 130
    except (ValueError, OSError, NotImplementedError, RuntimeError, ArithmeticError) as error:
        if given.traceback:
            raise
        print(f"chronaxie: {error}", file=sys.stderr)
        return 1


def make_parser():
    """The parser of the command line."""
    parser = argparse.ArgumentParser(prog="chronaxie", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"chronaxie {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show where an error comes from")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    show = commands.add_parser("show", help="draw the figures of a result file again, and print its numbers")
    show.add_argument("file", metavar="FILE", help="the .nc file that a study wrote")
    show.add_argument("--out", metavar="DIR", help="folder of the figures (default: that of the file)")
    show.set_defaults(command=_show, after_interrupt="")
    return parser


def _add_run(commands):
    run = commands.add_parser("run", help="run a study and write its dataset, network and figures")
    studies = run.add_subparsers(title="studies", metavar="STUDY", required=True)
    ecg = studies.add_parser(
        "ecg",
        help="train on ECG waves, sync back, simulate in Brian2, compare",
        description="Trains an adaptive recurrent network (weights and both time constants) to name the waves of an "
        "ECG, writes it back to Brian2, simulates the test set there and compares. Real recordings (QTDB) where data "
        "are found, else an embedded synthetic ECG; the output says which.",
    )
    ecg.add_argument(
        "--data", metavar="DIR", help="folder of the data sets (default: CHRONAXIE_DATA, else synthetic ECG)"
    )
    ecg.add_argument(
        "--synthetic", action="store_true", help="use the synthetic ECG even where data are found"
    )
    ecg.add_argument(
        "--out", metavar="DIR", default="out/ecg", help="where results go (default: %(default)s)"
    )
    ecg.add_argument("--overwrite", action="store_true", help="replace results that are there")
    ecg.add_argument(
        "--resume", action="store_true", help="continue an interrupted training from its checkpoint"
    )
    ecg.add_argument(
        "--seed", type=_whole, default=0, metavar="N", help="seed of everything random (default: 0)"
    )
    ecg.add_argument(
        "--epochs",
        type=_count,
        metavar="N",
        help="passes over the training set (default: 120; synthetic: 60)",
    )
    ecg.add_argument(
        "--hidden", type=_count, nargs="+", metavar="N", help="neurons of each hidden layer (default: 36)"
    )
    ecg.add_argument("--batch-size", type=_count, metavar="N", help="recordings in a batch (default: 32)")
    ecg.add_argument(
        "--learning-rate", type=_positive, metavar="R", help="peak rate of the weights (default: 0.008)"
    )
    ecg.add_argument(
        "--time-constant-rate",
        type=_positive,
        metavar="R",
        help="peak rate of the time constants (default: 0.03)",
    )
    ecg.add_argument(
        "--rate-penalty",
        type=_not_negative,
        metavar="R",
        help="weight of the mean spikes per step in the loss (default: 0)",
    )
    ecg.add_argument("--surrogate", metavar="NAME", help="surrogate derivative (default: gaussian)")
    ecg.add_argument(
        "--device", metavar="NAME", help="Brian2 device of the comparison: numpy, cython, cpp_standalone"
    )
    ecg.set_defaults(
        command=_run_ecg,
        after_interrupt="; the same command with --resume continues after the last complete epoch",
    )


def _number(text, kind, holds, expected):
    """The number in an argument, or the error that argparse shows."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not holds(value):
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text}")
    return value


def _whole(text):
    return _number(text, int, lambda value: value >= 0, "a whole number >= 0")


def _count(text):
    return _number(text, int, lambda value: value >= 1, "a whole number >= 1")


def _positive(text):
    return _number(text, float, lambda value: 0 < value < float("inf"), "a finite number > 0")


def _not_negative(text):
    return _number(text, float, lambda value: 0 <= value < float("inf"), "a finite number >= 0")


def _report(line):
    print(line, file=sys.stderr, flush=True)


def _run_ecg(given):
    if given.synthetic and given.data is not None:
        raise ValueError("--synthetic and --data exclude each other: leave one out")

    from .ecg import run_to_folder
    from .ecg_config import DEFAULTS, ECGConfig

    data = given.data
    if data is None and not given.synthetic:
        data = os.environ.get("CHRONAXIE_DATA") or None
    task = "synthetic_ecg" if data is None else "ecg"
    names = (
        "epochs",
        "batch_size",
        "learning_rate",
        "time_constant_rate",
        "rate_penalty",
        "surrogate",
        "device",
    )
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    if given.hidden:
        chosen["hidden"] = tuple(given.hidden)
    config = ECGConfig(**{"task": task, "data": data, "seed": given.seed, **DEFAULTS[task], **chosen})
    if task == "synthetic_ecg":
        why = "as asked" if given.synthetic else "no data folder given; real recordings: --data DIR"
        _report(f"using the embedded synthetic ECG ({why})")
    result, files = run_to_folder(
        config, given.out, overwrite=given.overwrite, resume=given.resume, report=_report
    )
    from .summary import summarise

    print(summarise(result))
    print("\nwritten:\n" + "\n".join(f"  {path}" for path in files))
    return 0


def _show(given):
    from pathlib import Path

    from .. import analyses
    from .results import ResultError, read_result
    from .summary import summarise

    ds = read_result(given.file)
    path = Path(given.file)
    if given.out is not None and Path(given.out).is_file():
        raise ResultError(f"{given.out}: is a file, not a folder; give another --out DIR")
    print(summarise(ds))
    drawn = analyses.figures(ds, given.out or path.parent, stem=path.stem)
    print("\ndrawn:\n" + "\n".join(f"  {p}" for p in drawn))
    return 0
