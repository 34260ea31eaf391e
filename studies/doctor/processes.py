"""Processes with a time limit, and questions put to them: what crashes or hangs ends its process alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

from .findings import BROKEN

# What a crash leaves on stderr is quoted from its end.
_QUOTED = 300


def run(command, *, seconds, environment=None):
    """Run a command that reads nothing.

    Parameters
    ----------
    command : list of str
    seconds : float
        After which it is ended, with what it has started.
    environment : dict of str to str, optional
        Variables beside those of this process.

    Returns
    -------
    (int or None, str, str)
        Exit code, as `subprocess.Popen` has it, None where it was ended; what it printed; what it printed to stderr.

    Raises
    ------
    OSError
        It cannot be started.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=os.environ | (environment or {}),
        start_new_session=True,
    )
    with process:
        try:
            said, complained = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return None, *process.communicate()
        except BaseException:
            _end(process)
            raise
    return process.returncode, said, complained


def ask(question, *, seconds, folder):
    """Ask `questions` in a Python process of its own, with a cache of its own: what is built, is built now.

    Parameters
    ----------
    question : list of str
        Arguments of `questions`.
    seconds : float
        After which the process is ended, with what it has started.
    folder : path-like
        Of its cache.

    Returns
    -------
    list of dict
        One for each answer that it gave, at least one; where it did not end well the last one says why.
    """
    # -P: a file torch.py in the working directory is not PyTorch.
    command = [sys.executable, "-P", "-m", "chronaxie.studies.doctor.questions", *question]
    own = {"XDG_CACHE_HOME": str(folder), "TORCHINDUCTOR_CACHE_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    code, said, complained = run(command, seconds=seconds, environment=own)
    answers = [_read(text) for text in said.splitlines()]
    answers = [answer for answer in answers if answer is not None]
    if code is None:
        problem, advice = f"did not end within {seconds:g} s", "try again when the machine is less busy"
    else:
        problem, advice = "" if code == 0 and answers else _problem(code, complained), ""
    return answers + ([{"state": BROKEN, "found": problem, "advice": advice}] if problem else [])


def _problem(code, complained):
    last = " ".join(complained.split())[-_QUOTED:]
    ended = f"with exit code {code}" if code else "without an answer"
    if code < 0:
        ended = f"with signal {_signal(-code)}"
    return f"the process ended {ended}" + (f": {last}" if last else "")


def _signal(number):
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have no name
        return str(number)


def _end(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read(text):
    """An answer of `questions`; None of any other line."""
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "state" in answer else None
