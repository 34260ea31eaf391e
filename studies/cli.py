"""The command line: ``chronaxie``."""

from __future__ import annotations

import argparse
import os
import sys
from difflib import get_close_matches

from .._version import __version__
from .commands import (
    cache,
    doctor,
    evaluate,
    export,
    fetch,
    import_network,
    report,
    rerun,
    resume,
    run,
    show,
    simulate,
    status,
    train,
)
from .processes import number_and_count

DESCRIPTION = """Brian2 networks made differentiable: train adaptive spiking networks with their time constants,
simulate them in Brian2, compare the time constants with biology."""

COMMANDS = (
    run,
    resume,
    status,
    report,
    rerun,
    train,
    import_network,
    evaluate,
    simulate,
    export,
    show,
    fetch,
    cache,
    doctor,
)


def main(arguments=None):
    """Entry point of the command line; returns the exit code."""
    if sys.stderr is None:  # closed (2>&-): print would take stdout in its place
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    parser = make_parser()
    given = parser.parse_args(arguments)
    if not hasattr(given, "command"):
        parser.print_help()
        return 2
    rank, size = number_and_count()
    who = "chronaxie" if size == 1 else f"chronaxie (process {rank} of {size})"
    if size > 1 and not getattr(given, "in_several_processes", False):
        print(
            f"{who}: only train and run ecg can be split between processes; start this command without torchrun",
            file=sys.stderr,
        )
        return 1
    try:
        return given.command(given)
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        if rank == 0:
            print(f"\ninterrupted{given.after_interrupt}", file=sys.stderr)
        return 130
    except (ValueError, OSError, NotImplementedError, RuntimeError, ArithmeticError, ImportError) as error:
        if given.traceback or (isinstance(error, ImportError) and not _names_an_extra(error)):
            raise
        said = str(error)
        if f"process {rank} of {size}" in said:
            who = "chronaxie"
            said = said.replace(
                "start all processes again with resume=True", "the same command with --resume goes on"
            )
        print(f"{who}: {said}", file=sys.stderr)
        return 1
    except MemoryError as error:
        if given.traceback:
            raise
        print(f"{who}: not enough memory: {error}; take fewer trials or a smaller network", file=sys.stderr)
        return 1


def _names_an_extra(error):
    # Not above: it loads Brian2, without which most commands start.
    from ..models.extras import MissingExtra

    return isinstance(error, MissingExtra)


class _Parser(argparse.ArgumentParser):
    """Refuses an unknown option with the usage of the command that it was given to, and the nearest options."""

    def parse_known_args(self, args=None, namespace=None):
        given, unknown = super().parse_known_args(args, namespace)
        if unknown:
            options = [text.partition("=")[0] for text in unknown if text.startswith("--")]
            known = [name for name in self._option_string_actions if name.startswith("--")]
            near = [name for option in options for name in get_close_matches(option, known, n=2)]
            said = f"; the nearest are {', '.join(near)}" if near else f"; see {self.prog} --help"
            self.error(f"unrecognized arguments: {' '.join(unknown)}{said}")
        return given, unknown


def make_parser():
    """The parser of the command line."""
    parser = _Parser(prog="chronaxie", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"chronaxie {__version__}")
    parser.add_argument("--traceback", action="store_true", help="show where an error comes from")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
