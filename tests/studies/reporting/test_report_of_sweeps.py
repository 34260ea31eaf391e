"""The page of a sweep: the study's answer, every number over the swept values, jobs with their files and errors."""

import shlex
from urllib.parse import unquote

import numpy as np
import pytest

from chronaxie.studies.cli import main
from chronaxie.studies.reporting import write_report
from chronaxie.studies.reporting.parts import Number
from chronaxie.studies.reporting.sweep import run_command
from chronaxie.studies.results import ResultError, read_result
from chronaxie.studies.running import runner
from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.one_job import run_job
from chronaxie.studies.running.runner import Outcome
from chronaxie.studies.running.states import job_lock
from chronaxie.studies.running.sweep import make_sweep

from .conftest import GAINS, silent
from .reading import loads, read


@pytest.fixture(scope="module")
def text(gains):
    """The page of the sweep."""
    path = write_report(gains)
    assert path == gains / "report.html"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    """The same, read."""
    return read(text)


def test_the_studys_own_answer_stands_first(page, gains):
    ds = read_result(gains / "gains.nc")
    assert page.texts["question"] == ["Does a gain add to the rate, where 1 < 2?"]
    assert page.texts["answer"] == [ds.attrs["answer"]]
    added, low, high = float(ds["added"]), *ds["added_interval"].values
    assert page.rows[1] == ["Added", f"{added:.1f}", f"{low:.1f} to {high:.1f}", "Hz", "3 paired seeds"]


def test_numbers_over_the_swept_values_are_means_over_seeds(page, gains):
    ds = read_result(gains / "gains.nc")
    start = page.rows.index(["Gain", "Jobs", "Rate of <i>all</i> neurons (Hz)"])
    rows = page.rows[start + 1 : start + 4]
    assert [row[:2] for row in rows] == [["1", "3"], ["2", "3"], ["4", "2"]]  # one of those failed
    for row, values in zip(rows, ds["rate"].values, strict=True):
        values = values[~np.isnan(values)]
        student = {3: 4.302653, 2: 12.706205}[len(values)]
        half = student * values.std(ddof=1) / np.sqrt(len(values))
        assert row[2] == str(Number(values.mean(), values.mean() - half, values.mean() + half))
    assert ["Neurons", "36", ""] in page.rows  # the same in all jobs


def test_every_job_has_its_files(page, gains):
    links = [
        unquote(value) for tag, name, value in page.addresses if tag == "a" and not value.startswith("#")
    ]
    assert sorted(links) == sorted(
        str(path.relative_to(gains))
        for name in ("result.nc", "job.json")
        for path in gains.glob(f"jobs/*/{name}")
    )
    assert len(links) == 8 + 9


def test_a_failed_job_is_shown_with_its_error(page, text):
    assert "ValueError: a gain of <b>4</b> & the seed 1" in page.texts["summary"]
    (traceback,) = (one for one in page.texts["pre"] if "Traceback" in one)
    assert "<script>document.title = 'injected'</script>" in traceback
    assert text.count("<script>") == 1
    assert any("8 of 9 jobs are done" in one for one in page.texts["warning"])


def test_nothing_is_loaded(text, page):
    assert loads(text) == []
    images = [value for tag, _, value in page.addresses if tag == "img"]
    assert len(images) == 1
    assert page.alts[0] == "Rates: Mean rate (Hz) against Gain"


def test_a_job_has_a_page_of_its_own(gains):
    result = next(gains.glob("jobs/gain-1*seed-0*/result.nc"))
    page = read(write_report(result.parent).read_text(encoding="utf-8"))
    assert [
        "Rate of <i>all</i> neurons",
        f"{float(read_result(result)['rate']):.4g}",
        "–",
        "Hz",
        "1 run",
    ] in page.rows


def test_a_sweep_that_has_begun_has_a_page(tmp_path):
    prepare_sweep(tmp_path, make_sweep(GAINS, seeds=2), report=silent)
    page = read(write_report(tmp_path).read_text(encoding="utf-8"))
    assert page.texts["answer"][0].startswith("Not answered yet: 0 of 6 jobs are done")
    assert f"chronaxie resume {tmp_path}" in page.texts["code"]
    assert [row[3] for row in page.rows if len(row) == 8] == ["State", *["waiting"] * 6]


