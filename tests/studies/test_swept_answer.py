"""The answer of a sweep of single networks, whatever was swept, and its figures from the gathered file."""

import json

import numpy as np
import pytest
import xarray as xr

from chronaxie import analyses
from chronaxie.studies.catalogue import study
from chronaxie.studies.commands.run import _run_ecg
from chronaxie.studies.ecg_config import defaults
from chronaxie.studies.reporting.sweep_numbers import found_in
from chronaxie.studies.results import read_result, write_result
from chronaxie.studies.running import runner
from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.records import DONE, RESULT, job_folder
from chronaxie.studies.running.states import write_state
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.swept_answer import swept_answer

STUDENT_3 = 4.302653  # Student's t, two degrees of freedom, 97.5 %


def accuracies(sweep):
    """A made-up accuracy for each job."""
    values = np.random.default_rng(3).uniform(0.7, 0.9, len(sweep.jobs))
    return values.reshape([len(axis.values) for axis in sweep.axes])


def result(accuracy, wrong):
    """What a job leaves, of what the answer is made of."""
    one = {"units": "1"}
    return xr.Dataset(
        {
            "test_accuracy": ((), accuracy, one | {"long_name": "accuracy on labelled test steps, twin"}),
            "test_accuracy_yin": ((), accuracy - 0.01, one),
            "spikes_per_step": ("unit", [0.1, 0.3], one),
            "spike_mismatches": ((), wrong, one),
            "valid_accuracy": ("epoch", [0.5, accuracy], one | {"long_name": "validation accuracy"}),
            "example_trial": ((), 4, one),
        },
        {"epoch": [1, 2]},
        {"data_hash": "abc", "data_source": "made up", "seed": 0},
    )


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """Function from a sweep to the outcome and the gathered file of made-up results; one job has three mismatches."""

    def run(sweep, *, drawn=False):
        if not drawn:  # what the figures show is tested where they are looked at
            monkeypatch.setattr(runner, "_drawn", lambda *args: ([], []))
        folder = tmp_path / "out"
        prepare_sweep(folder, sweep, report=print)
        for k, (job, accuracy) in enumerate(zip(sweep.jobs, accuracies(sweep).ravel(), strict=True)):
            job_folder(folder, job).mkdir(parents=True)
            write_result(result(accuracy, 3 * (k == 1)), job_folder(folder, job) / RESULT)
            write_state(folder, job, DONE, study=sweep.study)
        outcome = runner.finish(folder, sweep, report=lambda line: None)
        assert outcome.problem == ""
        return outcome, read_result(folder / f"{sweep.study.name}.nc")

    return run


