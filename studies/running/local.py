"""Workers on this machine: processes of one thread that end when this one does, however it ends."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
from contextlib import ExitStack
from functools import partial

from ...models.processes import watched
from .copied import copied
from .environment import ENVIRONMENT, can_be_copied
from .one_job import DiskFull
from .records import DONE, INTERRUPTED, WAITING, read_state
from .states import is_held, job_lock, note_interrupted
from .worker import command, work

# Of what a worker says to stderr (bytes), for the message about one that was killed.
_SAID = 1 << 14
# Workers one after the other that may be killed before they take a job.
_IN_VAIN = 10


class _Worker:
    """A worker process: the job that it runs, and what it has said."""

    def __init__(self, directory, *, memory, cwd):
        self.stack = ExitStack()
        self.process = self.stack.enter_context(_begun(directory.resolve(), memory=memory, cwd=cwd))
        self.job, self.pending, self.said, self.open = None, b"", b"", 2

    def events(self):
        """The complete lines on its stdout, as dicts; at the end of a stream one fewer is open."""
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        if not data:
            self.open -= 1
        *lines, self.pending = (self.pending + data).split(b"\n")
        return bool(data), [json.loads(line) for line in lines]

    def listen(self):
        """Take what is on its stderr."""
        data = os.read(self.process.stderr.fileno(), 1 << 16)
        if not data:
            self.open -= 1
        self.said = (self.said + data)[-_SAID:]
        return bool(data)


def _begun(directory, *, memory, cwd):
    """Context of a worker process: a copy of this one, with what it has loaded, where that is a worker's like."""
    if can_be_copied():
        return copied(partial(work, directory, memory=memory), cwd=cwd)
    return watched(
        command(directory, memory=memory), cwd=cwd, stderr=subprocess.PIPE, environment=ENVIRONMENT
    )


def run_local(directory, sweep, *, workers, memory, cwd, progress):
    """Run all jobs that wait, with some worker processes at a time.

    A worker that ends before its job does, killed or for want of memory, takes this job with it; another takes its
    place.

    Parameters
    ----------
    directory : Path
    sweep : Sweep
    workers : int
    memory : float or None
        Limit on the data of each, GiB.
    cwd : Path
        Where they run.
    progress : Progress

    Raises
    ------
    DiskFull
    RuntimeError
        A worker ended before it took a job, for another reason than a signal.
    """
    jobs = {job.id: job for job in sweep.jobs}
    crew, in_vain = [], 0
    with selectors.DefaultSelector() as selector, ExitStack() as stack:
        while True:
            free = _to_be_taken(directory, sweep)
            idle = sum(1 for worker in crew if worker.job is None)
            for _ in range(min(workers - len(crew), len(free) - idle)):
                worker = _Worker(directory, memory=memory, cwd=cwd)
                stack.push(worker.stack)
                crew.append(worker)
                selector.register(worker.process.stdout, selectors.EVENT_READ, (worker, True))
                selector.register(worker.process.stderr, selectors.EVENT_READ, (worker, False))
            if not crew:
                return
            while crew and not (ended := [worker for worker in crew if not worker.open]):
                for key, _ in selector.select():
                    worker, lines = key.data
                    more, events = worker.events() if lines else (worker.listen(), [])
                    for event in events:
                        _note(worker, event, progress)
                    if not more:
                        selector.unregister(key.fileobj)
            for worker in ended:
                crew.remove(worker)
                in_vain = 0 if _buried(directory, sweep, jobs, worker, progress) else in_vain + 1
                if in_vain == _IN_VAIN:
                    raise RuntimeError(
                        f"{in_vain} workers were killed before they took a job; is there memory for {workers} of them? "
                        "Fewer: --workers N"
                    )


def _to_be_taken(directory, sweep):
    """Jobs that wait and that nobody holds."""
    return [
        job
        for job in sweep.jobs
        if read_state(directory, job).state == WAITING and not is_held(directory, job)
    ]


def _note(worker, event, progress):
    kind, job = event["event"], event["job"]
    if kind == "begin":
        worker.job = job
        progress.begun(job)
    elif kind == "say":
        progress.says(job, event["text"])
    else:
        worker.job = None
        if kind == DONE:
            progress.finished(job, event["seconds"])
        elif kind == "full":
            raise DiskFull(event["error"])
        else:
            progress.fell(job, event["error"])


def _buried(directory, sweep, jobs, worker, progress):
    """After a worker has ended: what becomes of the job that it ran; whether it was not killed in vain."""
    code = worker.process.wait()
    worker.stack.close()
    said = worker.said.decode(errors="replace").strip()
    if worker.job is not None:
        job = jobs[worker.job]
        error = f"its process ended: {ending(code)}"
        with job_lock(directory, job, wait=True):
            note_interrupted(directory, job, study=sweep.study, error=f"{error}\n{said}".strip())
        if read_state(directory, job).state == INTERRUPTED:
            progress.fell(job.id, error)
        else:  # it had written everything, and could not say so
            progress.finished(job.id, read_state(directory, job).seconds)
    elif code and ending_signal(code) is None:
        raise RuntimeError(f"a worker ended before it took a job ({ending(code)}): {said[-2000:]}")
    return worker.job is not None or not code


def ending_signal(code):
    """Number of the signal that ended a process of this exit code, or None."""
    number = -code if code < 0 else code - 128
    return number if number in {one.value for one in signal.Signals} else None


def ending(code):
    """In words how a process ended."""
    number = ending_signal(code)
    if number is None:
        return f"exit code {code}"
    more = "; out of memory, or killed by hand" if number == signal.SIGKILL else ""
    return f"signal {number} ({signal.Signals(number).name}){more}"
