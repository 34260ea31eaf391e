"""How far a sweep is, on the terminal that runs it and from its folder."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from chronaxie import _locks
from chronaxie.studies.running.folder import only_runner
from chronaxie.studies.running.progress import Progress
from chronaxie.studies.running.records import FAILED, INTERRUPTED, RUNNING, job_folder
from chronaxie.studies.running.states import job_lock, write_state
from chronaxie.studies.running.status import sweep_status
from chronaxie.studies.running.time_left import duration, time_left


@pytest.fixture(scope="module")
def sweep(make):
    return make(sweeps={"drift": (0, 1), "gait": ("slow",)}, seeds=2)


def test_status_says_how_far_a_sweep_is(sweep, run_here, tmp_path):
    run_here(tmp_path, sweep, sweep.jobs[:1])
    write_state(tmp_path, sweep.jobs[1], FAILED, study=sweep.study, error="ValueError: x")
    write_state(tmp_path, sweep.jobs[2], INTERRUPTED, study=sweep.study, error="signal 9 (SIGKILL)")
    text = sweep_status(tmp_path).text()
    assert "walk: Where does a walk end?\n4 jobs: 1 done, 1 waiting, 1 interrupted, 1 failed\n" in text
    assert f"nobody runs it; it goes on with: chronaxie resume {tmp_path}" in text
    assert "\nfailed: drift 0.0, gait slow, seed 1: ValueError: x\n" in text
    assert "\ninterrupted: drift 1.0, gait slow, seed 0: signal 9 (SIGKILL)\n" in text
    began = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    with only_runner(tmp_path, workers=2, scheduler=None), job_lock(tmp_path, sweep.jobs[3]):
        write_state(tmp_path, sweep.jobs[3], RUNNING, study=sweep.study, began=began)
        found = sweep_status(tmp_path)
        assert found.seconds_left == 0  # the only one that runs has run longer than the one that is done
        assert f"process {os.getpid()} on {os.uname().nodename} runs it; about " in found.text()
        assert f"\nrunning: drift 1.0, gait slow, seed 1, since {began}\n" in found.text()


def test_a_killed_sweep_is_no_running_one_where_nothing_may_be_written(
    sweep, run_here, tmp_path, monkeypatch
):
    folder = tmp_path / "with a blank"
    run_here(folder, sweep, sweep.jobs[:1])
    write_state(folder, sweep.jobs[1], RUNNING, study=sweep.study)
    for left in (folder, job_folder(folder, sweep.jobs[1])):  # of processes that were killed
        (left / ".lock").write_text('{"pid": 1, "machine": "gone"}')

    def only_to_read(path, mode="r", *args, **kwargs):
        if mode != "r":
            raise PermissionError(13, "Permission denied", str(path))
        return open(path, mode, *args, **kwargs)

    monkeypatch.setattr(_locks, "open", only_to_read, raising=False)
    text = sweep_status(folder).text()
    assert "4 jobs: 1 done, 2 waiting, 1 interrupted\nnobody runs it; " in text
    assert f"it goes on with: chronaxie resume '{folder}'\n" in text
    monkeypatch.undo()
    with only_runner(folder, workers=1, scheduler=None):
        monkeypatch.setattr(_locks, "open", only_to_read, raising=False)
        assert f"process {os.getpid()} on {os.uname().nodename} runs it" in sweep_status(folder).text()


def test_status_of_a_complete_sweep(make, run_here, tmp_path):
    sweep = make(values={"drift": 0, "seed": 1, "steps": 1})
    run_here(tmp_path, sweep)
    assert sweep_status(tmp_path).text().endswith("1 job: 1 done\ncomplete")


def test_status_needs_neither_the_study_nor_torch_nor_brian2(sweep, run_here, tmp_path):
    run_here(tmp_path, sweep, sweep.jobs[:2])
    code = (
        "import sys\nfrom chronaxie.studies.cli import main\nmain(['status', sys.argv[1]])\n"
        "loaded = {'torch', 'brian2', 'xarray', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not loaded, loaded\nassert not any('walk' in str(n) for n in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("walk: Where does a walk end?\n4 jobs: 2 done, 2 waiting\n")


def test_status_of_a_folder_that_does_not_name_its_jobs_yet(sweep, run_here, tmp_path):
    run_here(tmp_path, sweep, sweep.jobs[:2])
    before = sweep_status(tmp_path)
    content = json.loads((tmp_path / "sweep.json").read_text())
    for name in ("jobs", "name", "question"):
        del content[name]
    (tmp_path / "sweep.json").write_text(json.dumps(content))
    assert sweep_status(tmp_path) == before


def test_progress_without_a_terminal_is_a_line_for_each_job(sweep, capsys, monkeypatch):
    times = iter([0.0, 30.0, 60.0, 60.0, 90.0, 100.0])
    monkeypatch.setattr("time.monotonic", times.__next__)
    one, two, three = (job.id for job in sweep.jobs[1:])
    with Progress(sweep.jobs, done=1, workers=2) as progress:
        progress.begun(one)
        progress.begun(two)
        progress.says(one, "not shown")
        progress.finished(one, 60.0)  # the other has run for 30 of 60 s, a third waits
        progress.begun(three)
        progress.fell(two, "ValueError: x")
        progress.finished(three, 40.0)
    assert capsys.readouterr().err.splitlines() == [
        "4 jobs, 1 done before, 2 at a time",
        "[2/4] drift 0.0, gait slow, seed 1: 60.0 s; 45 s left",
        "[3/4] drift 1.0, gait slow, seed 0: failed: ValueError: x; 30 s left",
        "[4/4] drift 1.0, gait slow, seed 1: 40.0 s",
    ]
    assert progress.fallen == {two}


@pytest.mark.parametrize(
    ("done", "running", "waiting", "workers", "left"),
    [
        ([], [3.0], 4, 2, None),
        ([10.0], [9.0], 0, 2, 1.0),
        ([10.0], [11.0, 4.0], 0, 2, 6.0),
        ([10.0, 20.0], [15.0, 15.0], 6, 2, 45.0),  # the last of a wave have just begun
        ([10.0], [], 1, 8, 10.0),  # no worker helps another with its job
    ],
)
def test_time_left_is_what_jobs_of_the_mean_duration_still_need(done, running, waiting, workers, left):
    assert time_left(done, running, waiting=waiting, workers=workers) == left


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.4, "3 s"), (99, "99 s"), (720, "12 min"), (11100, "3 h 05 min")]
)
def test_durations_are_said_in_words(seconds, text):
    assert duration(seconds) == text


def test_where_stderr_is_closed_progress_says_nothing(make, monkeypatch, capsys):
    sweep = make(smoke=True)
    monkeypatch.setattr("sys.stderr", None)
    with Progress(sweep.jobs, done=0, workers=2) as progress:
        for job in sweep.jobs:
            progress.begun(job.id)
        progress.finished(sweep.jobs[0].id, 2.0)
        progress.fell(sweep.jobs[1].id, "ValueError: stumbled")
    assert (progress.done, progress.fallen) == (1, {sweep.jobs[1].id})
    assert capsys.readouterr().out == ""
