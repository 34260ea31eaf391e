"""Sweeps whose processes are killed, run out of memory or of disk, and go on."""

import json
import os
import random
import signal
import time

import psutil
import pytest

from chronaxie.studies.running.folder import open_sweep
from chronaxie.studies.running.records import DONE, FAILED, INTERRUPTED, RUNNING, read_state

KILLS = 10


def states(folder):
    return {job.id: read_state(folder, job).state for job in open_sweep(folder).jobs}


def wait_for(condition, *, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def workers_of(process):
    """Worker processes below a process, without the shells that watch them."""
    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [child for child in below if "python" in _name(child)]


def _name(process):
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


@pytest.mark.slow
def test_a_sweep_killed_ten_times_ends_with_the_same_bytes(walk, chronaxie, files_of, tmp_path):
    # 60 jobs of 5 steps, each with a checkpoint: they are killed in the midst of jobs as well as between them.
    asked = ("run", walk, "--sweep", "drift=0,0.5", "--sweep", "gait=slow,fast", "--sweep", "size=1,2,3", "--seeds",
             "5", "--set", "pause=0.1", "--workers", "2")  # fmt: skip
    undisturbed = chronaxie(*asked, "--out", tmp_path / "whole", cwd=tmp_path)
    assert undisturbed.communicate()[1]
    assert undisturbed.returncode == 0
    rng, out, parent, killed = random.Random(1), tmp_path / "out", None, []
    assert len(states(tmp_path / "whole")) == 60
    while len(killed) < KILLS:
        if parent is None:
            parent = chronaxie(*asked, "--out", out, cwd=tmp_path)
            wait_for(lambda: (out / "sweep.json").exists() and RUNNING in states(out).values())
        time.sleep(rng.uniform(0, 1))
        crew = workers_of(parent)
        assert parent.poll() is None, "the sweep was complete before all kills: make it longer"
        if crew and rng.random() < 0.5:
            rng.choice(crew).kill()
            killed.append("worker")
        else:
            parent.kill()
            parent.communicate()
            psutil.wait_procs(crew, timeout=10)
            assert not [child for child in crew if child.is_running()], "a worker outlived its parent"
            parent = None
            killed.append("parent")
    assert {"worker", "parent"} == set(killed)
    if parent is not None:
        parent.communicate()
    for _ in range(2):  # what was killed by itself is run again by the next command
        last = chronaxie("resume", out, "--workers", "2", cwd=tmp_path)
        said = last.communicate()
    assert last.returncode == 0, said
    assert set(states(out).values()) == {DONE}
    whole, found = files_of(tmp_path / "whole"), files_of(out)
    assert whole.keys() == found.keys()
    assert [name for name in whole if whole[name] != found[name]] == []
    attempts = [json.loads(path.read_text())["attempts"] for path in out.glob("jobs/*/job.json")]
    assert max(attempts) > 1, "no job was killed in its midst"


@pytest.mark.slow
def test_what_befalls_a_job_stays_its_own(walk, chronaxie, tmp_path):
    process = chronaxie("run", walk, "--sweep", "trouble=null,error,memory,killed", "--set", "steps=1", "--set",
                        "drift=0", "--seeds", "1", "--memory", "3", "--workers", "2", "--out", tmp_path)  # fmt: skip
    out, err = process.communicate()
    assert process.returncode == 1, err
    found = {job.config.trouble: read_state(tmp_path, job) for job in open_sweep(tmp_path).jobs}
    assert {trouble: state.state for trouble, state in found.items()} == {
        None: DONE,
        "error": FAILED,
        "memory": FAILED,
        "killed": INTERRUPTED,
    }
    assert found["memory"].error.startswith("MemoryError: Unable to allocate 64.0 GiB")
    assert found["killed"].error == "its process ended: signal 9 (SIGKILL); out of memory, or killed by hand"
    assert "failed: 3, their tracebacks in" in out
    assert "seed-0_trouble-error_" in out
    assert "They end at" in out
    again = chronaxie("resume", tmp_path, "--retry", "--workers", "2")
    again.communicate()
    assert again.returncode == 1
    found = {job.config.trouble: read_state(tmp_path, job) for job in open_sweep(tmp_path).jobs}
    assert [found[trouble].attempts for trouble in (None, "error", "killed")] == [1, 2, 2]


@pytest.mark.slow
def test_a_second_parent_is_refused_and_a_full_disk_stops_the_sweep(walk, chronaxie, tmp_path):
    asked = ("run", walk, "--set", "pause=30", "--set", "drift=0", "--seeds", "1", "--sweep", "gait=slow")
    first = chronaxie(*asked, "--workers", "1", "--out", tmp_path / "a")
    try:
        wait_for(
            lambda: (tmp_path / "a" / "sweep.json").exists() and RUNNING in states(tmp_path / "a").values()
        )
        second = chronaxie(*asked, "--out", tmp_path / "a")
        assert (
            f"process {first.pid} on {os.uname().nodename} runs this sweep already" in second.communicate()[1]
        )
        assert second.returncode == 1
        crew = workers_of(first)
        command = psutil.Process(first.pid).cmdline()
        assert [child.cmdline() for child in crew] == [command], "the worker is no copy"
        first.send_signal(signal.SIGINT)
        assert "interrupted; chronaxie resume DIR" in first.communicate()[1]
        assert first.returncode == 130
        psutil.wait_procs(crew, timeout=10)
        assert not [child for child in crew if child.is_running()]
    finally:
        first.kill()
        first.communicate()
    full = chronaxie("run", walk, "--set", "trouble=full", "--set", "drift=0", "--seeds", "2", "--workers", "1",
                     "--out", tmp_path / "b")  # fmt: skip
    assert "the disk is full" in full.communicate()[1]
    assert full.returncode == 1
    assert sorted(set(states(tmp_path / "b").values())) == [INTERRUPTED, "waiting"]


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_from_its_checkpoint(chronaxie, files_of, tmp_path):
    fields = {"task": "digits", "epochs": 6, "hidden": 8, "batch_size": 256}
    given = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    asked = ("run", "train", *given, "--sweep", "model=lstm,alif", "--workers", "2")
    whole = chronaxie(*asked, "--out", tmp_path / "whole", cwd=tmp_path)
    said = whole.communicate()
    assert whole.returncode == 0, said
    out = tmp_path / "out"
    for model in ("lstm", "alif"):
        killed = chronaxie(*asked, "--out", out, cwd=tmp_path)
        wait_for(lambda: list(out.glob(f"jobs/model-{model}_*/checkpoint.pt")), seconds=300)  # noqa: B023
        killed.kill()
        killed.communicate()
    last = chronaxie("resume", out, "--workers", "2", cwd=tmp_path)
    said = last.communicate()
    assert last.returncode == 0, said
    attempts = [json.loads(path.read_text())["attempts"] for path in out.glob("jobs/*/job.json")]
    assert max(attempts) > 1
    first, found = files_of(tmp_path / "whole"), files_of(out)
    assert first.keys() == found.keys()
    assert [name for name in first if first[name] != found[name]] == []
    assert sorted(path.name for path in out.glob("jobs/*/network.*")) == ["network.nc", "network.pt"]
