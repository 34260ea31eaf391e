"""The harness of `make conformance` can say no: every kind of difference is found, every kind of end is told."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"


def load(name):
    """A module of benchmarks/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


report, worker, examples = (
    load("conformance_report"),
    load("conformance_worker"),
    load("conformance_examples"),
)


# ---------------------------------------------------------------------- the judge
ROWS = {"cells": [np.array([1]), np.array([], int), np.array([0, 2])]}
BEFORE = {
    "cells": {"v": (np.zeros(3), False), "lastspike": (np.full(3, -1e4), True), "n": (np.arange(3), True)}
}
AFTER = {
    "cells": {
        "v": (np.array([0.1, np.nan, 0.0]), False),
        "lastspike": (np.ones(3), True),
        "n": (np.arange(3), True),
    }
}


def recording(**changed):
    """What a twin returns that agrees with `ROWS` and `AFTER`."""
    spikes = torch.tensor([[[0, 1, 0], [0, 0, 0], [1, 0, 1]]], dtype=torch.float64)
    values = {name: torch.from_numpy(value.copy()) for name, (value, _) in AFTER["cells"].items()}
    return SimpleNamespace(spikes={"cells": changed.pop("spikes", spikes)}, final={"cells": values | changed})


def judged(given):
    run = {}
    worker.judge(run, given, ROWS, BEFORE, AFTER)
    return run


def test_equal_bits_are_exact_and_nan_equals_nan():
    run = judged(recording())
    assert (run["verdict"], run["wrong_spikes"], run["wrong_values"], run["differs"]) == ("exact", 0, 0, [])
    assert run["values"] == 9


def test_what_never_changes_and_nobody_may_set_need_not_be_returned():
    given = recording()
    del given.final["cells"]["n"]
    assert judged(given)["verdict"] == "exact"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (dict(spikes=torch.zeros(1, 3, 3)), "3 spikes of cells, first at step 0"),
        (dict(spikes=torch.zeros(1, 2, 3)), "spikes of cells: 2 steps, Brian2 has 3"),
        (dict(v=torch.tensor([np.nextafter(0.1, 1), np.nan, 0.0])), "cells.v: 1 of 3 values"),
        (dict(v=torch.tensor([0.1, np.nan, -0.0], dtype=torch.float64)), "cells.v: 1 of 3 values"),
        (
            dict(v=torch.tensor([0.1, np.nan, 0.0], dtype=torch.float32)),
            "cells.v: float32, Brian2 has float64",
        ),
        (dict(v=torch.zeros(2, dtype=torch.float64)), r"cells.v: float64 \(2,\), Brian2 has float64 \(3,\)"),
        (dict(lastspike=torch.zeros(3, dtype=torch.float64)), "cells.lastspike: 3 of 3 values"),
    ],
)
def test_every_difference_is_found(changed, said):
    run = judged(recording(**changed))
    assert run["verdict"] == "wrong"
    assert re.search(said, "; ".join(run["differs"]))


@pytest.mark.parametrize("missing", ["v", "lastspike"])
def test_what_is_not_returned_is_a_difference(missing):
    given = recording()
    del given.final["cells"][missing]
    assert judged(given)["differs"] == [f"cells.{missing}: not in the recording"]


def test_the_python_of_network_operations_starts_again_as_it_was():
    scope = dict(matrix=np.ones(2), count=3, rows=[1])
    exec("def step():\n    global count\n    matrix[:] = 5; count += 1; rows.append(2)", scope)  # noqa: S102
    matrix = scope["matrix"]
    state = worker.PythonState([SimpleNamespace(function=scope["step"])])
    scope["step"]()
    state.restore()
    assert scope["matrix"] is matrix
    assert (matrix.tolist(), scope["count"], scope["rows"]) == ([1, 1], 3, [1])


# ---------------------------------------------------------------------- verdicts and the table
EXACT = dict(
    steps=5, verdict="exact", float="float64", spikes=7, neuron_steps=50, brian2_s=[2, 9, 2], twin_s=[1, 1, 8]
)
WRONG = EXACT | dict(verdict="wrong", differs=["2 spikes of cells"])
NOTHING = dict(steps=0, verdict="not compared", float="float64")


