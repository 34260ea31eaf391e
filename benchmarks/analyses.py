"""Analyses at scale: 1e6 neurons and 1e8 spikes, in memory and as a dataset of Dask.

``python benchmarks/analyses.py [--neurons 1000000] [--spikes 100000000] [--trials 100] [--only sparsity …]``

Each analysis is a process of its own; prints seconds of the analysis, those of the processor (less on a busy machine),
the largest memory of the process, and of it what the spikes alone take. With Dask the time includes making the spikes.
The bar is 60 s and 4 GiB. What says something of each train has fewer neurons: fidelity 10 000 at most, and half of the
spikes on each side (the other has lost a tenth of them), isi_timescales 5000 at most and no intervals.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import xarray as xr

DURATION, STEP = 1.0, 0.001
BAR_SECONDS, BAR_GIB = 60.0, 4.0


def spikes_of(k, given, share):
    """Trial, neuron and time of the k-th part of the spikes, ordered by trial and time."""
    rng = np.random.default_rng(k)
    first = k * share
    # rates that differ by a factor of ten and more, as those of trained networks
    neuron = (given.neurons * rng.random(share) ** 2).astype(np.int32)
    trial = (np.arange(first, first + share) * given.trials // given.spikes).astype(np.int32)
    time = np.floor(rng.random(share) * DURATION / STEP) * STEP
    for j in np.unique(trial):
        part = slice(*np.searchsorted(trial, [j, j + 1]))
        # this part of a trial lies in its part of the time, so that the whole is in order
        total = given.spikes / given.trials
        low, high = (first + part.start) / total - j, (first + part.stop) / total - j
        time[part] = np.sort(np.floor((low + time[part] * (high - low)) / STEP) * STEP)
    return trial, neuron, time


def simulation(given, lazy):
    """The spikes as `simulate` writes them, in memory or made by Dask when they are needed."""
    share = min(given.spikes, 1 << 21)
    parts = given.spikes // share
    whole = parts * share
    given.spikes = whole
    dims, units = "cells_spike", ("1", "1", "s")
    if lazy:
        import dask
        import dask.array as da

        made = [dask.delayed(spikes_of, pure=True, nout=3)(k, given, share) for k in range(parts)]
        columns = [
            da.concatenate([da.from_delayed(m[i], (share,), t) for m in made])
            for i, t in enumerate((np.int32, np.int32, float))
        ]
    else:
        columns = [np.empty(whole, t) for t in (np.int32, np.int32, float)]
        for k in range(parts):
            for column, values in zip(columns, spikes_of(k, given, share), strict=True):
                column[k * share : (k + 1) * share] = values
    names = [f"{dims}_{part}" for part in ("trial", "neuron", "time")]
    ds = xr.Dataset(
        {n: (dims, c, {"units": u}) for n, c, u in zip(names, columns, units, strict=True)},
        attrs={"trials": given.trials, "duration": DURATION, "dt": STEP, "dt_ref": STEP},
    )
    fan_out = np.full(given.neurons, 100)
    return ds.assign(
        cells_fan_out=("cells_neuron", fan_out), synapses=("connection", [int(fan_out.sum())])
    ).assign_coords(source=("connection", ["cells"]), target=("connection", ["cells"]))


def analysis(name):
    """The analysis as a function of the simulation."""
    from chronaxie import analyses
    from chronaxie.analyses.activity.by_class import class_rates, rates_over_time
    from chronaxie.analyses.activity.dimensionality import participation_ratio
    from chronaxie.analyses.activity.sparsity import sparsity

    def against_itself(ds):
        half = ds.isel(cells_spike=slice(ds.sizes["cells_spike"] // 2))
        reference = half.assign_attrs(trials=ds.attrs["trials"] // 2)
        kept = np.arange(half.sizes["cells_spike"]) % 10 > 0
        return analyses.fidelity(reference, reference.isel(cells_spike=kept), resamples=100)

    def labels(ds):
        return xr.DataArray(np.arange(ds.attrs["trials"]) % 10, dims="trial")

    return {
        "firing_rates": analyses.firing_rates,
        "sparsity": sparsity,
        "class_rates": lambda ds: class_rates(ds, labels(ds)),
        "rates_over_time": lambda ds: rates_over_time(ds, bin_width=0.01),
        "participation_ratio": lambda ds: participation_ratio(ds, bin_width=0.2),
        "energy": lambda ds: analyses.energy(ds, models={"cells": "ALIF"}),
        "fidelity": against_itself,
        "isi_timescales": lambda ds: analyses.isi_timescales(ds, window=0.4, resamples=0),
    }[name]


ANALYSES = (
    "firing_rates",
    "sparsity",
    "class_rates",
    "rates_over_time",
    "participation_ratio",
    "energy",
    "fidelity",
    "isi_timescales",
)
MOST_NEURONS = {"fidelity": 10_000, "isi_timescales": 5_000}


def gibibytes():
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(given):
    """Run one analysis in this process; print what it took as JSON."""
    lazy = given.storage == "dask"
    given.neurons = min(given.neurons, MOST_NEURONS.get(given.child, given.neurons))
    ds = simulation(given, lazy)
    run, before = analysis(given.child), gibibytes()
    start, worked = time.perf_counter(), time.process_time()
    result = run(ds)
    if lazy:
        # chunk after chunk: several threads would read ahead of what is counted, and hold it
        result = result.compute(scheduler="synchronous")
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    numbers = [float(np.nansum(v.values)) for v in result.data_vars.values() if v.dtype.kind in "bif"]
    told = {
        "seconds": seconds,
        "processor": worked,
        "before": before,
        "peak": gibibytes(),
        "sum": sum(numbers),
    }
    print(json.dumps(told))


def main():
    """Measure all analyses, each in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=1_000_000)
    parser.add_argument("--spikes", type=int, default=100_000_000)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=ANALYSES, default=ANALYSES)
    parser.add_argument("--storage", choices=("memory", "dask"), help="one of them; both by default")
    parser.add_argument("--child", choices=ANALYSES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        measure(given)
        return 0
    print(f"{given.neurons:,} neurons, {given.spikes:,} spikes, {given.trials} trials; bar: 60 s, 4 GiB")
    print(
        f"{'analysis':<22}{'spikes in':<10}{'seconds':>9}{'processor':>11}{'peak GiB':>10}{'spikes GiB':>12}  verdict"
    )
    failed = 0
    for name in given.only:
        for storage in [given.storage] if given.storage else ["memory", "dask"]:
            words = [sys.executable, __file__, "--child", name, "--storage", storage]
            for option in ("neurons", "spikes", "trials"):
                words += [f"--{option}", str(getattr(given, option))]
            got = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
            held = got["seconds"] <= BAR_SECONDS and got["peak"] <= BAR_GIB
            failed += not held
            print(
                f"{name:<22}{storage:<10}{got['seconds']:>9.1f}{got['processor']:>11.1f}{got['peak']:>10.2f}"
                f"{got['before']:>12.2f}  {'holds' if held else 'FAILS'}",
                flush=True,
            )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
