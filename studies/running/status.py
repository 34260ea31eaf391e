"""How far a sweep is, from its files alone: neither the study nor what it needs is loaded."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .records import (
    DONE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    WAITING,
    in_words,
    read_state,
    read_sweep_json,
    runner,
)
from .time_left import duration, time_left

ORDER = (DONE, RUNNING, WAITING, INTERRUPTED, FAILED)


@dataclass(frozen=True)
class SweepStatus:
    """State of a sweep.

    Parameters
    ----------
    directory : Path
    study, question : str
    jobs : dict of str to str
        Where on the axes each job is, in words; by id, in the order in which they are begun.
    states : dict of str to JobState
    holder : dict or None
        Who runs it, as its lock file says.
    """

    directory: Path
    study: str
    question: str
    jobs: dict
    states: dict
    holder: dict | None

    def of(self, state):
        """Ids of the jobs in that state, list of str."""
        return [name for name, found in self.states.items() if found.state == state]

    @property
    def seconds_left(self):
        """Expected time until all jobs are done, s; None where no job is done, or nobody runs them."""
        if not self.holder:
            return None
        at_once = (
            self.holder.get("workers") if self.holder.get("scheduler") is None else len(self.of(RUNNING))
        )
        return time_left(
            [self.states[name].seconds for name in self.of(DONE)],
            [_seconds_since(self.states[name].began) for name in self.of(RUNNING)],
            waiting=len(self.of(WAITING)),
            workers=at_once or 1,
        )

    @property
    def _folder(self):
        return shlex.quote(str(self.directory))

    def text(self):
        """All of it in lines."""
        counts = ", ".join(f"{len(self.of(state))} {state}" for state in ORDER if self.of(state))
        lines = [
            f"{self.study}: {self.question}",
            f"{len(self.jobs)} job{'s' * (len(self.jobs) != 1)}: {counts}",
        ]
        if self.holder is None:
            lines.append("nobody runs it" if len(self.of(DONE)) < len(self.jobs) else "complete")
            if self.of(WAITING) or self.of(INTERRUPTED) or self.of(RUNNING):
                lines[-1] += f"; it goes on with: chronaxie resume {self._folder}"
        else:
            who = f"process {self.holder.get('pid', '?')} on {self.holder.get('machine', '?')} runs it"
            left = self.seconds_left
            lines.append(who if left is None else f"{who}; about {duration(left)} left")
        for name in self.of(RUNNING):
            lines.append(f"running: {self.jobs[name]}, since {self.states[name].began}")
        for state in (INTERRUPTED, FAILED):
            lines += [
                f"{state}: " + ": ".join(filter(None, (self.jobs[name], self.states[name].error)))
                for name in self.of(state)
            ]
        if self.of(FAILED):
            lines.append(
                f"tracebacks: {self._folder}/jobs/*/error.txt; again: chronaxie resume {self._folder} --retry"
            )
        return "\n".join(lines)


def sweep_status(directory):
    """How far the sweep of a folder is; nothing is changed.

    Parameters
    ----------
    directory : path

    Returns
    -------
    SweepStatus

    Raises
    ------
    ResultError
        No sweep is there, or it is damaged.
    """
    content = read_sweep_json(directory)
    if "jobs" in content:
        name, question = content["name"], content["question"]
        jobs = {job: in_words(at) for job, at in content["jobs"].items()}
    else:  # begun before the file named the jobs: only the study can
        from .folder import open_sweep

        sweep = open_sweep(directory)
        name, question = sweep.study.name, sweep.study.question
        jobs = {job.id: job.text for job in sweep.jobs}
    states = {job: read_state(directory, job) for job in jobs}
    return SweepStatus(Path(directory), name, question, jobs, states, runner(directory))


def _seconds_since(began):
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(began)).total_seconds()) if began else 0.0
