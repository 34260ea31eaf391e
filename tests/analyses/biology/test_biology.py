"""Reading measured cells, and laying a network's time constants beside them."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import DataNotFound, InvalidInput, MissingVariable, biology, compare

HEADER = "specimen_id,species,structure_area,cortical_layer,dendrite_type,tau_membrane_ms\n"
ROWS = ("1,mouse,VISp,5,spiny,20.5\n", "2,human,MTG,2,aspiny,\n", "3,human,MTG,3,aspiny,9.25\n")


def write_table(folder, text):
    path = folder / biology.SOURCES["allen"].file
    path.parent.mkdir(parents=True)
    path.write_text(text)


def taus(values, layer=None, units="ms"):
    values = np.asarray(values, dtype=float)
    layer = ["hidden1"] * len(values) if layer is None else layer
    return xr.DataArray(values, dims="neuron", coords={"layer": ("neuron", layer)}, attrs={"units": units})


def cells(values, group=None):
    values = np.asarray(values, dtype=float)
    group = ["mouse spiny"] * len(values) if group is None else group
    return xr.Dataset({"tau_m": ("cell", values, {"units": "ms"})}, coords={"group": ("cell", group)})


def test_allen_medians_are_those_of_the_data_s_readme(data_dir):
    got = biology.load("allen", data=data_dir)
    medians = {name: float(got["tau_m"][got["group"] == name].median()) for name in got.attrs["groups"]}
    known = {
        "mouse spiny": 20.4,
        "mouse sparsely spiny": 22.2,
        "mouse aspiny": 10.3,
        "human spiny": 26.4,
        "human sparsely spiny": 18.9,
        "human aspiny": 13.9,
    }
    # the readme rounds to one decimal
    assert medians == pytest.approx(known, abs=0.051)
    assert float(got["tau_m"].median()) == pytest.approx(17.7, abs=0.051)
    assert got.sizes["cell"] + got.attrs["dropped"] == 2333


def test_cells_without_a_measurement_are_left_out_and_counted(tmp_path):
    write_table(tmp_path, HEADER + "".join(ROWS))
    got = biology.load("allen", data=tmp_path)
    assert got["tau_m"].values.tolist() == [20.5, 9.25]
    assert got["group"].values.tolist() == ["mouse spiny", "human aspiny"]
    assert got.attrs["dropped"] == 1
    assert got.attrs["groups"] == ["mouse spiny", "human aspiny"]
    assert "Gouwens" in got.attrs["citation"]
    assert "non-commercial" in got.attrs["licence"]
    assert got["tau_m"].attrs["units"] == "ms"


def test_the_folder_comes_from_the_environment_unless_given(tmp_path, monkeypatch):
    write_table(tmp_path, HEADER + ROWS[0])
    monkeypatch.setenv("CHRONAXIE_DATA", str(tmp_path))
    assert biology.load("allen").sizes["cell"] == 1
    with pytest.raises(DataNotFound, match="elsewhere.*allen_cell_types.csv is not there .*argument data"):
        biology.load("allen", data=tmp_path / "elsewhere")
    monkeypatch.setenv("CHRONAXIE_DATA", str(tmp_path / "biology"))
    with pytest.raises(DataNotFound, match="is not there .folder from CHRONAXIE_DATA.; put the table at"):
        biology.load("allen")
    monkeypatch.delenv("CHRONAXIE_DATA")
    with pytest.raises(
        DataNotFound, match="no data folder for biology.*pass data=FOLDER or set .* CHRONAXIE_DATA"
    ):
        biology.load("allen")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEADER.replace("tau_membrane_ms", "tau"), "has no column 'tau_membrane_ms'; expected a header row"),
        (HEADER + ROWS[0] + "4,mouse,VISp,5,spiny,-2\n", "line 3: tau_membrane_ms must be a positive.*'-2'"),
        (HEADER + "4,mouse,VISp,5,spiny,fast\n", "line 2: tau_membrane_ms must be a positive.*'fast'"),
        (HEADER + "4,mouse,VISp,5,round,2\n", "holds the group 'mouse round'; expected mouse spiny"),
        (HEADER + ROWS[1], "holds no measured tau_membrane_ms"),
        ("", "has no column"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, text, match):
    write_table(tmp_path, text)
    with pytest.raises(InvalidInput, match=match):
        biology.load("allen", data=tmp_path)


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(InvalidInput, match="unknown source 'alen'; there are 'allen', .*'intrinsic_timescales'; did you mean 'allen'"):
        biology.load("alen", data="x")


def test_compare_by_hand():
    got = compare(taus([10, 20, 40]), cells([5, 10, 20]))
    assert got["biology_model_median"].values.tolist() == [20]
    assert got["biology_cells_median"].values.tolist() == [10, 10]
    assert got["biology_group"].values.tolist() == ["mouse spiny", "all cells"]
    # sorted pairs 10-5, 20-10, 40-20: mean 35/3 ms; over the medians the two are the same
    np.testing.assert_allclose(got["biology_distance"], [[35 / 3] * 2], rtol=1e-12)
    np.testing.assert_allclose(got["biology_distance_scaled"], [[0, 0]], atol=1e-12)
    np.testing.assert_allclose(got["biology_model_log_sd"], [np.log(2)], rtol=1e-12)
    np.testing.assert_allclose(got["biology_model_quantile"].sel(biology_q=0.25), [15], rtol=1e-12)
    np.testing.assert_allclose(
        got["biology_cells_quantile_scaled"].sel(biology_q=0.75), [1.5, 1.5], rtol=1e-12
    )
    assert got["biology_q"].values.tolist() == [0.05, 0.25, 0.5, 0.75, 0.95]


def test_scale_free_measures_do_not_change_with_the_scale():
    rng = np.random.default_rng(3)
    tau, measured = rng.lognormal(3, 0.5, 50), cells(rng.lognormal(2, 0.7, 60))
    one, other = compare(taus(tau), measured), compare(taus(8 * tau), measured)
    for name in (
        "biology_model_cv",
        "biology_model_log_sd",
        "biology_model_quantile_scaled",
        "biology_distance_scaled",
    ):
        # a factor of 8 is exact but for the logarithm
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12, err_msg=name)
    assert float(other["biology_distance"][0, 0]) > float(one["biology_distance"][0, 0])


def test_layers_and_groups_are_told_apart_and_nan_is_left_out():
    model = taus([10, np.nan, 30, np.nan], ["hidden1", "hidden1", "hidden2", "output"])
    got = compare(model, cells([5, 6, 7], ["mouse spiny", "mouse spiny", "human spiny"]))
    assert got["biology_layer"].values.tolist() == ["hidden1", "hidden2", "output"]
    assert got["biology_model_count"].values.tolist() == [1, 1, 0]
    np.testing.assert_array_equal(got["biology_model_median"], [10, 30, np.nan])
    assert np.isnan(got["biology_model_log_sd"]).all()
    assert np.isnan(got["biology_distance"].sel(biology_layer="output")).all()
    assert float(got["biology_distance"].sel(biology_layer="hidden1", biology_group="human spiny")) == 3


def test_bootstrap_is_seeded_and_covers_the_median():
    rng = np.random.default_rng(11)
    model, measured = taus(rng.lognormal(3, 0.4, 40)), cells(rng.lognormal(3, 0.4, 80))
    name = "biology_model_median_interval"
    one, again = compare(model, measured, seed=5)[name], compare(model, measured, seed=5)[name]
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, compare(model, measured, seed=6)[name])
    low, high = one.values[0]
    assert low < float(np.median(model)) < high


def test_what_compare_refuses():
    good = cells([1.0, 2.0])
    with pytest.raises(InvalidInput, match="model_tau must be in ms, but its units attribute is None"):
        compare(taus([1, 2]).drop_attrs(), good)
    with pytest.raises(InvalidInput, match="model_tau must be positive and finite.*got 0.0 at position 1"):
        compare(taus([1, 0]), good)
    with pytest.raises(MissingVariable, match="model_tau has no coordinate 'layer'"):
        compare(taus([1, 2]).drop_vars("layer"), good)
    with pytest.raises(MissingVariable, match="compare: the dataset lacks group"):
        compare(taus([1, 2]), good.drop_vars("group"))
    with pytest.raises(InvalidInput, match="quantiles must be numbers from 0 to 1"):
        compare(taus([1, 2]), good, quantiles=[50])
    with pytest.raises(
        TypeError, match=r"model_tau must be an xarray.DataArray, got Dataset; pass ds\['tau_m'\]"
    ):
        compare(good, good)
