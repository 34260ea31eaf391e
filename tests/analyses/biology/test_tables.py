"""Time constants of a table of the user's own."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.analyses import DataNotFound, InvalidInput, biology, compare

TEXT = "cell,tau (s),area,layer\na,0.02,V1,4\nb,,V1,5\nc,0.01,M1,5\nd,nan,M1,5\n"


def test_a_csv_file_is_read_in_its_own_unit(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TEXT)
    got = biology.load_table(path, tau="tau (s)", unit="s", by=("area", "layer"), citation="me")
    np.testing.assert_allclose(got["tau"], [20, 10], rtol=1e-12)
    assert got["group"].values.tolist() == ["V1 4", "M1 5"]
    assert got["area"].values.tolist() == ["V1", "M1"]
    assert got.attrs["dropped"] == 2
    assert (got.attrs["title"], got.attrs["citation"]) == ("mine.csv", "me")
    one = biology.load_table(path, tau="tau (s)", unit="us")
    np.testing.assert_allclose(one["tau"], [2e-5, 1e-5], rtol=1e-12)
    assert one.attrs["groups"] == ["cells"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_the_separator_is_that_of_the_header(tmp_path, separator):
    path = tmp_path / "mine.txt"
    path.write_text("\ufeff" + TEXT.replace(",", separator), encoding="utf-8")
    got = biology.load_table(path, tau="tau (s)", unit="s", by="area")
    assert got["group"].values.tolist() == ["V1", "M1"]


def test_a_data_frame_is_read_as_a_file_is():
    frame = xr.Dataset({"tau": ("row", [5.0, np.nan, 8.0]), "kind": ("row", ["x", "y", "y"])}).to_dataframe()
    got = biology.load_table(frame, tau="tau", unit="ms", by="kind")
    assert got["tau"].values.tolist() == [5, 8]
    assert got["group"].values.tolist() == ["x", "y"]


def test_what_is_read_can_be_compared(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("tau,kind\n" + "".join(f"{v},{'ab'[v % 2]}\n" for v in range(5, 25)))
    tau = xr.DataArray(np.arange(10.0, 20), dims="neuron", coords={"layer": ("neuron", ["h"] * 10)})
    tau.attrs["units"] = "ms"
    got = compare(tau, biology.load_table(path, tau="tau", unit="ms", by="kind"), resamples=100)
    assert got["biology_group"].values.tolist() == ["b", "a", "all cells"]
    # mean of the ten distances of the quantiles, by hand
    assert float(got["biology_distance"][0, 2]) == pytest.approx(2.5, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "options", "match"),
    [
        (TEXT, {"tau": "tau", "unit": "s"}, "no column 'tau'; it has cell, tau .s., area, layer"),
        (TEXT, {"tau": "tau (s)", "unit": "s", "by": "species"}, "no column 'species'"),
        (TEXT, {"tau": "tau (s)", "unit": "min"}, "unit must be one of s, ms, us, got 'min'"),
        (
            TEXT.replace("0.01", "-1"),
            {"tau": "tau (s)", "unit": "s"},
            "line 4: tau .s. must be a positive.*'-1'",
        ),
        ("tau\n\n", {"tau": "tau", "unit": "s"}, "holds no value of 'tau'"),
        ("", {"tau": "tau", "unit": "s"}, "mine.csv is empty or begins with an empty line"),
        ("tau,b,tau\n1,2,3\n", {"tau": "tau", "unit": "s"}, "has 2 columns 'tau'; name them differently"),
        (
            "tau,b\n1,2\n3\n",
            {"tau": "tau", "unit": "s"},
            "line 3: 1 fields separated by ',', the header has 2",
        ),
        ("tau,b\n1,2\n\n3,4,5\n", {"tau": "tau", "unit": "s"}, "line 4: 3 fields.*the header has 2"),
        ("tau;b\n1;2\n12,5;x\n", {"tau": "tau", "unit": "s"}, "line 3.*'12,5'; write a decimal point, 12.5"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path, text, options, match):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=match):
        biology.load_table(path, **options)


def test_spaces_around_the_names_of_a_header_do_not_count(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("kind , tau \na,5\n")
    for tau in ("tau", " tau "):
        got = biology.load_table(path, tau=tau, unit="ms", by="kind")
        assert (got["tau"].values.tolist(), got["kind"].values.tolist()) == ([5], ["a"])


def test_neither_a_file_nor_a_data_frame(tmp_path):
    with pytest.raises(DataNotFound, match=f"{tmp_path.name} is a folder; expected a text file"):
        biology.load_table(tmp_path, tau="tau", unit="s")
    with pytest.raises(
        TypeError, match=r"path of a text file or a data frame, got dict; pass pandas.DataFrame"
    ):
        biology.load_table({"tau": [1.0]}, tau="tau", unit="s")


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(DataNotFound, match=r"none.csv is not there"):
        biology.load_table(tmp_path / "none.csv", tau="tau", unit="s")
    (tmp_path / "a.nwb").write_bytes(b"\x89HDF\r\n\xff\xfe\n")
    with pytest.raises(InvalidInput, match="is not text in UTF-8.*pass a data frame"):
        biology.load_table(tmp_path / "a.nwb", tau="tau", unit="s")
