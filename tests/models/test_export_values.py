"""Values that leave the package as arrays and as tables: every one, with its unit, to the bit."""

import json

import brian2
import numpy as np
import pandas as pd
import pytest
from brian2 import Network, NeuronGroup, Quantity, Synapses, get_dimensions, ms

from chronaxie.models import annotate, describe, export
from chronaxie.models.description import exponents
from chronaxie.models.exporting_text import quantity_code, unit_code
from chronaxie.models.exporting_values import arrays_of, single_values

from .exported import NETWORKS

pytestmark = pytest.mark.usefixtures("numpy_target")
WITH_VALUES = ["two layers", "by hand", "many units", "late delays", "poisson", "indices"]


def made(name):
    net, namespace = NETWORKS[name]()
    return describe(net, namespace=namespace)


def bits(a, b):
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", WITH_VALUES)
def test_every_value_is_in_the_npz_with_its_unit(name, tmp_path):
    description = made(name)
    folder = export(description, tmp_path / "net", to="npz")
    assert sorted(p.name for p in folder.iterdir()) == [".exported", "network.npz"]
    with np.load(folder / "network.npz", allow_pickle=False) as stored:
        units = json.loads(str(stored["units"]))
        for obj in (*description.groups, *description.synapses):
            shared = {e.name for e in getattr(obj, "equations", ()) if "shared" in e.flags}
            for v in getattr(obj, "variables", ()):
                values = v.array.values.reshape(()) if v.name in shared else v.array.values
                assert bits(stored[f"{obj.name}.{v.name}"], values), v.name
                assert f"{obj.name}.{v.name}" in units
        for s in description.synapses:
            assert bits(stored[f"{s.name}.i"], s.pre)
            assert bits(stored[f"{s.name}.j"], s.post)
            for p in s.pathways:
                assert bits(stored[f"{s.name}.{p.name}.delay"], p.delay)
                assert units[f"{s.name}.{p.name}.delay"] == "s"
        texts = {"units", "sizes", "connections", "equations", "specification"}
        assert set(stored.files) == set(units) | texts
        assert json.loads(str(stored["connections"])) == {
            s.name: [s.source, s.target] for s in description.synapses
        }
        assert json.loads(str(stored["sizes"])) == {g.name: g.size for g in description.groups}
        assert set(json.loads(str(stored["specification"]))) == {
            "schedule",
            "annotations",
            "groups",
            "synapses",
            "poisson_inputs",
        }


def test_units_and_equations_are_readable(tmp_path):
    with np.load(export(made("many units"), tmp_path / "net", to="npz") / "network.npz") as stored:
        units = json.loads(str(stored["units"]))
        assert {k: units[f"cells.{k}"] for k in "vuCk"} == {"v": "V", "u": "A", "C": "F", "k": "A/(V^2)"}
        assert units["cells.b"] == "S"
        assert units["dt"] == "s"
        text = str(stored["equations"])
    assert "    dv/dt = (k*(v - v_r)*(v - v_t) - u + I)/C : volt\n" in text
    assert "    threshold: v > 35*mV\n    reset: v = -50*mV; u += 100*pA*(kind + 1)\n" in text
    assert "coupling: 30 synapses from cells to cells\n    w : 1\n" in text


@pytest.mark.parametrize("name", WITH_VALUES)
def test_tables_give_every_value_back_to_the_bit(name, tmp_path):
    description = made(name)
    folder = export(description, tmp_path / "net", to="csv")
    tables = {p.stem: pd.read_csv(p) for p in folder.glob("*.csv")}
    wanted = {f"{t.name}(t)" for t in description.timed_arrays} | {"single-values"}
    assert set(tables) == wanted | {o.name for o in (*description.groups, *description.synapses)}
    for key, (values, unit) in arrays_of(description).items():
        if values.ndim == 0:
            continue
        name, _, variable = key.partition(".")
        column = {"indices": "i", "times": "t"}.get(variable, variable)
        found = tables[name][f"{column} ({unit})"] if variable else tables[name].iloc[:, 1]
        assert bits(found.to_numpy().astype(values.dtype), values), key
        if values.dtype == float and len(values):
            assert found.dtype == float
    single = pd.read_csv(folder / "single-values.csv", keep_default_na=False)
    rows = list(
        zip(single["object"], single["name"], single["value"].astype(float), single["unit"], strict=True)
    )
    assert rows == [(o, n, float(v), u) for o, n, v, u in single_values(description)]


