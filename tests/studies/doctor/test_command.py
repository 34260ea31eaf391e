import io
import json
import subprocess
import sys

import pytest

from chronaxie.studies.cli import main
from chronaxie.studies.doctor import BROKEN, OK, examination, questions


def pretended(*, works=True, module=""):
    """In the place of `ask`: every question has a good answer, but where it is about `module`."""

    def ask(question, **_):
        name, *given = question
        if name == "modules":
            return [
                {"state": BROKEN if m == module else OK, "found": "x", "advice": "", "module": m}
                for m in given
            ]
        return [{"state": OK if works else BROKEN, "found": "2", "advice": ""}]

    return ask


def test_the_table_and_exit_code_0(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(examination, "ask", pretended())
    assert main(["doctor", "--data", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    heads = [line for line in printed.splitlines() if line and not line.startswith(" ")]
    assert heads == [
        "versions",
        "compilers",
        "devices",
        "engines",
        "data",
        "cache",
        "threads",
        "all that is required works",
    ]


def test_json_alone_is_on_stdout_and_exit_code_1_where_the_required_is_broken(monkeypatch, capsys):
    monkeypatch.setattr(examination, "ask", pretended(works=False))
    assert main(["doctor", "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert content["works"] is False
    broken = {(f["part"], f["name"]) for f in content["findings"] if f["required"] and f["state"] != "ok"}
    assert broken == {("devices", "numpy"), ("engines", "reference")}


def test_quick_compiles_nothing(monkeypatch, capsys):
    monkeypatch.setattr(examination, "ask", pretended())
    assert main(["doctor", "--quick", "--json"]) == 0
    names = {f["name"] for f in json.loads(capsys.readouterr().out)["findings"]}
    assert "reference" in names
    assert not names & {"cython", "cpp_standalone", "fused", "compiled"}


@pytest.mark.parametrize(
    ("module", "untried"), [("torch", ["engine reference"]), ("brian2", ["device numpy", "engine reference"])]
)
def test_what_a_broken_package_is_needed_for_is_not_tried(monkeypatch, capsys, module, untried):
    monkeypatch.setattr(examination, "ask", pretended(module=module))
    assert main(["doctor", "--quick"]) == 1
    printed = capsys.readouterr().out
    assert f"broken and required: {', '.join([f'version {module}', *untried])}" in printed
    assert f"not tried, {module} does not work" in printed


def test_it_needs_neither_torch_nor_brian2(tmp_path):
    blocked = """import sys
sys.modules["torch"] = sys.modules["brian2"] = None
from chronaxie.studies.doctor import examination
from chronaxie.studies.cli import main
examination.ask = lambda question, **_: [
    {"state": "broken", "found": "no", "advice": "", "module": name} for name in question[1:] or ["x"]]
sys.exit(main(["doctor", "--quick"]))"""
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "version torch" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("question", [["device", "numpy"], ["engine", "reference"], ["threads"]])
def test_the_questions_here(question):
    stream = io.StringIO()
    questions.main(question, stream)
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found["state"] == OK
    assert question[0] == "threads" or "as expected" in found["found"]


def test_an_engine_that_gives_other_spikes_is_broken(monkeypatch):
    right = questions._passed

    def passed(name, where):
        spikes, slope = right(name, "cpu")
        return (spikes, slope) if where == "cpu" else (0 * spikes, slope)

    monkeypatch.setattr(questions, "_passed", passed)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    (found,) = questions.engine("reference", "cuda")
    assert found["state"] == BROKEN
    assert found["found"].startswith("0 spikes and gradients")


@pytest.mark.slow
def test_the_whole_examination_of_this_machine():
    command = [sys.executable, "-m", "chronaxie", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    found = {f["name"]: f for f in json.loads(done.stdout)["findings"] if f["part"] in ("devices", "engines")}
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("numpy", "cython", "cpp_standalone", "reference", "fused", "compiled"):
        assert found[name]["state"] == "ok", found[name]
