"""The page of a single result: what it says is in the file, nothing is loaded, what is in the file is escaped."""

import base64
import json
import re
import shlex
from dataclasses import asdict
from functools import cache

import pytest
import xarray as xr

from chronaxie.studies import result_folder
from chronaxie.studies.cli import main
from chronaxie.studies.commands import run_continuous, run_fidelity, run_lesions, run_robustness
from chronaxie.studies.reporting import single, write_report
from chronaxie.studies.reporting.commands import commands_of
from chronaxie.studies.results import ResultError, read_result, write_result
from chronaxie.studies.train_config import TrainConfig

from .reading import loads, read

QUICK = ("lstm", "simulate")
TRAINED = (
    "ecg",
    "lif",
    "continuous",
    "robustness",
    "fidelity",
    "lesions",
)  # what these need trains or simulates for seconds
STUDIES = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in TRAINED)]


@pytest.fixture(scope="module")
def text(small, tmp_path_factory):
    """Function from the name of a result to the text of its page."""
    folder = tmp_path_factory.mktemp("pages")
    return cache(
        lambda name: write_report(small(name).file, folder / f"{name}.html").read_text(encoding="utf-8")
    )


@pytest.fixture(scope="module")
def dataset(small):
    """Function from the name of a result to its dataset."""
    return cache(lambda name: read_result(small(name).file))


@pytest.fixture
def undrawn(monkeypatch):
    """In this test pages have no figures, which take the longest."""
    monkeypatch.setattr(single, "pictures", lambda ds, specs: ())


# ------------------------------------------------------------------ every study
@pytest.mark.parametrize("name", STUDIES)
def test_nothing_is_loaded(text, name):
    assert loads(text(name)) == []
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text(name))
    assert "default-src &#39;none&#39;" in policy or "default-src 'none'" in policy


