"""What GitHub, pre-commit and contributors read: it loads, and names commands, targets and files that there are."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from chronaxie.studies.cli import make_parser

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")


def load(path):
    return yaml.safe_load(path.read_text())


def targets():
    """Names of the targets of the Makefile."""
    text = (ROOT / "Makefile").read_text()
    return set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split())


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_what_there_is(path):
    workflow = load(path)
    ran = [line for step in steps(workflow) for line in step.get("run", "").splitlines()]
    asked = [line.split()[1:] for line in ran if line.startswith("make ")]
    assert asked
    assert {name for names in asked for name in names} <= targets()
    for line in (line for line in ran if "/chronaxie " in line):
        make_parser().parse_args(line.split()[1:])
    assert all(
        re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps(workflow) if "uses" in step
    )
    for step in steps(workflow):
        for name in step.get("with", {}).get("cache-dependency-path", "").split():
            assert (ROOT / name).is_file()


def test_the_workflow_tests_every_python_of_the_classifiers():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    promised = re.findall(r"Python :: (3\.\d+)", config["metadata"]["classifiers"])
    workflow = load(GITHUB / "workflows" / "ci.yml")
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    runs = [step.get("run", "") for step in steps(workflow)]
    assert {"make lint", "make test", "make docs"} <= set(runs)
    assert any("constraints.txt" in run for run in runs)
    assert re.search(r"^torch==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_for_an_issue_has_what_github_asks_for(path):
    form = load(path)
    assert form["name"]
    assert form["description"]
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in fields}) == len(fields) > 0
    assert all(part["attributes"]["label"] for part in fields)


def test_a_bug_comes_with_what_the_doctor_says():
    labels = [part["attributes"]["label"] for part in load(GITHUB / "ISSUE_TEMPLATE" / "bug.yml")["body"]]
    (command,) = re.findall(r"chronaxie (doctor --json)", " ".join(labels))
    assert make_parser().parse_args(command.split()).json


def test_pre_commit_has_the_ruff_of_the_constraints():
    repositories = load(ROOT / ".pre-commit-config.yaml")["repos"]
    hooks = {hook["id"]: repository["rev"] for repository in repositories for hook in repository["hooks"]}
    pinned = re.search(r"^ruff==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE).group(1)
    assert hooks["ruff-check"] == hooks["ruff-format"] == f"v{pinned}"


def test_contributing_names_files_and_targets_that_there_are():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert target.startswith("https://") or (ROOT / target).is_file(), target
    for name in re.findall(r"`((?:tests|models|gradient_bridge|studies|docs)/[\w./]*)`", text):
        assert (ROOT / name).exists(), name
    assert set(re.findall(r"`make ([\w-]+)`", text)) <= targets()
