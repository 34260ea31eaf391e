"""Bias of the estimators of intrinsic time constants at the lengths and rates of recordings in vivo.

    python benchmarks/timescale_recovery.py [--recordings human …] [--repetitions 40] [--resamples 100]

writes a netCDF file for each kind of recording and time constant, and prints the table of docs/effective_timescales.md.
"""

import argparse
from pathlib import Path

from chronaxie.analyses.effective import timescale_recovery

# About the median length (s) and rate (Hz) of the accepted units of each species in biology/intrinsic_timescales.csv.
RECORDINGS = {"human": (1400.0, 1.2), "mouse": (3100.0, 1.2), "monkey": (8700.0, 2.3), "fast": (4600.0, 10.0)}
# tau (ms), width, window and longest lag (s): bins no wider than tau, windows of some time constants.
SETTINGS = (
    (20.0, 0.02, 0.4, 0.2),
    (50.0, 0.05, 1.0, 0.5),
    (100.0, 0.05, 2.0, 1.0),
    (200.0, 0.05, 2.0, 1.0),
    (300.0, 0.05, 3.0, 1.5),
)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", nargs="+", choices=list(RECORDINGS), default=list(RECORDINGS))
    parser.add_argument("--repetitions", type=int, default=40)
    parser.add_argument("--resamples", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/recovery"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    print("| recording | tau (ms) | autocorrelation | found | covered | intervals | found | covered |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in arguments.recordings:
        duration, rate = RECORDINGS[name]
        for tau, width, window, longest_lag in SETTINGS:
            ds = timescale_recovery(
                [tau],
                rate=rate,
                duration=duration,
                width=width,
                window=window,
                longest_lag=longest_lag,
                repetitions=arguments.repetitions,
                resamples=arguments.resamples,
            )
            ds.to_netcdf(arguments.out / f"{name}_{tau:g}.nc", engine="h5netcdf")
            row = ds.isel(recovery_tau=0)
            cells = [
                f"{float(row['recovery_bias'][k]):+.0%} ± {float(row['recovery_spread'][k]):.0%} | "
                f"{float(row['recovery_found'][k]):.0%} | {float(row['recovery_coverage'][k]):.2f}"
                for k in range(2)
            ]
            print(f"| {name} | {tau:g} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
