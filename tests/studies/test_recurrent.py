"""Dense recurrent networks, their numbers of parameters, and the files of their weights."""

import numpy as np
import pytest
import torch

from chronaxie.models import LeakyIntegrator, srnn
from chronaxie.studies.recurrent import (
    DENSE,
    SPIKING,
    DenseRecurrent,
    count_parameters,
    equal_parameters,
    load_dense,
    parameters_of,
    save_dense,
)
from chronaxie.studies.results import ResultError
from chronaxie.studies.training import NEURONS, trained_twin


def stimulus(trials=3, steps=7, channels=4):
    return torch.randn(trials, steps, channels, generator=torch.Generator().manual_seed(1))


# ------------------------------------------------------------------ what they compute
@pytest.mark.parametrize("kind", DENSE)
def test_the_readout_is_reduced_after_the_first_steps(kind):
    x = stimulus()
    steps = DenseRecurrent(kind, 4, [5, 3], 2, seed=2)(x)
    assert steps.shape == (3, 7, 2)
    expected = {"mean": steps[:, 3:].mean(1), "sum": steps[:, 3:].sum(1), "last": steps[:, -1]}
    for reduce, wanted in expected.items():
        got = DenseRecurrent(kind, 4, [5, 3], 2, reduce=reduce, skip=3, seed=2)(x)
        torch.testing.assert_close(got, wanted, rtol=0, atol=0)


@pytest.mark.parametrize("kind", DENSE)
def test_a_score_depends_on_the_past_and_not_on_the_future(kind):
    model, x = DenseRecurrent(kind, 4, [5], 2), stimulus()
    changed = x.clone()
    changed[:, 3] += 1
    before, after = model(x), model(changed)
    assert torch.equal(before[:, :3], after[:, :3])
    assert bool((before[:, 3:] != after[:, 3:]).any(-1).all())


def test_the_lstm_against_its_recursion():
    """Gers et al. (2000), gates in torch's order: input, forget, cell, output."""
    model, x = DenseRecurrent("lstm", 4, [5], 2, seed=3).double(), stimulus().double()
    w = {name: values.detach().numpy() for name, values in model.named_parameters()}
    h = c = np.zeros((3, 5))
    for t in range(7):
        gates = x[:, t].numpy() @ w["layers.0.weight_ih_l0"].T + h @ w["layers.0.weight_hh_l0"].T
        i, f, g, o = np.split(gates + w["layers.0.bias_ih_l0"] + w["layers.0.bias_hh_l0"], 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
    wanted = h @ w["linear.weight"].T + w["linear.bias"]
    np.testing.assert_allclose(model(x)[:, -1].detach(), wanted, rtol=1e-12, atol=1e-14)


def test_initial_values():
    lstm = DenseRecurrent("lstm", 4, [6], 3).layers[0]
    forget = torch.zeros(24)
    forget[6:12] = 1
    assert torch.equal(lstm.bias_ih_l0, forget)
    assert torch.equal(lstm.bias_hh_l0, torch.zeros(24))
    for gate in lstm.weight_hh_l0.chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), rtol=0, atol=1e-5)  # float32
    for gate in lstm.weight_ih_l0.chunk(4):
        assert 0 < gate.abs().max().item() <= (6 / (4 + 6)) ** 0.5


def test_the_seed_decides_and_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (DenseRecurrent("gru", 4, [5], 2, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.rand(3), wanted)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["linear.weight"], other["linear.weight"])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("elman", 4, [5], 2), "kind must be one of lstm, gru, rnn, got 'elman'"),
        (("gru", 4, [], 2), "expected at least one layer, got none"),
        (("gru", 4, [0], 2), r"whole numbers >= 1, got \[4, 0, 2\]"),
        (("gru", 4.0, [5], 2), r"whole numbers >= 1, got \[4.0, 5, 2\]"),
    ],
)
def test_what_cannot_be_built(arguments, message):
    with pytest.raises(ValueError, match=message):
        DenseRecurrent(*arguments)


def test_a_stimulus_of_another_shape_is_refused():
    with pytest.raises(
        ValueError, match=r"rnn: expected a stimulus of shape \(trial, time, 4\), got \(3, 7, 5\)"
    ):
        DenseRecurrent("rnn", 4, [5], 2)(stimulus(channels=5))


# ------------------------------------------------------------------ numbers of parameters
@pytest.mark.parametrize("kind", DENSE)
def test_parameters_of_dense_networks(kind):
    assert parameters_of(kind, 4, [5, 3], 2) == count_parameters(DenseRecurrent(kind, 4, [5, 3], 2))


