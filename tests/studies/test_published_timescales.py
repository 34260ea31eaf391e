"""The study `published`: starts of the arrays, what differs from them, and the page."""

import numpy as np
import pytest
import xarray as xr

from chronaxie.models import KINDS
from chronaxie.studies import published_timescales as study
from chronaxie.studies.cli import main
from chronaxie.studies.published_arrays import ARRAYS
from chronaxie.studies.published_page import page
from chronaxie.studies.published_timescales import PublishedConfig, run
from chronaxie.studies.results import ResultError

CHOSEN = (
    "ecg tau_adp_h",
    "ecg tau_adp_o",
    "ecg tau_m_h",
    "shd tau_m_h1",
    "timit rnn_fw1.tau_adp",
    "gsc dense_2.tau_m",
)


def test_every_array_of_the_files_is_in_the_table(data_dir):
    for file in {spec.file for spec in ARRAYS}:
        with np.load(data_dir / file, allow_pickle=False) as arrays:
            names = {name for name in arrays if "tau" in name}
        assert names == {spec.array for spec in ARRAYS if spec.file == file and not spec.like}, file
    assert len(ARRAYS) == 28


def test_starts_are_distributions_in_ms():
    specs = {spec.label: spec for spec in ARRAYS}
    assert specs["shd tau_m_h1"].law().median() == 80
    assert specs["gsc dense_2.tau_m"].law().std() == 10
    assert specs["ecg tau_adp_o"].law() is None
    mixture = specs["timit rnn_bw1.tau_adp"]
    # the four parts: means 200, 200, 150, 200 and sd 5, 50, 30, 10 steps of 2 ms; the table cuts 1e-6 of the tails
    mean, variance = 187.5, np.mean([25, 2500, 900, 100]) + 3 * 12.5**2 / 4 + 37.5**2 / 4
    assert mixture.law().mean() == pytest.approx(2 * mean, rel=1e-4)
    assert mixture.law().std() == pytest.approx(2 * np.sqrt(variance), rel=1e-3)
    assert mixture.start_text == "N(200, 5) + N(200, 50) + N(150, 30) + N(200, 10)"


@pytest.fixture(scope="module")
def result(data_dir):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "ARRAYS", tuple(spec for spec in ARRAYS if spec.label in CHOSEN))
        lines = []
        ds = run(PublishedConfig(data=str(data_dir), resamples=100), report=lines.append)
    assert any("left out, not positive numbers: [363] -55.59" in line for line in lines)
    return ds


def test_what_was_trained_and_what_differs(result):
    by_name = {name: result.sel(array=name) for name in CHOSEN}
    ecg_hidden, ecg_output, constant, shd, timit, gsc = by_name.values()
    assert [int(row["differs"]) for row in by_name.values()] == [-1, 1, -1, 0, 0, 1]
    assert [int(row["trained"]) for row in by_name.values()] == [0, 1, 0, 1, 1, 1]
    # 20 steps of 4 ms in the code of the network's authors, as in that of this package
    assert float(constant["median"]) == KINDS["ecg"].layers[0].tau_m_optional * 4
    assert np.isnan(ecg_hidden["displacement_from_shift"])
    # from 100 steps of 4 ms for all to a median of 115
    assert float(ecg_output["displacement_from_shift"]) == pytest.approx(60, abs=1)
    assert int(timit["count"]) == 511
    low, high = shd["displacement_from_shift_interval"].values
    assert low < 0 < high
    # N(10, 1) steps of 10 ms, to a median of 29.7 steps
    assert float(gsc["displacement_from_shift"]) == pytest.approx(197, abs=1)
    assert float(gsc["displacement_from_p_holm"]) < 0.05


def test_arrays_lie_beside_the_cells(result):
    assert result["membrane_layer"].values.tolist() == ["shd tau_m_h1", "gsc dense_2.tau_m"]
    assert result["membrane_group"].values.tolist() == [
        "Allen mouse", "Allen human", "GLIF mouse", "GLIF human", "NeuroElectro"
    ]  # fmt: skip
    assert result["adaptation_group"].values.tolist()[1:] == [
        "in vivo mouse",
        "in vivo monkey",
        "in vivo human",
    ]
    assert "tau_adp_h" not in " ".join(result["adaptation_layer"].values)
    for prefix in ("membrane", "adaptation"):
        for name in ("distance_scaled", "distance", "median_ratio"):
            enough = (result[f"{prefix}_model_count"] >= 20) | ("distance" not in name)
            low, high = np.moveaxis(result[f"{prefix}_{name}_interval"].values[enough.values], -1, 0)
            assert (low <= high).all()


def test_the_page_says_what_the_dataset_holds(result):
    text = page(result)
    assert "6 arrays of 4 networks. 2 differ" in text
    assert "| differs | median (steps) | median (ms) |" in text
    assert "| `ecg tau_adp_h` (1) | 36 | 7 | no | - | 7.0 | 28.0 | - | - | - | - |" in text
    assert "| `ecg tau_m_h` (3) | 36 | 20 | no | - | 20.0 | 80.0 | - | - | - | - |" in text
    assert "![membrane](published_membrane.png)" in text
    assert "Gouwens" in text
    assert "| `timit rnn_fw1.tau_adp` (4) | 511 (1 left out: not a positive number) |" in text
    assert (
        "without an interval, the distance of the samples: fewer than 20 values: ecg tau_adp_o (6 neurons)."
        in text
    )
    assert "nan" not in text
    assert result["left_out"].values.tolist() == [0, 0, 0, 0, 1, 0]
    assert (
        text.count("Spread (standard deviation of the logarithms) of the network over that of the cells:")
        == 2
    )
    with pytest.raises(ResultError, match="lacks differs"):
        page(xr.Dataset())


def test_the_command_writes_dataset_page_and_figures(data_dir, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(study, "ARRAYS", tuple(spec for spec in ARRAYS if spec.label in CHOSEN[1:4:2]))
    command = ["run", "published", "--data", str(data_dir), "--resamples", "100", "--out", str(tmp_path)]
    assert main(command) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert {"published.nc", "published.md", "published_arrays.png", "published_membrane.svg"} <= names
    assert capsys.readouterr().out.startswith("# Time constants of the published networks")
    assert main(command) != 0
    assert "published.nc: is there already; give --overwrite" in capsys.readouterr().err


def test_missing_files_are_named(tmp_path):
    with pytest.raises(
        ResultError, match="ecg_icons2020_36.npz is not there; put the published networks below"
    ):
        run(PublishedConfig(data=str(tmp_path)), report=print)