def test_a_table_for_people_has_units_in_its_header(tmp_path):
    folder = export(made("two layers"), tmp_path / "net", to="csv")
    header = (folder / "hidden1.csv").read_text().splitlines()[0]
    assert header == "i (1),v (1),a (1),I (1),bias (1),tau_m (s),tau_a (s)"
    assert (folder / "input_hidden1.csv").read_text().splitlines()[0] == "i (1),j (1),w (1)"
    single = (folder / "single-values.csv").read_text().splitlines()
    assert {",dt,0.004,s", "hidden1,b0,0.01,1", "hidden1,dt_ref,0.004,s"} <= set(single)
    assert "dv/dt = (bias + I - v)/tau_m : 1" in (folder / "equations.txt").read_text()


def test_extreme_values_survive(tmp_path):
    group = NeuronGroup(6, "x : 1", name="g")
    group.x = values = np.array([5e-324, -0.0, np.nan, -np.inf, 1 / 3, 1.7976931348623157e308])
    folder = export(Network(group), tmp_path / "csv", to="csv")
    found = pd.read_csv(folder / "g.csv")["x (1)"].to_numpy()
    assert bits(found, values)
    with np.load(export(Network(group), tmp_path / "npz", to="npz") / "network.npz") as stored:
        assert bits(stored["g.x"], values)


@pytest.mark.parametrize(
    ("value", "unit", "code"),
    [
        (0.004, "second", "4 * ms"),
        (-0.07, "volt", "-70 * mV"),
        (1 / 3, "second", "0.3333333333333333 * second"),
        (0.7e-9 / 1e-3, "siemens/volt", "7e-07 * amp / volt**2"),
        (2.5, "second**-0.5", "2.5 * second**-0.5"),
        (1e-10, "farad", "100 * pF"),
        (3, "1", "3"),
        (float("nan"), "1", 'float("nan")'),
    ],
)
def test_a_quantity_is_written_as_people_write_it_and_means_the_same_bits(value, unit, code):
    dims = exponents(get_dimensions(eval(unit, vars(brian2))))  # noqa: S307 - text of this test
    assert quantity_code(value, dims) == code
    again = Quantity(eval(code, vars(brian2)))  # noqa: S307
    assert exponents(again.dim) == dims
    assert np.asarray(again, dtype=float).tobytes() == np.float64(value).tobytes()


def test_units_that_nobody_has_a_name_for():
    dims = (3.0, 2.0, -5.0, -1.0, 1.0, 0.0, 0.0)
    assert exponents(eval(unit_code(dims), vars(brian2)).dim) == dims  # noqa: S307


def test_only_dt_ref_is_called_dt_ref(tmp_path):
    """A time constant, a refractory period or a delay that is as long by chance is a number of its own."""
    cells = NeuronGroup(
        2,
        "dv/dt = -v/tau + 0*dt_ref/ms**2 : 1 (unless refractory)",
        threshold="v > 1",
        reset="v = 0",
        refractory=4 * ms,
        method="euler",
        namespace={"tau": 4 * ms, "dt_ref": 4 * ms},
        dt=4 * ms,
        name="cells",
    )
    wires = Synapses(cells, cells, on_pre="v_post += 1", delay=4 * ms, dt=4 * ms, name="wires")
    wires.connect()
    net = annotate(Network(cells, wires), dt_ref=4 * ms)
    text = (export(net, tmp_path / "net") / "network.py").read_text()
    for code in ("refractory=4 * ms", '"tau": 4 * ms', '"dt_ref": DT_REF', "delay=4 * ms"):
        assert code in text, code
