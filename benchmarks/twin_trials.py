"""Cost of many trials in a twin without gradients: time of N trials over that of one, for networks of the suite.

    python benchmarks/twin_trials.py [--trials 64] [--every 8]

Process time, the least of three passes of one trial and of two of many; every eighth network of
tests/gradient_bridge/language, or as `--every` says.
"""

import argparse
import logging
import statistics
import time

import numpy as np
import torch

from chronaxie.tests.gradient_bridge.language.brian2_runs import Reference, brian2_settings
from chronaxie.tests.gradient_bridge.language.table import CASES

LONGEST = 0.05  # s of simulated time


def seconds(twin, duration, trials):
    """Process time of one pass."""
    np.random.seed(1)  # noqa: NPY002  Brian2's own stream
    begin = time.process_time()
    twin(duration=duration, trials=trials)
    return time.process_time() - begin


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--every", type=int, default=8)
    options = parser.parse_args()
    logging.getLogger("brian2").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    ratios = []
    print(f"{'network':45s} {'cells':>6s} {'one trial':>12s} {f'{options.trials} trials':>12s}")
    for name, case in list(CASES.items())[:: options.every]:
        if case.options.get("python"):
            continue
        reference = Reference(case)
        duration = min(case.runs[0], LONGEST)
        with brian2_settings(case), torch.no_grad():
            reference.go_to(0)
            twin = reference.twin()
            seconds(twin, duration, 1)  # sources are compiled
            one = min(seconds(twin, duration, 1) for _ in range(3))
            many = min(seconds(twin, duration, options.trials) for _ in range(2))
        ratios.append(many / one)
        cells = sum(reference.sizes.values())
        print(f"{name:45s} {cells:6d} {one * 1e3:9.1f} ms {many / one:10.1f} x", flush=True)
    print(f"median {statistics.median(ratios):.1f} x, most {max(ratios):.1f} x, {len(ratios)} networks")


if __name__ == "__main__":
    main()
