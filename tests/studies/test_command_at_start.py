"""Commands on a file of a network that has run: refused with the option that helps, and taken with it."""

import numpy as np
import pytest
from brian2 import ms

from chronaxie.models import describe, load, save
from chronaxie.studies.cli import main

from .test_cli import complaint
from .wfdb_files import ecg_network, write_annotated_beats

pytestmark = pytest.mark.usefixtures("numpy_target")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of a network that has just spiked, and of a record."""
    folder = tmp_path_factory.mktemp("network")
    net = ecg_network()
    net["hidden1"].v = 2
    net.run(4 * ms, namespace={})
    return save(net, folder / "net.nc"), write_annotated_beats(folder)


def commands(files, folder):
    network, record = files
    return {
        "export": ["export", str(network), str(folder / "net"), "--to", "npz"],
        "simulate": [
            "simulate",
            str(network),
            "--wfdb",
            str(record),
            "--seconds",
            "2",
            "--out",
            str(folder / "out"),
        ],
    }


@pytest.mark.parametrize("command", ["export", "simulate"])
def test_what_is_under_way_is_left_behind_when_asked(command, files, tmp_path, capsys):
    arguments = commands(files, tmp_path)[command]
    assert main(arguments) == 1
    said = complaint(capsys)
    assert "'the network' has run for 0.004 s and left" in said
    assert "--at-start of the commands export, evaluate and simulate" in said
    assert main([*arguments, "--at-start"]) == 0
    assert any(tmp_path.iterdir())


@pytest.mark.slow
def test_evaluate_leaves_it_behind_too(tmp_path, capsys):
    net = ecg_network(inputs=4, outputs=6, task="synthetic_ecg")
    net["hidden1"].v = 2
    net.run(4 * ms, namespace={})
    path = save(net, tmp_path / "net.nc")
    small = 'config={"train": 4, "valid": 2, "test": 3, "steps": 50}'
    arguments = ["evaluate", str(path), "--option", small, "--json"]
    assert main(arguments) == 1
    assert "--at-start of the commands export, evaluate and simulate" in complaint(capsys)
    assert main([*arguments, "--at-start"]) == 0
    assert "accuracy" in capsys.readouterr().out


def test_a_file_is_loaded_at_its_time_or_at_the_start(files):
    network, _ = files
    assert load(network).t == 4 * ms
    again = load(network, at_start=True)
    assert again.t == 0 * ms
    assert describe(again, namespace={}).progress is None
    assert np.array_equal(again["hidden1"].v[:], load(network)["hidden1"].v[:])
