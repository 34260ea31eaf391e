"""Three networks built for cuda_standalone; with a GPU also run and compared with Brian2's numpy device.

    make cuda-networks
    CHRONAXIE_DATA=DIR .venv-cuda/bin/python benchmarks/cuda_networks.py [--trials 3] [--only NAME] [--fast-math]

A table: generated lines and time to generate and compile; with a GPU the time of a run there, on cpp_standalone (all
cores) and on numpy, spikes that differ from numpy's, and the largest difference of the readout's membrane. The
published network needs the data (docs/data.md).
"""

import argparse
import os
from pathlib import Path

import numpy as np
import xarray as xr
from brian2 import ms

import chronaxie as cx
from chronaxie.models import CurrentALIF, CurrentIntegrator, DeviceError, Normal, Simulation
from chronaxie.models.cuda import CUDA, CudaOptions, capability_of_gpu
from chronaxie.studies.tasks import load_task

HEADER = (
    "| network | lines | build (s) | run (s) | C++ (s) | numpy (s) | spikes | differ | readout differs by |"
)
CHECKPOINT = Path("checkpoints", "ecg_icons2020_36.npz")


def published(data, trials):
    """The published ECG network at its own step, with recordings of the test set."""
    net = cx.load_published(data / CHECKPOINT, kind="ecg")
    return net, load_task("ecg", data=data).test.stimulus[:trials], {}


def two_layers(data, trials):
    """Two recurrent layers at a quarter of their dt_ref, so that spikes between and within them take three steps."""
    net = cx.srnn(4, [24, 20], 6, transmission="next", bias=Normal(0.02, 0.02), seed=1)
    return net, _random_spikes(trials, steps=100, step=4e-3), {"dt": 1 * ms}


def current_alif(data, trials):
    """Cells in physical units, with delays, at 0.1 ms."""
    net = cx.srnn(4, [24], 6, neuron=CurrentALIF, readout=CurrentIntegrator, dt=1 * ms, input_gain=3.0)
    return net, _random_spikes(trials, steps=200, step=1e-3), {"dt": 0.1 * ms}


NETWORKS = {"published ECG": published, "two layers, delays": two_layers, "CurrentALIF": current_alif}


def _random_spikes(trials, *, steps, step):
    values = (np.random.default_rng(0).random((trials, steps, 4)) < 0.3).astype(np.uint8)
    return xr.DataArray(values, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * step})


def differences(a, b):
    """Return (spikes of a, spikes that only one of two datasets has, largest difference of their traces)."""
    count, wrong = 0, 0
    for name in (v.removesuffix("_time") for v in a.data_vars if v.endswith("_spike_time")):
        ours, theirs = (_events(ds, name) for ds in (a, b))
        count, wrong = count + len(ours), wrong + len(ours ^ theirs)
    traces = [v for v in a.data_vars if a[v].dims[:2] == ("trial", "time")]
    return count, wrong, max((float(abs(a[v] - b[v]).max()) for v in traces), default=0.0)


def _events(ds, name):
    steps = np.rint(ds[f"{name}_time"].values / ds.attrs["dt"]).astype(int).tolist()
    return set(
        zip(ds[f"{name}_trial"].values.tolist(), ds[f"{name}_neuron"].values.tolist(), steps, strict=True)
    )


def row(name, data, trials, *, run, fast_math):
    """Build one network, run it where that is asked, and return its row of the table."""
    net, stimulus, options = NETWORKS[name](data, trials)
    cuda = CudaOptions(build_only=not run)
    with Simulation(
        net, stimulus, device=CUDA, seed=1, cuda=cuda, fast_math=fast_math, namespace={}, **options
    ) as simulation:
        simulation.build()
        built = simulation.built
        cells = [name, str(built.lines), f"{built.time_s:.1f}"]
        if not run:
            return cells + ["–"] * 6
        simulation.run(progress=False)  # the first run also starts the driver
        ours = simulation.run(progress=False)
    options |= {"seed": 1, "namespace": {}}
    workers = min(os.cpu_count() or 1, trials)
    compiled = cx.simulate(net, stimulus, device="cpp_standalone", workers=workers, **options)
    theirs = cx.simulate(net, stimulus, **options)
    times = [f"{ds.attrs['run_time_s']:.2f}" for ds in (ours, compiled, theirs)]
    count, wrong, most = differences(theirs, ours)
    return [*cells, *times, str(count), str(wrong), f"{most:.1e}"]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("CHRONAXIE_DATA", "../shared/data"))
    parser.add_argument("--trials", type=int, default=3, help="trials of each network (default: 3)")
    parser.add_argument(
        "--only", choices=NETWORKS, action="append", help="this network alone; may be repeated"
    )
    parser.add_argument(
        "--fast-math", action="store_true", help="brian2cuda's own flags and atomic additions"
    )
    chosen = parser.parse_args()
    try:
        capability_of_gpu()
        run = True
    except DeviceError as error:
        print(f"Built only: {error}\n")
        run = False
    print(HEADER + "\n" + "|---" * HEADER.count(" | ") + "|---|", flush=True)
    for name in chosen.only or NETWORKS:
        cells = row(name, Path(chosen.data), chosen.trials, run=run, fast_math=chosen.fast_math)
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
