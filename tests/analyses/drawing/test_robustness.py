"""The figure of robustness: what is drawn where, from the dataset alone."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import ROBUSTNESS, MissingVariable, accuracy_against_strength, compose, figures


@pytest.fixture
def ds():
    """Two perturbations, three seeds."""
    return xr.Dataset(
        {
            "accuracy_unperturbed": ("seed", [0.8, 0.82, 0.84]),
            "accuracy_weight_noise": (("weight_noise", "seed"), [[0.8, 0.8, 0.8], [0.5, 0.6, 0.7]]),
            "accuracy_weight_quantisation": (("weight_quantisation", "seed"), np.full((3, 3), 0.7)),
            "accuracy_commonest": ((), 0.4),
        },
        coords={
            "weight_noise": ("weight_noise", [0.1, 0.5], {"units": "1", "long_name": "relative"}),
            "weight_quantisation": (
                "weight_quantisation",
                [8.0, 4.0, 2.0],
                {"units": "1", "long_name": "bits"},
            ),
        },
        attrs={"study": "robustness", "task": "ecg"},
    )


def test_means_deviations_seeds_and_what_they_are_held_against(ds):
    ax = accuracy_against_strength(ds, Figure().subplots(), name="weight_noise")
    plain, commonest, seeds, mean, *_ = ax.get_lines()
    assert plain.get_ydata()[0] == pytest.approx(0.82)
    assert commonest.get_ydata()[0] == 0.4
    assert sorted(seeds.get_ydata()) == [0.5, 0.6, 0.7, 0.8, 0.8, 0.8]
    np.testing.assert_allclose(mean.get_ydata(), [0.8, 0.6])
    bars = ax.collections[-1].get_segments()
    np.testing.assert_allclose(bars[1][:, 1], [0.5, 0.7], atol=1e-12)
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "Relative"
    assert ax.get_ylim() == (0, 1)


def test_fewer_bits_stand_further_right(ds):
    ax = accuracy_against_strength(ds, Figure().subplots(), name="weight_quantisation")
    left, right = ax.get_xlim()
    assert left > right
    assert ax.get_xticks().tolist() == [8, 4, 2]


def test_a_panel_for_each_perturbation_that_is_there(ds, tmp_path):
    (spec,) = ROBUSTNESS
    figure = compose(ds, spec)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Weight noise", "Weight quantisation"]
    assert len(figure.legends) == 1
    assert len(figures(ds, tmp_path, stem="x", specs=ROBUSTNESS)) == 2
    many = ds[["accuracy_unperturbed", "accuracy_commonest"]]
    for k, panel in enumerate(spec.panels):
        name = panel.needs[0].removeprefix("accuracy_")
        many[panel.needs[0]] = ((name, "seed"), np.full((2, 3), 0.5))
        many = many.assign_coords({name: (name, [0.1, 0.2 + k])})
    axes = compose(many, spec).axes
    assert len(axes) == len(spec.panels) == 10
    rows = {round(ax.get_position().y0, 1) for ax in axes}
    assert len(rows) == 2


def test_what_is_missing_is_named(ds):
    with pytest.raises(MissingVariable, match="accuracy_spike_loss"):
        accuracy_against_strength(ds, Figure().subplots(), name="spike_loss")
    assert compose(ds.drop_vars("accuracy_unperturbed"), ROBUSTNESS[0]) is None
