"""A study in a file, its jobs run in this process, and the command line in another."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.one_job import run_job
from chronaxie.studies.running.states import job_lock
from chronaxie.studies.running.sweep import make_sweep

WALK = str(Path(__file__).with_name("walk.py"))


@pytest.fixture
def walk():
    """Path of the file of the study (str)."""
    return WALK


@pytest.fixture(scope="session")
def make():
    """Function that makes a sweep of the study."""
    return lambda **asked: make_sweep(WALK, **asked)


@pytest.fixture(scope="session")
def run_here():
    """Function that runs jobs of a sweep in this process: ``run_here(folder, sweep)``, or those that are named."""

    def run(folder, sweep, jobs=None):
        prepare_sweep(folder, sweep, report=lambda line: None)
        said = {}
        for job in sweep.jobs if jobs is None else jobs:
            with job_lock(folder, job) as ours:
                assert ours
                said[job.id] = run_job(folder, sweep, job, report=lambda line: None)
        return said

    return run


@pytest.fixture
def chronaxie():
    """Function that starts the command line in a process of its own; its commit does not change during a test."""

    def start(*arguments, **options):
        return subprocess.Popen(
            [sys.executable, "-m", "chronaxie", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"GIT_DIR": os.devnull},
            **options,
        )

    return start


@pytest.fixture
def files_of():
    """Function from a folder of a sweep to the bytes of its files by name, without what a clock and processes said."""

    def read(folder):
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file() and path.name not in ("job.json", ".lock")
        }

    return read
