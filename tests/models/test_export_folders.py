"""The folder of an export: whole or not there, and never in the place of what is not an export."""

import dataclasses
import os
import sys

import numpy as np
import pytest

from chronaxie.models import (
    Readout,
    UnsupportedModel,
    annotate,
    describe,
    description,
    export,
    srnn,
    tile,
    with_dt,
)
from chronaxie.models import exporting as exporting_module
from chronaxie.models.annotations import Jitter

from .test_simulate import stimulus

pytestmark = pytest.mark.usefixtures("numpy_target")


@pytest.fixture
def net():
    return srnn(4, [5], 3, seed=1)


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_an_export_replaces_another_only_when_asked(net, tmp_path):
    folder = export(net, tmp_path / "net", to="npz")
    before = contents(folder)
    with pytest.raises(FileExistsError, match="net exists; choose another name or pass overwrite=True"):
        export(net, tmp_path / "net")
    assert contents(folder) == before
    export(net, tmp_path / "net", overwrite=True)
    assert sorted(contents(folder)) == [".exported", "network.npz", "network.py"]
    (folder / "cython_cache").mkdir()
    (folder / "cython_cache" / "module.so").touch()
    export(net, tmp_path / "net", to="csv", overwrite=True)
    assert "network.py" not in contents(folder)
    assert os.listdir(tmp_path) == ["net"]


@pytest.mark.parametrize("marked", [True, False])
def test_files_of_others_are_never_removed(net, marked, tmp_path):
    folder = tmp_path / "net"
    if marked:
        export(net, folder)
    else:
        folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    before = contents(folder)
    with pytest.raises(
        FileExistsError, match="holds 'mine.txt', which no export has written; choose another"
    ):
        export(net, folder, overwrite=True)
    assert contents(folder) == before
    assert os.listdir(tmp_path) == ["net"]


def test_an_empty_folder_is_taken(net, tmp_path):
    (tmp_path / "net").mkdir()
    assert (export(net, tmp_path / "net") / "network.py").is_file()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("there", [True, False])
def test_what_is_interrupted_leaves_what_was(net, there, error, tmp_path, monkeypatch):
    folder = tmp_path / "net"
    if there:
        export(net, folder)
    before = contents(folder)

    def fail(file, **arrays):
        np.save(file, np.zeros(3))
        raise error

    monkeypatch.setattr(exporting_module.np, "savez_compressed", fail)
    with pytest.raises(type(error)):
        export(net, folder, overwrite=True)
    assert contents(folder) == before
    assert os.listdir(tmp_path) == (["net"] if there else [])


def test_a_folder_that_appears_meanwhile_stays(net, tmp_path, monkeypatch):
    original = np.savez_compressed

    def slow(file, **arrays):
        original(file, **arrays)
        (tmp_path / "net").mkdir()
        (tmp_path / "net" / "mine.txt").write_text("mine")

    monkeypatch.setattr(exporting_module.np, "savez_compressed", slow)
    with pytest.raises(FileExistsError):
        export(net, tmp_path / "net")
    assert contents(tmp_path / "net") == {"mine.txt": b"mine"}
    assert os.listdir(tmp_path) == ["net"]


def test_what_cannot_be_exported_is_refused(net, tmp_path):
    where = tmp_path / "net"
    with pytest.raises(ValueError, match="to must be one of brian2, npz, csv, nir, got 'onnx'"):
        export(net, where, to="onnx")
    with pytest.raises(TypeError, match=r"expected a brian2\.Network or a NetworkDescription, got str"):
        export("net.nc", where)
    with pytest.raises(
        ValueError, match=r"stimulus is for a script that runs \(to='brian2'\); leave it out for 'csv'"
    ):
        export(net, where, to="csv", stimulus=stimulus())
    with pytest.raises(ValueError, match="trials = 2, but the stimulus has 3"):
        export(net, where, stimulus=stimulus(), trials=2)
    with pytest.raises(ValueError, match="trials must be a whole number >= 1, got 0"):
        export(net, where, trials=0)
    with pytest.raises(ValueError, match="expected a network of one trial, got one of 2"):
        export(tile(describe(net), 2), where)
    with pytest.raises(FileNotFoundError, match="no such|does not exist; make it first"):
        export(net, tmp_path / "no" / "net")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is a file; expected the name of a folder"):
        export(net, tmp_path / "file")
    with pytest.raises(ValueError, match="no slot 'before_lunch'"):
        export(annotate(srnn(2, [2], 2), readout=Readout("output", slot="before_lunch")), where)
    assert os.listdir(tmp_path) == ["file"]


def test_jitter_is_applied_to_the_spikes_that_are_stored(net, tmp_path):
    x = stimulus()
    plain = np.load(export(net, tmp_path / "plain", stimulus=x) / "network.npz")["example/input"]
    annotate(net, jitter=[Jitter("input", 0.008, 3)])
    folder = export(net, tmp_path / "moved", stimulus=x)
    moved = np.load(folder / "network.npz")["example/input"]
    assert np.array_equal(plain, x.values)
    assert not np.array_equal(plain, moved)
    assert np.array_equal(plain.sum(1), moved.sum(1))
    assert "spikes are jittered already (of input)" in " ".join(
        (folder / "network.py").read_text().split("\n# ")
    )


def test_jitter_within_a_step_of_the_stimulus_is_refused(net, tmp_path):
    fine = with_dt(describe(annotate(net, jitter=[Jitter("input", 0.001, 3)])), 0.001)
    with pytest.raises(UnsupportedModel, match="'input' uses jitter within the steps of its stimulus"):
        export(fine, tmp_path / "net", stimulus=stimulus())


FIELDS = {
    "NeuronGroupDescription": "name size equations method method_options threshold refractory update_slot "
    "constant_slot namespace variables dt order events links regular",
    "SpikeGeneratorDescription": "name size indices times period slot dt",
    "PoissonGroupDescription": "name size rates slot namespace dt order regular",
    "SynapsesDescription": "name source target pre post equations pathways summed multisynaptic_index namespace "
    "variables dt order source_part target_part method method_options update_slot constant_slot links regular",
    "PathwayDescription": "name prepost code slot delay event",
    "PoissonInputDescription": "name target variable n rate weight slot part",
    "Regular": "name code slot dt part",
    "Link": "name group variable part index",
    "Part": "name start stop",
    "TimedArrayDescription": "name array dt",
    "Summed": "variable slot",
    "Event": "condition slot reset reset_slot name",
    "Equation": "type name expression dimensions kind flags",
    "NetworkDescription": "groups synapses timed_arrays schedule dt annotations trials poisson_inputs progress",
    "Annotations": "dt_ref readout initial step_delays about growing jitter",
    "Readout": "group variable slot reduce skip phase",
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_description_is_known_to_the_export(name):
    """Whoever adds a field finds here that an exported script would silently leave it out."""
    cls = getattr(description, name, None) or getattr(sys.modules["chronaxie.models.annotations"], name)
    assert [f.name for f in dataclasses.fields(cls)] == FIELDS[name].split()
