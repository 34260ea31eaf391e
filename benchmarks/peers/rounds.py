"""The measurement: every competitor in a process of its own, woken one at a time in a new order each round.

Drift of the machine meets all alike: what is reported are medians of the ratios within a round.
"""

import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1]
ACTIONS = ("train", "infer")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class CompetitorFailed(RuntimeError):
    """A competitor that had begun could not go on."""


class Worker:
    """A process with one competitor.

    Parameters
    ----------
    competitor : Competitor
    size : Size
    arguments : dict
        Of its builder, beside the competitor's own.
    threads : int
    scratch : path
        For caches and logs; an empty one makes the time of the first step honest.
    """

    def __init__(self, competitor, size, arguments, *, threads, scratch):
        self.title = competitor.title
        folder = Path(tempfile.mkdtemp(dir=scratch))
        specification = {
            "needs": competitor.needs,
            "build": competitor.build,
            "size": size.shape,
            "arguments": {**arguments, **dict(competitor.arguments)},
            "threads": threads,
        }
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "PYTHONWARNINGS": "ignore",
            "XDG_CACHE_HOME": str(folder / "cache"),
            "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),
            "TMPDIR": str(folder),
            "JAX_PLATFORMS": "cpu",
        }
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "peers.worker", json.dumps(specification)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
            )
        self.about = self._read()

    def _read(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        status, last = self.process.wait(), self.log.read_text().strip().splitlines()[-1:]
        return {"error": f"ended with status {status}: {''.join(last)[:300]}"}

    def ask(self, what):
        """Let it do something and return what it says.

        Raises
        ------
        CompetitorFailed
        """
        with contextlib.suppress(BrokenPipeError):  # it has ended: what is read says how
            self.process.stdin.write(what + "\n")
            self.process.stdin.flush()
        said = self._read()
        if "error" in said:
            raise CompetitorFailed(f"{self.title}, {what}: {said['error']}")
        return said

    def end(self):
        """Close the pipe and wait; the process ends by itself."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def measure(competitors, size, *, arguments=None, rounds=7, threads=2, actions=ACTIONS, report=print):
    """Times of all that can be built.

    Parameters
    ----------
    competitors : dict of str to Competitor
    size : Size
    arguments : dict, optional
        Further keyword arguments of every builder.
    rounds, threads : int
    actions : sequence of str
        Of a `Case`, each timed in every round.
    report : callable
        Takes a line about what is being done.

    Returns
    -------
    dict
        ``size``; ``rows`` by key, each with the time of the actions (s, one for each round), ``start_s`` (to the first
        training step without that step), ``step_mib`` (memory that a step adds), ``rate``, ``learns``; ``left_out``:
        reasons by key.
    """
    workers, rows, left_out = {}, {}, {}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        try:
            for key, competitor in competitors.items():
                worker = Worker(competitor, size, arguments or {}, threads=threads, scratch=scratch)
                workers[key] = worker
                if "error" in worker.about:
                    left_out[key] = worker.about["error"]
                    report(f"{size}: left out: {competitor.title} ({left_out[key]})")
                    workers.pop(key).end()
                    continue
                rows[key] = worker.about | {action: [] for action in actions} | {"parts": []}
            for r in range(rounds):
                for action in actions:
                    order = list(workers)
                    random.Random(f"{r} {action}").shuffle(order)
                    for key in order:
                        try:
                            _visit(workers[key], action, rows[key])
                        except CompetitorFailed as failed:
                            left_out[key] = str(failed)
                            report(f"{size}: left out: {failed}")
                            del rows[key]
                            workers.pop(key).end()
        finally:
            for worker in workers.values():
                worker.end()
    return {"size": size.shape, "rows": rows, "left_out": left_out}


def _visit(worker, action, row):
    said = worker.ask(action)
    if said["s"] is not None:
        row[action].append(said["s"])
    if "parts" in said:
        row["parts"].append(said["parts"])


def ratio(slower, faster):
    """Median over rounds of one list of times over another; None where there is none."""
    if not slower or not faster:
        return None
    return statistics.median(a / b for a, b in zip(slower, faster, strict=True))


def compare(competitors, size, base, *, arguments=None, threads=2, report=print):
    """Whether competitors give the same: spikes that differ, gradients relative to those of `base`.

    Returns
    -------
    dict of str to dict
        ``spikes`` that differ, ``of`` how many neuron-steps, and the relative distance of each gradient.
    """
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for key, competitor in competitors.items():
            worker = Worker(competitor, size, arguments or {}, threads=threads, scratch=scratch)
            try:
                if "error" in worker.about:
                    continue
                file = worker.ask("result")["file"]
                if file is not None:
                    with np.load(file, allow_pickle=False) as result:
                        found[key] = dict(result)
            except CompetitorFailed as failed:
                report(f"not compared: {failed}")
            finally:
                worker.end()
    if base not in found:
        return {}
    wanted = found[base]
    return {key: _distance(result, wanted) for key, result in found.items() if key != base}


def _distance(result, wanted):
    spikes = int((result["spikes"] != wanted["spikes"]).sum())
    gradients = {
        name: float(
            np.linalg.norm(result[name].ravel() - wanted[name].ravel()) / np.linalg.norm(wanted[name])
        )
        for name in wanted
        if name != "spikes"
    }
    return {"spikes": spikes, "of": wanted["spikes"].size, **gradients}
