"""Figures of time constants: what is drawn where, from the dataset alone, also read back from a file."""

from functools import partial

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

from chronaxie.analyses import MissingVariable, compose, figures
from chronaxie.analyses.drawing.time_constants import (
    TIME_CONSTANTS,
    displacement_forest,
    fitted_distribution,
    loss_against_tau,
    median_intervals,
    relation_forest,
)
from chronaxie.analyses.time_constants import (
    displacement,
    displacement_from,
    lesion_losses,
    relations,
    timescale_fits,
    timescale_intervals,
)

MS, ONE = {"units": "ms"}, {"units": "1"}
FEW = {"resamples": 50, "permutations": 99}


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(1)
    n, trials = 40, 12
    layer = np.array(["hidden1"] * 24 + ["hidden2"] * 16)
    before, adapt = rng.normal(80, 20, n).clip(5), rng.normal(600, 40, n)
    ds = xr.Dataset(
        {
            "tau_m_initial": ("neuron", before, MS),
            "tau_m": ("neuron", before * np.exp(rng.normal(0.5, 0.3, n)), MS),
            "tau_a_initial": ("neuron", adapt, MS),
            "tau_a": ("neuron", np.where(layer == "hidden1", adapt, adapt * 1.5), MS),
            "firing_rate": ("neuron", rng.random(n), {"units": "Hz"}),
            "lesion_labelled": ("trial", np.full(trials, 100), ONE),
            "lesion_correct_intact": ("trial", np.full(trials, 90), ONE),
            "lesion_correct_removed": (("neuron", "trial"), rng.integers(50, 91, (n, trials)), ONE),
            "lesion_correct_reset_tau_m": (("neuron", "trial"), rng.integers(80, 91, (n, trials)), ONE),
            "lesion_correct_reset_tau_a": (("neuron", "trial"), rng.integers(80, 91, (n, trials)), ONE),
        },
        coords={"layer": ("neuron", layer)},
    )
    lost = lesion_losses(ds, resamples=50)
    parts = [
        ds[["tau_m", "tau_a", "tau_m_initial", "tau_a_initial"]],
        timescale_intervals(ds, resamples=50),
        timescale_fits(ds, resamples=19),
        displacement(ds, control=_frozen(ds, rng), **FEW),
        displacement_from(ds, tau_m=stats.norm(80, 20), tau_a=stats.norm(600, 40), resamples=50, draws=99),
        lost,
        relations(lost, **FEW),
    ]
    return xr.merge([p.drop_attrs(deep=False) for p in parts], compat="no_conflicts")


def _frozen(ds, rng):
    taken = rng.permutation(ds.sizes["neuron"])
    values = {q: (ds[f"{q}_initial"].dims, ds[f"{q}_initial"].values[taken], MS) for q in ("tau_m", "tau_a")}
    return ds[["layer"]].assign(values)


def axis():
    return Figure().subplots()


