"""What scripts rely on: --json of every command, exit codes, and nothing but the answer on stdout."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from chronaxie.studies.cli import main, make_parser
from chronaxie.studies.commands import answering
from chronaxie.studies.commands.run_sweep import finished
from chronaxie.studies.doctor import BROKEN, examination
from chronaxie.studies.running import rerunning
from chronaxie.studies.running.comparing import Comparison
from chronaxie.studies.running.runner import Outcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how_to" / "scripts.md"


def leaves(parser, words=()):
    """Yield (words, parser) of every command that does something."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words, parser
    for action in below:
        for name in list(action.choices):
            yield from leaves(action._name_parser_map[name], (*words, name))


COMMANDS = dict(leaves(make_parser()))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_json_and_says_what_an_interruption_leaves(words):
    parser = COMMANDS[words]
    assert "--json" in parser._option_string_actions
    assert callable(parser.get_default("command"))
    assert isinstance(parser.get_default("after_interrupt"), str)


# One bad input for each command: found before anything is loaded that takes long.
BAD = {
    ("run", "ecg"): ["--synthetic", "--data", "here"],
    ("run", "continuous"): ["--network", "gone.nc", "--device", "none"],
    ("run", "robustness"): ["--network", "gone.nc", "--device", "none"],
    ("run", "fidelity"): ["--network", "gone.nc", "--device", "none"],
    ("run", "lesions"): ["--network", "gone.nc", "--device", "none"],
    ("run", "published"): ["--data", "gone"],
    ("resume",): ["gone"],
    ("status",): ["gone"],
    ("report",): ["gone"],
    ("rerun",): ["gone.nc"],
    ("train",): ["no_such_task"],
    ("import",): ["gone.npz", "--kind", "ecg", "--out", "net.nc"],
    ("evaluate",): ["gone.nc"],
    ("simulate",): ["gone.nc", "--wfdb", "gone"],
    ("export",): ["gone.nc", "there"],
    ("show",): ["gone.nc"],
    ("fetch",): [],
    ("cache",): [],
    ("doctor",): ["--quick"],
}
SWEEPS = [words for words in COMMANDS if words[0] == "run" and words not in BAD]


def given(words):
    return [*words, *BAD.get(words, ["--set", "no_such_field=1"]), "--json"]


@pytest.mark.parametrize("words", [*BAD, *SWEEPS], ids=" ".join)
def test_bad_input_is_exit_code_1_one_line_on_stderr_and_nothing_on_stdout(
    words, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    if words == ("cache",):
        monkeypatch.setenv("CHRONAXIE_CACHE_SIZE", "much")
    if words == ("doctor",):
        monkeypatch.setattr("chronaxie.studies.doctor.examination.version_findings", _refuse)
    assert main(given(words)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("chronaxie: ")
    assert "Traceback" not in printed.err
    assert list(tmp_path.glob("*.nc")) == []


def _refuse(ask):
    raise OSError("no folder for temporary files")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_that_is_not_understood_is_exit_code_2(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*given(words), "--no-such-option"])
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("usage: chronaxie")
    assert "--no-such-option" in printed.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_interrupted_command_is_exit_code_130(words, capsys, monkeypatch):
    parser = make_parser()
    leaf = dict(leaves(parser))[words]

    def interrupted(given):
        raise KeyboardInterrupt

    leaf.set_defaults(command=interrupted)
    monkeypatch.setattr("chronaxie.studies.cli.make_parser", lambda: parser)
    assert main(given(words)) == 130
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"\ninterrupted{leaf.get_default('after_interrupt')}\n")


