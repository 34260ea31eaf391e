"""The test run's own promises: data, their absence, Brian2's globals. Each runs pytest in another process."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chronaxie.studies.data import cache_folder

CONFTEST = Path(__file__).with_name("conftest.py")
FILES = ast.literal_eval(re.search(r"^EXPECTED = (\(.*?^\))", CONFTEST.read_text(), re.M | re.S)[1])
USES_DATA = "def test_uses_data(data_dir):\n    assert data_dir.is_dir()\n\ndef test_uses_none():\n    pass\n"


def run_pytest(folder, source, **env):
    """Run `source` under a copy of conftest.py in `folder`/repo/tests; return (exit status, output)."""
    tests = folder / "repo" / "tests"
    tests.mkdir(parents=True)
    shutil.copy(CONFTEST, tests)
    (tests / "test_inner.py").write_text(source)
    options = "[tool:pytest]\ntestpaths = tests\naddopts = --import-mode=importlib\n"
    (folder / "repo" / "setup.cfg").write_text(options)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CHRONAXIE_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", "-W", "ignore"],
        cwd=folder / "repo",
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def make_data(folder):
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_without_data_skips_by_name_and_counts(tmp_path):
    status, output = run_pytest(tmp_path, USES_DATA)
    assert status == 0
    assert "1 passed, 1 skipped" in output
    assert "no data: ../shared/data (CHRONAXIE_DATA is not set)" in output
    assert "tests skipped for want of data: 1" in output


def test_required_data_that_are_missing_fail_the_run(tmp_path):
    status, output = run_pytest(tmp_path, USES_DATA, CHRONAXIE_REQUIRE_DATA="1")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "CHRONAXIE_REQUIRE_DATA=1, but there are no data" in output


def test_incomplete_data_count_as_missing(tmp_path):
    data = make_data(tmp_path / "elsewhere")
    (data / FILES[0]).unlink()
    status, output = run_pytest(tmp_path, USES_DATA, CHRONAXIE_DATA=str(data))
    assert status == 0
    assert f"lacks {FILES[0]}" in output
    assert "tests skipped for want of data: 1" in output


@pytest.mark.parametrize("where", ["named", "beside"])
def test_data_are_found(tmp_path, where):
    data = make_data(tmp_path / ("elsewhere" if where == "named" else "shared/data"))
    env = {"CHRONAXIE_DATA": str(data)} if where == "named" else {}
    status, output = run_pytest(tmp_path, USES_DATA, CHRONAXIE_REQUIRE_DATA="1", **env)
    assert status == 0
    assert "2 passed" in output
    assert "tests skipped for want of data: 0" in output


def test_the_cache_is_that_of_the_run(session_cache):
    assert cache_folder() == session_cache / "chronaxie"


def test_the_user_s_cache_is_neither_read_nor_filled(tmp_path):
    source = """
import os
from pathlib import Path

def test_nothing_there():
    folder = Path(os.environ["XDG_CACHE_HOME"]) / "chronaxie"
    assert sorted(path.name for path in folder.iterdir()) == ["cython", "fused", "standalone"]
    for name in ("tasks", "cython"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "new").touch()

def test_the_same_folder():
    assert (Path(os.environ["XDG_CACHE_HOME"]) / "chronaxie" / "tasks" / "new").exists()
"""
    mine = tmp_path / "mine" / "chronaxie"
    for name in ("tasks", "data"):
        (mine / name).mkdir(parents=True)
        (mine / name / "precious").touch()
    status, output = run_pytest(tmp_path, source, XDG_CACHE_HOME=str(tmp_path / "mine"))
    assert (status, "2 passed" in output) == (0, True), output
    files = {str(path.relative_to(mine)) for path in mine.rglob("*") if path.is_file()}
    assert files == {"tasks/precious", "data/precious", "cython/new"}


def test_a_skip_for_another_reason_is_not_counted(tmp_path):
    source = "import pytest\n\ndef test_other():\n    pytest.skip('no GPU')\n"
    status, output = run_pytest(tmp_path, source)
    assert status == 0
    assert "1 skipped" in output
    assert "tests skipped for want of data: 0" in output


def test_changed_brian2_globals_fail_the_test_that_changed_them(tmp_path):
    source = """
def test_first_import_changes_target():
    import brian2
    brian2.prefs.codegen.target = "numpy"

def test_device():
    import brian2
    brian2.set_device("cpp_standalone")

def test_clock():
    import brian2
    brian2.defaultclock.dt = 1 * brian2.ms

def test_list_preference_in_place():
    import brian2
    brian2.prefs.codegen.cpp.extra_compile_args_gcc += ["-DX"]

def test_stack_of_devices():
    import brian2
    brian2.set_device("cpp_standalone")
    brian2.set_device("runtime")

def test_clean():
    import brian2
    assert brian2.prefs.codegen.target == "auto"
    assert float(brian2.defaultclock.dt) == 1e-4
    brian2.NeuronGroup(1, "v : 1")

def test_put_back(numpy_target):
    import brian2
    assert brian2.prefs.codegen.target == "numpy"
"""
    status, output = run_pytest(tmp_path, source)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "7 passed, 5 errors" in output
    for message in (
        "codegen.target was 'auto' and is 'numpy'",
        "device was 'runtime' and is 'cpp_standalone'",
        "defaultclock.dt was 0.0001 and is 0.001",
        "codegen.cpp.extra_compile_args_gcc was",
        "devices to go back to was 0 and is 2",
    ):
        assert message in output