def test_a_sweep_of_ecg_answers_with_means_over_seeds_at_each_value(finished):
    sweep = make_sweep("ecg", sweeps={"hidden": ((18,), (36,))}, seeds=3, base=defaults("synthetic_ecg"))
    outcome, ds = finished(sweep, drawn=True)
    values = accuracies(sweep)
    half = STUDENT_3 * values.std(axis=1, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(ds["accuracy"], values.mean(axis=1))
    np.testing.assert_allclose(
        ds["accuracy_interval"],
        np.stack([values.mean(axis=1) - half, values.mean(axis=1) + half], 1),
        rtol=1e-6,
    )
    assert ds["accuracy"].dims == ("hidden",)
    assert ds["mismatches_at"].values.tolist() == [3, 0]
    assert int(ds["mismatches"]) == 3
    order = np.argsort(values.mean(axis=1))
    low, high = (f"{values.mean(axis=1)[k]:.3f} [" for k in order)
    assert outcome.answer.startswith(f"The accuracy on what is labelled goes from {low}")
    assert f"] at hidden {[18, 36][order[0]]} to {high}" in outcome.answer
    assert (
        "(means over 3 seeds); of 6 networks 1 differ from their twins in Brian2, in 3 neuron-steps"
        in outcome.answer
    )
    assert [path.name for path in outcome.files] == [
        "ecg.nc", "ecg_sweep.png", "ecg_sweep.svg", "ecg_learning.png", "ecg_learning.svg"
    ]  # fmt: skip


def test_a_sweep_of_seeds_alone_answers_in_one_number(finished):
    sweep = make_sweep("train", values={"task": "digits"}, seeds=3)
    outcome, ds = finished(sweep)
    assert ds["accuracy"].dims == ()
    assert outcome.answer.startswith(f"The accuracy on what is labelled is {accuracies(sweep).mean():.3f} [")
    assert json.loads(ds.attrs["seeds"]) == [0, 1, 2]
    assert (ds.attrs["data_hash"], ds.attrs["data_source"]) == ("abc", "made up")


def test_results_without_any_accuracy_have_no_answer_and_say_why(finished):
    _, ds = finished(make_sweep("train", values={"task": "digits"}, seeds=2))
    left = ds.drop_vars([name for name in ds.variables if "accuracy" in name])
    with pytest.raises(ValueError, match="none of the accuracies test_accuracy, .* is in the results"):
        swept_answer(left)


def test_one_seed_has_no_interval_and_says_so(finished):
    outcome, ds = finished(make_sweep("train", values={"task": "digits"}, sweeps={"model": ("alif", "lif")}))
    assert np.isnan(ds["accuracy_interval"]).all()
    assert "(one seed, so without intervals)" in outcome.answer


def test_what_is_of_one_trial_is_in_no_table(finished):
    sweep = make_sweep("train", values={"task": "digits"}, sweeps={"model": ("alif", "lif")}, seeds=3)
    _, ds = finished(sweep)
    found = found_in(ds, sweep)
    shown = " ".join(str(table.columns) + str(table.rows) for table in (found.headline, *found.tables))
    assert "xample" not in shown
    assert "Highest accuracy on what is labelled: model" in shown


@pytest.mark.parametrize("axes", [{"hidden": ((18,), (36,), (72,))}, {"model": ("alif", "lstm")}, {}])
def test_the_figures_show_every_job(axes, finished):
    sweep = make_sweep("train", values={"task": "digits"}, sweeps=axes, seeds=3)
    _, ds = finished(sweep)
    assert len(analyses.SWEPT) == len(study("train").sweep_figures) == 2
    figure = analyses.compose(ds, analyses.SWEPT[0])
    panel = figure.axes[0]
    drawn = [line.get_xydata() for line in panel.lines if line.get_marker() == "."]
    across = axes.get("hidden") is None  # rows: accuracies are along the horizontal axis
    found = np.sort(np.concatenate([points[:, 0 if across else 1] for points in drawn]))
    np.testing.assert_allclose(found, np.sort(accuracies(sweep).ravel()))
    curves = analyses.compose(ds, analyses.SWEPT[1]).axes[0]
    assert len([line for line in curves.lines if len(line.get_xdata()) == 2]) == max(1, len(sweep.jobs) // 3)
    assert {float(tick) for tick in curves.get_xticks()} <= {
        float(round(tick)) for tick in curves.get_xticks()
    }


def test_long_labels_leave_room_for_the_learning_curves(finished):
    axes = {"hidden": ((18,), (36,)), "rate_penalty": (0.0, 0.1, 1.0)}
    _, ds = finished(make_sweep("train", values={"task": "digits"}, sweeps=axes))
    figure = analyses.compose(ds, analyses.SWEPT[1])
    figure.canvas.draw()
    assert figure.axes[0].get_position().width > 0.7
    assert len(figure.axes[0].get_legend().get_texts()) == 6


def test_each_model_of_a_sweep_starts_from_its_own_recipe(monkeypatch):
    from chronaxie.studies.cli import make_parser

    made = []
    monkeypatch.setattr(
        runner, "run_sweep", lambda sweep, out, **_: made.append(sweep) or runner.Outcome([], {}, "", "")
    )
    for words in ("--sweep model=alif,se_adlif --seeds 2", "--sweep model=se_adlif --set hidden=7"):
        _run_ecg(make_parser().parse_args(["run", "ecg", "--synthetic", *words.split()]))
    both, alone = made
    for job in both.jobs:
        own = defaults("synthetic_ecg", job.at["model"])
        assert {name: getattr(job.config, name) for name in own} == own
    assert alone.jobs[0].config.hidden == (7,)
    assert alone.jobs[0].config.input_gain == defaults("synthetic_ecg", "se_adlif")["input_gain"]
    assert defaults("synthetic_ecg", "se_adlif")["input_gain"] != defaults("synthetic_ecg")["input_gain"]


def test_an_answer_without_seeds_or_spikes():
    ds = xr.Dataset(
        {"test_accuracy": ("units", [0.5, np.nan])},
        {"units": [1, 2]},
        {"axes": json.dumps([{"field": "units"}])},
    )
    found = swept_answer(ds)
    assert found.attrs["answer"] == (
        "The accuracy on what is labelled is 0.500 at units 1 (one seed, so without intervals)."
    )
