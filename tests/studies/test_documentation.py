"""The pages of docs/ about training, tasks and results, held against the code."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chronaxie.gradient_bridge.options import Training
from chronaxie.gradient_bridge.training_task import TaskRun
from chronaxie.studies.tasks import TASKS, SyntheticECG

DOCS = Path(__file__).resolve().parents[2] / "docs"


def rows(page, *, under=""):
    """Cells of the table rows of a page, or of what is under one heading, whose first cell is a name in code type."""
    text = (DOCS / page).read_text()
    if under:
        text = text.split(f"\n{under}\n")[1].split("\n#")[0]
    lines = text.splitlines()
    cells = [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines if line.startswith("| `")
    ]
    return {name.strip("`"): rest for name, *rest in cells}


def programs(page):
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def run(source, folder, **environment):
    """Run a program as a reader would; return what it prints."""
    command = [sys.executable, "-c", source]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=600, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_variable_of_the_result_is_described_with_dimensions_and_unit(study):
    described = {}
    for line in (DOCS / "results.md").read_text().splitlines():
        match = re.fullmatch(r"\| `(\w+)` \|(.*?)\|(.*?)\| (.*) \|", line)
        if match:
            name, dims, unit, _ = match.groups()
            described[name] = tuple(d for d in dims.strip().split(", ") if d), unit.strip()
    found = {
        name: (v.dims, v.attrs.get("units", ""))
        for name, v in study.result.variables.items()
        if name != "epoch"
    }
    described.pop("epoch")
    assert described == found


def test_every_attribute_of_the_result_is_described(study):
    assert set(rows("results.md", under="## Attributes")) == set(study.result.attrs)


def test_the_result_is_read_with_xarray_alone(study, tmp_path):
    (tmp_path / "ecg_synthetic_seed0.nc").symlink_to(study.folder / "ecg_synthetic_seed3.nc")
    (source,) = programs("results.md")
    source += "\nimport sys\nprint(sorted({'chronaxie', 'torch', 'brian2'} & set(sys.modules)))\n"
    printed = run(source, tmp_path)
    ds = study.result
    assert f"{float(ds.test_accuracy):.3f} in the twin" in printed
    assert f"0 of {int(ds.spike_neuron_steps)} neuron-steps differ" in printed
    assert f"median {float(ds.tau_m[ds.layer == 'hidden1'].median()):.1f} ms" in printed
    assert printed.endswith("[]\n")


def test_every_option_of_fit_is_described_with_its_default():
    described = rows("training.md", under="## Options")
    options = {field.name: field.default for field in dataclasses.fields(Training)}
    for name, default in options.items():
        assert described[name][0] == "`" + repr(default).replace("'", '"') + "`", name


def test_the_history_is_described():
    described = rows("training.md", under="## The history")
    history = TaskRun.history_variables
    assert {name: cells[0] for name, cells in described.items() if name in history} == {
        name: unit for name, (_, unit) in history.items()
    }


def test_every_parameter_of_the_synthetic_ecg_is_described_with_its_default():
    described = rows("tasks.md", under="### Parameters")
    defaults = {field.name: field.default for field in dataclasses.fields(SyntheticECG)}
    assert {name: cells[0].strip("`").replace('"', "'") for name, cells in described.items()} == {
        name: repr(default) for name, default in defaults.items()
    }


def test_every_task_is_described():
    assert set(TASKS) <= set(rows("tasks.md"))


@pytest.mark.slow
def test_the_task_of_your_own_is_learned(tmp_path):
    printed = run(programs("tasks.md")[-1], tmp_path)
    # 0.5 is chance, 0.9 what the page says.
    assert float(re.search(r"best validation accuracy ([\d.]+)", printed)[1]) > 0.8


@pytest.mark.slow
def test_the_lag_of_the_recordings_is_as_the_page_says(data_dir, tmp_path):
    printed = run(programs("tasks.md")[1], tmp_path, CHRONAXIE_DATA=str(data_dir))
    assert "train: labels lag by 16 steps; 0.080 of the steps have no label, 0.773 no event" in printed
    assert "test: labels lag by 18 steps; 0.104 of the steps have no label, 0.763 no event" in printed


@pytest.mark.slow
def test_the_program_of_the_page_on_training_runs(tmp_path):
    (source,) = programs("training.md")
    assert "epochs=20" in source
    source = source.replace("epochs=20", "epochs=1") + "print(history.sizes['epoch'])\n"
    assert run(source, tmp_path) == "1\n"
    assert (tmp_path / "run.checkpoint.pt").is_file()
