import pytest
from packaging.requirements import Requirement

from chronaxie.studies.doctor import BROKEN, NOT_HERE, OK, versions
from chronaxie.studies.doctor.versions import conflict, extra_finding, package_finding, version_findings

FINE = {"state": OK, "found": "imported in 0.1 s", "advice": ""}


@pytest.mark.parametrize(
    ("brian2", "numpy", "python", "out"),
    [
        ("2.9.0", "2.4.0", "3.11.7", "pip install 'numpy<2.4'"),
        ("2.9.0", "2.5.5", "3.13.0", "pip install 'numpy<2.4', or pip install --upgrade 'brian2>=2.10'"),
    ],
)
def test_brian2_that_numpy_breaks_is_named_with_the_way_out(brian2, numpy, python, out):
    found = conflict({"brian2": brian2, "numpy": numpy, "python": python})
    assert found == (
        "brian2",
        f"Brian2 {brian2} cannot be imported with NumPy {numpy}, which is 2.4 or later",
        out,
    )
    finding = package_finding(Requirement("brian2>=2.9"), brian2, {**FINE, "state": BROKEN}, found)
    assert (finding.state, finding.advice, finding.required) == (BROKEN, out, True)


@pytest.mark.parametrize(
    ("brian2", "numpy"), [("2.9.0", "2.3.5"), ("2.11.0", "2.5.0"), (None, "2.5.0"), ("2.9.0", None)]
)
def test_what_goes_together(brian2, numpy):
    assert conflict({"brian2": brian2, "numpy": numpy, "python": "3.13.0"}) is None


@pytest.mark.parametrize(
    ("version", "answer", "state", "found", "advice"),
    [
        ("2.13.0+cpu", FINE, OK, "2.13.0+cpu (>=2.3)", ""),
        (None, None, BROKEN, "not installed", "pip install 'torch>=2.3'"),
        ("2.2", FINE, BROKEN, "2.2, and chronaxie needs >=2.3", "pip install 'torch>=2.3'"),
        (
            "2.13.0",
            {"state": BROKEN, "found": "OSError: libc10.so", "advice": ""},
            BROKEN,
            "2.13.0 cannot be imported: OSError: libc10.so",
            "pip install --force-reinstall 'torch==2.13.0'",
        ),
    ],
)
def test_a_package_that_is_needed(version, answer, state, found, advice):
    finding = package_finding(Requirement("torch>=2.3"), version, answer)
    assert (finding.state, finding.found, finding.advice) == (state, found, advice)


def test_extras(monkeypatch):
    there = {"nir": "1.0.8", "neo": "0.10"}
    monkeypatch.setattr(versions, "installed", there.get)
    asked = {
        "nir": ["nir>=1.0.8"],
        "both": ["nir", "neo>=0.14"],
        "more": ["nir", "pynwb", "zarr"],
        "none": [],
    }
    monkeypatch.setattr(versions, "needed", lambda extra: [Requirement(text) for text in asked[extra]])
    assert extra_finding("nir", "graphs").state == OK
    assert (extra_finding("both", "graphs").state, extra_finding("both", "graphs").found) == (
        BROKEN,
        "neo 0.10, needed >=0.14",
    )
    missing = extra_finding("more", "graphs")
    assert (missing.state, missing.found) == (NOT_HERE, "without pynwb, zarr")
    assert missing.advice == "gives graphs: pip install 'chronaxie[more]'"
    assert "not on Python" in extra_finding("none", "graphs").found


def test_after_a_module_that_ends_the_process_the_rest_is_imported_in_another():
    asked = []

    def ask(question, *modules):
        assert question == "modules"
        asked.append(modules)
        fine = [{**FINE, "module": name} for name in modules]
        if "torch" not in modules:
            return fine
        return [
            *fine[: modules.index("torch")],
            {"state": BROKEN, "found": "the process ended", "advice": ""},
        ]

    found = {finding.name: finding for finding in version_findings(ask)}
    assert found["torch"].state == BROKEN
    assert "cannot be imported: the process ended" in found["torch"].found
    assert found["brian2"].state == found["tqdm"].state == found["Python"].state == OK
    assert len(asked) == 2
    assert set(asked[0]) == {*asked[0][: asked[0].index("torch") + 1], *asked[1]}
    assert "sklearn" in asked[0]


def test_an_extra_has_what_the_extras_have_that_it_takes_in():
    names = {extra: {one.name for one in versions.needed(extra)} for extra in ("test", "dask", "interchange")}
    assert names["dask"] | names["interchange"] | {"pytest"} <= names["test"]
    assert "chronaxie" not in names["test"]