@pytest.mark.parametrize("name", STUDIES)
def test_every_part_is_there(text, dataset, name):
    page, ds = read(text(name)), dataset(name)
    assert page.texts["question"][0].endswith("?")
    (answer,) = page.texts["answer"]
    assert answer.endswith(".")
    assert page.rows[0] == ["Quantity", "Value", "Interval", "Unit", "n"]
    assert page.rows[1][1] not in ("", "–")
    parts = ("Figures", "Tables", "Method", "Make it again", "Where it comes from", "The dataset")
    assert page.texts["h2"][-len(parts) :] == list(parts)
    provenance = {row[0]: row[1] for row in page.rows if len(row) == 2}
    assert provenance["Commit"] == ds.attrs["commit"]
    assert provenance["Python"] == ds.attrs["python"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", provenance["Date of the file"])
    assert set(ds.variables) <= {row[0] for row in page.rows if len(row) == 4}


@pytest.mark.parametrize("name", STUDIES)
def test_figures_are_vectors_with_words(text, name):
    page = read(text(name))
    images = [value for tag, _, value in page.addresses if tag == "img"]
    assert len(images) > 0
    for source in images:
        kind, data = source.split(";base64,")
        assert kind == "data:image/svg+xml"
        assert base64.b64decode(data).lstrip().startswith(b"<?xml")
    *alts, viewer = page.alts
    assert viewer == ""
    assert all(len(alt) > 20 for alt in alts)


@pytest.mark.parametrize("name", STUDIES)
def test_the_dataset_is_loaded_as_the_page_says(text, dataset, small, name, monkeypatch):
    code = read(text(name)).texts["code"][-1]
    monkeypatch.chdir(small(name).file.parent)
    named = {}
    exec(code, named)  # noqa: S102 - what our own page tells the reader to type
    with named["ds"] as ds:
        assert ds.attrs["study"] == dataset(name).attrs["study"]


# ------------------------------------------------------------------ what it says
def numbers(page):
    """Cells of the table of the main numbers by what they are of."""
    last = next(k for k, row in enumerate(page.rows) if k and len(row) != 5)
    return {row[0]: row[1:] for row in page.rows[1:last]}


@pytest.mark.slow
def test_a_network_of_the_ecg_has_its_numbers(text, dataset):
    ds, page = dataset("ecg"), read(text("ecg"))
    steps = int(ds["spike_neuron_steps"])
    assert f"(0 of {steps} neuron-steps differ)" in page.texts["answer"][0]
    found = numbers(page)
    accuracy, interval, *_ = found["Accuracy on labelled test steps, twin"]
    assert float(accuracy) == pytest.approx(float(ds["test_accuracy"]), abs=5e-5)
    assert interval == "–"  # steps are not independent
    rate, interval, unit, n = found["Mean rate of the hidden neurons"]
    low, high = map(float, interval.replace("−", "-").split(" to "))
    assert low < float(rate) < high
    assert (unit, n) == ("Hz", "8 neurons")


@pytest.mark.slow
def test_accuracy_over_trials_has_wilsons_interval(text, dataset):
    ds, found = dataset("lif"), numbers(read(text("lif")))
    k, n = float(ds["test_accuracy"]) * 8, 8
    (text,) = (row for name, row in found.items() if name.startswith("Accuracy on labelled trials; test set"))
    # Wilson 1927: the roots of (k/n − p)² = z² p (1 − p)/n
    z = 1.959964
    centre, half = (k + z**2 / 2) / (n + z**2), z / (n + z**2) * (k * (n - k) / n + z**2 / 4) ** 0.5
    low, high = map(float, text[1].replace("−", "-").split(" to "))
    assert (low, high) == (pytest.approx(centre - half, abs=0.006), pytest.approx(centre + half, abs=0.006))
    assert text[3] == "8 labelled trials"


@pytest.mark.slow
def test_robustness_has_means_with_students_interval(text, dataset):
    ds, found = dataset("robustness"), numbers(read(text("robustness")))
    values = ds["accuracy_spike_loss"].isel(spike_loss=-1).values
    value, interval, _, n = found["Loss of spikes, 0.4"]
    assert float(value) == pytest.approx(values.mean(), abs=0.006)
    half = 12.7062 * abs(values[0] - values[1]) / 2  # t(0.975, 1) times the standard error
    low, high = map(float, interval.replace("−", "-").split(" to "))
    assert high - low == pytest.approx(2 * half, abs=0.02)
    assert n == "2 seeds"


@pytest.mark.slow
def test_fidelity_says_what_is_kept(text, dataset):
    ds, page = dataset("fidelity"), read(text("fidelity"))
    at_finer = ds.isel(run=ds["run_kind"].values == "finer_dt", fidelity_group=0)["fidelity_gamma_factor"]
    assert "In Brian2 at its own step Γ = 1" in page.texts["answer"][0]
    found = numbers(page)["In Brian2 at dt = 2 ms: coincidence factor Γ of hidden1"]
    assert float(found[0].replace("−", "-")) == pytest.approx(float(at_finer[0]), abs=0.05)


def test_a_record_has_its_waves(text, dataset):
    ds, page = dataset("simulate"), read(text("simulate"))
    assert f"{ds.sizes['beat']} beats are annotated" in page.texts["answer"][0]
    kinds = ds["wave_kind"].values.tolist()
    assert numbers(page)["QRS found"][0] == str(kinds.count("QRS"))
    assert sum(row[0] in ("P", "QRS", "T") and len(row) == 4 for row in page.rows) == len(kinds)


# ------------------------------------------------------------------ the commands make the same configuration
class Begun(Exception):
    """The study would begin here, with the configuration that it holds."""


def configured(run, config, *rest, **options):
    """Take the place of what runs a study."""
    raise Begun(config)


@pytest.mark.parametrize("name", ["lstm", *(one for one in STUDIES if one not in QUICK)])
def test_the_command_makes_the_same_configuration(text, dataset, name, monkeypatch, small_tasks):
    command = next(
        text for text in read(text(name)).texts["code"] if not text.startswith(("chronaxie re", "import"))
    )
    monkeypatch.setattr(result_folder, "run_to_folder", configured)
    for module in (run_continuous, run_robustness, run_fidelity, run_lesions):
        monkeypatch.setattr(module, "write_study", configured)
    with pytest.raises(Begun) as begun:
        main(shlex.split(command)[1:])
    made = vars(begun.value.args[0])
    wanted = json.loads(dataset(name).attrs["configuration"])
    # What no option sets is a default, and named as such.
    named = re.findall(r"no option sets ([^:]*):", " ".join(read(text(name)).texts["p"]))
    left = named[0].split(", ") if named else []
    assert {field: json.loads(json.dumps(made[field])) for field in wanted if field not in left} == {
        field: value for field, value in wanted.items() if field not in left
    }


@pytest.mark.parametrize("detached", [True, False, None])
def test_every_option_of_a_training_is_in_its_command(monkeypatch, tmp_path, detached):
    config = TrainConfig(
        "ecg",
        seed=3,
        hidden=(8, 7),
        tau_m="constant(20)",
        tau_a="uniform(60, 300)",
        beta=0.5,
        rate_penalty=0.25,
        finer=(2, 4),
        epochs=5,
        batch_size=9,
        learning_rate=0.01,
        time_constant_rate=0.02,
        input_dropout=0.1,
        time_stretch=0.2,
        average_epochs=2.0,
        lost_gradients=3,
        select="last",
        feedforward=True,
        detach_reset=detached,
        engine="reference",
        device="cython",
        brian2_trials=3,
        options={"valid_fraction": 0.2},
    )
    attrs = {"study": "train", "configuration": json.dumps(asdict(config))}
    command = commands_of(xr.Dataset(attrs=attrs), tmp_path / "result.nc")[0]
    assert "no option sets" not in command.text
    monkeypatch.setattr(result_folder, "run_to_folder", configured)
    with pytest.raises(Begun) as begun:
        main(shlex.split(command.code)[1:])
    assert begun.value.args[0] == config


# ------------------------------------------------------------------ what is in the file is text
def test_markup_in_a_file_is_shown_and_not_obeyed(dataset, tmp_path, undrawn):
    ds = dataset("lstm").copy(deep=True)
    nasty = "<script>alert(1)</script><img src=http://example.org/x.png onerror=alert(2)>\"'&amp;{{ 7*7 }}"
    ds.attrs |= {"data_source": nasty, nasty: nasty, "task": nasty}
    ds["test_accuracy"].attrs["long_name"] = nasty
    ds = ds.assign_coords(true_class=[f"{nasty}{k}" for k in range(ds.sizes["true_class"])])
    write_result(ds, tmp_path / "nasty.nc")
    found = write_report(tmp_path / "nasty.nc").read_text(encoding="utf-8")
    assert loads(found) == []
    assert found.count("<script>") == 1
    page = read(found)
    assert nasty in page.texts["subtitle"]
    assert any(nasty in row[0] for row in page.rows)


# ------------------------------------------------------------------ where it goes
def test_default_places(small, tmp_path, undrawn):
    file = tmp_path / "one.nc"
    file.write_bytes(small("lstm").file.read_bytes())
    assert write_report(file) == tmp_path / "one.html"
    assert write_report(tmp_path) == tmp_path / "report.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "one.nc", "report.html"]


def test_the_same_file_gives_the_same_bytes(small, tmp_path):
    file = small("lstm").file
    one, two = (write_report(file, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert one == two


def test_a_report_is_replaced_and_nothing_else(small, tmp_path, undrawn):
    out, other = tmp_path / "a.html", tmp_path / "other.html"
    file = small("lstm").file
    write_report(file, out)
    assert write_report(file, out) == out
    other.write_text("my notes")
    with pytest.raises(
        ResultError, match=r"other.html: is there already and is no report; give another file"
    ):
        write_report(file, other)
    assert other.read_text() == "my notes"


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("page.nc", r"page\.nc: expected a name that ends in \.html, got \.nc"),
        ("missing/page.html", r"missing: no such folder; make it"),
        ("folder.html", r"folder\.html: is a folder; give a file in it"),
    ],
)
def test_a_place_that_is_none_is_refused(small, tmp_path, out, message):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ResultError, match=message):
        write_report(small("lstm").file, tmp_path / out)


