"""Type hints: every public function, method and property has them all, and a type checker finds what is wrong."""

import inspect
import re
import subprocess
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path

import pytest

import chronaxie

from .test_docstrings import public_names

ROOT = Path(__file__).resolve().parents[1]
MADE_AND_USED = ("__init__", "__call__", "__enter__", "__exit__")
# What the checker must take as it is.
PROGRAM = """from typing import assert_type
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from brian2 import ms

import chronaxie as cx
from chronaxie import analyses
from chronaxie.gradient_bridge import Bounded, MultiGaussian, Program, RateLoss, predict
from chronaxie.models import ECGEncoder, LogNormal, NetworkDescription
from chronaxie.studies.catalogue import study
from chronaxie.studies.results import read_result
from chronaxie.studies.running.sweep import make_sweep
from chronaxie.studies.study import Study
from chronaxie.studies.task import Task
from chronaxie.studies.tasks import load_task

net = cx.srnn(4, [36], 6, dt=4 * ms, seed=0)
twin = cx.Twin(net, trainable=("w",), engine="reference")
assert_type(cx.fit(twin, None, epochs=3), xr.Dataset)
assert_type(cx.describe(net), NetworkDescription)
assert_type(cx.save(net, "net.nc"), Path)
assert_type(cx.models.annotations(net), cx.models.Annotations)
assert_type(cx.models.dense(cx.simulate(net, duration=0.1), "hidden1"), xr.DataArray)
assert_type(twin.step, float)
assert_type(twin.program, Program)
assert_type(twin.program.random(), tuple[str, ...])
scores, _ = twin.scores(torch.zeros(1, 2, 4), with_recording=True)
recording = twin.forward(torch.zeros(1, 2, 4))
assert_type(recording.spikes["hidden1"], torch.Tensor)
assert_type(recording.step("hidden1"), float)
assert_type(RateLoss("hidden1", 20.0, start=100 * ms)(recording), torch.Tensor)
assert_type(Bounded(0.001, 1 * ms).start(torch.ones(3)), torch.Tensor)
assert_type(MultiGaussian().derivative(torch.ones(3)), torch.Tensor)
description = cx.models.with_dt(cx.describe(net), 1 * ms)
assert_type(description.size("hidden1"), int)
assert_type(cx.models.perturb(description, cx.models.WeightNoise(0.1)), NetworkDescription)
cx.models.perturb(net, cx.models.WeightNoise(0.1))["hidden1"]
assert_type(ECGEncoder().encode([0.0, 1.0, 2.0]), np.ndarray)
assert_type(LogNormal(20 * ms, 0.5, 1 * ms, 200 * ms).draw(np.random.default_rng(0), 3), np.ndarray)
with cx.models.Simulation(net, duration=0.1, device="cython") as simulation:
    ds = simulation.run(initial={"hidden1": {"v": [0.0, 1.0]}})
assert_type(ds, xr.Dataset)
assert_type(analyses.sparsity(ds, ["hidden1"], decisions="steps"), xr.Dataset)
assert_type(analyses.accuracy(ds["a"], ds["b"], dim="time"), xr.DataArray)
assert_type(analyses.energy(ds, models={"hidden1": "ALIF"}), xr.Dataset)
assert_type(analyses.figures(ds, Path("figures"), stem="net"), list[Path])
cells = analyses.biology.load("allen", data="data")
assert_type(analyses.compare(ds["tau_m"], cells, by=("species", "area")), xr.Dataset)
task = load_task("digits", window=4)
assert_type(task, Task)
assert_type(predict(twin, task.test["stimulus"]), np.ndarray)
assert_type(study("train"), Study)
assert_type(make_sweep("train", sweeps={"seed": [0, 1]}).jobs[0].text, str)
assert_type(read_result("result.nc"), xr.Dataset)
"""
# A wrong line each, and the code of the error.
WRONG = {
    'cx.simulate(net, workers="two")': "arg-type",
    'cx.simulate(net, device="gpu")': "arg-type",
    'cx.srnn(4, [36], 6, input="pixels")': "arg-type",
    'cx.Twin(net, engine="fast")': "arg-type",
    "cx.save(net)": "call-arg",
    "twin.step()": "operator",
    'cx.models.Simulation(net, device="gpu")': "arg-type",
    'cx.models.level_crossing([0.0], 0.1, follow="jump")': "arg-type",
    "description.size(0)": "arg-type",
    "recording.step(1)": "arg-type",
    "twin.program.written() + 1": "operator",
    'analyses.displacement(ds, unit="layer")': "arg-type",
    'analyses.sparsity(ds, decisions="trials")': "arg-type",
    'analyses.biology.load("alen")': "arg-type",
    "analyses.figures(ds, stem='net')": "call-arg",
    'load_task("digits", seed="one")': "arg-type",
    'make_sweep("train", seeds=[0, 1])': "arg-type",
}


