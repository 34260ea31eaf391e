"""What the runner of sweeps costs beside the same jobs by hand, and what gathering their results costs.

``python benchmarks/runner_overhead.py [--epochs 10] [--seeds 6] [--rounds 3] [--results 300] [--out DIR]``

By hand: one process that calls the study's function for one seed after the other, and writes nothing. The runner:
``chronaxie run ecg --synthetic --seeds N --workers 1``, from its start to the gathered dataset, its answer and its
figures. Both with one thread, one after the other in each round; whole processes are measured, with all that they
start. Seconds of the processor are what counts on a busy machine; the median over the rounds is held to the bar of 3 %.

Gathering: the result of one of these jobs, as often as asked, in the folder of a sweep of so many seeds; beside it what
`xarray.open_dataset` alone takes for the same files. The bar is a fifth of that.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR = 0.03
FASTER = 5
BY_HAND = """
import sys
from chronaxie.studies import ecg
from chronaxie.studies.ecg_config import ECGConfig, defaults
from chronaxie.studies.running.values import configuration

for seed in range(int(sys.argv[2])):
    values = defaults("synthetic_ecg") | {"epochs": int(sys.argv[1]), "seed": seed}
    ecg.run(configuration(ECGConfig, values, where="by hand"), report=lambda line: None)
"""


def measured(command):
    """(Wall time, processor time) of a command with all that it starts, s."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env=os.environ | dict.fromkeys(threads, "1")
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def gathering(result, count, folder):
    """Processor time of gathering copies of a result, and of opening each with xarray, s."""
    import xarray as xr

    from chronaxie.studies.ecg_config import defaults
    from chronaxie.studies.running.folder import prepare_sweep
    from chronaxie.studies.running.gathering import gather
    from chronaxie.studies.running.records import DONE, RESULT, job_folder
    from chronaxie.studies.running.states import write_state
    from chronaxie.studies.running.sweep import make_sweep

    sweep = make_sweep("ecg", seeds=count, base=defaults("synthetic_ecg"))
    prepare_sweep(folder, sweep)
    files = []
    for job in sweep.jobs:
        write_state(folder, job, DONE, study=sweep.study)
        files.append(shutil.copy(result, job_folder(folder, job) / RESULT))
    began = time.process_time()
    gathered = gather(folder, sweep)
    ours = time.process_time() - began
    began = time.process_time()
    for file in files:
        with xr.open_dataset(file, engine="h5netcdf") as ds:
            ds.load()
    return ours, time.process_time() - began, len(gathered.variables)


def main():
    """Measure both and print tables; the exit code is 1 beyond a bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=int, default=300, help="how many are gathered")
    parser.add_argument("--out", type=Path, help="folder to keep; default: none is kept")
    given = parser.parse_args()
    size = (str(given.epochs), str(given.seeds))
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.out or Path(scratch)
        print(f"{given.seeds} jobs of {given.epochs} epochs   wall (s)   processor (s)")
        shares = []
        for k in range(given.rounds):
            out = folder / f"round{k}"
            words = [
                "--synthetic",
                "--epochs",
                size[0],
                "--seeds",
                size[1],
                "--workers",
                "1",
                "--out",
                str(out),
            ]
            hand = measured([sys.executable, "-c", BY_HAND, *size])
            runner = measured([sys.executable, "-m", "chronaxie", "run", "ecg", *words])
            for name, (wall, processor) in (("by hand", hand), ("runner", runner)):
                print(f"{name:24s} {wall:10.1f} {processor:15.1f}", flush=True)
            shares.append(runner[1] / hand[1] - 1)
        overhead = statistics.median(shares)
        print(f"overhead of the processor: {overhead:+.2%}, median of {given.rounds} (bar {BAR:.0%})")
        result = next((folder / "round0").glob("jobs/*/result.nc"))
        ours, opening, variables = gathering(result, given.results, folder / "gathered")
    faster = opening / ours
    print(
        f"gathering {given.results} results of {variables} variables: {ours:.1f} s of the processor; opening them one "
        f"by one: {opening:.1f} s, {faster:.1f} times as much (bar {FASTER})"
    )
    return int(overhead > BAR or faster < FASTER)


if __name__ == "__main__":
    sys.exit(main())
