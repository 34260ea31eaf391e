"""What a sweep says while it runs: a bar with the time left on a terminal, else a line for each job."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm


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
        Default: stderr.
    """

    def __init__(self, jobs, *, done, workers, stream=None):
        self.stream = stream or sys.stderr
        self.text = {job.id: job.text for job in jobs}
        self.total, self.done, self.before = len(jobs), done, done
        self.fallen = set()
        self.workers, self.began = max(1, workers), time.monotonic()
        self.bar = None
        if self.stream.isatty():
            self.bar = tqdm(total=self.total, initial=done, file=self.stream, unit="job", dynamic_ncols=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.bar is not None:
            self.bar.close()

    def line(self, text):
        """Say a line."""
        if self.bar is not None:
            self.bar.write(text, file=self.stream)
        else:
            print(text, file=self.stream, flush=True)

    def says(self, job, text):
        """What a job's study says: beside the bar; nothing where there is no terminal."""
        if self.bar is not None:
            self.bar.set_postfix_str(f"{self.text[job]}: {text.strip()}"[:60])

    def finished(self, job, seconds):
        """A job is done."""
        self.done += 1
        if self.bar is not None:
            self.bar.update()
        else:
            self.line(
                f"[{self.done + len(self.fallen)}/{self.total}] {self.text[job]}: {seconds:.1f} s{self._left()}"
            )

    def fell(self, job, error):
        """A job failed or was interrupted."""
        self.fallen.add(job)
        if self.bar is not None:
            self.bar.update()
            self.line(f"failed: {self.text[job]}: {error}")
        else:
            self.line(
                f"[{self.done + len(self.fallen)}/{self.total}] {self.text[job]}: failed: {error}{self._left()}"
            )

    def _left(self):
        ended = self.done - self.before + len(self.fallen)
        left = self.total - self.done - len(self.fallen)
        return f"; {duration((time.monotonic() - self.began) / ended * left)} left" if left > 0 else ""


def duration(seconds):
    """A duration in words: ``40 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
