"""What is left behind after errors, time-outs, a full disk, and processes that are killed: nothing."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from chronaxie.models import BuildError, SimulationError, SimulationTimeout, simulate, srnn

from .compiled import CPP, small_network, stimulus


@pytest.fixture
def net():
    return small_network()


def test_a_failing_build_quotes_the_compiler(net, tmp_path, monkeypatch):
    compiler = tmp_path / "c++"
    compiler.write_text(
        "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho 'main.cpp:1: error: no such luck' >&2\nexit 1\n"
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(BuildError, match="no such luck"):
        simulate(net, stimulus(), **CPP)
    left = [p for p in (tmp_path / "cache").rglob("*") if p.is_file() and p.suffix != ".lock"]
    assert left == []


def test_a_time_out_stops_all_processes(net, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    simulate(net, stimulus(), build_only=True, record={}, **CPP)
    before = time.monotonic()
    with pytest.raises(SimulationTimeout, match="time-out of 0.3 s"):
        simulate(net, stimulus(trials=2), duration=4e5, workers=2, timeout=0.3, record={}, **CPP)
    assert time.monotonic() - before < 20
    assert list(tmp_path.iterdir()) == []


def test_a_time_out_stops_numpy_too(net):
    with pytest.raises(SimulationTimeout, match="time-out of 0.5 s"):
        simulate(net, stimulus(trials=2), duration=400, timeout=0.5, record={}, namespace={})


def test_a_full_disk_is_an_error_and_nothing_is_left(net, tmp_path, monkeypatch):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20M", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        record = {"hidden1": ["v", "a"], "output": ["v"]}
        monkeypatch.setattr("tempfile.tempdir", str(small))
        with pytest.raises(SimulationError, match=r"cannot write .*No space left on device"):
            simulate(net, stimulus(), duration=1200, record=record, **CPP)
        assert list(small.iterdir()) == []
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with pytest.raises(OSError, match=r"No space left on device: \d+ bytes are free"):
            simulate(net, stimulus(), duration=1200, record=record, to=small / "result.nc", **CPP)
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


SCRIPT = """
import numpy as np, sys, xarray as xr
from chronaxie.models import srnn, simulate
x = (np.random.default_rng(0).random((2, 60, 4)) < 0.3).astype(np.uint8)
x = xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(60) * 0.004})
net = srnn(4, [12], 3, seed=1)
print("ready", flush=True)
simulate(net, x, duration=float(sys.argv[1]), device="cpp_standalone", workers=2, record={}, namespace={})
print("done", flush=True)
"""


def processes_in(folder):
    """Processes whose working directory or command lies in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes().decode() + str(os.readlink(entry / "cwd"))
            except OSError:
                continue
            if str(folder) in text:
                found.append((entry.name, text))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("moment", "stop"), [("build", signal.SIGKILL), ("run", signal.SIGKILL), ("run", signal.SIGINT)]
)
def test_whoever_is_killed_leaves_nothing_running(moment, stop, tmp_path):
    cache, scratch = tmp_path / "cache", tmp_path / "scratch"
    scratch.mkdir()
    environment = os.environ | {"TMPDIR": str(scratch), "OMP_NUM_THREADS": "1"}
    if moment == "build":
        environment["XDG_CACHE_HOME"] = str(cache)
    else:
        readout = srnn(4, [12], 3, seed=1)
        simulate(readout, stimulus(), build_only=True, record={}, **CPP)
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), "4e5"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout.readline() == "ready\n"
    place = cache if moment == "build" else scratch
    program_name = "cc1plus" if moment == "build" else "/main"
    deadline = time.monotonic() + 120
    while not any(program_name in text for _, text in processes_in(place)):
        assert child.poll() is None
        assert time.monotonic() < deadline, processes_in(place)
        time.sleep(0.02)
    os.kill(child.pid, stop)
    child.wait(60)
    child.stdout.close()
    deadline = time.monotonic() + 10
    while processes_in(place):
        assert time.monotonic() < deadline, processes_in(place)
        time.sleep(0.05)
    if stop == signal.SIGINT:
        assert list(scratch.glob("chronaxie_*")) == []
    if moment == "build":
        assert not [p for p in (cache / "chronaxie" / "standalone").glob("*") if p.is_dir()]
    environment["TMPDIR"] = str(scratch)
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), "1"], env=environment, check=True, timeout=300
    )
    assert list(scratch.glob("chronaxie_*")) == []