def test_what_cannot_be_reported_on(small, tmp_path, undrawn):
    with pytest.raises(ResultError, match=r"no sweep \(sweep.json\) and no result file of a study"):
        write_report(tmp_path)
    with pytest.raises(ResultError, match=r"none\.nc: no such file"):
        write_report(tmp_path / "none.nc")
    for name in ("a", "b"):
        (tmp_path / f"{name}.nc").write_bytes(small("lstm").file.read_bytes())
    with pytest.raises(ResultError, match=r"2 results and no sweep .*give one of them: a\.nc, b\.nc"):
        write_report(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: ds.drop_vars("confusion"), r"result of the study 'train', but it lacks 'confusion'"),
        (
            lambda ds: ds.assign_attrs(study="dreams"),
            r"study 'dreams', which this version does not know; there",
        ),
        (lambda ds: ds.assign_attrs(configuration="{oh"), r"'configuration': expected JSON, got '\{oh'"),
        (
            lambda ds: ds.assign_attrs(configuration="[1]"),
            r"'configuration': expected a JSON object, got '\[1\]'",
        ),
    ],
)
def test_a_file_that_lacks_something(dataset, tmp_path, change, message, undrawn):
    write_result(change(dataset("lstm")), tmp_path / "x.nc")
    with pytest.raises(ResultError, match=message):
        write_report(tmp_path / "x.nc")
    assert not (tmp_path / "x.html").exists()


def test_a_study_in_a_file_is_not_run_to_report_on_its_result(tmp_path):
    study = tmp_path / "own.py"
    study.write_text("raise SystemExit('this file was run')")
    ds = xr.Dataset({"height": ((), 3.5, {"units": "m", "long_name": "height"})})
    ds.attrs = {"study": "own", "study_file": str(study), "configuration": "{}"}
    write_result(ds, tmp_path / "own.nc")
    page = read(write_report(tmp_path / "own.nc").read_text(encoding="utf-8"))
    assert numbers(page) == {"Height": ["3.5", "–", "m", "1 run"]}


def test_the_command(small, tmp_path, capsys, undrawn):
    out = tmp_path / "page.html"
    assert main(["report", str(small("lstm").file), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"written:\n  {out}\n"
    assert main(["report", str(tmp_path / "none.nc")]) == 1
    assert "none.nc: no such file" in capsys.readouterr().err


def test_a_file_that_is_no_result_is_refused(tmp_path):
    (tmp_path / "README.md").write_text("# read me")
    with pytest.raises(
        ResultError, match=r"README.md: expected a result file \(.nc\), its folder, or .* ends in .md"
    ):
        write_report(tmp_path / "README.md")
