"""Fitted orders, deviations from the own step, and the figures that show them."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie import analyses
from chronaxie.analyses import STEPS, InvalidInput, MissingVariable
from chronaxie.analyses.convergence import order_kernel

from .test_figures import labels

DTS = np.array([4.0, 2.0, 1.0, 0.5])


@pytest.fixture(scope="module")
def result():
    """A made-up result: two variants, two seeds; errors of known order."""
    rng = np.random.default_rng(0)
    accuracy = np.stack([[0.85, 0.851, 0.852, 0.845], [0.85, 0.5, 0.2, 0.1]])[..., None] + [0.0, 0.002]
    rate = np.stack([[80, 82, 81, 79], [80, 200, 400, 700]])[..., None, None] * np.ones((1, 1, 2, 2))
    rate[..., 1] = 0  # a layer that never spikes
    orders = {"euler": 1.0, "exponential_euler": 1.0, "heun": 1.0, "milstein": 1.0, "rk2": 2.0, "rk4": 4.0}
    cases = [(name, method) for name in ("A", "B", "C") for method in (*orders, "exact")]
    error = [
        0.01 * DTS ** orders[m] * np.exp(rng.normal(0, 0.01, 4)) if m in orders else np.full(4, 1e-15)
        for _, m in cases
    ]
    ds = xr.Dataset(
        {
            "step_accuracy": (("variant", "dt", "seed"), accuracy, {"units": "1", "long_name": "accuracy"}),
            "step_rate": (
                ("variant", "dt", "seed", "step_layer"),
                rate,
                {"units": "Hz", "long_name": "rate"},
            ),
            "step_majority": ((), 0.38, {"units": "1"}),
            "convergence_error": (("convergence_case", "convergence_step"), error, {"units": "1"}),
            "convergence_dt": (("convergence_case", "convergence_step"), [DTS] * len(cases), {"units": "ms"}),
            "spike_time_error": (("spike_number", "spike_step"), [DTS / 2, DTS / 3], {"units": "ms"}),
            "spike_dt": ("spike_step", DTS, {"units": "ms"}),
        },
        coords={
            "variant": ["with the physical step", "as the step reads"],
            "dt": DTS,
            "step_layer": ["hidden1", "output"],
            "convergence_neuron": ("convergence_case", [name for name, _ in cases]),
            "convergence_method": ("convergence_case", [method for _, method in cases]),
            "spike_number": [1, 5],
        },
        attrs={"dt_ref": 0.004, "own_dt": 0.004, "study": "continuous"},
    )
    return ds.merge(analyses.convergence_orders(ds)).merge(analyses.step_deviations(ds))


def test_a_known_order_is_found_with_its_interval():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        slope, low, high = order_kernel(DTS, 0.3 * DTS**2 * np.exp(rng.normal(0, 0.1, 4)))
        inside += low <= 2 <= high
    # Binomial, 95 %: 380 expected, sd 4.4.
    assert 363 <= inside <= 397
    exact = order_kernel(DTS, 7 * DTS**3.5)
    np.testing.assert_allclose(exact, 3.5, atol=1e-9)
    assert np.isnan(order_kernel(DTS[:1], DTS[:1])).all()
    two = order_kernel(DTS[:2], DTS[:2] ** 2)
    assert two[0] == pytest.approx(2)
    assert np.isnan(two[1:]).all()


def test_orders_leave_rounding_out(result):
    orders = dict(
        zip(result.convergence_method.values.tolist(), result.convergence_order.values, strict=True)
    )
    assert orders["rk4"] == pytest.approx(4, abs=0.05)
    assert np.isnan(orders["exact"])
    np.testing.assert_allclose(result.spike_order, 1, atol=1e-9)
    with pytest.raises(InvalidInput, match="convergence_error must be numbers >= 0, got -1"):
        analyses.convergence_orders(result.assign(convergence_error=-1 + 0 * result.convergence_dt))
    with pytest.raises(MissingVariable, match="lacks convergence_dt"):
        analyses.convergence_orders(result.drop_vars("convergence_dt"))


def test_deviations_are_from_the_own_step(result):
    own = result.isel(variant=0)
    np.testing.assert_allclose(own.step_accuracy_deviation, [0, 0.001, 0.002, -0.005], atol=1e-12)
    np.testing.assert_allclose(own.step_rate_deviation[:, 0], [0, 0.025, 0.0125, -0.0125], atol=1e-12)
    assert np.isnan(own.step_rate_deviation[:, 1]).all()


@pytest.mark.parametrize("spec", STEPS, ids=lambda spec: spec.name)
def test_no_text_lies_on_another_or_outside(result, spec):
    figure = analyses.compose(result, spec)
    figure.draw_without_rendering()
    boxes = [(a, a.get_window_extent()) for ax in figure.axes for a in labels(ax)]
    for artist, box in boxes:
        assert min(box.x0, box.y0) >= -1, f"{artist} leaves the figure"
        assert box.x1 <= figure.bbox.width + 1, f"{artist} leaves the figure"
        assert box.y1 <= figure.bbox.height + 1, f"{artist} leaves the figure"
    shrunk = [(a, b.padded(-1)) for a, b in boxes if b.width > 2 and b.height > 2]
    overlaps = [
        (str(a), str(c)) for k, (a, b) in enumerate(shrunk) for c, d in shrunk[k + 1 :] if b.overlaps(d)
    ]
    assert overlaps == []


def test_the_axes_show_the_numbers(result):
    ax = analyses.step_accuracy(result, Figure().subplots())
    np.testing.assert_allclose(ax.containers[1].lines[0].get_ydata(), result.step_accuracy[1].mean("seed"))
    ax = analyses.step_spikes(result, Figure().subplots())
    np.testing.assert_allclose(
        ax.containers[0].lines[0].get_ydata(), result.step_rate[0, :, :, 0].mean("seed") * 0.004
    )
    ax = analyses.trace_errors(result, Figure().subplots(), neuron=1)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "exact: rounding" in texts
    order = float(result.convergence_order[result.convergence_method.values.tolist().index("rk4", 7)])
    assert f"rk4: {order:.2f}" in texts
    assert ax.get_title() == "B"
    ax = analyses.spike_time_errors(result, Figure().subplots())
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), DTS / 3)


def test_the_own_step_is_the_one_that_is_named_not_the_coarsest(result):
    """A network whose own step is finer than dt_ref, and a coarser one beside it."""
    finer = analyses.step_deviations(result.assign_attrs(own_dt=0.001))
    mean = result.step_accuracy.mean("seed")
    np.testing.assert_array_equal(finer.step_accuracy_deviation, mean - mean.sel(dt=1.0))
    rate = result.step_rate.isel(variant=0, seed=0, step_layer=0).values
    np.testing.assert_allclose(
        finer.step_rate_deviation.isel(variant=0, step_layer=0), rate / rate[2] - 1, rtol=1e-12
    )
    tops = []
    for own in (0.004, 0.001):
        ax = analyses.step_accuracy(result.assign_attrs(own_dt=own), Figure().add_subplot())
        tops.append(ax.patches[0].get_extents().transformed(ax.transData.inverted()).y1)
    np.testing.assert_allclose(tops, mean[0].sel(dt=[4.0, 1.0]) + 0.01, rtol=1e-6)


def test_without_its_own_step_nothing_can_be_compared(result):
    nameless = result.copy()
    del nameless.attrs["own_dt"]
    with pytest.raises(
        MissingVariable, match="no attribute 'own_dt'; write it with chronaxie run continuous"
    ):
        analyses.step_deviations(nameless)
    with pytest.raises(InvalidInput, match="expected the own step 3 ms once among dt"):
        analyses.step_deviations(result.assign_attrs(own_dt=0.003))
