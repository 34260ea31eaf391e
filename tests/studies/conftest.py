"""The study `ecg` on a task so small that it takes seconds."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import xarray as xr

from chronaxie.studies import ecg, ecg_config
from chronaxie.studies.result_folder import run_to_folder
from chronaxie.studies.task import Task
from chronaxie.studies.tasks import SyntheticECG, load_task

SMALL = SyntheticECG(train=8, valid=4, test=4, steps=100)
CELLS = ("mouse,spiny", "mouse,aspiny", "human,spiny")


@dataclass(frozen=True)
class SmallStudy:
    """One complete run: what it returned, and what it left in its folder."""

    config: ecg_config.ECGConfig
    task: Task
    result: xr.Dataset
    folder: Path
    files: tuple
    lines: tuple
    data: Path


def shrink(patch, data):
    """Let the study load a small task, and find a table of measured cells in `data`."""
    patch.setattr(ecg, "load_task", lambda name, **options: load_task(name, config=SMALL, **options))
    patch.setenv("CHRONAXIE_DATA", str(data))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory):
    """A data folder with a table of a dozen made-up cells in the columns of the Allen Cell Types Database."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "biology").mkdir()
    rows = ["specimen_id,species,dendrite_type,structure_area,cortical_layer,tau_membrane_ms"]
    rows += [f"{k},{CELLS[k % 3]},VISp,4,{10 + 3 * k}.5" for k in range(12)]
    (folder / "biology" / "allen_cell_types.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="session")
def config():
    """Two epochs of two batches with 8 neurons; the test set at dt and dt/8."""
    return ecg_config.ECGConfig(seed=3, epochs=2, batch_size=4, hidden=(8,), fine_factors=(8,))


@pytest.fixture(scope="session")
def study(config, small_data, tmp_path_factory):
    """The small study, run once."""
    folder, lines = tmp_path_factory.mktemp("study") / "out", []
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch, small_data)
        result, files = run_to_folder(ecg.run, config, folder, report=lines.append)
    task = load_task(config.task, seed=config.seed, config=SMALL)
    return SmallStudy(config, task, result, folder, tuple(files), tuple(lines), small_data)


@pytest.fixture
def small(monkeypatch, small_data):
    """In this test the study loads the small task."""
    shrink(monkeypatch, small_data)


@pytest.fixture
def without_times():
    """Function that takes a result's wall times and its commit away: two runs may differ in nothing else."""

    def strip(ds):
        kept = ds.drop_vars("epoch_seconds")
        kept.attrs = {k: v for k, v in ds.attrs.items() if k not in ("wall_time_s", "commit")}
        assert json.loads(kept.attrs["configuration"])
        return kept

    return strip


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """The study `train` on small tasks, every model once."""
    from .small_tasks import train_all  # not above: a test imports this file by itself in another process

    with pytest.MonkeyPatch.context() as patch:
        return train_all(patch, tmp_path_factory.mktemp)


@pytest.fixture
def small_tasks(monkeypatch):
    """In this test the study `train` loads small tasks."""
    from .small_tasks import shrink

    shrink(monkeypatch)