# ------------------------------------------------------------------ answers
def test_the_cache_and_the_data_sets(capsys):
    assert main(["cache", "--json"]) == 0
    assert {"folder", "bytes", "limit", "entries"} == set(json.loads(capsys.readouterr().out))
    assert main(["fetch", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["data_sets"]
    assert {"name": "shd", "megabytes": None}.items() <= {d["name"]: d for d in listed}["shd"].items()


def test_the_answer_of_a_result_is_its_numbers_with_units_and_its_files(capsys):
    ds = xr.Dataset(
        {
            "accuracy": ((), 0.75, {"units": "1"}),
            "worst": ((), np.nan),
            "spikes": ((), 12),
            "rate": ("neuron", [1.0, 2.0]),
        },
        attrs={"study": "ecg"},
    )
    content = answering.of_result(ds, [Path("out") / "a.nc"])
    answering.say(argparse.Namespace(json=True), "", content)
    assert json.loads(capsys.readouterr().out) == {
        "study": "ecg",
        "answer": None,
        "numbers": {"accuracy": 0.75, "worst": None, "spikes": 12},
        "units": {"accuracy": "1", "worst": None, "spikes": None},
        "files": ["out/a.nc"],
    }


def test_the_answer_of_a_sweep_with_a_job_that_failed(capsys):
    outcome = Outcome([Path("out/sweep.nc")], {"a": "ValueError: b"}, "0.8", "no figure")
    assert finished(argparse.Namespace(json=True), "out", outcome) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "directory": "out",
        "answer": "0.8",
        "problem": "no figure",
        "files": ["out/sweep.nc"],
        "failed": {"a": "ValueError: b"},
    }
    assert (
        printed.err
        == "chronaxie: no figure; out: 1 jobs not done; chronaxie resume out --retry runs them again\n"
    )


def test_numpys_scalars_are_numbers_and_truth_values(capsys):
    content = {
        "count": np.int64(12),
        "small": [np.float32(0.5), np.uint8(3)],
        "works": np.bool_(True),
        "none": [np.float32("nan"), np.float64("inf")],
        "name": np.str_("a"),
    }
    answering.say(argparse.Namespace(json=True), "", content)
    printed = capsys.readouterr().out
    expected = {"count": 12, "small": [0.5, 3], "works": True, "none": [None, None], "name": "a"}
    assert json.loads(printed) == expected
    assert '"works": true' in printed


@pytest.mark.parametrize("json_asked", [True, False])
@pytest.mark.parametrize(
    ("failed", "problem", "says"),
    [
        ({"a": "ValueError: b", "c": "killed"}, "", "out: 2 jobs not done; chronaxie resume out --retry"),
        ({}, "walk: no answer: KeyError: 'x'\n  of two lines", "walk: no answer: KeyError: 'x' of two lines"),
    ],
)
def test_a_sweep_that_is_not_all_done_ends_with_a_message_on_stderr(
    failed, problem, says, json_asked, capsys
):
    outcome = Outcome([Path("out/sweep.nc")], failed, "", problem)
    assert finished(argparse.Namespace(json=json_asked), "out", outcome) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"chronaxie: {says}")


def test_a_sweep_that_is_done_says_nothing_on_stderr(capsys):
    assert (
        finished(argparse.Namespace(json=False), "out", Outcome([Path("out/sweep.nc")], {}, "0.8", "")) == 0
    )
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("differing", "code", "says"),
    [
        ({}, 0, ""),
        ({"rate": "1 of 1 values differ", "attribute study": "was x, is y"}, 1,
         "chronaxie: r.nc: not the same now: rate, attribute study; "),
    ],
)  # fmt: skip
def test_numbers_that_differ_are_said_on_stderr(differing, code, says, capsys, monkeypatch):
    monkeypatch.setattr("chronaxie.studies.commands.rerun.begin_again", lambda: None)
    monkeypatch.setattr(rerunning, "rerun", lambda path, **_: Comparison(3, differing, {}))
    assert main(["rerun", "r.nc", "--json"]) == code
    printed = capsys.readouterr()
    assert json.loads(printed.out)["differing"] == differing
    assert printed.err.startswith(says)
    assert len(printed.err.splitlines()) == code


def test_doctor_says_what_is_broken_on_stdout_only(capsys, monkeypatch):
    broken = {"state": BROKEN, "found": "no", "advice": ""}
    monkeypatch.setattr(
        examination, "ask", lambda question, **_: [broken | {"module": name} for name in question[1:] or "x"]
    )
    assert main(["doctor", "--quick"]) == 1
    printed = capsys.readouterr()
    assert "broken and required: version" in printed.out
    assert printed.err == ""


# ------------------------------------------------------------------ the page
def test_the_page_names_every_command_and_exit_code():
    text = PAGE.read_text()
    named = set(re.findall(r"`chronaxie (\w+)", text))
    assert {words[0] for words in COMMANDS} <= named
    for code in ("0", "1", "2", "130"):
        assert f"| {code} |" in text
    (row,) = (line for line in text.splitlines() if line.startswith("| 1 |"))
    assert "begins with `chronaxie:`" in row
    assert "`chronaxie doctor` says what is broken on stdout only" in row


def test_what_is_said_on_a_closed_stderr_is_not_said_on_stdout(tmp_path):
    command = f'"{sys.executable}" -m chronaxie show "{tmp_path}/missing.nc" --json 2>&-'
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (1, b"")
