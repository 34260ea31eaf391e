"""One build for all weights: the ECG test set with 100 different sets of weights and time constants.

``python benchmarks/build_once.py --data DIR [--variants 100] [--rebuilds 3]``

Prints the first build, the median time of a `simulate` call for each set, how much of it the compiled program does not
take itself, and the same with the cache emptied before each call; the results of these are compared to the bit.
"""

import argparse
import os
import tempfile
import time
from dataclasses import replace

import numpy as np

from chronaxie.models import describe, load_published, simulate
from chronaxie.models.description import Array
from chronaxie.studies.data import find_data
from chronaxie.studies.tasks import load_task

CHANGED = ("w", "tau_m", "tau_a", "bias")


def variant(description, seed):
    """The network with other weights, time constants and biases: each times exp(N(0, 0.1))."""
    rng = np.random.default_rng(seed)

    def other(obj):
        variables = []
        for v in getattr(obj, "variables", ()):
            if v.name in CHANGED:
                factor = np.exp(0.1 * rng.standard_normal(v.array.values.shape))
                v = replace(v, array=Array(v.array.values * factor, v.array.dimensions))
            variables.append(v)
        return replace(obj, variables=tuple(variables)) if variables else obj

    return replace(
        description,
        groups=tuple(map(other, description.groups)),
        synapses=tuple(map(other, description.synapses)),
    )


def timed(network, stimulus):
    """Wall time, time beside the compiled program (s), and the result."""
    began = time.perf_counter()
    ds = simulate(network, stimulus, device="cpp_standalone", seed=0, namespace={})
    wall = time.perf_counter() - began
    return wall, wall - ds.attrs["binary_time_s"], ds


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder of the data (default: CHRONAXIE_DATA)")
    parser.add_argument("--variants", type=int, default=100)
    parser.add_argument("--rebuilds", type=int, default=3)
    given = parser.parse_args()
    data = find_data(given.data)
    network = load_published(data / "checkpoints" / "ecg_icons2020_36.npz", kind="ecg")
    single = describe(network, namespace={})
    stimulus = load_task("ecg", data=data).test.stimulus
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        began = time.perf_counter()
        simulate(single, stimulus, device="cpp_standalone", build_only=True, namespace={})
        print(f"first build {time.perf_counter() - began:.1f} s; {stimulus.sizes['trial']} recordings")
        walls, besides, kept = [], [], {}
        for k in range(given.variants):
            wall, beside, ds = timed(variant(single, k), stimulus)
            walls.append(wall)
            besides.append(beside)
            if k < given.rebuilds:
                kept[k] = ds
        rebuilt, differing = [], 0
        for k, ds in kept.items():
            with tempfile.TemporaryDirectory() as empty:
                os.environ["XDG_CACHE_HOME"] = empty
                wall, _, other = timed(variant(single, k), stimulus)
            rebuilt.append(wall)
            differing += sum(not np.array_equal(ds[name], other[name]) for name in ds.data_vars)
    print(f"{'':34}median   least    most")
    for text, values in (
        (f"simulate, {given.variants} sets of weights (s)", walls),
        ("beside the compiled program (s)", besides),
        (f"rebuilt each time, {len(rebuilt)} sets (s)", rebuilt),
    ):
        print(f"{text:34}{np.median(values):6.2f}  {min(values):6.2f}  {max(values):6.2f}")
    print(f"rebuilding takes {np.median(rebuilt) / np.median(walls):.1f} times as long")
    print(f"variables that differ between the cached program and a rebuilt one: {differing}")


if __name__ == "__main__":
    main()
