"""Checkpoints of the tests' own making, in the authors' layout; the published files are in tests/studies."""

import contextlib
import warnings
import zipfile

import numpy as np
import pytest
import xarray as xr
from brian2 import Network, ms

import chronaxie as cx
from chronaxie.models import KINDS, CheckpointRefused, OddCheckpoint, annotations, dense, simulate

from . import papers


def arrays(seed=0, **changes):
    """A network of the kind ecg, 3 -> 5 -> 6, in float32 as the authors store it."""
    rng = np.random.default_rng(seed)
    made = {
        "i2h.weight": rng.normal(0, 2, (5, 3)),
        "i2h.bias": rng.normal(0, 0.3, 5),
        "h2h.weight": rng.normal(0, 1, (5, 5)),
        "h2h.bias": rng.normal(0, 0.3, 5),
        "h2o.weight": rng.normal(0, 2, (6, 5)),
        "h2o.bias": rng.normal(0, 0.3, 6),
        "tau_adp_h": rng.uniform(5, 20, 5),
        "tau_adp_o": rng.uniform(90, 120, 6),
        "tau_m_h": rng.uniform(3, 30, 5),
        "tau_m_o": rng.uniform(10, 30, 6),
    }
    made = {name: np.asarray(value, dtype=np.float32) for name, value in made.items()} | changes
    return {name: value for name, value in made.items() if value is not None}


@pytest.fixture
def file(tmp_path):
    """Write a checkpoint and return its path."""

    def write(**changes):
        path = tmp_path / "net.npz"
        np.savez(path, **arrays(**changes))
        return path

    return write


def group(net, name):
    return next(obj for obj in net.objects if obj.name == name)


def stimulus(trials=3, steps=80, channels=3, dt=0.004, seed=1):
    x = (np.random.default_rng(seed).random((trials, steps, channels)) < 0.2).astype(np.uint8)
    return xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * dt})


def paper_layers(found, *, b0=None, betas=(0.0, 1.8), tau_m=None):
    b0 = (0.1 if tau_m is None else 0.01) if b0 is None else b0
    d = {name: value.astype(float) for name, value in found.items()}
    hidden = papers.PaperLayer(
        d["i2h.weight"],
        d["i2h.bias"] + d["h2h.bias"],
        d["tau_m_h"] if tau_m is None else np.full(5, tau_m),
        d["h2h.weight"],
        d["tau_adp_h"],
        b0,
        betas[0],
    )
    output = papers.PaperLayer(
        d["h2o.weight"],
        d["h2o.bias"],
        d["tau_m_o"] if tau_m is None else np.full(6, tau_m),
        None,
        d["tau_adp_o"],
        b0,
        betas[1],
    )
    return [hidden, output]


def test_a_checkpoint_is_a_plain_network_with_its_values(file):
    path, found = file(), arrays()
    net = cx.load_published(path, kind="ecg")
    assert type(net) is Network
    hidden, loop = group(net, "hidden1"), group(net, "hidden1_hidden1")
    assert np.array_equal(np.asarray(hidden.tau_m / (4 * ms)), found["tau_m_h"].astype(float))
    assert np.array_equal(hidden.bias, found["i2h.bias"].astype(float) + found["h2h.bias"])
    w = np.zeros((5, 5))
    w[np.array(loop.j), np.array(loop.i)] = np.array(loop.w)
    assert np.array_equal(w, found["h2h.weight"].astype(float))
    assert not np.any(hidden.v)
    assert not np.any(hidden.a)
    about = annotations(net).about
    assert about["kind"] == "ecg"
    assert about["file"] == "net.npz"


@pytest.mark.parametrize(
    ("changes", "constants", "recursion"),
    [
        ({}, {}, {}),
        ({"tau_m_h": None, "tau_m_o": None}, {}, {"tau_m": 20.0}),
        ({"tau_m_h": None, "tau_m_o": None}, {"tau_m": 7, "b0": 0.1}, {"tau_m": 7.0, "b0": 0.1}),
        ({}, {"hidden1.beta": 1.2}, {"betas": (1.2, 1.8)}),
    ],
)
def test_it_is_the_papers_recursion(file, changes, constants, recursion):
    net = cx.load_published(file(**changes), kind="ecg", **constants)
    layers = paper_layers(arrays(**changes), **recursion)
    x = stimulus()
    for layer in layers:
        layer.start(3)
    spikes, membrane = papers.run_papers(layers, x.values)
    ds = simulate(net, x)
    assert np.array_equal(dense(ds, "hidden1").values, spikes[0])
    assert np.array_equal(dense(ds, "output").values, spikes[1])
    assert 0.02 < spikes[0].mean() < 0.9
    # exp, products and sums round in another order: a few ulp of numbers of order 1, accumulated over 80 steps.
    assert np.abs(ds.output_v.values - membrane).max() < 1e-12


