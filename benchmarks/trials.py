"""How many trials side by side pay: a network's trials in batches of several sizes, on each device.

``python benchmarks/trials.py [--trials 64] [--steps 250] [--rounds 3]``

Prints the median wall time of a run (s), builds left out, for an `srnn` of 36 and of 256 hidden neurons.
"""

import argparse

import numpy as np
import xarray as xr

import chronaxie as cx
from chronaxie.models import Simulation


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--devices", nargs="+", default=["numpy", "cython", "cpp_standalone"])
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    x = (rng.random((given.trials, given.steps, 8)) < 0.2).astype(np.uint8)
    time = np.arange(given.steps) * 0.004
    x = xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": time})
    batches = [b for b in (1, 4, 16, 64, 256) if b <= given.trials]
    print(f"{given.trials} trials of {given.steps} steps, medians of {given.rounds} runs\n")
    print("| hidden neurons | device |" + "".join(f" batch {b} (s) |" for b in batches))
    print("|---|---|" + "---|" * len(batches))
    for hidden in (36, 256):
        net = cx.srnn(8, [hidden], 6, seed=0, input_gain=2.0)
        for device in given.devices:
            row = []
            for batch in batches:
                with Simulation(net, x, device=device, batch=batch, seed=0, namespace={}) as simulation:
                    runs = [simulation.run(progress=False) for _ in range(given.rounds + 1)][1:]
                row.append(np.median([ds.attrs["run_time_s"] for ds in runs]))
            print(f"| {hidden} | {device} |" + "".join(f" {t:.2f} |" for t in row), flush=True)


if __name__ == "__main__":
    main()
