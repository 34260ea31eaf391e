"""Exported scripts hold the whole language of Brian2 networks: the same network, the same spikes."""

import subprocess
import sys

import numpy as np
import pytest

from chronaxie.models import UnsupportedModel, describe, export, simulate

from .exported import network_of, run_here
from .language_networks import LANGUAGE, fresh, run
from .test_describe_build import same
from .test_export_scripts import plain

pytestmark = pytest.mark.usefixtures("numpy_target")
QUICK = ("regular", "other events", "links")
NAMES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in LANGUAGE
    if name not in ("functions", "own integrator")
]
RUFF = [sys.executable, "-m", "ruff"]


def made(name):
    return describe(fresh(name), namespace={})


@pytest.mark.parametrize("name", NAMES)
def test_the_network_of_the_script_is_the_described_one(name, tmp_path):
    description = made(name)
    folder = export(description, tmp_path / "net", duration=0.02)
    script = str(folder / "network.py")
    for command in (
        ["check", "--isolated", "--line-length", "110"],
        ["format", "--check", "--line-length", "110"],
    ):
        done = subprocess.run([*RUFF, *command, "-q", script], capture_output=True, text=True)
        assert not done.returncode, done.stdout
    found = network_of(folder)
    same(plain(found), plain(description))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["inputs", "regular", "stdp", "clocks", "subgroups", "gliotransmission", "schedule"]
)
def test_the_script_gives_the_spikes_of_simulate(name, tmp_path):
    description = made(name)
    folder = export(description, tmp_path / "net", duration=0.04)
    random = "--seed" in (folder / "network.py").read_text()
    _, found = run_here(folder, *(["--seed", "5"] if random else []))
    there = simulate(description, duration=0.04, seed=5)
    spiking = [v.removesuffix("_spike_time") for v in there.data_vars if v.endswith("_spike_time")]
    assert sum(there.sizes[f"{group}_spike"] for group in spiking) > 10
    for group in spiking:
        assert np.array_equal(found[f"{group}.spike_neuron"], there[f"{group}_spike_neuron"].values), group
        assert np.array_equal(found[f"{group}.spike_time"], there[f"{group}_spike_time"].values), group


@pytest.mark.parametrize("to", ["npz", "csv"])
@pytest.mark.parametrize("name", ["links", "inputs", "onto synapses", "regular"])
def test_values_of_everything_are_exported(name, to, tmp_path):
    description = made(name)
    folder = export(description, tmp_path / "net", to=to)
    if to == "csv":
        text = (folder / "single-values.csv").read_text() + (folder / "equations.txt").read_text()
    else:
        arrays = np.load(folder / "network.npz", allow_pickle=False)
        text = str(arrays["equations"]) + str(arrays["specification"])
        if name == "links":
            assert arrays["b.mixed.index"].tolist() == [3, 2, 1, 0]
    for obj in (*description.groups, *description.synapses):
        for regular in getattr(obj, "regular", ()):
            assert regular.name in text
    for p in description.poisson_inputs:
        assert p.name in text


def test_code_of_the_user_is_refused(tmp_path):
    with pytest.raises(
        UnsupportedModel, match="the function '.*' in a script.*write it out in the equations"
    ):
        export(made("functions"), tmp_path / "net")
    with pytest.raises(UnsupportedModel, match="a state updater of the user's own in a script"):
        export(made("own integrator"), tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_over_is_refused(tmp_path):
    net = fresh("balanced")
    run(net)
    with pytest.raises(UnsupportedModel, match="spikes of 'excitation_pre' under way.*at_start"):
        export(net, tmp_path / "net", namespace={})
    description = describe(net, namespace={}).at_start()
    assert export(description, tmp_path / "net").is_dir()
