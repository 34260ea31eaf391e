"""The authors' own checkpoints: twin, Brian2 and the papers' recursion in NumPy, spike by spike."""

import numpy as np
import pytest
import torch
import xarray as xr

import chronaxie as cx
from chronaxie.models import KINDS, Initial, annotations, dense, describe, simulate, start_states
from chronaxie.studies.comparison import run_twin
from chronaxie.studies.evaluating import evaluate, flat
from chronaxie.studies.tasks import load_task

from ..models import papers

STEPS, TRIALS = 250, 3
QUIET = {"report": lambda line: None}


def layer(d, w, biases, tau_m, recurrent=None, tau_a=None, *, b0=0.01, beta=1.8):
    return papers.PaperLayer(
        d[w],
        sum(d[name] for name in biases),
        d[tau_m],
        None if recurrent is None else d[recurrent],
        None if tau_a is None else d[tau_a],
        b0,
        beta,
    )


def shd(d):
    return [
        layer(
            d, "i_2_h1.weight", ("i_2_h1.bias", "h1_2_h1.bias"), "tau_m_h1", "h1_2_h1.weight", "tau_adp_h1"
        ),
        layer(
            d, "h1_2_h2.weight", ("h1_2_h2.bias", "h2_2_h2.bias"), "tau_m_h2", "h2_2_h2.weight", "tau_adp_h2"
        ),
        layer(d, "h2o.weight", ("h2o.bias",), "tau_m_o"),
    ]


def gsc(d):
    kept = np.arange(300) != 172
    for name in ("tau_m", "tau_adp", "dense.weight", "dense.bias"):
        d[f"dense_1.{name}"] = d[f"dense_1.{name}"][kept]
    d["rnn_1.dense.weight"] = d["rnn_1.dense.weight"][:, kept]
    rest = {"b0": 1.6, "beta": 0.184}
    return [
        layer(
            d,
            "dense_1.dense.weight",
            ("dense_1.dense.bias",),
            "dense_1.tau_m",
            None,
            "dense_1.tau_adp",
            **rest,
        ),
        layer(
            d,
            "rnn_1.dense.weight",
            ("rnn_1.dense.bias", "rnn_1.recurrent.bias"),
            "rnn_1.tau_m",
            "rnn_1.recurrent.weight",
            "rnn_1.tau_adp",
            **rest,
        ),
        layer(d, "dense_2.dense.weight", ("dense_2.dense.bias",), "dense_2.tau_m"),
    ]


def timit(d, prefix, columns, *, drop=None):
    names = ("tau_m", "tau_adp", "dense.weight", "dense.bias", "recurrent.weight", "recurrent.bias")
    own = {f"l.{name}": d[f"{prefix}.{name}"] for name in names}
    own |= {"o": d["dense_mean.dense.weight"][:, columns], "o.bias": d["dense_mean.dense.bias"] / 2}
    own["o.tau_m"] = d["dense_mean.tau_m"]
    if drop is not None:
        kept = np.arange(512) != drop
        own = {k: v[kept] if k.startswith("l.") else v for k, v in own.items()}
        own["l.recurrent.weight"], own["o"] = own["l.recurrent.weight"][:, kept], own["o"][:, kept]
    hidden = layer(
        own,
        "l.dense.weight",
        ("l.dense.bias", "l.recurrent.bias"),
        "l.tau_m",
        "l.recurrent.weight",
        "l.tau_adp",
        b0=1.6,
        beta=0.184,
    )
    return [hidden, layer(own, "o", ("o.bias",), "o.tau_m")]


def forward(d, **options):
    return timit(d, "rnn_fw1", slice(0, 512), **options)


NETWORKS = {
    "shd": ("shd_128_128", "shd", {}, shd),
    "gsc": ("gsc", "gsc", {"nan_neurons": "drop"}, gsc),
    "timit forward, kept": ("timit_bi", "timit", {"negative_tau": "keep"}, forward),
    "timit forward, dropped": (
        "timit_bi",
        "timit",
        {"negative_tau": "drop"},
        lambda d: forward(d, drop=363),
    ),
    "timit backward": (
        "timit_bi",
        "timit",
        {"direction": "backward"},
        lambda d: timit(d, "rnn_bw1", slice(512, 1024)),
    ),
}


def random_input(kind, channels, dt):
    rng = np.random.default_rng(0)
    shape = (TRIALS, STEPS, channels)
    if kind == "shd":
        x = (rng.random(shape) < 0.01).astype(np.uint8)
    elif kind == "gsc":
        x = np.where(rng.random(shape) < 0.1, rng.choice([-1.0, 1.0], shape), 0.0)
    else:
        x = rng.random(shape)
    return xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(STEPS) * dt})