@pytest.mark.parametrize("kind", SPIKING)
@pytest.mark.parametrize("spiking_output", [False, True])
def test_parameters_of_spiking_networks_are_what_a_twin_trains(kind, spiking_output):
    neuron = NEURONS[kind]
    readout = neuron if spiking_output else LeakyIntegrator
    net = srnn(4, [5, 3], 2, neuron=neuron, readout=readout, recurrent=[True, False])
    counted = count_parameters(trained_twin(net, kind, surrogate="gaussian"))
    assert counted == parameters_of(
        kind, 4, [5, 3], 2, recurrent=[True, False], spiking_output=spiking_output
    )


def test_parameters_of_the_published_ecg_network():
    # as the BRF paper counts them: 4 x 36 + 36 x 36 + 36 x 6 weights, 42 biases, 42 tau_m, 36 tau_a
    assert parameters_of("alif", 4, [36], 6) == 1776


@pytest.mark.parametrize("kind", [*SPIKING, *DENSE])
@pytest.mark.parametrize("wanted", [1, 1776, 20_000])
@pytest.mark.parametrize("layers", [1, 2])
def test_equal_parameters_is_the_nearest(kind, wanted, layers):
    sizes = range(1, 200)
    distance = [abs(parameters_of(kind, 4, [n] * layers, 6) - wanted) for n in sizes]
    assert equal_parameters(kind, 4, 6, wanted, layers=layers) == sizes[int(np.argmin(distance))]


def test_equal_parameters_needs_a_number():
    with pytest.raises(ValueError, match="whole numbers >= 1"):
        equal_parameters("lstm", 4, 6, 0)
    with pytest.raises(
        ValueError, match="kind must be one of alif, lif, se_adlif, ef_adlif, lstm, gru, rnn, got 'x'"
    ):
        equal_parameters("x", 4, 6, 100)


# ------------------------------------------------------------------ files
@pytest.mark.parametrize("kind", DENSE)
def test_a_network_comes_back(kind, tmp_path):
    model = DenseRecurrent(kind, 4, [5, 3], 2, reduce="mean", skip=2, seed=9)
    save_dense(model, tmp_path / "net.pt")
    again = load_dense(tmp_path / "net.pt")
    assert torch.equal(again(stimulus()), model(stimulus()))
    assert (again.kind, again.sizes, again.readout) == (kind, (4, 5, 3, 2), model.readout)
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt"]


def damaged(content):
    """Files that are no network, and what is said about them."""
    weights = content["weights"]
    nan = {**weights, "linear.bias": torch.full((2,), float("nan"))}
    fewer = {name: values for name, values in weights.items() if name != "linear.bias"}
    return {
        "version": ({**content, "chronaxie_dense": 2}, "expected a dense network of version 1"),
        "foreign": ({"weights": weights}, "expected a dense network of version 1 with .*, found weights"),
        "list": ([1, 2], "found list"),
        "size": ({**content, "sizes": [4, 6, 2]}, "its parts do not fit each other: .*size mismatch"),
        "kind": ({**content, "kind": "elman"}, "its parts do not fit each other: .*kind must be"),
        "short": ({**content, "sizes": [4]}, "its parts do not fit each other"),
        "fewer": ({**content, "weights": fewer}, "its parts do not fit each other: .*linear.bias"),
        "nan": ({**content, "weights": nan}, "linear.bias holds values that are not finite"),
    }


@pytest.mark.parametrize("what", ["version", "foreign", "list", "size", "kind", "short", "fewer", "nan"])
def test_a_damaged_file_is_refused(what, tmp_path):
    path = tmp_path / "net.pt"
    save_dense(DenseRecurrent("lstm", 4, [5], 2), path)
    content, message = damaged(torch.load(path, weights_only=True))[what]
    torch.save(content, path)
    with pytest.raises(ResultError, match=f"net.pt: .*{message}"):
        load_dense(path)


def test_a_truncated_or_missing_file_is_refused(tmp_path):
    path = tmp_path / "net.pt"
    save_dense(DenseRecurrent("lstm", 4, [5], 2), path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ResultError, match="net.pt: not a readable file of weights .*train again"):
        load_dense(path)
    with pytest.raises(ResultError, match="nowhere.pt: no such file"):
        load_dense(tmp_path / "nowhere.pt")
