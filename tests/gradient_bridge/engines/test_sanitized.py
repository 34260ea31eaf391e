"""The generated C under AddressSanitizer and UndefinedBehaviorSanitizer: any report fails here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chronaxie.gradient_bridge.native import find_compiler

FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1"
HERE = Path(__file__).resolve().parent
CASES = (
    "ALIF layer and readout",
    "two layers, the same step",
    "currents that carry a gradient",
    "spikes in finer steps",
    "a step less than a chunk",
    "two steps",
    "LIF, each its own period",
    "LIF, delays longer than a chunk",
    "LIF, compressed rows, held",
    "LIF, compressed rows and delays",
    "LIF, several synapses of a pair",
    "ALIF, resets first",
    "ALIF, own spikes, periodic",
    "ALIF, runs regularly anywhere",
    "ALIF, one driven current",
    "ALIF, driven currents",
    "Izhikevich, held",
    "AdEx",
)


def run_time(name):
    """A run-time library of the compiler, or a skip by name."""
    compiler = find_compiler()
    found = subprocess.run(
        [*compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
    )
    path = Path(found.stdout.strip())
    if not path.is_absolute():
        pytest.skip(f"{compiler[0]} has no {name}")
    return str(path)


def sanitized(tests, folder):
    """Run tests in a process of their own whose generated C is sanitized."""
    given = {
        "CHRONAXIE_CFLAGS": FLAGS,
        "LD_PRELOAD": f"{run_time('libasan.so')} {run_time('libstdc++.so')}",
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-s", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        command, cwd=HERE.parents[2], env=os.environ | given, capture_output=True, text=True, timeout=900
    )


@pytest.mark.slow
def test_the_contract_holds_in_sanitized_code(tmp_path):
    module = HERE / "test_contract.py"
    tests = [f"{module}::test_outputs_and_derivatives[{name}]" for name in CASES]
    tests += [f"{module}::test_outputs_without_gradients[{name}]" for name in CASES[:8:2]]
    done = sanitized(tests, tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert f"{len(tests)} passed" in done.stdout, done.stdout[-2000:]


@pytest.mark.slow
def test_losses_in_sanitized_code(tmp_path):
    done = sanitized([str(HERE.parent / "test_losses.py")], tmp_path)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert " passed" in done.stdout


@pytest.mark.slow
def test_a_write_past_the_end_would_be_found(tmp_path, monkeypatch):
    """The sanitizers are at work: a header that writes past the end of a block ends the process with a report."""
    root = HERE.parents[2]
    shutil.copytree(root / "gradient_bridge", tmp_path / "chronaxie" / "gradient_bridge")
    for part in root.iterdir():
        if part.suffix == ".py" or part.name in ("models", "analyses", "studies"):
            (tmp_path / "chronaxie" / part.name).symlink_to(part)
    header = tmp_path / "chronaxie" / "gradient_bridge" / "fused" / "engine.h"
    text = header.read_text()
    assert "aligned_alloc(64, UP(bytes + 4096, 64))" in text
    # to allocate and to fill alike
    header.write_text(text.replace("UP(bytes + 4096, 64)", "UP(bytes / 2 + 1, 64)"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = sanitized([f"{HERE / 'test_contract.py'}::test_outputs_and_derivatives[{CASES[0]}]"], tmp_path)
    assert done.returncode != 0
    assert "AddressSanitizer" in done.stdout + done.stderr
