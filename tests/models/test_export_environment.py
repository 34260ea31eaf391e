"""Exported scripts where Brian2 is installed and this package is not: an environment of their own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from chronaxie.models import ALIF, KINDS, Normal, describe, export, load_published, simulate, srnn
from chronaxie.studies.tasks import load_task

from .exported import NETWORKS, run_alone
from .test_export_scripts import compare, stimulus_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
UNREACHABLE = (
    "NewConnectionError",
    "name resolution",
    "Connection refused",
    "Network is unreachable",
    "timed out",
)


@pytest.fixture(scope="module")
def brian2_alone(tmp_path_factory):
    """Python of an environment with Brian2 and what it needs itself (str)."""
    folder = tmp_path_factory.mktemp("brian2_alone")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), "brian2"]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode and any(text in done.stderr for text in UNREACHABLE):
        pytest.skip("no package index within reach: pip cannot install brian2 into an environment of its own")
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [python, "-m", "pip", "list"], capture_output=True, text=True, check=True
    ).stdout.lower()
    assert "brian2" in listed
    assert not {"chronaxie", "torch", "xarray"} & set(listed.split())
    return python


def published(data_dir):
    """The published ECG network, the first real test recordings, and the random start of the papers."""
    net = load_published(data_dir / "checkpoints" / "ecg_icons2020_36.npz", kind="ecg")
    task = load_task("ecg", data=data_dir)
    return describe(net, namespace={}), task.test.stimulus[:6], KINDS["ecg"].start


def two_layers(data_dir):
    """Two layers and an output that spikes, each connection with a delay of one dt_ref."""
    net = srnn(
        6, [30, 20], 4, transmission="next", readout=ALIF, bias=Normal(0.02, 0.02), seed=4, input_gain=2.0
    )
    rng = np.random.default_rng(1)
    x = xr.DataArray(
        (rng.random((5, 150, 6)) < 0.3).astype(np.uint8),
        dims=("trial", "time", "channel"),
        coords={"time": np.arange(150) * 0.004},
    )
    return describe(net, namespace={}), x, None


def by_hand(data_dir):
    """Conductances, refractory strings, delays of each synapse, plasticity, a function of time."""
    net, namespace = NETWORKS["by hand"]()
    return describe(net, namespace=namespace), None, None


def other_inputs(data_dir):
    """Two spike generators and a current, put in by name."""
    net, namespace = NETWORKS["two inputs"]()
    description = describe(net, namespace=namespace)
    return description, stimulus_of(description, steps=200), None


@pytest.mark.parametrize("device", ["numpy", "cython", "cpp_standalone"])
@pytest.mark.parametrize("make", [published, two_layers, by_hand, other_inputs])
def test_the_script_gives_the_spikes_of_simulate(make, device, brian2_alone, data_dir, tmp_path):
    description, stimulus, initial = make(data_dir)
    folder = export(description, tmp_path / "net", stimulus=stimulus, initial=initial)
    out, _ = run_alone(folder, "--device", device, python=brian2_alone)
    duration = None if stimulus is not None else 1.0
    ds = simulate(description, stimulus, initial=initial, duration=duration)
    compare(out, ds)
    assert sum(ds.sizes[d] for d in ds.sizes if str(d).endswith("_spike")) > 500


def test_brian2s_own_flags_are_a_choice(brian2_alone, tmp_path):
    description, stimulus, _ = two_layers(None)
    folder = export(description, tmp_path / "net", stimulus=stimulus)
    run_alone(folder, "--device", "cpp_standalone", python=brian2_alone)
    makefile = (folder / "cpp_standalone" / "makefile").read_text()
    assert "-ffp-contract=off" in makefile
    assert "-ffast-math" not in makefile
    run_alone(folder, "--device", "cpp_standalone", "--fast", python=brian2_alone)
    assert "-ffast-math" in (folder / "cpp_standalone" / "makefile").read_text()