def test_the_random_start_is_the_papers_with_its_fractional_spike(file):
    net = cx.load_published(file(), kind="ecg", **{"hidden1.beta": 1.2})
    x = stimulus()
    layers = paper_layers(arrays(), betas=(1.2, 1.8))
    start = KINDS["ecg"].start
    for name, layer in zip(("hidden1", "output"), layers, strict=True):
        v = cx.models.initials.stream(start.seed, f"{name}.v").random((3, len(layer.w)))
        layer.start(3, v=v, s=v, a=0.1)
    spikes, membrane = papers.run_papers(layers, x.values)
    ds = simulate(net, x, initial=start)
    assert np.array_equal(dense(ds, "hidden1").values, spikes[0])
    assert np.array_equal(dense(ds, "output").values, spikes[1])
    assert np.abs(ds.output_v.values - membrane).max() < 1e-12
    assert not np.array_equal(dense(simulate(net, x), "hidden1").values, spikes[0])


def test_nan_neurons_are_refused_or_dropped_and_named(file):
    found = arrays()
    for name in ("tau_m_h", "i2h.bias"):
        found[name][2] = np.nan
    found["i2h.weight"][2] = np.nan
    path = file(**found)
    with pytest.raises(
        CheckpointRefused, match=r"hidden1: neuron 2 is not finite in tau_m \(1\).*nan_neurons='drop'"
    ):
        cx.load_published(path, kind="ecg")
    lines = []
    net = cx.load_published(path, kind="ecg", nan_neurons="drop", report=lines.append)
    assert len(group(net, "hidden1")) == 4
    assert any("dropped, so that later neurons move up: 2" in line for line in lines)
    kept = [0, 1, 3, 4]
    layers = paper_layers({k: np.nan_to_num(v) for k, v in found.items()})
    hidden, output = layers
    hidden.w, hidden.bias, hidden.tau_m, hidden.tau_a = (
        a[kept] for a in (hidden.w, hidden.bias, hidden.tau_m, hidden.tau_a)
    )
    hidden.recurrent, output.w = hidden.recurrent[np.ix_(kept, kept)], output.w[:, kept]
    for layer in layers:
        layer.start(3)
    spikes, _ = papers.run_papers(layers, stimulus().values)
    assert np.array_equal(dense(simulate(net, stimulus()), "hidden1").values, spikes[0])


def test_an_output_unit_is_never_dropped(file):
    found = arrays()
    found["h2o.bias"][1] = np.nan
    with pytest.raises(CheckpointRefused, match="output: unit 1 would be left out, and with it a class"):
        cx.load_published(file(**found), kind="ecg", nan_neurons="drop", report=print)


@pytest.mark.parametrize("choice", ["error", "drop", "absolute", "keep"])
def test_negative_time_constants_need_a_choice(file, choice):
    found = arrays()
    found["tau_adp_h"][3] = -30
    path, lines = file(**found), []
    options = {"kind": "ecg", "negative_tau": choice, "hidden1.beta": 1.8, "report": lines.append}
    if choice == "error":
        with pytest.raises(CheckpointRefused, match=r"tau_adp_h\[3\] = -30 steps; choose what to do"):
            cx.load_published(path, **options)
        return
    net = cx.load_published(path, **options)
    assert any("tau_adp_h[3] = -30 steps" in line for line in lines)
    assert len(group(net, "hidden1")) == (4 if choice == "drop" else 5)
    if choice == "drop":
        return
    layers = paper_layers(found, betas=(1.8, 1.8))
    if choice == "absolute":
        layers[0].tau_a = np.abs(layers[0].tau_a)
    for layer in layers:
        layer.start(3)
    spikes, _ = papers.run_papers(layers, stimulus().values)
    assert np.array_equal(dense(simulate(net, stimulus()), "hidden1").values, spikes[0])
    assert annotations(net).growing == (("hidden1.tau_a",) if choice == "keep" else ())


def test_a_kept_negative_time_constant_survives_the_file(file, tmp_path):
    found = arrays()
    found["tau_adp_h"][3] = -30
    net = cx.load_published(file(**found), kind="ecg", negative_tau="keep", report=lambda line: None)
    cx.save(net, tmp_path / "net.nc")
    again = cx.load(tmp_path / "net.nc")
    assert annotations(again) == annotations(net)
    xr.testing.assert_equal(simulate(again, stimulus(), seed=0), simulate(net, stimulus(), seed=0))


def test_time_constants_below_one_step_are_kept_and_reported(file):
    found = arrays()
    found["tau_m_h"][[1, 4]] = 0.25, 0.046
    with pytest.warns(
        OddCheckpoint, match=r"hidden1: time constants below one step, kept: tau_m_h \[1\] 0.25, \[4\] 0.046"
    ):
        net = cx.load_published(file(**found), kind="ecg")
    assert np.asarray(group(net, "hidden1").tau_m / (4 * ms))[1] == 0.25
    layers = paper_layers(found)
    for layer in layers:
        layer.start(3)
    spikes, _ = papers.run_papers(layers, stimulus().values)
    assert np.array_equal(dense(simulate(net, stimulus()), "hidden1").values, spikes[0])


