"""``chronaxie export --to nir`` and ``chronaxie import --kind nir``."""

import sys

import numpy as np
import pytest
from brian2 import ms

pytest.importorskip("nir", reason="the extra interchange: nir is not installed")

from chronaxie.models import describe, load, save, srnn
from chronaxie.models.interchange import NIR_LI, NIR_LIF, MissingExtra, write_nir
from chronaxie.studies.cli import main

from .test_cli import complaint

pytestmark = pytest.mark.usefixtures("numpy_target")


def test_a_network_file_goes_out_as_a_graph_and_comes_back(tmp_path, capsys):
    save(srnn(2, [3], 2, neuron=NIR_LIF, readout=NIR_LI, dt=2 * ms), tmp_path / "net.nc")
    assert main(["export", str(tmp_path / "net.nc"), str(tmp_path / "out"), "--to", "nir"]) == 0
    graph = tmp_path / "out" / "network.nir"
    assert graph.is_file()
    command = ["import", str(graph), "--kind", "nir", "--out", str(tmp_path / "again.nc")]
    assert main(command) == 0
    one, other = (describe(load(tmp_path / name)).group("hidden1") for name in ("net.nc", "again.nc"))
    values = {v.name: v.array.values for v in other.variables}
    for variable in one.variables:
        np.testing.assert_array_equal(values[variable.name], variable.array.values)
    assert main([*command, "--overwrite", "--direction", "forward"]) != 0
    assert "--direction: is for published checkpoints" in capsys.readouterr().err


def test_what_nir_cannot_say_ends_the_command_by_name(tmp_path, capsys):
    save(srnn(2, [3], 2, dt=2 * ms), tmp_path / "net.nc")
    assert main(["export", str(tmp_path / "net.nc"), str(tmp_path / "out"), "--to", "nir"]) != 0
    assert "adaptive threshold, which depends on 'a'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_nir_the_commands_name_the_extra(tmp_path, capsys, monkeypatch):
    save(srnn(2, [3], 2, neuron=NIR_LIF, readout=NIR_LI, dt=2 * ms), tmp_path / "net.nc")
    export = ["export", str(tmp_path / "net.nc"), str(tmp_path / "out"), "--to", "nir"]
    assert main(export) == 0
    graph = str(tmp_path / "out" / "network.nir")
    monkeypatch.setitem(sys.modules, "nir", None)
    capsys.readouterr()
    for command in (
        [*export, "--overwrite"],
        ["import", graph, "--kind", "nir", "--out", str(tmp_path / "n.nc")],
    ):
        assert main(command) == 1
        assert "pip install 'chronaxie[interchange]'" in complaint(capsys)
        with pytest.raises(MissingExtra):
            main(["--traceback", *command])
    assert not (tmp_path / "n.nc").exists()


def test_other_failed_imports_are_errors_of_the_program(tmp_path, monkeypatch):
    def broken(*arguments, **options):
        raise ImportError("half installed")

    monkeypatch.setattr("chronaxie.models.interchange.read_nir", broken)
    with pytest.raises(ImportError, match="half installed"):
        main(["import", "a.nir", "--kind", "nir", "--out", str(tmp_path / "n.nc")])


def test_input_and_reduction_of_the_readout_are_said_on_import(tmp_path, capsys):
    net = srnn(2, [3], 2, neuron=NIR_LIF, readout=NIR_LI, dt=2 * ms)
    graph, out = write_nir(net, tmp_path / "net.nir"), tmp_path / "net.nc"
    options = ["--input", "current", "--readout-reduce", "softmax_sum"]
    command = ["import", str(graph), "--out", str(out), "--overwrite", "--kind"]
    assert main([*command, "nir", *options]) == 0
    description = describe(load(out))
    assert description.annotations.readout.reduce == "softmax_sum"
    assert [array.name for array in description.timed_arrays] == ["input_stimulus"]
    assert main([*command, "nir"]) == 0
    assert describe(load(out)).annotations.readout.reduce == "none"
    capsys.readouterr()
    assert main([*command, "nir", "--input", "light"]) == 1
    assert "input must be one of ('spikes', 'current'), got 'light'" in complaint(capsys)
    for option, value in zip(options[::2], options[1::2], strict=True):
        assert main([*command, "ecg", option, value]) == 1
        assert f"{option}: is for graphs; leave it out with --kind ecg" in complaint(capsys)
