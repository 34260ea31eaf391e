"""save and load: a whole network to the bit, in a new process too."""

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr
from brian2 import Network, NeuronGroup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from chronaxie.models import (
    LIF,
    FileRefused,
    Normal,
    UnsupportedModel,
    annotations,
    build,
    describe,
    load,
    load_description,
    save,
    simulate,
    srnn,
    tile,
)

from .test_describe_build import NETWORKS, same
from .test_simulate import stimulus, user_network

FINITE = {"allow_nan": False, "allow_infinity": False}


pytestmark = pytest.mark.usefixtures("numpy_target")


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS.keys())
def test_load_is_the_inverse_of_save(make, tmp_path):
    net, namespace = make()
    description = describe(net, namespace=namespace)
    path = save(description, tmp_path / "net.nc")
    same(description, load_description(path))
    same(description, describe(load(path)))


def test_networks_by_hand_and_tiled_ones_come_back(tmp_path):
    description = tile(describe(user_network()), 3)
    path = save(description, tmp_path / "net.nc")
    same(description, load_description(path))


def test_annotations_come_back(tmp_path):
    net = srnn(4, [5, 4], 3, transmission="next", readout_reduce="mean", readout_skip=3)
    loaded = load(save(net, tmp_path / "net.nc"))
    assert annotations(loaded) == annotations(net)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    w=npst.arrays(np.float64, 12, elements=st.floats(width=64)),
    tau=npst.arrays(np.float64, 3, elements=st.floats(min_value=5e-324, **FINITE)),
    delay=st.floats(min_value=0, max_value=1),
)
def test_every_value_comes_back_to_the_bit(tmp_path, w, tau, delay):
    net = srnn(4, [3], 2)
    objects = {o.name: o for o in net.objects}
    objects["input_hidden1"].variables["w"].set_value(w)
    objects["hidden1"].variables["tau_m"].set_value(tau)
    objects["hidden1_output"].pre.variables["delay"].set_value(delay)
    loaded = load(save(net, tmp_path / "net.nc", overwrite=True))
    after = {o.name: o for o in loaded.objects}
    assert after["input_hidden1"].variables["w"].get_value().tobytes() == w.tobytes()
    assert after["hidden1"].variables["tau_m"].get_value().tobytes() == tau.tobytes()
    assert float(after["hidden1_output"].pre.variables["delay"].get_value()[0]) == delay


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(constant=st.floats(allow_nan=False), dt=st.floats(min_value=1e-6, max_value=10))
def test_constants_and_steps_come_back_to_the_bit(tmp_path, constant, dt):
    group = NeuronGroup(1, "x = c : 1", namespace={"c": constant}, name="g")
    description = describe(Network(group))
    description = type(description)(description.groups, (), (), description.schedule, dt)
    loaded = load_description(save(description, tmp_path / "net.nc", overwrite=True))
    value = loaded.group("g").namespace[0].value.values
    assert np.float64(value).tobytes() == np.float64(constant).tobytes()
    assert loaded.dt == dt


IN_A_NEW_PROCESS = """
import sys
import xarray as xr
from chronaxie.models import load, simulate
out = simulate(load(sys.argv[1]), xr.load_dataarray(sys.argv[2]), seed=0)
out.to_netcdf(sys.argv[3], engine="h5netcdf")
"""


@pytest.mark.parametrize("options", [{}, {"hidden": [8, 6], "transmission": "next"}, {"input": "current"}])
def test_the_same_spikes_in_a_new_process(options, tmp_path):
    options = {"hidden": [8], **options}
    net = srnn(4, outputs=3, bias=Normal(0.05, 0.02), neuron=LIF, **options)
    x = stimulus(kind="current" if "input" in options else "spikes")
    x.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    here = simulate(net, x, seed=0)
    path = save(net, tmp_path / "net.nc")
    arguments = [str(p) for p in (path, tmp_path / "x.nc", tmp_path / "out.nc")]
    environment = os.environ | {"PYTHONHASHSEED": "123"}
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS, *arguments], check=True, env=environment)
    there = xr.load_dataset(tmp_path / "out.nc", engine="h5netcdf")
    assert here.sizes["hidden1_spike"] > 20
    for name in here.data_vars:
        assert np.array_equal(here[name].values, there[name].values), name


