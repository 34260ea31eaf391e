"""The two figures of docs/effective_timescales.md, from a simulation and from what timescale_recovery.py wrote.

python benchmarks/timescale_recovery.py --recordings human --repetitions 160
python benchmarks/effective_figures.py [--recovery out/recovery] [--out docs/images]
"""

import argparse
from pathlib import Path

import numpy as np
import xarray as xr
from brian2 import ms

import chronaxie as cx
from chronaxie.analyses import compose
from chronaxie.analyses.drawing.effective import EFFECTIVE
from chronaxie.analyses.effective import (
    autocorrelation_timescales,
    doubly_stochastic_spikes,
    isi_timescales,
    membrane_timescales,
)
from chronaxie.studies.protocols.current_step import current_step

STEPS, CHANNELS, TRIALS = 1000, 20, 60


def two_layers():
    """Time scales of an untrained network under inputs whose rate wanders with a time constant of 100 ms."""
    net = cx.models.srnn(
        inputs=CHANNELS, hidden=[24, 24], outputs=6, neuron=cx.models.ALIF, dt=4 * ms, seed=0
    )
    process = doubly_stochastic_spikes(
        100, rate=20, duration=4, trials=TRIALS, neurons=CHANNELS, components=2, step=4, seed=1
    )
    step = np.round(process["process_spike_time"].values / 0.004 - 0.5).astype(int)
    spikes = np.zeros((TRIALS, STEPS, CHANNELS), np.uint8)
    spikes[process["process_spike_trial"].values, step, process["process_spike_neuron"].values] = 1
    stimulus = xr.DataArray(
        spikes, dims=("trial", "time", "channel"), coords={"time": ("time", np.arange(STEPS) * 0.004)}
    )
    out = cx.simulate(net, stimulus, seed=0)
    parts = [
        autocorrelation_timescales(out, resamples=100, width=0.02, longest_lag=0.5),
        isi_timescales(out, resamples=100),
        membrane_timescales(current_step(net, dt=4 * ms, groups=["hidden1", "hidden2"]), resamples=100),
    ]
    return xr.merge(parts, combine_attrs="drop_conflicts", join="outer", compat="no_conflicts")


def recovered(folder):
    """What the benchmark found at the length and rate of human units, all time constants in one dataset."""
    files = sorted(folder.glob("human_*.nc"), key=lambda path: float(path.stem.split("_")[1]))
    if not files:
        raise SystemExit(
            f"{folder}: no human_*.nc; run benchmarks/timescale_recovery.py --recordings human first"
        )
    return xr.concat(
        [xr.load_dataset(path, engine="h5netcdf") for path in files],
        "recovery_tau",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        combine_attrs="drop_conflicts",
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recovery", type=Path, default=Path("out/recovery"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name, spec, ds in (
        ("effective_recovery", EFFECTIVE[1], recovered(given.recovery)),
        ("effective", EFFECTIVE[0], two_layers()),
    ):
        compose(ds, spec).savefig(given.out / f"{name}.png", dpi=110)


if __name__ == "__main__":
    main()
