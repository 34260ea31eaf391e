"""GLIF cells: their parameters, and their membrane time constants beside those of a network."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from chronaxie.analyses import (
    DataNotFound,
    InvalidInput,
    MissingVariable,
    biology,
    cells_distribution,
    glif_parameters,
    glif_table,
    membrane_beside_cells,
)

COLUMNS = (
    "specimen_id,species,cre_line,capacitance_pF,tau_membrane_ms,v_rest_mV,spike_cut_length_ms,"
    "threshold_adaptation_accepted,threshold_inf_GLIF2_mV_above_rest,threshold_spike_jump_mV,threshold_spike_tau_ms\n"
)
ROWS = (
    "1,mouse,Pvalb,100,10,-70,2,True,30,1,4\n",
    "2,human,,200,40,-60,4,True,20,4,16\n",
    "3,mouse,,50,20,-80,3,False,,1e100,-5\n",
)


def write_table(folder, text):
    path = folder / biology.SOURCES["allen_glif"].file
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_medians_are_those_of_the_cells_that_count(tmp_path):
    write_table(tmp_path, COLUMNS + "".join(ROWS))
    got = glif_parameters(data=tmp_path)
    median = dict(zip(got.glif_parameter.values.tolist(), got.glif_median.values.tolist(), strict=True))
    # g_L: 10, 5 and 2.5 nS; the threshold only over the two cells whose adaptation was accepted
    assert median == {
        "C": 100, "tau_m": 20, "g_L": 5, "E_L": -70, "theta_0": 25, "b": 2.5, "tau_a": 10, "t_ref": 3
    }  # fmt: skip
    assert got.glif_count.values.tolist() == [3, 3, 3, 3, 2, 2, 2, 3]
    tau_a = got.sel(glif_parameter="tau_a")
    assert float(tau_a.glif_log_sd) == pytest.approx(np.log(4) / np.sqrt(2))
    assert float(tau_a.glif_low) == pytest.approx(4 + 0.05 * 12)
    assert np.isnan(got.glif_log_sd.sel(glif_parameter="E_L"))
    assert "Teeter" in got.attrs["citation"]
    lines = glif_table(got).splitlines()
    assert len(lines) == 10
    assert lines[3].split()[:6] == ["tau_m", "ms", "3", "20", "11", "38"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (COLUMNS.replace("v_rest_mV", "rest") + ROWS[0], "has no column 'v_rest_mV'"),
        (
            COLUMNS + ROWS[0] + ROWS[1].replace("200", "many"),
            "line 3: capacitance_pF must be a finite number, got 'many'",
        ),
        (COLUMNS + ROWS[0] + ROWS[2], "holds 1 cells with threshold_inf_GLIF2_mV_above_rest, expected >= 2"),
    ],
)
def test_bad_tables_are_refused(tmp_path, text, match):
    write_table(tmp_path, text)
    with pytest.raises(InvalidInput, match=match):
        glif_parameters(data=tmp_path)


def test_no_table_is_said(tmp_path):
    with pytest.raises(DataNotFound, match="allen_glif_neurons.csv is not there"):
        glif_parameters(data=tmp_path)


def test_published_cells(data_dir):
    got = glif_parameters(data=data_dir)
    assert got.glif_count.values.tolist() == [789, 789, 789, 789, 288, 288, 288, 789]
    cells = biology.load("allen_glif", data=data_dir)
    assert cells.attrs["groups"] == ["mouse", "human"]
    assert {name: int((cells.group == name).sum()) for name in ("mouse", "human")} == {
        "mouse": 645,
        "human": 144,
    }
    assert float(cells.tau_m.median()) == float(got.glif_median.sel(glif_parameter="tau_m"))


def network(tau):
    return xr.Dataset(
        {
            "tau_m": ("neuron", tau, {"units": "ms"}),
            "tau_m_initial": ("neuron", np.full(len(tau), 18.0), {"units": "ms"}),
        },
        coords={"layer": ("neuron", ["hidden1"] * (len(tau) - 1) + ["output"])},
    )


def cells(values):
    return xr.Dataset(
        {"tau_m": ("cell", values, {"units": "ms"})},
        coords={"group": ("cell", ["mouse", "human"] * (len(values) // 2))},
        attrs={"groups": ["mouse", "human"], "title": "made up"},
    )


def test_the_distribution_of_cells_is_their_percentiles():
    values = np.arange(1.0, 201.0)
    got = cells_distribution(cells(values))
    assert got.cells_group.values.tolist() == ["mouse", "human", "all cells"]
    assert got.cells_count.values.tolist() == [100, 100, 200]
    assert float(got.cells_tau_m.sel(cells_group="mouse", cells_percent=50)) == np.median(values[::2])
    assert got.attrs["cells_title"] == "made up"
    with pytest.raises(InvalidInput, match="must be in ms"):
        cells_distribution(cells(values).assign(tau_m=("cell", values, {"units": "s"})))


def test_the_figure_draws_what_the_dataset_holds():
    """Every time constant is drawn as it is: in ms, with no scale taken away."""
    ds = network([5.0, 20.0, 80.0, 10.0]).merge(cells_distribution(cells(np.arange(1.0, 201.0))))
    ax = membrane_beside_cells(ds, Figure().subplots())
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert [label.split(":")[0] for label in lines] == [
        "GLIF cells, mouse (100)", "GLIF cells, human (100)", "GLIF cells, all cells (200)",
        "hidden1 before training (3)", "hidden1 after training (3)",
        "output before training (1)", "output after training (1)",
    ]  # fmt: skip
    after = next(line for label, line in lines.items() if label.startswith("hidden1 after"))
    assert after.get_xdata().tolist() == [5, 5, 20, 80]
    assert after.get_label().endswith("median 20.0 ms")
    assert ax.get_xlabel() == "Membrane time constant (ms)"
    assert ax.get_xscale() == "log"
    with pytest.raises(MissingVariable, match="cells_tau_m"):
        membrane_beside_cells(network([5.0, 20.0]), Figure().subplots())
