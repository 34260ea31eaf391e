"""Which encoder a network is fed with, and what its outputs mean."""

import json

import numpy as np
import pytest
from brian2 import Network, NeuronGroup

from chronaxie.models import annotate, save
from chronaxie.models.ecg_encoders import DifferenceEncoder, ECGEncoder, LevelCrossingEncoder, encoder_text
from chronaxie.studies.about import AboutError
from chronaxie.studies.cli import main
from chronaxie.studies.record_reading import NetworkMismatch, reading_of
from chronaxie.studies.record_simulation import (
    simulate_record,
    summarise_record,
)
from chronaxie.studies.tasks import SyntheticECG, load_synthetic_ecg
from chronaxie.studies.train_config import TrainConfig
from chronaxie.studies.training import spiking_network

from .wfdb_files import ecg_network as network
from .wfdb_files import write_annotated_beats, write_record

FILTERED = DifferenceEncoder(threshold=0.2, smoothing=9, window=None)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return write_annotated_beats(tmp_path_factory.mktemp("record"))


@pytest.mark.parametrize(
    ("net", "encoder"),
    [
        (lambda: network(), ECGEncoder()),
        (lambda: network(task="ludb"), ECGEncoder()),
        (
            lambda: network(10, 4, task="ludb", options=json.dumps({"delta": 0.3, "bits": 5})),
            ECGEncoder(delta=0.3, bits=5),
        ),
        (lambda: network(4, 6), DifferenceEncoder()),
        (lambda: network(4, 6, task="ecg"), DifferenceEncoder()),
        (lambda: network(4, 6, task="synthetic_ecg"), LevelCrossingEncoder()),
        (
            lambda: network(
                4, 6, task="synthetic_ecg", options=json.dumps({"config": {"delta": 0.2, "train": 3}})
            ),
            LevelCrossingEncoder(delta=0.2),
        ),
        # What travels decides, not the options or the size.
        (lambda: network(4, 6, task="ecg", encoder=encoder_text(FILTERED)), FILTERED),
        (lambda: network(4, 6, encoder=encoder_text(LevelCrossingEncoder())), LevelCrossingEncoder()),
        (
            lambda: network(
                16, 4, options=json.dumps({"bits": 3}), encoder=encoder_text(ECGEncoder(delta=0.1))
            ),
            ECGEncoder(delta=0.1),
        ),
    ],
)
def test_the_encoder_is_that_of_the_network(net, encoder):
    assert reading_of(net()).encoder == encoder


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            lambda: network(5, 6),
            r"of the task ludb \(16 inputs, 4 outputs\) or ecg .*, got 5 inputs and 6 outputs",
        ),
        (lambda: network(16, 4, task="ecg"), r"got 16 inputs and 4 outputs of the task 'ecg'"),
        (lambda: network(4, 6, task="ludb"), r"got 4 inputs and 6 outputs of the task 'ludb'"),
        (
            lambda: network(4, 6, encoder="{}"),
            r"n\.nc: what it says of its encoder or task cannot be used: encoder: expected",
        ),
        (
            lambda: network(task="ludb", options='{"delta": "x"}'),
            r"n\.nc: what it says of its encoder .* delta must be a finite number > 0, got 'x'",
        ),
        (
            lambda: network(4, 6, task="synthetic_ecg", options='{"config": [1]}'),
            r"n\.nc: what it says of its encoder .* config as values by name, got \[1\]",
        ),
        (
            lambda: network(4, 6, encoder=encoder_text(DifferenceEncoder(dt=0.002))),
            r"n\.nc: expected the classes P, PQ, QR, RS, ST, TP and steps of 0\.002 s .*, got .* and 0\.004 s",
        ),
        (
            lambda: network(16, 4, classes='["a", "b", "c", "d"]'),
            r"expected the classes none, P, QRS, T .* got a, b",
        ),
        (
            lambda: Network(NeuronGroup(2, "dv/dt = -v/(5*ms) : 1")),
            r"n\.nc: .* got one with 0 spike generators, no readout",
        ),
        (
            lambda: annotate(Network(NeuronGroup(2, "dv/dt = -v/(5*ms) : 1")), about={"task": "smnist"}),
            r"n\.nc: expected a network of an ECG task \(ludb, .*got one of the task 'smnist' with 0 spike",
        ),
        (
            lambda: network(4, 6, task="synthetic_ecg", options='{"config": {"label_lag": "x"}}'),
            r"n\.nc: what it says of its encoder or task .* label_lag .* got 'x'",
        ),
    ],
)
def test_other_networks_are_refused(net, message):
    with pytest.raises(NetworkMismatch, match=message):
        reading_of(net(), where="n.nc")


