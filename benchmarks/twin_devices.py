"""The twin on the CPU and on a GPU, engine by engine: time of a forward and a backward pass, spikes compared.

    CHRONAXIE_DATA=DIR python benchmarks/twin_devices.py [--trials 64] [--steps 1301] [--rounds 3] [--threads 1]
                                                         [--hidden N --task TASK] [--only cuda:compiled,…]

The published ECG network and recordings of the test set, or with --hidden a new ALIF network for the stimuli of a task;
gradients to weights, biases and time constants. Medians; the first pass, which compiles and loads, stands by itself.
Spikes are compared with those of the reference engine on the CPU in float64; the last column counts neuron-steps that
differ. Memory is the most that torch held on the GPU.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from brian2 import second

import chronaxie as cx
from chronaxie.studies.tasks import load_task

TRAINED = ("w", "bias", "tau_m", "tau_a")
WAYS = ("cpu:reference", "cpu:fused", "cuda:reference", "cuda:compiled")


def timed(function, device):
    """Return (result, seconds), the GPU's work included."""
    began = time.perf_counter()
    result = function()
    if device == "cuda":
        torch.cuda.synchronize()
    return result, time.perf_counter() - began


def measure(net, stimulus, way, dtype, rounds):
    """Return (spikes, seconds of the first pass, median seconds forward, backward, MiB) of one twin."""
    device, engine = way.split(":")
    twin = cx.Twin(net, trainable=TRAINED, dtype=dtype, namespace={}, engine=engine).to(device)
    x = torch.as_tensor(np.ascontiguousarray(stimulus)).to(device)
    forward, backward, memory = [], [], float("nan")
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    for _ in range(rounds + 1):
        twin.zero_grad()
        out, taken = timed(lambda: twin(x, record={"output": ["v"]}), device)
        forward.append(taken)
        loss = out.states["output"]["v"].square().mean()
        backward.append(timed(loss.backward, device)[1])
    if device == "cuda":
        memory = torch.cuda.max_memory_allocated() / 2**20
    spikes = out.spikes["hidden1"].cpu().bool()
    return spikes, forward[0] + backward[0], *map(statistics.median, (forward[1:], backward[1:])), memory


def network(chosen, folder):
    """Return (network, stimulus of some trials)."""
    if chosen.hidden is None:
        net = cx.load_published(folder / "checkpoints" / "ecg_icons2020_36.npz", kind="ecg")
        stimulus = load_task("ecg", data=folder).test.stimulus
    else:
        task = load_task(chosen.task, data=folder)
        stimulus = task.test.stimulus
        kind = "current" if stimulus.dtype.kind == "f" else "spikes"
        net = cx.srnn(stimulus.sizes["channel"], [chosen.hidden], 10, dt=task.dt * second, input=kind, seed=0)
    return net, stimulus[: chosen.trials, : chosen.steps].values


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=64, help="recordings in a batch (default: 64)")
    parser.add_argument("--steps", type=int, default=1301, help="steps of the stimulus (default: 1301, all)")
    parser.add_argument("--rounds", type=int, default=3, help="measured passes (default: 3)")
    parser.add_argument("--threads", type=int, default=1, help="torch's threads on the CPU (default: 1)")
    parser.add_argument("--hidden", type=int, help="neurons of a new network (default: the published one)")
    parser.add_argument(
        "--task", default="smnist", help="whose stimuli a new network takes (default: smnist)"
    )
    parser.add_argument(
        "--only", default=",".join(WAYS), help="DEVICE:ENGINE with commas (default: %(default)s)"
    )
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    net, stimulus = network(chosen, Path(os.environ["CHRONAXIE_DATA"]))
    ways = chosen.only.split(",")
    if torch.cuda.is_available():
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    else:
        print("No NVIDIA GPU: torch.cuda.is_available() is False; the CPU alone is measured.\n")
        ways = [way for way in ways if not way.startswith("cuda")]
    print(
        "| device:engine | type | first pass (s) | forward (s) | backward (s) | MiB | spikes | differ |\n"
        + "|---" * 8
        + "|",
        flush=True,
    )
    expected = None
    for way in dict.fromkeys(["cpu:reference", *ways]):
        for dtype in (torch.float64, torch.float32):
            spikes, first, forward, backward, memory = measure(net, stimulus, way, dtype, chosen.rounds)
            expected = spikes if expected is None else expected
            differ = int((spikes != expected).sum())
            name = str(dtype).removeprefix("torch.")
            print(
                f"| {way} | {name} | {first:.2f} | {forward:.3f} | {backward:.3f} | {memory:.0f} | {int(spikes.sum())} "
                f"| {differ} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