def labels(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def test_medians_with_their_intervals_by_layer(made):
    ax = median_intervals(made, axis())
    row = made.sel(timescale_quantity="tau_m", timescale_layer="hidden2", timescale_when="after")
    found = [line.get_xdata().tolist() for line in ax.get_lines()]
    assert [float(row.timescale_median)] in found
    assert row.timescale_median_interval.sel(timescale_method="bca").values.tolist() in found
    assert [t.get_text() for t in ax.get_yticklabels()] == ["hidden1\nn = 24", "hidden2\nn = 16"]
    assert "(ms), 95% interval" in ax.get_xlabel()
    assert labels(ax) == ["before training", "after training"]


def test_distributions_and_the_best_of_the_fits(made):
    ax = fitted_distribution(made, axis())
    start, steps, model, *_ = ax.get_lines()
    inside = made.layer.values == "hidden1"
    np.testing.assert_array_equal(steps.get_xdata(), np.sort(made.tau_m.values[inside]))
    np.testing.assert_array_equal(start.get_xdata(), np.sort(made.tau_m_initial.values[inside]))
    np.testing.assert_allclose(model.get_ydata()[[0, -1]], [0, 1], atol=0.05)
    assert "hidden1, n = 24" in labels(ax)
    assert any("weight 0." in text and "p of fit" in text for text in labels(ax))
    assert ax.get_xlabel() == "Membrane time constant (ms)"


@pytest.mark.parametrize("against", ["displacement", "displacement_from", "displacement_control"])
def test_distances_from_the_start_with_tests(made, against):
    ax = displacement_forest(made, axis(), against=against)
    row = made.sel(timescale_quantity="tau_m", timescale_layer="hidden1")
    found = {tuple(line.get_xdata()): line for line in ax.get_lines()}
    assert tuple(row[f"{against}_wasserstein_interval"].values) in found
    point = found[float(row[f"{against}_wasserstein"]),]
    rejected = float(row[f"{against}_p_holm"].sel({f"{against}_test": "wasserstein"})) <= 0.05
    assert (point.get_markerfacecolor() != "white") == rejected
    assert ax.get_xlim()[0] <= 0


def test_an_interval_without_an_end_is_an_arrow(made):
    ds = made.copy(deep=True)
    # of 16 neurons there is none
    ds["displacement_wasserstein_interval"].loc[{"bound": "low", "timescale_layer": "hidden2"}] = 1.0
    ds["displacement_wasserstein_interval"].loc[{"bound": "high", "timescale_layer": "hidden2"}] = np.inf
    ax = displacement_forest(ds, Figure().subplots())
    assert sum(line.get_marker() == ">" for line in ax.lines) == 1
    assert np.isfinite(ax.get_xlim()).all()


def test_too_few_neurons_for_an_interval_are_written_beside_the_point(made):
    ax = displacement_forest(made, axis())
    rows = [t.get_text() for t in ax.get_yticklabels()]
    assert rows == ["hidden1\nn = 24", "hidden2\nn = 16\ntoo few for an interval"]
    row = made.sel(timescale_quantity="tau_m", timescale_layer="hidden2")
    assert [float(row.displacement_wasserstein)] in [list(line.get_xdata()) for line in ax.get_lines()]


def test_what_was_not_trained_is_written_instead_of_a_point(made):
    ax = displacement_forest(made, axis(), quantity="tau_a")
    assert "not trained" in [text.get_text() for text in ax.texts]


def test_a_layer_without_a_median_or_a_fit_is_named(made):
    layer = made.layer.values
    parts = made[["tau_m", "tau_m_initial"]].copy(deep=True)
    for name in parts:
        parts[name] = parts[name].where(layer == "hidden1", 80.0).assign_attrs(MS)
    found = (parts, timescale_intervals(parts, resamples=50), timescale_fits(parts, resamples=19))
    ds = xr.merge([p.drop_attrs(deep=False) for p in found], compat="no_conflicts")
    medians = median_intervals(ds, axis())
    assert [t.get_text() for t in medians.get_yticklabels()] == [
        "hidden1\nn = 24",
        "hidden2\nn = 16\nnot trained",
    ]
    assert [t.get_text() for t in medians.texts] == ["all 80 ms"]
    assert labels(medians) == ["before training", "after training"]
    assert "hidden2, n = 16: all 80 ms" in labels(fitted_distribution(ds, axis()))


def test_relations_with_a_point_for_each_layer_and_property(made):
    ax = relation_forest(made, axis())
    assert ax.get_legend().get_title().get_text() == "filled: p ≤ 0.05 (Holm)"
    points = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert len(points) == 2 * 4
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "firing rate",
        "loss when removed",
        "loss when tau_m reset",
        "loss when tau_a reset",
    ]
    assert ax.get_xlim() == (-1, 1)


def test_loss_against_the_time_constant_with_intervals(made):
    ax = loss_against_tau(made, axis())
    drawn = np.concatenate(
        [line.get_xdata() for line in ax.get_lines() if len(line.get_xdata()) and line.get_marker() == "o"]
    )
    np.testing.assert_allclose(np.sort(drawn), np.sort(made.tau_m.values))
    bars = np.concatenate([c.get_segments() for c in ax.collections])
    low, high = made.loss_removed_interval.values[0]
    assert any(np.allclose(bar[:, 1], [low, high]) for bar in bars)
    assert ax.get_ylabel() == "Accuracy lost, 95% interval"


def test_the_value_that_was_reset_to_is_marked(made):
    layer = made.layer.values
    target = np.where(layer == "hidden1", 75.0, 90.0)
    ds = made.assign(reset_to_tau_m=("neuron", target, MS))
    ax = loss_against_tau(ds, axis(), kind="reset_tau_m")
    dotted = {line.get_label(): line.get_xdata() for line in ax.get_lines() if line.get_linestyle() == ":"}
    assert {k: list(v) for k, v in dotted.items()} == {"reset to 75 ms": [75, 75], "reset to 90 ms": [90, 90]}
    ds["reset_to_tau_m"][0] = 1.0
    again = loss_against_tau(ds, axis(), kind="reset_tau_m")
    assert sum(line.get_linestyle() == ":" for line in again.get_lines()) == 1


def test_all_figures_are_rebuilt_from_the_file_alone(made, tmp_path):
    made.to_netcdf(tmp_path / "made.nc", engine="h5netcdf")
    again = xr.load_dataset(tmp_path / "made.nc", engine="h5netcdf")
    written = figures(again, tmp_path, stem="x", specs=TIME_CONSTANTS)
    assert [p.name for p in written if p.suffix == ".svg"] == [f"x_{s.name}.svg" for s in TIME_CONSTANTS]
    panels = {spec.name: len(compose(again, spec).axes) for spec in TIME_CONSTANTS}
    assert panels == {"medians": 2, "fits": 2, "displacement": 6, "relations": 2, "lesions": 3}


@pytest.mark.parametrize(
    ("draw", "missing"),
    [
        (median_intervals, "timescale_median_interval"),
        (fitted_distribution, "fit_mean"),
        (displacement_forest, "displacement_wasserstein"),
        (partial(displacement_forest, against="displacement_from"), "displacement_from_p_holm"),
        (relation_forest, "relation_correlation"),
        (loss_against_tau, "loss_removed"),
    ],
)
def test_a_figure_says_what_it_lacks(made, draw, missing):
    with pytest.raises(MissingVariable, match=f"lacks {missing}"):
        draw(made.drop_vars(missing), axis())
