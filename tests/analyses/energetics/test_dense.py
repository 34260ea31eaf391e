"""Operations of dense recurrent networks against numbers worked out by hand."""

import numpy as np
import pytest

from chronaxie.analyses import FIGURES, FLOAT32, InvalidInput, compose, dense_operations
from chronaxie.analyses.energetics.tally import dense_tally

# m = 4 inputs, n = 3 units, o = 2 classes: mn = 12, nn = 9, readout 6
MAC = {"lstm": 4 * 21 + 17 * 3 + 6, "gru": 3 * 21 + 10 * 3 + 6, "rnn": 21 + 3 + 6}


@pytest.mark.parametrize("kind", MAC)
def test_operations_by_hand(kind):
    got = dense_operations(kind, 4, [3], 2)
    assert float(got["operations_mac"]) == MAC[kind]
    assert float(got["operations_ac"]) == 0
    assert got["energy_network"].values.tolist() == (["LSTM"] if kind == "lstm" else [kind.upper(), "LSTM"])
    assert got["energy_mac"].values.tolist() == [MAC[n.lower()] for n in got["energy_network"].values]
    for cost, e_mac in {"float32": 4.6, "int32, ratio 31": 3.1}.items():
        row = got.sel(energy_cost=cost).isel(energy_network=0)
        assert float(row["energy_per_step"]) == pytest.approx(MAC[kind] * e_mac, rel=1e-12)
        assert float(row["energy_ratio"]) == pytest.approx(MAC["lstm"] / MAC[kind], rel=1e-12)
    assert all({"units", "long_name"} <= set(got[name].attrs) for name in got.variables)


@pytest.mark.parametrize(
    "kind, mac, weights, states", [("lstm", 99, 48, 13), ("gru", 66, 36, 7), ("rnn", 15, 12, 7)]
)
def test_layers_that_are_not_recurrent(kind, mac, weights, states):
    # the nn falls away, and own outputs are written (3), not read; the LSTM reads and writes 3 cells
    got = dense_tally(kind, 4, 3, recurrent=False)
    assert (got.mac, got.weights, got.states) == (mac, weights, states)
    again = dense_tally(kind, 4, 3)
    assert (again.mac - got.mac, again.states - got.states) == (again.weights - got.weights, 3)


def test_layers_add_up():
    one, two = (float(dense_operations("gru", 4, h, 2).operations_mac) for h in ([3], [3, 5]))
    assert two - one == 3 * (3 * 5 + 25) + 10 * 5 + 5 * 2 - 3 * 2


def test_the_figure_of_energy_can_be_drawn():
    (spec,) = [spec for spec in FIGURES if spec.name == "energy"]
    figure = compose(dense_operations("rnn", 4, [3], 2), spec)
    texts = [text.get_text() for ax in figure.axes for text in ax.get_xticklabels()]
    assert texts[:2] == ["RNN", "LSTM"]
    np.testing.assert_array_equal([len(ax.patches) > 0 for ax in figure.axes], [True, True])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("elman", 4, [3], 2), "kind must be one of lstm, gru, rnn, got 'elman'"),
        (("gru", 0, [3], 2), r"whole numbers >= 1 and at least one hidden layer, got \[0, 3, 2\]"),
        (("gru", 4, [], 2), r"at least one hidden layer, got \[4, 2\]"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        dense_operations(*arguments)


@pytest.mark.parametrize("costs", [FLOAT32, "float32", ["float32"], None, [("float32", 0.9, 4.6)]])
def test_costs_are_a_sequence_of_energy_costs(costs):
    with pytest.raises(
        InvalidInput, match=r"dense_operations: costs must be a sequence of EnergyCost, such as"
    ):
        dense_operations("gru", 4, [3], 2, costs=costs)


def test_costs_need_names_of_their_own():
    with pytest.raises(InvalidInput, match="costs must be different EnergyCost"):
        dense_operations("gru", 4, [3], 2, costs=(FLOAT32, FLOAT32))
