"""What is said of a sweep that is not whole: how many seeds a mean has, what is the same in all jobs, what is stale."""

import json

import numpy as np
import pytest
import xarray as xr

from chronaxie.studies.reporting import write_report
from chronaxie.studies.reporting.sweep_numbers import found_in
from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.one_job import run_job
from chronaxie.studies.running.records import WAITING
from chronaxie.studies.running.runner import finish
from chronaxie.studies.running.states import job_lock, write_state
from chronaxie.studies.running.sweep import make_sweep

from .conftest import GAINS, silent
from .reading import read

SAME = "The same in all jobs that are done"


@pytest.fixture
def sweep():
    return make_sweep(GAINS, sweeps={"gain": (1.0, 2.0)}, seeds=3)


def gathered(sweep, missing=(), **numbers):
    """Numbers on gain and seed, as the runner gathers them."""
    return xr.Dataset(
        {
            name: (("gain", "seed"), np.array(values, float), {"units": "1"})
            for name, values in numbers.items()
        },
        {"gain": [1.0, 2.0], "seed": [0, 1, 2]},
        {"missing_jobs": json.dumps([sweep.jobs[k].id for k in missing])},
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([[0.5, 0.6, 0.7], [0.8, 0.9, 0.7]], "means over 3 seeds"),
        ([[0.5, 0.6, 0.7], [0.8, 0.9, np.nan]], "means over 2 to 3 seeds"),
        ([[0.5, np.nan, 0.7], [0.8, 0.9, np.nan]], "means over 2 seeds"),
        ([[0.5, np.nan, np.nan], [np.nan] * 3], "one seed, so without intervals"),
    ],
)
def test_means_say_of_how_many_seeds_they_are(sweep, values, said):
    assert said in found_in(gathered(sweep, accuracy=values), sweep).answer


def same(found):
    """Name and number of what is the same in all jobs."""
    rows = [table.rows for table in found.tables if table.title == SAME]
    return {row[0]: row[1].value for row in rows[0]} if rows else {}


def test_what_is_the_same_in_all_jobs_is_read_from_one_that_is_done(sweep):
    ds = gathered(
        sweep,
        missing=[0],
        accuracy=[[np.nan, 0.1, 0.2], [0.3, 0.4, 0.5]],
        neurons=[[np.nan, 36, 36], [36] * 3],
        steps=[[np.nan, np.nan, 7], [7] * 3],
    )
    found = found_in(ds, sweep)
    assert same(found) == {"Neurons": 36}
    (over,) = (table for table in found.tables if table.title == "Every number over gain")
    assert "Steps" in over.columns


def test_numbers_of_jobs_that_ended_later_are_missed(tmp_path):
    sweep = make_sweep(GAINS, smoke=True, seeds=2)
    prepare_sweep(tmp_path, sweep, report=silent)

    def run(jobs):
        for job in jobs:
            with job_lock(tmp_path, job):
                run_job(tmp_path, sweep, job, report=silent)

    def page():
        return read(write_report(tmp_path).read_text(encoding="utf-8"))

    def warned():
        return " ".join(page().texts.get("warning", []))

    run(sweep.jobs[:3])
    finish(tmp_path, sweep, report=silent)
    assert "these numbers" not in warned()
    run(sweep.jobs[3:])
    assert "Jobs that are done but not in these numbers, which were gathered before: 1;" in warned()
    assert f"chronaxie resume {tmp_path}" in page().texts["code"]
    finish(tmp_path, sweep, report=silent)
    assert warned() == ""
    write_state(tmp_path, sweep.jobs[0], WAITING, study=sweep.study)
    assert "Jobs in these numbers that are not done any more: 1;" in warned()
