"""
A sweep on a laptop and on a cluster
====================================

One study, many runs: every value and seed is a job of its own, the results come back as one dataset with a
dimension for each swept quantity. A sweep may be killed at any moment; the same call goes on with it.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import xarray as xr
from distributed import LocalCluster

from chronaxie.studies.running.runner import run_sweep
from chronaxie.studies.running.sweep import make_sweep

# %%
# What is run
# -----------
# The study ``train`` trains one network on one task. Two models and two seeds make four jobs; ``values`` are
# shared by all of them. On the command line the same is
#
# .. code-block:: sh
#
#    chronaxie run train --set task=synthetic_ecg --set hidden=12 --set epochs=6 --set device=numpy \
#      --set 'options={"config": {"train": 48, "valid": 24, "test": 24, "steps": 150}}' \
#      --sweep model=alif,lif --seeds 2 --out out/models
#
# Every configuration is made, and so checked, before the first job begins.

small = {"config": {"train": 48, "valid": 24, "test": 24, "steps": 150}}  # few and short recordings
shared = {
    "task": "synthetic_ecg",
    "options": small,
    "hidden": (12,),
    "epochs": 6,
    "device": "numpy",
}
sweep = make_sweep("train", values=shared, sweeps={"model": ("alif", "lif")}, seeds=2)
print(sweep.study.question)
for job in sweep.jobs:
    print(job.id, job.at)

# %%
# On this machine
# ---------------
# Each worker is a process of one thread. The folder is the sweep: kill this program, and the same call, or
# ``chronaxie resume out/models``, goes on where it was. Progress is shown on stderr; ``report`` takes the other
# lines that a sweep says, here to drop them.

outcome = run_sweep(sweep, "out/models", workers=2, report=lambda line: None)
print("files:", sorted(Path(file).name for file in outcome.files)[:4])
print("failed:", outcome.failed)
print(
    outcome.answer
    or outcome.problem
    or "this study has no answer of its own: the dataset is the result"
)

# %%
# A second call finds everything done, and runs nothing. Other values are another sweep: with them, name
# another folder.

again = run_sweep(sweep, "out/models", workers=2, report=lambda line: None)
print("failed:", again.failed)

# %%
# The dataset
# -----------
# Reading it needs xarray and h5netcdf, not this package. Lines are means over the seeds, bands their range.

ds = xr.load_dataset("out/models/train.nc", engine="h5netcdf")
print(ds.test_accuracy)
print("jobs without result:", ds.attrs["missing_jobs"])

figure, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
for model in ds.model.values:
    curves = ds.valid_accuracy.sel(model=model)
    ax.plot(ds.epoch, curves.mean("seed"), label=str(model))
    ax.fill_between(ds.epoch, curves.min("seed"), curves.max("seed"), alpha=0.2)
ax.set_xlabel("epoch")
ax.set_ylabel("validation accuracy")
ax.set_xticks(ds.epoch.values)
ax.legend()
plt.show()

# %%
# On a cluster
# ------------
# The same sweep on the workers of a `dask.distributed <https://distributed.dask.org>`_ scheduler: give its
# address. Here a scheduler with two workers is started in this process; on a cluster it is that of ``dask
# scheduler``, or of dask-jobqueue's ``SLURMCluster``. The workers see the folder under the same path.

more = make_sweep("train", values=shared | {"model": "lif"}, seeds=2)
with LocalCluster(
    n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None
) as cluster:
    there = run_sweep(
        more, "out/cluster", scheduler=cluster.scheduler_address, report=lambda line: None
    )
print("files:", sorted(Path(file).name for file in there.files)[:4])
print("failed:", there.failed)

# %%
# What a sweep came to is one page: ``chronaxie report out/models``. How far one is: ``chronaxie status
# out/models``. The result of one job again, and whether it is the same: ``chronaxie rerun
# out/models/jobs/…/result.nc``.
