"""Reading the tables of measured neurons."""

import numpy as np
import pytest

from chronaxie.analyses import DataNotFound, InvalidInput, biology

HEADER = "specimen_id,species,structure_area,cortical_layer,dendrite_type,tau_membrane_ms\n"
ROWS = ("1,mouse,VISp,5,spiny,20.5\n", "2,human,MTG,2,aspiny,\n", "3,human,MTG,3,aspiny,9.25\n")


def write_table(folder, text):
    path = folder / biology.SOURCES["allen"].file
    path.parent.mkdir(parents=True)
    path.write_text(text)


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
    with pytest.raises(
        InvalidInput,
        match="unknown source 'alen'; there are 'allen', .*'intrinsic_timescales'; did you mean 'allen'",
    ):
        biology.load("alen", data="x")


def test_in_vivo_time_scales_are_those_that_the_authors_accepted(data_dir):
    got = biology.load("intrinsic_timescales", data=data_dir)
    tau = got["tau_intrinsic"]
    assert tau.sizes["cell"] == 19975
    # the readme rounds to whole ms
    assert float(tau.median()) == pytest.approx(148, abs=0.51)
    assert (float(tau.min()), float(tau.max())) == pytest.approx((7, 996), abs=0.51)
    assert got.sizes["cell"] + got.attrs["dropped"] == 24382
    assert set(got["species"].values) == {"mouse", "monkey", "human"}
    assert int((got["group"] == "monkey other areas").sum()) == 8457
    assert got.attrs["quantity"] == "tau_intrinsic"
    assert "keep = 1" in got.attrs["filters"]


def test_values_of_the_literature_and_of_fitted_models(data_dir):
    got = biology.load("neuroelectro", data=data_dir)
    assert got["tau_m"].sizes["cell"] == 127
    assert float(got["tau_m"].median()) == 19
    assert int((got["cell_class"] == "Dentate gyrus granule cell").sum()) == 9
    glif = biology.load("allen_glif", data=data_dir)
    # 288 fits of the threshold were accepted, median 8.4 ms; the readme rounds
    assert int(glif["tau_a"].notnull().sum()) == 288
    assert float(glif["tau_a"].median()) == pytest.approx(8.4, abs=0.051)
    for name in biology.SOURCES:
        table = biology.load(name, data=data_dir)
        assert all(table[v].attrs["units"] == "ms" for v in table.data_vars)
        assert {"citation", "licence", "filters", "title", "groups"} <= set(table.attrs)
        assert set(table.attrs["groups"]) == set(table["group"].values)


def test_an_unknown_source_names_the_nearest_of_all():
    with pytest.raises(InvalidInput, match="did you mean 'intrinsic_timescales'"):
        biology.load("intrinsic_timescale", data="x")


def test_what_was_not_accepted_is_left_out_before_it_is_read(tmp_path):
    path = tmp_path / biology.SOURCES["intrinsic_timescales"].file
    path.parent.mkdir(parents=True)
    rows = ["species,dataset,area,region_group,unit_id,tau_intrinsic_ms,keep"]
    rows += ["mouse,stein,aca,ACC,1,120.5,1", "mouse,stein,aca,ACC,2,-4000,0", "monkey,stoll,AI,,1,80,1"]
    path.write_text("\n".join(rows) + "\n")
    got = biology.load("intrinsic_timescales", data=tmp_path)
    assert got["tau_intrinsic"].values.tolist() == [120.5, 80]
    assert got["group"].values.tolist() == ["mouse ACC", "monkey other areas"]
    assert got.attrs["dropped"] == 1
    path.write_text("\n".join([*rows, "mouse,stein,aca,ACC,3,-1,1"]) + "\n")
    with pytest.raises(InvalidInput, match="line 5: tau_intrinsic_ms must be a positive number.*'-1'"):
        biology.load("intrinsic_timescales", data=tmp_path)
    assert np.isfinite(got["tau_intrinsic"]).all()
