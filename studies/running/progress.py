"""What a sweep says while it runs: a bar with the time left on a terminal, else a line for each job."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from .time_left import duration, time_left


class _Bar(tqdm):
    """A bar without a thread that watches it: the process can be copied."""

    monitor_interval = 0


class Progress:
    """Progress of a sweep on stderr.

    Parameters
    ----------
    jobs : sequence of Job
        All of the sweep.
    done : int
        How many are done before it begins.
    workers : int
        Jobs at a time.
    stream : file, optional
        Default: stderr; where that was closed (``2>&-``) nothing is said.
    """

    def __init__(self, jobs, *, done, workers, stream=None):
        self.stream = stream or sys.stderr
        self.text = {job.id: job.text for job in jobs}
        self.total, self.done = len(jobs), done
        self.fallen = set()
        self.workers, self.seconds, self.running = max(1, workers), [], {}
        self.bar = None
        if self.stream is not None and self.stream.isatty():
            self.bar = _Bar(
                total=self.total,
                initial=done,
                file=self.stream,
                unit="job",
                dynamic_ncols=True,
                bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]",
            )
        else:
            before = f", {done} done before" if done else ""
            self.line(f"{self.total} job{'s' * (self.total != 1)}{before}, {self.workers} at a time")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()

    def line(self, text):
        """Say a line."""
        if self.bar is not None:
            self.bar.write(text, file=self.stream)
        elif self.stream is not None:  # print takes None for stdout
            print(text, file=self.stream, flush=True)

    def begun(self, job):
        """A job is under way."""
        self.running[job] = time.monotonic()

    def says(self, job, text):
        """What a job's study says: beside the bar; nothing where there is no terminal."""
        if self.bar is not None:
            left = self._left().removeprefix("; ")
            self.bar.set_postfix_str(
                ", ".join(filter(None, (left, f"{self.text[job]}: {text.strip()}")))[:90]
            )

    def finished(self, job, seconds):
        """A job is done."""
        self._ended(job)
        self.done += 1
        self.seconds.append(seconds)
        if self.bar is not None:
            self.bar.update()
        else:
            self.line(
                f"[{self.done + len(self.fallen)}/{self.total}] {self.text[job]}: {seconds:.1f} s{self._left()}"
            )

    def fell(self, job, error):
        """A job failed or was interrupted."""
        self._ended(job)
        self.fallen.add(job)
        if self.bar is not None:
            self.bar.update()
            self.line(f"failed: {self.text[job]}: {error}")
        else:
            self.line(
                f"[{self.done + len(self.fallen)}/{self.total}] {self.text[job]}: failed: {error}{self._left()}"
            )

    def _ended(self, job):
        self.running.pop(job, None)

    def _left(self):
        left = self.total - self.done - len(self.fallen)
        now = time.monotonic()
        seconds = time_left(
            self.seconds,
            [now - began for began in self.running.values()],
            waiting=left - len(self.running),
            workers=self.workers,
        )
        return f"; {duration(seconds)} left" if left > 0 and seconds is not None else ""
