"""The twin on the CPU and on a GPU: time of a forward and a backward pass, spikes compared between the two.

    CHRONAXIE_DATA=DIR python benchmarks/twin_devices.py [--trials 64] [--steps 1301] [--rounds 3] [--threads 1]

The published ECG network, recordings of the test set, gradients to weights, biases and time constants. Medians. Spikes
are compared with those of the CPU in float64; the last column counts neuron-steps that differ.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch

import chronaxie as cx
from chronaxie.studies.tasks import load_task

TRAINED = ("w", "bias", "tau_m", "tau_a")


def timed(function, device):
    """Return (result, seconds), the GPU's work included."""
    began = time.perf_counter()
    result = function()
    if device == "cuda":
        torch.cuda.synchronize()
    return result, time.perf_counter() - began


def measure(net, stimulus, device, dtype, rounds):
    """Return (spikes, median seconds forward, backward) of one twin."""
    twin = cx.Twin(net, trainable=TRAINED, dtype=dtype, namespace={}).to(device)
    x = torch.as_tensor(np.ascontiguousarray(stimulus)).to(device)
    forward, backward = [], []
    for _ in range(rounds + 1):
        twin.zero_grad()
        out, taken = timed(lambda: twin(x, record={"output": ["v"]}), device)
        forward.append(taken)
        loss = out.states["output"]["v"].square().mean()
        backward.append(timed(loss.backward, device)[1])
    # The first round also loads kernels.
    return out.spikes["hidden1"].cpu().bool(), *map(statistics.median, (forward[1:], backward[1:]))


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=64, help="recordings in a batch (default: 64)")
    parser.add_argument("--steps", type=int, default=1301, help="steps of 4 ms (default: 1301, all)")
    parser.add_argument("--rounds", type=int, default=3, help="measured passes (default: 3)")
    parser.add_argument("--threads", type=int, default=1, help="torch's threads on the CPU (default: 1)")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    folder = Path(os.environ["CHRONAXIE_DATA"])
    net = cx.load_published(folder / "checkpoints" / "ecg_icons2020_36.npz", kind="ecg")
    stimulus = load_task("ecg", data=folder).test.stimulus[: chosen.trials, : chosen.steps].values
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    if len(devices) == 1:
        print("No NVIDIA GPU: torch.cuda.is_available() is False; the CPU alone is measured.\n")
    else:
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
    print(
        "| device | type | forward (s) | backward (s) | spikes | differ |\n|---|---|---|---|---|---|",
        flush=True,
    )
    expected = None
    for device in devices:
        for dtype in (torch.float64, torch.float32):
            spikes, forward, backward = measure(net, stimulus, device, dtype, chosen.rounds)
            expected = spikes if expected is None else expected
            differ = int((spikes != expected).sum())
            name = str(dtype).removeprefix("torch.")
            print(
                f"| {device} | {name} | {forward:.2f} | {backward:.2f} | {int(spikes.sum())} | {differ} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
