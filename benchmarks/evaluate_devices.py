"""Time of one evaluation of the whole QTDB test set by a published network, on each Brian2 device and in the twin.

    CHRONAXIE_DATA=DIR python benchmarks/evaluate_devices.py [--rounds 5]

Each device is built once and runs several times. Medians, the fastest run (the machine may be busy), and ratios against
Brian2's numpy device.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import torch

import chronaxie as cx
from chronaxie.models import KINDS, Simulation, describe, start_states
from chronaxie.studies.comparison import run_twin
from chronaxie.studies.tasks import load_task

DEVICES = ("numpy", "cython", "cpp_standalone")


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each device (default: 5)")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    folder = Path(os.environ["CHRONAXIE_DATA"])
    net = cx.load_published(folder / "checkpoints" / "ecg_icons2020_36.npz", kind="ecg")
    stimulus = load_task("ecg", data=folder).test.stimulus
    single, start = describe(net, namespace={}), KINDS["ecg"].start
    times = {"twin (float64)": []}
    for _ in range(rounds):
        began = time.perf_counter()
        run_twin(net, stimulus, initial=start_states(single, start, stimulus.sizes["trial"]))
        times["twin (float64)"].append(time.perf_counter() - began)
    builds = {"twin (float64)": 0.0}
    for device in DEVICES:
        with Simulation(net, stimulus, device=device, namespace={}) as simulation:
            runs = [simulation.run(initial=start, progress=False) for _ in range(rounds + 1)]
            builds[device] = simulation.build_time_s
            times[device] = [ds.attrs["run_time_s"] for ds in runs[1:]]
    base = statistics.median(times["numpy"])
    print(
        f"{stimulus.sizes['trial']} recordings of {stimulus.sizes['time']} steps, medians of {rounds} runs\n"
    )
    print("| | build (s) | run (s) | least | run, times numpy's |\n|---|---|---|---|---|")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"| {name} | {builds[name]:.1f} | {median:.2f} | {min(values):.2f} | {median / base:.2f} |")


if __name__ == "__main__":
    main()