QUICK = ("shd",)  # two layers; the others take longer


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in NETWORKS]
)
@pytest.mark.parametrize(
    "device",
    ["numpy", *(pytest.param(device, marks=pytest.mark.slow) for device in ("cython", "cpp_standalone"))],
)
def test_every_layer_spikes_as_in_the_papers(data_dir, name, device):
    file, kind, options, make = NETWORKS[name]
    path = data_dir / "checkpoints" / f"{file}.npz"
    net = cx.load_published(path, kind=kind, **options, **QUIET)
    with np.load(path, allow_pickle=False) as stored:
        layers = make({k: stored[k].astype(float) for k in stored.files})
    x = random_input(kind, layers[0].w.shape[1], KINDS[kind].dt)
    for one in layers:
        one.start(TRIALS)
    spikes, membrane = papers.run_papers(layers, x.values)
    ds = simulate(net, x, device=device, namespace={})
    twin = run_twin(net, x)
    assert set(twin.spikes) == {f"hidden{k + 1}" for k in range(len(spikes))}
    for k, expected in enumerate(spikes):
        brian2 = dense(ds, f"hidden{k + 1}").values
        assert 0.001 < expected.mean() < 0.6
        assert int((brian2 != expected).sum()) == 0
        assert int((twin.spikes[f"hidden{k + 1}"] != brian2).sum()) == 0
    # Sums over up to 700 presynaptic neurons in another order, relative to membranes of order 1 to 10.
    assert np.abs(ds.output_v.values - membrane).max() < 1e-10
    assert np.abs(twin.trace - ds.output_v.values).max() < (1e-12 if device != "numpy" else 1e-300)


def test_the_ecg_network_scores_what_its_authors_reported(data_dir):
    net = cx.load_published(data_dir / "checkpoints" / "ecg_icons2020_36.npz", kind="ecg")
    task = load_task("ecg", data=data_dir)
    zero = flat(evaluate(net, task))
    assert zero["mismatches"] == 0
    assert zero["neuron_steps"] == 141 * 1301 * (36 + 6)
    assert zero["accuracy_yin_twin"] == zero["accuracy_yin_brian2"] == pytest.approx(0.832, abs=0.001)


@pytest.mark.slow
@pytest.mark.parametrize("device", ["numpy", "cython", "cpp_standalone"])
def test_the_ecg_network_on_every_device_from_ten_random_starts(data_dir, device):
    net = cx.load_published(data_dir / "checkpoints" / "ecg_icons2020_36.npz", kind="ecg")
    task = load_task("ecg", data=data_dir)
    found = flat(evaluate(net, task, device=device, start="random", seeds=10))
    assert found["mismatches"] == 0
    assert found["builds"] == 1
    assert found["accuracy_yin_brian2"] == pytest.approx(0.853, abs=0.003)
    fine = flat(evaluate(net, task, device=device, start="random", seeds=2, dt=1e-3))
    assert fine["accuracy_yin_brian2"] == pytest.approx(found["accuracy_yin_brian2"], abs=0.005)


@pytest.mark.slow
def test_the_smnist_network_reads_digits(data_dir):
    net = cx.load_published(data_dir / "checkpoints" / "smnist_98p21.npz", kind="smnist")
    task = load_task("smnist", data=data_dir)
    found = flat(evaluate(net, task, trials=2000, brian2_trials=100))
    assert found["mismatches"] == 0
    assert found["neuron_steps"] == 100 * 784 * (64 + 256 + 256 + 10)
    assert found["accuracy_twin"] >= 0.975


@pytest.mark.slow
def test_the_random_start_of_a_recurrent_network_is_the_papers(data_dir):
    """Two recurrent layers, where the fractional spike of the first also reaches itself."""
    path = data_dir / "checkpoints" / "shd_128_128.npz"
    net = cx.load_published(path, kind="shd", **QUIET)
    with np.load(path, allow_pickle=False) as stored:
        layers = shd({k: stored[k].astype(float) for k in stored.files})
    x = random_input("shd", 700, 0.004)
    start = Initial("random", seed=3)
    for name, one in zip(("hidden1", "hidden2", "output"), layers, strict=True):
        v = cx.models.initials.stream(3, f"{name}.v").random((TRIALS, len(one.w)))
        one.start(TRIALS, v=v, s=v if one.spiking else None, a=0.01)
    spikes, membrane = papers.run_papers(layers, x.values)
    ds = simulate(net, x, initial=start)
    states = start_states(describe(net), start, TRIALS)
    with torch.no_grad():
        out = cx.Twin(net)(x, record={"output": {"v": annotations(net).readout.slot}}, initial=states)
    for k, expected in enumerate(spikes):
        assert np.array_equal(dense(ds, f"hidden{k + 1}").values, expected)
        assert np.array_equal(out.spikes[f"hidden{k + 1}"].numpy(), expected)
    assert np.abs(ds.output_v.values - membrane).max() < 1e-10
    assert np.array_equal(out.states["output"]["v"].numpy(), ds.output_v.values)