def test_a_page_of_a_half_done_sweep_says_how_far_it_is(tmp_path):
    sweep = make_sweep(GAINS, seeds=2)
    prepare_sweep(tmp_path, sweep, report=silent)
    for job in sweep.jobs[:4]:
        with job_lock(tmp_path, job):
            run_job(tmp_path, sweep, job, report=silent)
    runner.finish(tmp_path, sweep, report=silent)
    page = read(write_report(tmp_path).read_text(encoding="utf-8"))
    assert page.texts["h1"] == ["gains · 4 of 6 jobs done"]
    assert "4 of 6 jobs are done; what is said here is of those alone." in page.texts["warning"][0]


def test_a_sweep_of_a_newer_version_is_refused(tmp_path):
    (tmp_path / "sweep.json").write_text('{"format": 99}')
    with pytest.raises(ResultError, match=r"sweep\.json: written by a newer chronaxie \(format 99"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    "asked",
    [
        {"study_name": GAINS, "seeds": 2},
        {"study_name": GAINS, "smoke": True},
        {"study_name": GAINS, "values": {"gain": 1.0, "kind": "3"}},
        {
            "study_name": GAINS,
            "sweeps": {"gain": (0.5, 2.0), "kind": ("a b", "c,d")},
            "values": {"sizes": (3, 4)},
        },
        {"study_name": GAINS, "sweeps": {"kind": ("plain", "c,d")}},
        {"study_name": GAINS, "sweeps": {"seed": (3, 5)}},
        {"study_name": GAINS, "smoke": True, "sweeps": {"seed": (0, 1), "kind": ("a", "b")}},
        {"study_name": GAINS, "smoke": True, "sweeps": {"kind": ("a", "b")}, "seeds": 2},
        {"study_name": "timescales", "sweeps": {"variant": ("broad ×2", "cortex")}},
        {"study_name": "timescales", "smoke": True, "sweeps": {"variant": ("broad", "broad ×2")}},
        {"study_name": "continuous_time", "values": {"network": "a.npz", "start": "random"}},
        {
            "study_name": "continuous_time",
            "values": {"start": "random"},
            "sweeps": {"network": ("a.npz", "b.npz")},
        },
        {"study_name": "continuous_time", "values": {"model": "alif"}},
        {
            "study_name": "train",
            "values": {"task": "digits"},
            "sweeps": {"model": ("alif", "lstm")},
            "seeds": 2,
        },
    ],
)
def test_the_command_makes_the_same_sweep(asked, monkeypatch):
    sweep = make_sweep(**asked)
    assert made_by(run_command(sweep, "some folder"), monkeypatch) == ("some folder", sweep.to_json())


def test_the_command_of_an_ecg_sweep_says_where_the_recordings_are_from(monkeypatch):
    command = "run ecg --synthetic --epochs 3 --sweep hidden=8,16 --seeds 2 --out x"
    _, wanted = made_by(f"chronaxie {command}", monkeypatch)
    sweep = make_sweep("ecg", values={"epochs": 3}, sweeps={"hidden": ((8,), (16,))}, seeds=2, base=recipe())
    assert sweep.to_json() == wanted
    assert made_by(run_command(sweep, "x"), monkeypatch) == ("x", wanted)


def recipe():
    """What the command starts from on synthetic recordings."""
    from chronaxie.studies.ecg_config import defaults

    return defaults("synthetic_ecg", "alif") | {"data": None}


def made_by(command, monkeypatch):
    """The folder and the sweep of a command."""
    made = []

    def run_sweep(sweep, directory, **options):
        made.append((str(directory), sweep.to_json()))
        return Outcome([], {}, "", "")

    with monkeypatch.context() as patch:
        patch.setattr(runner, "run_sweep", run_sweep)
        assert main(shlex.split(command)[1:]) == 0
    return made[0]
