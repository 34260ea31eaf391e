"""What the runner of sweeps costs beside the same jobs by hand.

``python benchmarks/runner_overhead.py [--epochs 60] [--seeds 3] [--out DIR]``

By hand: one process that calls the study's function for one seed after the other, and writes nothing. The runner:
``chronaxie run ecg --synthetic --seeds N --workers 1``, from its start to the gathered dataset. Both with one thread;
whole processes are measured, with all that they start. Seconds of the processor are what counts on a busy machine. The
bar is 3 %.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR = 0.03
BY_HAND = """
import sys
from chronaxie.studies import ecg
from chronaxie.studies.ecg_config import ECGConfig, defaults
from chronaxie.studies.running.values import configuration

for seed in range(int(sys.argv[2])):
    values = defaults("synthetic_ecg") | {"epochs": int(sys.argv[1]), "seed": seed}
    ecg.run(configuration(ECGConfig, values, where="by hand"), report=lambda line: None)
"""


def measured(command):
    """(Wall time, processor time) of a command with all that it starts, s."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env=os.environ | dict.fromkeys(threads, "1")
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    """Measure both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    size = (str(given.epochs), str(given.seeds))
    with tempfile.TemporaryDirectory() as folder:
        out = given.out or Path(folder) / "out"
        hand = measured([sys.executable, "-c", BY_HAND, *size])
        words = ["--synthetic", "--epochs", size[0], "--seeds", size[1], "--workers", "1", "--out", str(out)]
        runner = measured([sys.executable, "-m", "chronaxie", "run", "ecg", *words])
    print(f"{given.seeds} jobs of {given.epochs} epochs   wall (s)   processor (s)")
    for name, (wall, processor) in (("by hand", hand), ("runner", runner)):
        print(f"{name:24s} {wall:10.1f} {processor:15.1f}")
    more = runner[1] - hand[1]
    print(f"overhead: {more:.1f} s of the processor, {more / hand[1]:+.2%} (bar {BAR:.0%})")
    return int(more > BAR * hand[1])


if __name__ == "__main__":
    sys.exit(main())
