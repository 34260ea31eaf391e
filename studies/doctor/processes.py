"""A question put to a process of its own: what cannot be loaded, crashes or hangs ends that process alone."""

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
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=os.environ | own,
        start_new_session=True,
    )
    with process:
        try:
            said, complained = process.communicate(timeout=seconds)
            problem, advice = _problem(process.returncode, complained), ""
        except subprocess.TimeoutExpired:
            _end(process)
            said, problem = process.communicate()[0], f"did not end within {seconds:g} s"
            advice = "try again when the machine is less busy"
        except BaseException:
            _end(process)
            raise
    answers = [_read(text) for text in said.splitlines()]
    answers = [answer for answer in answers if answer is not None]
    return answers + ([{"state": BROKEN, "found": problem, "advice": advice}] if problem else [])


def _problem(code, complained):
    if code == 0:
        return ""
    last = " ".join(complained.split())[-_QUOTED:]
    ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"the process ended with {ended}" + (f": {last}" if last else "")


def _end(process):
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read(text):
    """An answer of `questions`; None of a line that a package printed."""
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "state" in answer else None
