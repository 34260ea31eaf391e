"""Answers of studies of variants where more than the variant was swept."""

import json

import numpy as np
import pytest
import xarray as xr

from chronaxie import analyses
from chronaxie.analyses.drawing.timescale_study import TIMESCALE_STUDY, accuracy_of_variants
from chronaxie.studies.experiments.timescales import answer

DIMS, SHAPE = ("variant", "hidden", "seed"), (3, 2, 3)


@pytest.fixture(scope="module")
def gathered():
    """Three variants of networks of 8 and 12 neurons; those of 12 are better by 0.1."""
    rng, ms = np.random.default_rng(0), {"units": "ms"}
    names = ("tau_m", "tau_a", "tau_m_initial", "tau_a_initial")
    ds = {name: ((*DIMS, "neuron"), rng.uniform(5, 50, (*SHAPE, 6)), ms) for name in names}
    of_variants = {"time_stretch": [1.0, 1.0, 2.0], "start": ["b", "n", "b"]}
    for name, values in of_variants.items():
        ds[name] = (DIMS, np.broadcast_to(np.array(values)[:, None, None], SHAPE).copy())
    accuracy = 0.5 + np.array([0, 0.1])[:, None] + 0.01 * np.arange(3) + np.zeros(SHAPE)
    ds["test_accuracy"] = (DIMS, accuracy, {"units": "1"})
    ds["cells_distance_scaled"] = ds["cells_distance_scaled_initial"] = (DIMS, accuracy)
    coords = {
        "variant": ["broad", "narrow", "broad ×2"],
        "hidden": [8, 12],
        "seed": range(3),
        "layer": ("neuron", ["hidden1"] * 4 + ["output"] * 2),
    }
    return xr.Dataset(ds, coords, {"axes": json.dumps([{"field": name} for name in DIMS])})


def test_an_answer_about_more_than_the_variant_leaves_the_results_as_they_are(gathered):
    found = answer(gathered.copy())
    assert "variant" not in found.dims
    assert found.variant_place.values.tolist()[:2] == ["variant broad, hidden 8", "variant broad, hidden 12"]
    merged = gathered.merge(found, compat="no_conflicts", join="exact")
    assert {name: merged.sizes[name] for name in DIMS} == dict(zip(DIMS, SHAPE, strict=True))
    assert np.allclose(merged.accuracy_mean, [0.51, 0.61] * 3)


def test_its_figures_have_every_place(gathered, tmp_path):
    merged = gathered.merge(answer(gathered.copy()))
    files = analyses.figures(merged, tmp_path, stem="t", specs=TIMESCALE_STUDY)
    assert "t_starts.png" in [path.name for path in files]


def test_the_seeds_are_drawn_at_their_own_place(gathered):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    accuracy_of_variants(gathered.merge(answer(gathered.copy())), ax)
    dots = {int(line.get_xdata()[0]): line.get_ydata() for line in ax.lines if line.get_marker() == "."}
    assert len(dots) == 6
    assert np.allclose(dots[1], [0.6, 0.61, 0.62])


def test_with_the_variant_alone_the_answer_has_its_name(gathered):
    one = gathered.isel(hidden=0, drop=True)
    one.attrs["axes"] = json.dumps([{"field": "variant"}, {"field": "seed"}])
    assert answer(one.copy()).variant.values.tolist() == ["broad", "narrow", "broad ×2"]
