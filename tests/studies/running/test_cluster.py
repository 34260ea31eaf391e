"""A sweep on the workers of a dask scheduler, over TCP."""

import os
import re
import subprocess
import sys

import pytest

from chronaxie.studies.results import ResultError
from chronaxie.studies.running.cluster import run_on_scheduler
from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.progress import Progress
from chronaxie.studies.running.records import DONE, FAILED, INTERRUPTED, read_state

# A scheduler with a worker of its own process; the second cluster joins it over TCP.
FIRST = """
from distributed import LocalCluster
if __name__ == "__main__":
    options = {"host": "127.0.0.1", "protocol": "tcp", "dashboard_address": None}
    with LocalCluster(n_workers=1, threads_per_worker=1, **options) as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""


def silent(line):
    pass


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler with the workers of two clusters, each of processes of its own."""
    environment = os.environ | {"GIT_DIR": os.devnull, "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    (tmp_path / "first.py").write_text(FIRST)
    started = []

    def start(*command):
        started.append(
            subprocess.Popen(
                [sys.executable, *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
                cwd=tmp_path,
            )
        )
        return started[-1]

    address = start(tmp_path / "first.py").stdout.readline().strip()
    assert re.fullmatch(r"tcp://127\.0\.0\.1:\d+", address)
    start(
        "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--name", "second"
    )
    yield address
    for process in reversed(started):
        process.terminate()
        process.communicate()


@pytest.mark.slow
def test_two_clusters_over_tcp_give_the_same_bytes_as_local_workers(
    cluster, chronaxie, walk, files_of, tmp_path
):
    from distributed import Client

    asked = (
        "run",
        walk,
        "--sweep",
        "drift=0,0.5",
        "--sweep",
        "gait=slow",
        "--sweep",
        "size=1,2",
        "--seeds",
        "2",
    )
    with Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
    far = chronaxie(*asked, "--scheduler", cluster, "--out", tmp_path / "far", cwd=tmp_path)
    said = far.communicate()
    assert far.returncode == 0, said
    near = chronaxie(*asked, "--workers", "2", "--out", tmp_path / "near", cwd=tmp_path)
    assert near.communicate()
    assert near.returncode == 0
    whole, found = files_of(tmp_path / "near"), files_of(tmp_path / "far")
    assert whole.keys() == found.keys()
    assert [name for name in whole if whole[name] != found[name]] == []
    assert len(found) == 8 + 2


@pytest.mark.slow
def test_what_befalls_a_job_on_a_cluster_stays_its_own(cluster, make, tmp_path):
    sweep = make(
        sweeps={"trouble": (None, "error", "memory", "killed")}, seeds=1, values={"drift": 0, "steps": 1}
    )
    prepare_sweep(tmp_path, sweep, report=silent)
    with Progress(sweep.jobs, done=0, workers=1) as progress:
        run_on_scheduler(tmp_path, sweep, address=cluster, memory=3, cwd=tmp_path, progress=progress)
    found = {job.config.trouble: read_state(tmp_path, job).state for job in sweep.jobs}
    assert found == {None: DONE, "error": FAILED, "memory": FAILED, "killed": INTERRUPTED}
    assert progress.done == 1
    assert len(progress.fallen) == 3


@pytest.mark.slow
def test_a_worker_that_does_not_see_the_folder_is_named(cluster, make, tmp_path):
    sweep = make(sweeps={"gait": ("slow",)}, seeds=1, values={"drift": 0})
    with (
        Progress(sweep.jobs, done=0, workers=1) as progress,
        pytest.raises(ResultError, match="(?s)before the job began .*no sweep is there"),
    ):
        run_on_scheduler(
            tmp_path / "no", sweep, address=cluster, memory=None, cwd=tmp_path, progress=progress
        )


def test_a_scheduler_that_is_not_there_is_named(make, tmp_path, monkeypatch):
    monkeypatch.setattr("chronaxie.studies.running.cluster._CONNECT", 1)
    sweep = make(sweeps={"gait": ("slow",)}, seeds=1)
    with pytest.raises(
        ResultError, match="--scheduler tcp://127.0.0.1:1: no scheduler answers there .*tcp://host:8786"
    ):
        run_on_scheduler(
            tmp_path, sweep, address="tcp://127.0.0.1:1", memory=None, cwd=tmp_path, progress=None
        )
    with pytest.raises(ResultError, match="no scheduler answers there"):
        run_on_scheduler(tmp_path, sweep, address="host:port:1", memory=None, cwd=tmp_path, progress=None)
