"""Figures of fidelity: what is drawn is what the dataset holds."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import InvalidInput, MissingVariable, compose
from chronaxie.analyses.drawing.fidelity import (
    FIDELITY,
    accuracy_against_gamma,
    fidelity_against_strength,
    fidelity_of_runs,
)

KINDS = ["brian2", "finer_dt", "finer_dt", "other_trial"] + ["weight_noise"] * 6 + ["weight_quantisation"] * 3
STRENGTHS = [4, 2, 0.5, np.nan, 0.02, 0.1, 0.5, 0.02, 0.1, 0.5, 8, 4, 2]
SEEDS = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]


@pytest.fixture
def ds():
    runs, rng = len(KINDS), np.random.default_rng(0)
    one = {"units": "1"}
    names = [
        f"fidelity_{n}"
        for n in ("coincidence", "gamma_factor", "spike_distance", "victor_purpura", "van_rossum")
    ]
    found = {}
    for name in (*names, "decisions_same", "accuracy_ratio"):
        dims = ("run", "fidelity_group") if name.startswith("fidelity") else ("run",)
        value = rng.uniform(0.2, 0.9, (runs, 2)[: len(dims)])
        found[name] = (dims, value, one)
        found[f"{name}_interval"] = (
            (*dims, "bound"),
            np.stack([value - 0.1, value + 0.05], axis=-1),
            one | {"level": 0.95},
        )
    return xr.Dataset(
        found,
        coords={
            "run_kind": ("run", KINDS),
            "run_strength": ("run", STRENGTHS),
            "run_seed": ("run", SEEDS),
            "run_unit": ("run", ["ms"] * 4 + ["1"] * 9),
            "run_text": ("run", ["simulation step"] * 4 + ["strength"] * 9),
            "fidelity_group": ["hidden1", "output"],
            "bound": ["low", "high"],
        },
        attrs={"trials": 7},
    )


@pytest.fixture
def of_one_trial(ds):
    """One trial has no intervals."""
    for name in ds.data_vars:
        if name.endswith("_interval"):
            ds[name][:] = np.nan
    return ds.assign_attrs(trials=1)


def axes():
    return Figure().subplots()


def test_runs_are_rows_and_layers_colours(ds):
    ax = fidelity_of_runs(ds, axes(), name="fidelity_coincidence", text="Spikes")
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "Brian2, 4 ms",
        "Brian2, 2 ms",
        "Brian2, 0.5 ms",
        "another trial",
    ]
    assert ax.get_xlabel() == "95 % intervals, n = 7 trials"
    drawn = [container.lines[0].get_xdata() for container in ax.containers]
    np.testing.assert_array_equal(drawn, ds["fidelity_coincidence"].values[:4].T)
    (bars,) = ax.containers[1].lines[2]
    ends = np.array([segment[:, 0] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends, ds["fidelity_coincidence_interval"].values[:4, 1])


def test_strengths_are_means_over_seeds(ds):
    ax = fidelity_against_strength(ds, axes(), kind="weight_noise")
    x, y = ax.containers[0].lines[0].get_data()
    np.testing.assert_array_equal(x, [0.02, 0.1, 0.5])
    of = ds["fidelity_coincidence"].values[4:10, 0]
    np.testing.assert_allclose(y, (of[:3] + of[3:]) / 2)
    floor = [line for line in ax.lines if line.get_label() == "coincide between trials"]
    np.testing.assert_allclose(floor[0].get_ydata(), ds["fidelity_coincidence"].values[3, 0])
    quantised = fidelity_against_strength(ds, axes(), kind="weight_quantisation")
    assert quantised.xaxis_inverted()
    with pytest.raises(InvalidInput, match="no run of kind 'temperature'; there are brian2, finer_dt"):
        fidelity_against_strength(ds, axes(), kind="temperature")


def test_each_kind_is_named_once(ds):
    ax = accuracy_against_gamma(ds, axes())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["Brian2", "Finer dt", "Another trial", "Weight noise", "Weight quantisation"]
    x, y = ax.containers[3].lines[0].get_data()
    np.testing.assert_array_equal(x, ds["fidelity_gamma_factor"].values[4:10, 0])
    np.testing.assert_array_equal(y, ds["accuracy_ratio"].values[4:10])


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_without_intervals_the_points_set_the_limits(of_one_trial):
    ds = of_one_trial
    ds["fidelity_gamma_factor"][5] = -0.4
    assert accuracy_against_gamma(ds, axes()).get_xlim() == pytest.approx((-0.43, 1.03))
    assert fidelity_against_strength(ds, axes(), kind="weight_noise").get_ylim() == pytest.approx(
        (-0.45, 1.05)
    )
    for figure in (compose(ds, spec) for spec in FIDELITY):
        assert figure.axes


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_what_is_not_defined_sets_no_limits(of_one_trial):
    of_one_trial["fidelity_gamma_factor"][:] = np.nan
    of_one_trial["accuracy_ratio"][:] = np.nan
    ax = accuracy_against_gamma(of_one_trial, axes())
    assert (ax.get_xlim(), ax.get_ylim()) == (pytest.approx((-0.03, 1.03)), pytest.approx((0, 1.05)))
    ax = fidelity_against_strength(of_one_trial, axes(), kind="weight_noise")
    assert ax.get_ylim() == pytest.approx((-0.05, 1.05))


def test_one_run_without_interval_leaves_the_bounds_of_the_others(ds):
    ds["fidelity_gamma_factor_interval"][4] = np.nan
    ds["fidelity_gamma_factor_interval"][5, 0] = [-0.3, 0.2]
    ax = fidelity_against_strength(ds, axes(), kind="weight_noise")
    assert ax.get_ylim() == pytest.approx((-0.35, 1.05))


def test_figures_hold_the_panels_that_the_dataset_has(ds):
    runs, strength, accuracy = (compose(ds, spec) for spec in FIDELITY)
    assert (len(runs.axes), len(strength.axes), len(accuracy.axes)) == (6, 2, 1)
    unchanged = ds.isel(run=slice(4))
    assert compose(unchanged, FIDELITY[1]) is None
    assert compose(unchanged.drop_vars("fidelity_gamma_factor"), FIDELITY[0]).axes
    with pytest.raises(MissingVariable, match="lacks run_kind"):
        accuracy_against_gamma(ds.drop_vars("run_kind"), axes())
