"""A worker whose parent is gone: its job is not failed, it goes on later."""

import os
import subprocess

import pytest

from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.records import INTERRUPTED, read_state
from chronaxie.studies.running.worker import UNHEARD, command


@pytest.mark.parametrize("trouble", ["none", "chatter"])
def test_a_worker_to_which_nobody_listens_leaves_its_job_interrupted(make, tmp_path, trouble):
    # Of 60 s: it speaks again long before its end, to its parent or, "chatter", to stderr.
    fields = {"steps": 1200, "pause": 0.05, "trouble": trouble, "drift": 0, "seed": 0}
    sweep = make(values=fields)
    prepare_sweep(tmp_path, sweep)
    with subprocess.Popen(
        command(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    ) as worker:
        assert b'"begin"' in worker.stdout.readline()
        worker.stdout.close()
        worker.stderr.close()
        assert worker.wait(30) == UNHEARD
    (job,) = sweep.jobs
    assert read_state(tmp_path, job).state == INTERRUPTED
