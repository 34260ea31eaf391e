"""The same graphs in Norse and snnTorch, in the environment of the benchmarks: the differences that the page states."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venv-bench" / "bin" / "python"


@pytest.mark.slow
def test_two_libraries_fire_as_brian2_does_by_their_own_method(tmp_path):
    if not PYTHON.is_file():
        pytest.skip("Norse and snnTorch are not installed: make bench makes .venv-bench")
    found = subprocess.run(
        [PYTHON, "-c", "import nir, norse.torch, snntorch.import_nir"], capture_output=True
    )
    if found.returncode:
        pytest.skip(f"Norse and snnTorch are not installed in .venv-bench: {found.stderr.decode()[-200:]}")
    command = [PYTHON, ROOT / "benchmarks" / "nir_peers.py", "--json", tmp_path / "rows.json"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    rows = {(row["graph"], row["library"]): row for row in json.loads((tmp_path / "rows.json").read_text())}
    for graph in ("LIF", "LIF, loop of two populations"):
        for library in ("Norse", "snnTorch"):
            row = rows[graph, library]
            assert row["spikes"] == row["euler"] == row["same"] > 100, row
            assert row["late"] == 0
            assert row["near"] > 0.9
    assert (
        rows["LIF, loop of one population", "Norse"]["same"]
        == rows["LIF, loop of one population", "Norse"]["spikes"]
    )
    for library in ("Norse", "snnTorch"):
        row = rows["CubaLIF", library]
        assert row["late"] == 2  # one step for each of two populations
        assert row["same"] == row["euler"] > 1000
        assert row["near"] > 0.99
