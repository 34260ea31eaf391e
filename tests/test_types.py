"""Type hints: the names of the root have them all, and a type checker finds what is wrong in a user's program."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import chronaxie

ROOT = Path(__file__).resolve().parents[1]
CALLED = [name for name in chronaxie._HOME if inspect.isfunction(getattr(chronaxie, name))]
METHODS = ("__init__", "forward", "as_module", "sync", "pull")
PROPERTIES = ("program", "dtype", "device", "step", "every", "engine", "note")

PROGRAM = """from typing import assert_type
from pathlib import Path

import torch
import xarray as xr
from brian2 import ms

import chronaxie as cx
from chronaxie.models import NetworkDescription

net = cx.srnn(4, [36], 6, dt=4 * ms, seed=0)
twin = cx.Twin(net, trainable=("w",), engine="reference")
assert_type(cx.fit(twin, None, epochs=3), xr.Dataset)
assert_type(cx.describe(net), NetworkDescription)
assert_type(cx.save(net, "net.nc"), Path)
assert_type(cx.models.dense(cx.simulate(net, duration=0.1), "hidden1"), xr.DataArray)
assert_type(twin.step, float)
assert_type(twin.forward(torch.zeros(1, 2, 4)).spikes["hidden1"], torch.Tensor)
"""
# A wrong line each, and the code of the error.
WRONG = {
    'cx.simulate(net, workers="two")': "arg-type",
    'cx.simulate(net, device="gpu")': "arg-type",
    'cx.srnn(4, [36], 6, input="pixels")': "arg-type",
    'cx.Twin(net, engine="fast")': "arg-type",
    "cx.save(net)": "call-arg",
    "twin.step()": "operator",
}


@pytest.mark.parametrize("name", CALLED)
def test_a_function_of_the_root_has_every_hint(name):
    lacks_none(inspect.signature(getattr(chronaxie, name)), method=False)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_twin_has_every_hint(name):
    lacks_none(inspect.signature(getattr(chronaxie.Twin, name)), method=True)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_of_twin_has_a_hint(name):
    lacks_none(inspect.signature(getattr(chronaxie.Twin, name).fget), method=True)


def lacks_none(signature, *, method):
    asked = list(signature.parameters.values())[int(method) :]
    assert [one.name for one in asked if one.annotation is inspect.Parameter.empty] == []
    assert signature.return_annotation is not inspect.Signature.empty


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
