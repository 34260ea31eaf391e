"""What the wheel and the source distribution hold: setuptools builds both from a copy of what git tracks."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ("models", "gradient_bridge", "analyses", "studies")


def tracked():
    """Files of the repository, or a skip by name outside of one."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode or not listed.stdout:
        pytest.skip("no git repository: what belongs to the project is not known")
    return {name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Names in the wheel and in the source distribution, without the folder that each begins with."""
    names, folder = tracked(), tmp_path_factory.mktemp("source")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    code = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, timeout=120)
    (wheel,), (source,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {n.removeprefix("chronaxie/") for n in archive.namelist() if ".dist-info/" not in n}
    with tarfile.open(source) as archive:
        in_source = {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}
    return names, in_wheel, in_source


def test_the_wheel_is_the_package_and_nothing_else(built):
    names, in_wheel, _ = built
    wanted = {
        n for n in names if n.split("/")[0] in PACKAGE or ("/" not in n and n.endswith((".py", "py.typed")))
    }
    assert in_wheel == wanted


def test_the_source_distribution_is_all_that_is_tracked(built):
    names, _, in_source = built
    left_out = {n for n in names if n.startswith(".")}
    assert names - left_out - in_source == set()
    made = {n for n in in_source - names if not n.startswith("chronaxie.egg-info/")}
    assert made == {"PKG-INFO"}