@pytest.mark.parametrize(
    "about", [{"options": "{"}, {"options": "[]"}, {"classes": "7"}, {"seed": "[" * 10**5}]
)
def test_texts_of_a_network_are_not_trusted(record, tmp_path, capsys, about):
    with pytest.raises(AboutError, match=rf"n\.nc: its text '{next(iter(about))}'"):
        reading_of(network(**about), where="n.nc")
    save(network(**about), tmp_path / "net.nc")
    assert main(["simulate", str(tmp_path / "net.nc"), "--wfdb", str(record), "--out", str(tmp_path)]) == 1
    assert f"net.nc: its text '{next(iter(about))}'" in capsys.readouterr().err


LATE = "waves come about 64 to 72 ms late, as the labels did that the network was trained on"


@pytest.mark.parametrize(
    ("about", "lag", "line"),
    [
        ({"task": "ecg"}, [0.064, 0.072], LATE),
        ({"task": "ecg", "kind": "ecg", "encoder": encoder_text(FILTERED)}, [0.064, 0.072], LATE),
        (
            {"task": "synthetic_ecg", "options": '{"config": {"label_lag": 17}}'},
            [0.068, 0.068],
            LATE.replace("64 to 72", "68"),
        ),
        # Of the raw records of QTDB, whose labels do not lag; of nobody knows what.
        ({"task": "ecg", "encoder": encoder_text(FILTERED)}, None, None),
        ({"task": "synthetic_ecg"}, None, None),
        ({}, None, None),
    ],
)
def test_labels_that_lagged_are_told(record, about, lag, line):
    ds = simulate_record(network(4, 6, **about), record, seconds=2.0, report=lambda line: None)
    found = ds.attrs.get("label_lag")
    assert (found if found is None else found.tolist()) == (lag and pytest.approx(lag))
    assert [x.strip() for x in summarise_record(ds).splitlines() if "late" in x] == ([line] if line else [])


def test_the_encoder_travels_from_task_to_network():
    small = SyntheticECG(train=2, valid=1, test=1, steps=400, delta=0.25)
    task = load_synthetic_ecg(config=small)
    net = spiking_network(TrainConfig("synthetic_ecg", hidden=(3,)), task, (3,))
    assert reading_of(net).encoder == task.encoder == LevelCrossingEncoder(delta=0.25)
    z = task.test.signal.values[0].astype(float)
    # Normalised over a longer stretch than is kept: the same code up to that scale.
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    ours = np.concatenate(list(task.encoder.encode(z.T)), axis=-1)
    assert np.mean(ours == task.test.stimulus.values[0]) > 0.95


def test_a_network_of_two_leads(record):
    ds = simulate_record(network(4, 6), record, seconds=2.0, report=lambda line: None)
    assert ds.lead.values.tolist() == ["ii", "i"]
    assert ds.attrs["waves"] == "P, QRS, ST with T"
    assert ds.wave_class.values.tolist() == ["P", "PQ", "QR", "RS", "ST", "TP"]


def test_a_lead_that_outruns_the_code_is_reported(tmp_path):
    signal = np.zeros(4000)
    signal[2000] = 5.0  # a pacing spike
    signal[::7] += 1e-3
    lines = []
    simulate_record(network(), write_record(tmp_path, "paced", signal), report=lines.append)
    assert any("moves faster than the code follows at" in line for line in lines)