@pytest.mark.parametrize("value", [0.0, 1e-4])
def test_time_constants_that_decay_to_nothing_are_refused(file, value):
    found = arrays()
    found["tau_m_h"][1] = value
    with pytest.raises(CheckpointRefused, match=r"tau_m_h\[1\] is"):
        cx.load_published(file(**found), kind="ecg")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"h2h.weight": np.zeros((5, 4), np.float32)},
            r"h2h.weight has the shape \(5, 4\).*expected \(5, 5\)",
        ),
        (
            {"h2o.weight": np.zeros((6, 6), np.float32)},
            "h2o.weight is for 6 neurons before it, but hidden1 has 5",
        ),
        ({"tau_adp_h": np.ones(6, np.float32)}, r"tau_adp_h has the shape \(6,\).*expected \(5,\)"),
        ({"h2h.bias": np.ones(4, np.float32)}, r"h2h.bias has the shape \(4,\).*expected \(5,\)"),
        ({"h2o.bias": None}, "the kind 'ecg' expects .*found .*missing: h2o.bias"),
        ({"extra": np.ones(4)}, "unknown: extra"),
        ({"i2h.weight": np.array([["a", "b"]])}, "i2h.weight: expected numbers"),
        ({"i2h.weight": np.ones((2, 2, 2))}, r"i2h.weight: expected numbers of shape .*\(2, 2, 2\)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(file, changes, message):
    with pytest.raises(CheckpointRefused, match=message):
        cx.load_published(file(**changes), kind="ecg")


def test_another_kind_says_which_it_is(file):
    with pytest.raises(
        CheckpointRefused, match="the kind 'shd' expects i_2_h1.weight.*the file is of the kind 'ecg'"
    ):
        cx.load_published(file(), kind="shd")


def test_pickles_truncated_and_missing_files_are_refused(file, tmp_path):
    path = file(extra=np.array([{"a": 1}], dtype=object))
    with pytest.raises(CheckpointRefused, match="pickled objects, which are never loaded"):
        cx.load_published(path, kind="ecg")
    path = file()
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 30):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointRefused, match="net.npz"):
            cx.load_published(path, kind="ecg")
    for place in range(60, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        # A damaged byte is refused, or not seen (in the zip's own padding).
        with contextlib.suppress(CheckpointRefused):
            cx.load_published(path, kind="ecg", report=lambda line: None)
    with pytest.raises(CheckpointRefused, match="no such file"):
        cx.load_published(tmp_path / "other.npz", kind="ecg")
    with pytest.raises(CheckpointRefused, match="is a folder"):
        cx.load_published(tmp_path, kind="ecg")
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(CheckpointRefused, match="one array"):
        cx.load_published(tmp_path / "one.npy", kind="ecg")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "ecgs"}, "did you mean ecg"),
        ({"kind": "ecg", "direction": "forward"}, "holds one network"),
        ({"kind": "timit", "direction": "up"}, "forward, backward, got 'up'"),
        ({"kind": "ecg", "nan_neurons": "zero"}, "nan_neurons must be one of error, drop"),
        ({"kind": "ecg", "negative_tau": "zero"}, "negative_tau must be one of"),
        ({"kind": "ecg", "gamma": 1.0}, "no constant 'gamma'"),
        ({"kind": "ecg", "hidden2.beta": 1.0}, "no constant 'hidden2.beta'"),
        ({"kind": "ecg", "b0": float("nan")}, "b0 must be a finite number"),
        ({"kind": "ecg", "tau_m": 20.0}, "the file holds the membrane time constants"),
    ],
)
def test_bad_arguments_are_refused(file, options, message):
    with pytest.raises(ValueError, match=message):
        cx.load_published(file(), **options)


def test_nothing_is_reported_where_nothing_is_odd(file):
    with warnings.catch_warnings():
        warnings.simplefilter("error", OddCheckpoint)
        net = cx.load_published(file(tau_m_h=None, tau_m_o=None), kind="ecg")
        chosen = cx.load_published(file(), kind="ecg", b0=0.01)
    assert annotations(net).about["odd"] == annotations(chosen).about["odd"] == ""


def test_files_with_trained_membranes_have_the_threshold_of_2021(file):
    with pytest.warns(OddCheckpoint, match="trained membrane time constants: b0 = 0.1, as in 2021"):
        net = cx.load_published(file(), kind="ecg")
    assert np.asarray(group(net, "hidden1").b0) == 0.1
    with pytest.raises(CheckpointRefused, match="holds tau_m_h but not tau_m_o: expected the membrane"):
        cx.load_published(file(tau_m_o=None), kind="ecg")


def test_another_number_of_classes_is_reported(file):
    found = arrays()
    for name in ("h2o.weight", "h2o.bias", "tau_adp_o", "tau_m_o"):
        found[name] = found[name][:4]
    with pytest.warns(OddCheckpoint, match="has 4 outputs, the task of the kind 'ecg' 6 classes"):
        cx.load_published(file(**found), kind="ecg", b0=0.1)


def test_an_array_larger_than_its_file_is_refused(file):
    path = file()
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("i2h.weight.npy", header + text.ljust(117).encode() + b"\n")
    with pytest.raises(CheckpointRefused, match="claims 4000000000000 bytes of shape"):
        cx.load_published(path, kind="ecg")
