"""One competitor in a process of its own: built once, then measured whenever the parent asks.

``python -m peers.worker SPECIFICATION`` in the folder ``benchmarks``; a line of JSON for each line that comes in.
"""

import gc
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
import traceback

import numpy as np

from .memory import added
from .sizes import Size

LEAST = 0.5  # s that the timed runs of one visit take, one run at least


def _say_to_parent():
    """A function that writes a line of JSON to the parent; whatever a library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(**content):
        out.write(json.dumps(content) + "\n")
        out.flush()

    return say


def reason(error):
    """An exception in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}".rstrip(": ")


def prepare(specification):
    """Keep to so many processors and threads, import, build; the case and the seconds to its first step."""
    threads = specification["threads"]
    if hasattr(os, "sched_setaffinity"):  # XLA has no other way to be told
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in specification["needs"]:
        importlib.import_module(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    module, _, function = specification["build"].partition(":")
    build = getattr(importlib.import_module(f".{module}", __package__), function)
    began = time.perf_counter()
    case = build(Size(*specification["size"]), **specification["arguments"])
    case.train()
    return case, time.perf_counter() - began


def timed(call):
    """Seconds of a call, the mean of as many as take `LEAST`; one before them is not timed."""
    began = time.perf_counter()
    call()
    runs = max(1, round(LEAST / max(time.perf_counter() - began, 1e-9)))
    gc.collect()
    began = time.perf_counter()
    for _ in range(runs):
        call()
    return (time.perf_counter() - began) / runs


def answer(case, what):
    """What the parent wants to know."""
    if what == "result":
        if case.result is None:
            return {"file": None}
        spikes, gradients = case.result()
        with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as file:
            np.savez(file, spikes=spikes, **gradients)
        return {"file": file.name}
    call = getattr(case, what)
    if call is None:
        return {"s": None}
    if case.parts is None or what != "train":
        return {"s": timed(call)}
    case.parts()
    seconds, parts = timed(call), case.parts()[1:]
    return {"s": seconds, "parts": {n: statistics.mean(p[n] for p in parts) for n in parts[0]}}


def main():
    """Serve the parent until it closes the pipe."""
    say = _say_to_parent()
    specification = json.loads(sys.argv[1])
    try:
        case, first = prepare(specification)
        case.forget()
        step = added(case.train)
        warm = timed(case.train)
        say(
            start_s=max(0.0, first - warm),
            step_mib=step,
            rate=case.rate(),
            learns=case.learns,
        )
    except Exception as error:
        traceback.print_exc()
        say(error=reason(error))
        return
    for line in sys.stdin:
        try:
            say(**answer(case, line.strip()))
        except Exception as error:
            traceback.print_exc()
            say(error=reason(error))


if __name__ == "__main__":
    main()
