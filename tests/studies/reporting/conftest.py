"""Small results of every study, as files, and the folder of a sweep with a job that failed."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from chronaxie import analyses
from chronaxie.studies import continuous, fidelity, lesions, robustness, training
from chronaxie.studies.record_simulation import simulate_record
from chronaxie.studies.result_folder import run_to_folder
from chronaxie.studies.results import write_result
from chronaxie.studies.running.folder import prepare_sweep
from chronaxie.studies.running.one_job import run_job
from chronaxie.studies.running.runner import finish
from chronaxie.studies.running.states import job_lock
from chronaxie.studies.running.sweep import make_sweep

from .. import small_tasks
from ..conftest import SMALL
from ..wfdb_files import ecg_network, write_annotated_beats

# Name → module, configuration and its fields.
OF_NETWORK = {
    "continuous": (continuous, continuous.ContinuousConfig, {"dts": (0.002,), "neurons": False}),
    "robustness": (
        robustness,
        robustness.RobustnessConfig,
        {"perturbations": ("weight_noise", "spike_loss"), "seeds": 2},
    ),
    "fidelity": (
        fidelity,
        fidelity.FidelityConfig,
        {"perturbations": ("weight_noise",), "dts": (0.002,), "resamples": 50},
    ),
    "lesions": (lesions, lesions.LesionsConfig, {"neurons": 3, "resamples": 50}),
}
GAINS = str(Path(__file__).with_name("gains.py"))


def silent(line):
    """Take a line of a report, and say nothing."""


@dataclass(frozen=True)
class Small:
    """A result as a file, and the configuration that made it (None: of what has none)."""

    file: Path
    config: object = None


@pytest.fixture(scope="session")
def small(request, tmp_path_factory):
    """Function from the name of a study or of a case of `small_tasks` to its `Small`, made when first asked for."""
    made = {}

    def give(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            of_network = name in OF_NETWORK or name == "ecg"
            made[name] = _make(name, folder, request.getfixturevalue("study") if of_network else None)
        return made[name]

    return give


def _make(name, folder, study):
    """A small result in a folder."""
    if name == "ecg":
        return Small(study.folder / f"{study.config.stem}.nc", study.config)
    if name == "simulate":
        result = simulate_record(ecg_network(), write_annotated_beats(folder), seconds=8.0, report=silent)
        write_result(result, folder / "record_rec.nc")
        return Small(folder / "record_rec.nc")
    with pytest.MonkeyPatch.context() as patch:
        if name in OF_NETWORK:
            module, kind, fields = OF_NETWORK[name]
            network = study.folder / study.config.network_file
            config = kind(network=str(network), device="numpy", trials=2, **fields)
            load = continuous.load_task
            patch.setattr(
                continuous, "load_task", lambda task, **options: load(task, config=SMALL, **options)
            )
            path = folder / f"{config.stem}.nc"
            write_result(module.run(config, report=silent), path)
            return Small(path, config)
        config = small_tasks.CASES[name]
        small_tasks.shrink(patch)
        patch.setattr(analyses, "figures", lambda *arguments, **options: [])
        _, files = run_to_folder(training.run, config, folder, report=silent)
    return Small(files[0], config)


@pytest.fixture(scope="session")
def gains(tmp_path_factory):
    """The folder of a finished sweep over gains and seeds, one of whose jobs failed."""
    folder = tmp_path_factory.mktemp("sweep") / "gains & <more>"
    sweep = make_sweep(GAINS, seeds=3)
    prepare_sweep(folder, sweep, report=silent)
    for job in sweep.jobs:
        with job_lock(folder, job):
            run_job(folder, sweep, job, report=silent)
    finish(folder, sweep, report=silent)
    return folder
