"""Numbers in words, means with intervals, tables of datasets."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy.stats import t as student

from chronaxie.studies.reporting.parts import Number
from chronaxie.studies.reporting.simulated import robustness
from chronaxie.studies.reporting.tables import mean_of, table_over


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Number(0.853219, 0.84123, 0.86511), "0.853 [0.841, 0.865]"),
        (Number(197.4, 176.1, 217.2), "197 [176, 217]"),
        (Number(-0.4, -0.79, -0.456), "−0.40 [−0.79, −0.46]"),
        (Number(0.5), "0.5"),
        (Number(36.0), "36"),
        (Number(1843200), "1\u202f843\u202f200"),
        (Number(30304.6), "30\u202f305"),
        (Number(2.5e-9), "2.5e−09"),
        (Number(math.nan), "–"),
        (Number(1.0, math.nan, math.nan), "1"),
        (Number(1.0, 1.0, 1.0), "1 [1, 1]"),
        (Number(0.123456, 0.1234559, 0.1234561), "0.123456 [0.123456, 0.123456]"),
        (Number(math.inf), "∞"),
    ],
)
def test_a_number_is_as_exact_as_its_interval(number, text):
    assert str(number) == text


def test_the_mean_over_seeds_covers_as_it_says():
    rng = np.random.default_rng(3)
    found = [mean_of(rng.normal(2.0, 0.5, 5)) for _ in range(2000)]
    inside = np.mean([one.low < 2.0 < one.high for one in found])
    assert inside == pytest.approx(0.95, abs=0.015)  # 3 standard errors of 2000 draws
    one = mean_of([1.0, 2.0, np.nan, 4.0])
    half = student.ppf(0.975, 2) * np.std([1, 2, 4], ddof=1) / np.sqrt(3)
    assert (one.value, one.low, one.high) == pytest.approx((7 / 3, 7 / 3 - half, 7 / 3 + half))
    assert not mean_of([1.0]).has_interval
    assert math.isnan(mean_of([]).value)


def test_a_table_has_a_row_for_each_place_and_skips_what_is_not_there():
    ds = xr.Dataset(
        {
            "speed": (("kind", "size"), [[1.0, 2.0], [3.0, 4.0]], {"units": "m/s", "long_name": "speed"}),
            "speed_interval": (("kind", "size", "bound"), np.arange(8.0).reshape(2, 2, 2)),
            "fine": ("kind", [1, 0], {"units": "1"}),
        },
        coords={"kind": ["a", "b"], "size": ("size", [10, 20], {"units": "mm"})},
    )
    table = table_over(
        ds, ("kind", "size"), ("speed", "gone", "fine"), title="T", words={"fine": {1: "yes", 0: "no"}}
    )
    assert table.columns == ("Kind", "Size (mm)", "Speed (m/s)", "Fine")
    shown = [tuple(map(str, row)) for row in table.rows]
    assert shown[0] == ("a", "10", "1.00 [0.00, 1.00]", "yes")
    assert shown[3] == ("b", "20", "4.00 [6.00, 7.00]", "no")
    assert table_over(ds, ("kind",), ("gone",), title="T") is None
    assert table_over(ds.isel(kind=[]), ("kind",), ("fine",), title="T") is None


def test_robustness_names_what_costs_most_and_least():
    bits = ("weight_quantisation", [8, 2], {"units": "bit"})
    ds = xr.Dataset(
        {
            "accuracy_unperturbed": ("seed", [0.9, 0.9, 0.9]),
            "rate_unperturbed": ("seed", [5.0, 5.0, 5.0]),
            "accuracy_spike_loss": (("spike_loss", "seed"), [[0.9, 0.8, 0.7], [0.5, 0.4, 0.3]]),
            "accuracy_weight_quantisation": (
                ("weight_quantisation", "seed"),
                [[0.9, 0.9, 0.9], [0.8, 0.8, 0.8]],
            ),
            "accuracy_commonest": ((), 0.2, {"long_name": "share of the commonest class"}),
        },
        coords={"seed": np.arange(3), "spike_loss": [0.1, 0.4], "weight_quantisation": bits},
        attrs={"trials": 20, "left_out": '{"temperature": "no <heat>"}'},
    )
    found = robustness(ds)
    half = student.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert f"loss of spikes (0.4) costs most and leaves {Number(0.4, 0.4 - half, 0.4 + half)}" in found.answer
    assert "weight quantisation (2 bit) costs least and leaves 0.8" in found.answer
    assert found.warnings == ("Left out: temperature: no <heat>",)
    assert [table.title for table in found.tables] == ["Loss of spikes", "Weight quantisation"]
