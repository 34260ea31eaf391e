"""A hand-made simulation with known counts, and a study's result of realistic size."""

import numpy as np
import pytest
import xarray as xr

from chronaxie import analyses

CLASSES = ["P", "PQ", "QR", "RS", "ST", "TP"]
DT = 0.004
MODELS = {"hidden1": "ALIF", "output": "LeakyIntegrator"}


def simulation_dataset(spikes, sizes, connections, *, trials, steps, dt_ref=DT):
    """Lay events {group: [(trial, neuron, step)]} out as a simulation's dataset."""
    ds = xr.Dataset(attrs={"trials": trials, "duration": steps * dt_ref, "dt_ref": dt_ref, "dt": dt_ref})
    for group, size in sizes.items():
        ds = ds.assign_coords({f"{group}_neuron": np.arange(size)})
    for group, events in spikes.items():
        trial, neuron, step = np.asarray(events, dtype=int).reshape(-1, 3).T
        order = np.lexsort((neuron, step, trial))
        dim = f"{group}_spike"
        ds[f"{dim}_trial"] = (dim, trial[order], {"units": "1"})
        ds[f"{dim}_neuron"] = (dim, neuron[order], {"units": "1"})
        ds[f"{dim}_time"] = (dim, step[order] * dt_ref, {"units": "s"})
        outgoing = sum(n for (source, _), n in connections.items() if source == group)
        fan_out = np.full(sizes[group], outgoing // sizes[group])
        ds[f"{group}_fan_out"] = (f"{group}_neuron", fan_out, {"units": "1"})
    ds["synapses"] = ("connection", list(connections.values()), {"units": "1"})
    return ds.assign_coords(
        source=("connection", [s for s, _ in connections]), target=("connection", [t for _, t in connections])
    )


@pytest.fixture
def small():
    """2 inputs → 3 recurrent neurons → 2 outputs, 2 trials of 10 steps: 6 input spikes, 8 hidden spikes."""
    inputs = [(0, 0, 1), (0, 1, 2), (0, 0, 5), (1, 1, 3), (1, 1, 4), (1, 0, 9)]
    hidden = [(0, 0, 2), (0, 0, 3), (0, 1, 3), (0, 0, 6), (0, 1, 7), (1, 1, 4), (1, 0, 5), (1, 1, 6)]
    return simulation_dataset(
        {"input": inputs, "hidden1": hidden},
        {"input": 2, "hidden1": 3, "output": 2},
        {("input", "hidden1"): 6, ("hidden1", "hidden1"): 9, ("hidden1", "output"): 6},
        trials=2,
        steps=10,
    )


def random_simulation(rng, *, trials=8, steps=1300, rate=0.3):
    sizes = {"input": 4, "hidden1": 36, "output": 6}
    p = {"input": np.full(4, 0.08), "hidden1": np.clip(rng.gamma(2, rate / 2, 36), 0, 0.9)}
    p["hidden1"][[3, 17]] = 0
    spikes = {}
    for group, chance in p.items():
        trial, step, neuron = np.nonzero(rng.random((trials, steps, sizes[group])) < chance)
        spikes[group] = np.stack((trial, neuron, step), axis=1)
    connections = {("input", "hidden1"): 144, ("hidden1", "hidden1"): 1296, ("hidden1", "output"): 216}
    return simulation_dataset(spikes, sizes, connections, trials=trials, steps=steps)


def cells_dataset(rng):
    """Cells in the layout of `biology.load`, with the sizes and medians of the Allen groups."""
    groups = {
        "mouse spiny": (892, 20.4),
        "mouse sparsely spiny": (107, 22.2),
        "mouse aspiny": (921, 10.3),
        "human spiny": (321, 26.4),
        "human sparsely spiny": (13, 18.9),
        "human aspiny": (79, 13.9),
    }
    tau = np.concatenate([median * np.exp(rng.normal(0, 0.45, n)) for n, median in groups.values()])
    names = np.repeat(list(groups), [n for n, _ in groups.values()])
    return xr.Dataset(
        {"tau_m": ("cell", tau, {"units": "ms"})},
        coords={"group": ("cell", names)},
        attrs={"title": "cells made up for tests", "groups": list(groups)},
    )


def example_trial(rng, steps=1300):
    """One trial of an artificial ECG: signal, level crossings, spikes, labels, prediction."""
    time = np.arange(steps) * DT
    phase = (time / 0.85) % 1
    shape = [(0.15, 0.025, 0.15), (0.3, 0.012, 1.0), (0.33, 0.01, -0.3), (0.6, 0.05, 0.3)]
    lead = sum(height * np.exp(-(((phase - at) / width) ** 2) / 2) for at, width, height in shape)
    signal = np.stack((lead, 0.6 * np.roll(lead, 2)), axis=1) + rng.normal(0, 0.015, (steps, 2))
    slope = np.diff(signal, axis=0, prepend=signal[:1])
    stimulus = np.stack([s * slope[:, k] > 0.03 for k in (0, 1) for s in (1, -1)], axis=1).astype(np.uint8)
    label = np.digitize(phase, [0.22, 0.28, 0.31, 0.35, 0.7]).astype(np.int8)
    prediction = np.roll(label, 4)
    prediction[rng.random(steps) < 0.02] = 3
    label[1200:] = -1
    drive = 0.08 + 0.6 * (np.abs(slope).sum(axis=1) > 0.06)
    at, unit = np.nonzero(rng.random((steps, 36)) < drive[:, None] * rng.gamma(2, 0.5, 36))
    score = rng.normal(size=(steps, 6))
    return {
        "example_signal": (("time", "lead"), signal, {"units": "mV", "long_name": "ECG"}),
        "example_stimulus": (("time", "channel"), stimulus, {"units": "1", "long_name": "spikes"}),
        "example_spike_time": ("example_spike", time[at], {"units": "s", "long_name": "time of a spike"}),
        "example_spike_unit": ("example_spike", unit, {"units": "1", "long_name": "unit of a spike"}),
        "example_label": ("time", label, {"units": "1", "long_name": "label"}),
        "example_prediction": ("time", prediction, {"units": "1", "long_name": "prediction"}),
        "example_score": (("time", "true_class"), score, {"units": "1", "long_name": "score"}),
    }, {
        "time": ("time", time, {"units": "s"}),
        "lead": ["lead I", "lead II"],
        "channel": ["I up", "I down", "II up", "II down"],
    }


@pytest.fixture(scope="session")
def result():
    """A study's result as one dataset, all variables that the figures draw."""
    rng = np.random.default_rng(7)
    epochs, hidden, outputs = 80, 36, 6
    progress = 1 - np.exp(-np.arange(epochs) / 15)
    tau_m = np.r_[rng.normal(80, 30, hidden), rng.normal(80, 10, outputs)].clip(8)
    tau_a = np.r_[rng.normal(600, 200, hidden).clip(60), np.full(outputs, np.nan)]
    label = xr.DataArray(rng.integers(-1, 6, (141, 300)), dims=("trial", "time"))
    right = xr.DataArray(rng.random((141, 300)) < 0.86, dims=("trial", "time"))
    prediction = label.where(right, rng.integers(0, 6, (141, 300))).astype(int).clip(0)
    example, example_coords = example_trial(rng)
    curves = {
        "train_loss": (1.7 - 1.3 * progress + rng.normal(0, 0.02, epochs), "1"),
        "valid_loss": (1.72 - 1.2 * progress + rng.normal(0, 0.04, epochs), "1"),
        "train_accuracy": (0.35 + 0.53 * progress + rng.normal(0, 0.006, epochs), "1"),
        "valid_accuracy": (0.34 + 0.52 * progress + rng.normal(0, 0.012, epochs), "1"),
        "firing_rate_epoch": (40 + 30 * progress + rng.normal(0, 1.5, epochs), "Hz"),
    }
    scalars = {"test_accuracy": 0.861, "softmax_regression_accuracy": 0.52, "test_accuracy_fine": 0.86}
    ds = xr.Dataset(
        {name: ("epoch", values, {"units": units}) for name, (values, units) in curves.items()}
        | {name: ((), value, {"units": "1"}) for name, value in scalars.items()}
        | {
            "tau_m": ("neuron", tau_m * np.exp(rng.normal(-0.3, 0.5, hidden + outputs)), {"units": "ms"}),
            "tau_m_initial": ("neuron", tau_m, {"units": "ms"}),
            "tau_a": ("neuron", tau_a * np.exp(rng.normal(0.1, 0.4, hidden + outputs)), {"units": "ms"}),
            "tau_a_initial": ("neuron", tau_a, {"units": "ms"}),
            "accuracy_dt": ("dt", [0.861, 0.862, 0.8605, 0.8612], {"units": "1"}),
            "rate_dt": (
                "dt",
                [71.2, 71.9, 72.1, 72.2],
                {"units": "Hz", "long_name": "mean hidden firing rate"},
            ),
        }
        | example,
        coords={
            "epoch": np.arange(1, epochs + 1),
            "layer": ("neuron", ["hidden1"] * hidden + ["output"] * outputs),
            "index": ("neuron", np.r_[np.arange(hidden), np.arange(outputs)]),
            "dt": ("dt", [4.0, 2.0, 1.0, 0.5], {"units": "ms"}),
        }
        | example_coords,
    )
    simulation = random_simulation(rng)
    parts = [
        ds,
        analyses.confusion(prediction, label, CLASSES).to_dataset(),
        analyses.firing_rates(simulation),
        analyses.timescales(ds),
        analyses.compare(ds["tau_m"], cells_dataset(rng), resamples=300),
        analyses.energy(simulation, models=MODELS),
    ]
    cells = xr.Dataset(
        {"tau_m": ("cell", rng.lognormal(3, 0.5, 90), {"units": "ms"})},
        coords={"group": ("cell", ["mouse"] * 60 + ["human"] * 30)},
    )
    parts.append(analyses.cells_distribution(cells))
    return xr.merge(parts, join="exact", compat="no_conflicts", combine_attrs="drop_conflicts")
