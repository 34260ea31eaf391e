"""What is left behind after errors, time-outs, a full disk, and processes that are killed: nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chronaxie._locks import lock_now
from chronaxie.models import BuildError, Simulation, SimulationError, SimulationTimeout, simulate, srnn
from chronaxie.models.processes import SAID, follow, watched

from .compiled import CPP, stimulus

RECORD = {"output": ["v"]}


def files_in(folder):
    """Files, except for those in which Brian2 keeps what it writes to stderr; it leaves them itself when killed."""
    return [path for path in folder.rglob("*") if not path.is_dir() and not path.name.startswith("brian_")]


@pytest.fixture
def net():
    return srnn(4, [12], 3, seed=1)  # one program for all of this module


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


@pytest.mark.slow
def test_a_time_out_stops_all_processes(net, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    simulate(net, stimulus(), build_only=True, record=RECORD, **CPP)
    before = time.monotonic()
    with pytest.raises(SimulationTimeout, match="time-out of 0.3 s"):
        simulate(net, stimulus(trials=2), duration=4e5, workers=2, timeout=0.3, record=RECORD, **CPP)
    assert time.monotonic() - before < 20
    assert files_in(tmp_path) == []


@pytest.mark.slow
def test_a_simulation_holds_its_program(net):
    with Simulation(net, stimulus(), record=RECORD, **CPP) as simulation:
        simulation.build()
        listed = simulation._engine._program.folder / "entry.json"
        assert lock_now(listed) is None
        simulation.run(progress=False)
        assert lock_now(listed) is None
    with lock_now(listed) as held:
        assert held is not None


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
        monkeypatch.setattr("tempfile.tempdir", str(small))
        with pytest.raises(SimulationError, match=r"cannot write .*No space left on device"):
            simulate(net, stimulus(), duration=4000, record=RECORD, **CPP)
        assert files_in(small) == []
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with pytest.raises(SimulationError, match=r"cannot write .*No space left on device"):
            simulate(net, stimulus(), duration=4000, record=RECORD, to=small / "result.nc", **CPP)
        assert files_in(small) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


NETWORK = """
import numpy as np, sys, xarray as xr
from chronaxie.models import SimulationError, simulate, srnn
x = (np.random.default_rng(0).random((2, 60, 4)) < 0.3).astype(np.uint8)
x = xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(60) * 0.004})
net = srnn(4, [12], 3, seed=1)
CPP = {"device": "cpp_standalone", "namespace": {}, "record": {"output": ["v"]}}
"""
LIMITED = (
    NETWORK
    + """
import resource
simulate(net, x, build_only=True, **CPP)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
for to in (None, sys.argv[1]):
    try:
        simulate(net, x, duration=1200, to=to, **CPP)
    except SimulationError as error:
        print(error)
"""
)


def test_beyond_a_limit_on_files_is_an_error_and_nothing_is_left(tmp_path):
    environment = os.environ | {"TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "a.nc")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stdout.count("cannot write") == 2, done.stderr
    assert done.stdout.count("File too large") == 2
    assert files_in(tmp_path) == []


def test_what_a_program_says_is_read_while_it_runs(tmp_path):
    # More than a pipe holds, on both.
    script = (
        "i=0; while [ $i -lt 3000 ]; do echo $i; echo 'a line of more letters than one would think of' >&2;"
    )
    script += " i=$((i+1)); done; echo last >&2; exit 3"
    lines = []
    with watched(["/bin/sh", "-c", script], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        codes, (said,) = follow([process], lambda k, line: lines.append(line), deadline=deadline)
    assert codes == [3]
    assert lines == [str(k) for k in range(3000)]
    assert said.endswith("think of\nlast")
    assert len(said) <= SAID


WRITING = (
    NETWORK
    + """
from chronaxie.models.sinks import FileSink
if sys.argv[2]:
    def trace(self, *given, real=FileSink.trace):
        real(self, *given)
        print("writing", flush=True)
        input()
    FileSink.trace = trace
ds = simulate(net, x, to=sys.argv[1], **CPP)
print(float(ds["output_v"].sum()))
"""
)


@pytest.mark.slow
def test_whoever_is_killed_while_writing_leaves_nothing_for_the_next(tmp_path):
    command = [sys.executable, "-c", WRITING, str(tmp_path / "a.nc")]
    child = subprocess.Popen([*command, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "writing\n"
    assert [p.suffix for p in tmp_path.iterdir()].count(".part") == 1
    assert len(list(tmp_path.glob(".chronaxie_*"))) == 1  # its results lie beside the file
    child.kill()
    child.communicate()
    assert len(files_in(tmp_path)) > 3
    subprocess.run([*command, ""], check=True, timeout=300)
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]


SCRIPT = (
    NETWORK
    + """
print("ready", flush=True)
simulate(net, x, duration=float(sys.argv[1]), workers=2, **CPP)
print("done", flush=True)
"""
)


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
    ("moment", "stop"),
    [
        pytest.param("build", signal.SIGKILL, marks=pytest.mark.slow),
        ("run", signal.SIGKILL),
        pytest.param("run", signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_whoever_is_killed_leaves_nothing_running(net, moment, stop, tmp_path):
    cache, scratch = tmp_path / "cache", tmp_path / "scratch"
    scratch.mkdir()
    environment = os.environ | {"TMPDIR": str(scratch), "OMP_NUM_THREADS": "1"}
    if moment == "build":
        environment["XDG_CACHE_HOME"] = str(cache)
    else:
        simulate(net, stimulus(), build_only=True, record=RECORD, **CPP)
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "4e5"],
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
        assert files_in(scratch) == []
    if moment == "build":
        assert not [p for p in (cache / "chronaxie" / "standalone").glob("[!.]*") if p.is_dir()]
    environment["TMPDIR"] = str(scratch)
    subprocess.run([sys.executable, "-c", SCRIPT, "1"], env=environment, check=True, timeout=300)
    assert files_in(scratch) == []
    if moment == "build":
        assert list((cache / "chronaxie" / "standalone").glob(".*")) == []