def callables():
    """Return (dotted name, function, whether it takes an instance or class first) of all that is public."""
    found = {}
    for name in public_names():
        module, _, own = name.rpartition(".")
        value = getattr(import_module(module), own)
        for inner, function, bound in (
            own_callables(value) if inspect.isclass(value) else [("", value, False)]
        ):
            function = inspect.unwrap(function)
            if function.__module__.startswith("chronaxie"):
                found.setdefault(function, (f"{name}.{inner}".rstrip("."), function, bound))
    return list(found.values())


def own_callables(kind):
    """Yield (name, function, whether it takes an instance or class first) of the public parts of a class."""
    for base in kind.__mro__:
        for name, part in vars(base).items():
            if name.startswith("_") and name not in MADE_AND_USED:
                continue
            if isinstance(part, property):
                yield name, part.fget, True
            elif isinstance(part, cached_property):
                yield name, part.func, True
            elif isinstance(part, classmethod | staticmethod):
                yield name, part.__func__, isinstance(part, classmethod)
            elif inspect.isfunction(part):
                yield name, part, True


def lacking(function, *, bound):
    """Return the names of the parameters without a hint, and "return" where it is not said what comes back."""
    signature = inspect.signature(function)
    asked = list(signature.parameters.values())[int(bound) :]
    found = [one.name for one in asked if one.annotation is inspect.Parameter.empty]
    return found + ["return"] * (signature.return_annotation is inspect.Signature.empty)


@pytest.mark.parametrize(("name", "function", "bound"), [pytest.param(*c, id=c[0]) for c in callables()])
def test_what_is_public_has_every_hint(name, function, bound):
    assert lacking(function, bound=bound) == []


def test_the_names_of_the_root_are_among_them():
    found = {name for name, _, _ in callables()}
    own = [name for name in chronaxie._HOME if inspect.isfunction(getattr(chronaxie, name))]
    assert {f"chronaxie.{name}" for name in [*own, "Twin.__init__", "Twin.sync", "Twin.note"]} <= found


class Halfway:
    """What the check must find."""

    def __init__(self, one, two: int):
        self.one, self.two = one, two

    @property
    def three(self):
        return 3

    @classmethod
    def four(cls, five: int) -> int:
        return five

    def _six(self, seven):
        return seven


def test_the_check_finds_what_is_missing():
    found = {name: lacking(function, bound=bound) for name, function, bound in own_callables(Halfway)}
    assert found == {"__init__": ["one", "return"], "three": ["return"], "four": []}


@pytest.mark.slow
def test_a_type_checker_accepts_a_right_program_and_finds_each_wrong_line(tmp_path):
    (tmp_path / "path").mkdir()
    # It does not follow an editable installation.
    (tmp_path / "path" / "chronaxie").symlink_to(ROOT)
    (tmp_path / "program.py").write_text(PROGRAM + "\n".join(WRONG) + "\n")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(ROOT / "setup.cfg"),
        "--cache-dir",
        "cache",
        "program.py",
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"MYPYPATH": str(tmp_path / "path")},
        capture_output=True,
        text=True,
        timeout=900,
    )
    found = re.findall(r"^program\.py:(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)
    first = PROGRAM.count("\n") + 1
    assert found == [(str(first + k), code) for k, code in enumerate(WRONG.values())], (
        done.stdout + done.stderr
    )
