import importlib.metadata
import platform
import re
import subprocess

import pytest

import chronaxie
from chronaxie.studies import provenance


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """An empty repository in the place of the package's."""
    (tmp_path / "studies").mkdir()
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "studies" / "provenance.py"))
    return tmp_path


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_versions_are_those_installed():
    attrs = provenance.provenance()
    assert attrs["chronaxie_version"] == chronaxie.__version__
    assert attrs["python"] == platform.python_version()
    stated = dict(part.split(" ") for part in attrs["package_versions"].split(", "))
    assert set(stated) == set(provenance.PACKAGES)
    assert stated == {name: importlib.metadata.version(name) for name in stated}
    assert all(isinstance(value, str) for value in attrs.values()), "netCDF attributes"


def test_the_commit_and_whether_files_differ(repository):
    git(repository, "init", "-q")
    (repository / "a").write_text("1")
    git(repository, "add", "a")
    git(repository, "commit", "-q", "-m", "one")
    head = git(repository, "rev-parse", "HEAD")
    assert re.fullmatch("[0-9a-f]{40}", head)
    assert provenance.commit() == head
    (repository / "untracked").write_text("")
    assert provenance.commit() == head
    (repository / "a").write_text("2")
    assert provenance.commit() == f"{head}+changes"


def test_outside_of_a_repository_the_commit_is_unknown(repository):
    assert provenance.commit() == "unknown (not a repository)"


def test_without_git_or_a_commit_it_is_unknown(repository, monkeypatch):
    git(repository, "init", "-q")
    assert provenance.commit() == "unknown (CalledProcessError from git)"
    monkeypatch.setenv("PATH", "")
    assert provenance.commit() == "unknown (FileNotFoundError from git)"