def test_the_file_can_be_read_by_other_programs(tmp_path):
    net = srnn(4, [5], 3, seed=2)
    path = save(net, tmp_path / "net.nc")
    with xr.open_dataset(path, group="groups/hidden1/variables", engine="h5netcdf") as ds:
        hidden = next(o for o in net.objects if o.name == "hidden1")
        assert np.array_equal(ds["tau_m"], np.asarray(hidden.tau_m))
        assert ds["tau_m"].attrs["units"] == "s"
        assert ds["tau_m"].dims == ("neuron",)
        assert ds["b0"].dims == ()
    with h5py.File(path) as file:
        assert file.attrs["format"] == "chronaxie network"
        assert json.loads(file["groups/hidden1/specification"][()])["threshold"]["condition"] == "v > theta"


def test_a_file_is_only_replaced_where_asked(tmp_path):
    net = srnn(4, [5], 3)
    path = save(net, tmp_path / "net.nc")
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match=r"net\.nc exists; choose another name or pass overwrite=True"):
        save(srnn(4, [6], 3), path)
    assert path.read_bytes() == before
    save(srnn(4, [6], 3), str(path), overwrite=True)
    assert load_description(path).size("hidden1") == 6


def test_a_failed_save_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = save(srnn(4, [5], 3), tmp_path / "net.nc")
    before = path.read_bytes()
    monkeypatch.setattr("chronaxie.models.files._write_synapses", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(srnn(4, [6], 3), path, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["net.nc"]
    assert path.read_bytes() == before


def test_what_cannot_be_described_is_not_saved(tmp_path):
    group = NeuronGroup(1, "v : 1", dtype=np.float32, name="g")
    with pytest.raises(UnsupportedModel, match="'v' of type float32"):
        save(Network(group), tmp_path / "net.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda folder: save("net", folder / "net.nc"), TypeError, "expected a brian2.Network"),
        (
            lambda folder: save(srnn(1, [1], 1), folder / "no" / "net.nc"),
            FileNotFoundError,
            "the folder .* does not exist",
        ),
        (lambda folder: load(folder / "none.nc"), FileNotFoundError, r"there is no file .*none\.nc"),
        (lambda folder: load(folder), FileNotFoundError, "is a folder; give the network file in it"),
    ],
)
def test_bad_calls_are_refused(call, error, message, tmp_path):
    with pytest.raises(error, match=message):
        call(tmp_path)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "x.nc"
    path.write_text("not a file of HDF5")
    with pytest.raises(FileRefused, match="it is damaged or no network file"):
        load(path)
    stimulus().to_netcdf(tmp_path / "y.nc", engine="h5netcdf")
    with pytest.raises(FileRefused, match="expected chronaxie network"):
        load(tmp_path / "y.nc")


def test_names_of_the_caller_are_resolved(tmp_path):
    tau = 0.007  # noqa: F841 - read from this frame
    group = NeuronGroup(1, "x = v/tau : 1\nv : 1", name="g")
    loaded = load_description(save(Network(group), tmp_path / "net.nc"))
    assert loaded.group("g").namespace[0].value.values == 0.007
    assert build(loaded).objects


def test_a_result_in_place_of_a_network_is_told(tmp_path):
    xr.Dataset({"x": ("t", [1.0])}, attrs={"study": "train"}).to_netcdf(
        tmp_path / "run.nc", engine="h5netcdf"
    )
    with pytest.raises(
        FileRefused, match=r"is the result of a study and holds no network; that is in network_run\.nc"
    ):
        load(tmp_path / "run.nc")
