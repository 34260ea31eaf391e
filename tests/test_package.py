"""The root's lazy names: importing chronaxie costs nothing, and every public name is there."""

import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

import chronaxie

ROOT = Path(__file__).resolve().parents[1]


def loaded_by(statements):
    """Return the top-level modules that a new process has after `statements`."""
    code = f"{statements}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statements", "never"),
    [
        ("import chronaxie; dir(chronaxie)", {"torch", "brian2", "numpy", "xarray", "matplotlib", "sklearn"}),
        ("import chronaxie; chronaxie.models", {"torch", "sklearn", "matplotlib.pyplot"}),
        ("import chronaxie; chronaxie.analyses", {"torch", "brian2"}),
        (
            "from chronaxie.studies.cli import make_parser; make_parser().format_help()",
            {"torch", "brian2", "numpy", "xarray", "scipy", "matplotlib", "dask", "h5py"},
        ),
        ("import chronaxie.studies.running.status", {"torch", "brian2", "scipy", "matplotlib"}),
        ("import chronaxie.studies.doctor", {"torch", "brian2", "numpy", "xarray", "scipy", "matplotlib"}),
    ],
)
def test_a_folder_loads_no_more_than_it_needs(statements, never):
    assert not loaded_by(statements) & never


def test_every_public_name_resolves():
    for name in chronaxie.__all__:
        assert getattr(chronaxie, name) is not None
    assert set(chronaxie.__all__) <= set(dir(chronaxie))


def test_all_lists_what_is_resolved_lazily():
    assert set(chronaxie.__all__) == {"__version__", *chronaxie._SUBPACKAGES, *chronaxie._HOME}


def test_an_unknown_name_gets_the_nearest_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'simulte'; the nearest names are .*simulate"):
        chronaxie.simulte  # noqa: B018


def test_the_version_is_the_same_everywhere():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert config["metadata"]["version"] == "attr: chronaxie._version.__version__"
    assert f"\nversion: {chronaxie.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## {chronaxie.__version__}" in (ROOT / "CHANGELOG.md").read_text()