@pytest.mark.parametrize(
    ("runs", "error", "kind", "note"),
    [
        ([EXACT, NOTHING], None, "exact", ""),
        ([EXACT, WRONG], None, "wrong", "2 spikes of cells"),
        ([EXACT, EXACT | dict(verdict="crash", why="KeyError: 'v'")], None, "crash", "KeyError: 'v'"),
        ([EXACT | dict(verdict="refused", why="no")], None, "refused", "no"),
        ([EXACT | dict(float="float32")], "TypeError: x", "exact", "float32; after these runs: TypeError: x"),
        (
            [],
            "ModuleNotFoundError: No module named 'x'",
            "not run",
            "ModuleNotFoundError: No module named 'x'",
        ),
        ([NOTHING], None, "not run", "it never calls run()"),
        ([], "longer than 3 s", "timeout", "longer than 3 s"),
    ],
)
def test_verdicts(runs, error, kind, note):
    found = report.verdict(dict(runs=runs, error=error))
    assert (found["verdict"], found["note"]) == (kind, note)


def test_times_are_medians_of_the_rounds_added_up():
    found = report.verdict(dict(runs=[EXACT, EXACT], error=None))
    assert (found["brian2_s"], found["twin_s"], found["ratio"]) == (4, 2, 0.5)
    assert (found["spikes"], found["neuron_steps"], found["compared_runs"]) == (14, 100, 2)


def test_the_page_lists_every_script_and_why_some_are_not_run():
    table = {
        name: result | report.verdict(result)
        for name, result in {
            "a.py": dict(runs=[EXACT], error=None),
            "b.py": dict(runs=[WRONG], error=None),
            "c.py": dict(runs=[], error="ImportError: no | y"),
        }.items()
    }
    about = dict(examples=table, options=dict(steps=5, runs=3, rounds=3), python="3.11")
    about["versions"] = dict(brian2="2.9", numpy="2", torch="2")
    page = report.page(about)
    assert "3 scripts: 1 exact, 1 wrong, 1 not run. 14 spikes" in page
    assert "median 0.50, worst 0.50" in page
    assert "| `a.py` | exact | 1 | 7 | 50 | 2.000 | 1.000 | 0.50 |  |" in page
    assert "| `c.py` | ImportError: no \\| y |" in page


def test_scripts_with_compartments_are_left_out(tmp_path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "cable.py").write_text("neuron = SpatialNeuron(morphology)")
    (tmp_path / "papers" / "point.py").write_text("G = NeuronGroup(1, '')")
    assert list(examples.scripts(tmp_path)) == ["papers/point.py"]


# ---------------------------------------------------------------------- as a user runs it
SCRIPT = """
from brian2 import *
set_device("cpp_standalone")
G = NeuronGroup(5, "dv/dt = (2 - v)/(5*ms) : 1", threshold="v > 1 + 0.1*rand()", reset="v = 0", method="exact")
G.v = "rand()"
M = SpikeMonitor(G)
run(20*ms)
run(20*ms)
"""
LATE = """
import torch
from chronaxie import Twin as Real

def Twin(net, **options):
    twin = Real(net, **options)
    def call(duration):
        recording = twin(duration=duration)
        for group, spikes in recording.spikes.items():
            recording.spikes[group] = torch.roll(spikes, 1, dims=1)
        return recording
    return call
"""


def conformance(folder, *options):
    command = [
        sys.executable,
        BENCHMARKS / "conformance.py",
        "--examples",
        folder / "scripts",
        "--folder",
        folder,
    ]
    return subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture
def folder(tmp_path):
    """One script, and a twin whose spikes come a step late."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "one.py").write_text(SCRIPT)
    (tmp_path / "late.py").write_text(LATE)
    return tmp_path


@pytest.mark.slow
def test_a_script_is_compared_at_each_of_its_runs(folder):
    done = conformance(folder, "--docs", folder / "page.md", "--at-least", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((folder / "conformance.json").read_text())["examples"]["one.py"]
    assert [run["verdict"] for run in result["runs"]] == ["exact", "exact"]
    assert all(run["spikes"] > 10 and len(run["twin_s"]) == 3 for run in result["runs"])
    assert "`one.py` | exact" in (folder / "page.md").read_text()
    assert conformance(folder, "--at-least", "2").returncode == 1


@pytest.mark.slow
def test_a_wrong_twin_ends_with_status_1(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(folder))
    done = conformance(folder, "--twin", "late:Twin")
    assert done.returncode == 1
    assert "not as Brian2: one.py" in done.stderr
