"""What make says where it cannot go on. A folder with the Makefile and stubs stands for the machine."""

import os
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from chronaxie.models.cuda import BRIAN2, BRIAN2CUDA

ROOT = Path(__file__).resolve().parents[1]
FILES = (
    "Makefile",
    "setup.cfg",
    "constraints.txt",
    "constraints-cuda.txt",
    "constraints-oracles.txt",
    "pyproject.toml",
)
OLD_PYTHON = '#!/bin/sh\n[ "$1" = --version ] && { echo Python 3.9.2; exit 0; }\nexit 1\n'


@pytest.fixture
def machine(tmp_path):
    """A checkout without environment, and a folder bin/ that is all there is on the PATH."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in ("make", "sh", "touch"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


def stub(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def make(machine, *arguments):
    """Run make and return (exit status, output)."""
    # A make around the test run hands its own flags down in the environment.
    hidden = ("MAKE", "MFLAGS", "CXX", "PYTHON", "CUDA_PYTHON", "PYENV_ROOT", "HOME")
    env = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    command = [shutil.which("make"), *arguments]
    done = subprocess.run(
        command,
        cwd=machine,
        env={**env, "PATH": str(machine / "bin")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_no_python_is_named(machine):
    status, output = make(machine, "lint")
    assert status != 0
    assert "no Python 3.11 or later found" in output


def test_an_old_python_on_the_path_is_named(machine):
    stub(machine / "bin" / "python3", OLD_PYTHON)
    status, output = make(machine, "lint")
    assert status != 0
    assert "no Python 3.11 or later found (python3 is Python 3.9.2)" in output


def test_an_old_python_that_was_asked_for_is_named(machine):
    stub(machine / "old" / "python3", OLD_PYTHON)
    status, output = make(machine, "lint", f"PYTHON={machine / 'old' / 'python3'}")
    assert status != 0
    assert "old/python3 is Python 3.9.2; chronaxie needs Python 3.11 or later" in output


@pytest.mark.parametrize("target", ["test", "test-all"])
def test_a_missing_compiler_is_named(machine, target):
    stub(machine / ".venv" / "bin" / "python", "#!/bin/sh\n")
    (machine / ".venv" / ".installed").touch()
    status, output = make(machine, target)
    assert status != 0
    assert "no C++ compiler found" in output
    assert "apt-get install g++" in output


def test_missing_headers_are_named(machine):
    stub(machine / "bin" / "g++", "#!/bin/sh\n")
    stub(machine / ".venv" / "bin" / "python", "#!/bin/sh\nexit 1\n")
    (machine / ".venv" / ".installed").touch()
    status, output = make(machine, "test")
    assert status != 0
    assert "Python.h is missing" in output


def test_pip_runs_again_only_when_the_installation_changes(machine):
    stub(machine / "bin" / "python3", "#!/bin/sh\n")
    stub(machine / ".venv" / "bin" / "python", '#!/bin/sh\necho "ran $@"\n')
    stub(machine / ".venv" / "bin" / "ruff", "#!/bin/sh\n")
    install = "ran -m pip install --quiet -c constraints.txt -e .[test]"
    assert install in make(machine, "lint")[1]
    status, output = make(machine, "lint")
    assert status == 0
    assert install not in output
    later = (machine / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(machine / "constraints.txt", (later, later))
    assert install in make(machine, "lint")[1]


def test_the_pages_are_built_from_nothing_and_warnings_are_errors(machine):
    stub(machine / "bin" / "python3", "#!/bin/sh\n")
    stub(machine / ".venv" / "bin" / "python", '#!/bin/sh\necho "ran $@"\n')
    (machine / "bin" / "rm").symlink_to(shutil.which("rm"))
    made = machine / "docs" / "learn"
    made.mkdir(parents=True)
    status, output = make(machine, "docs")
    assert status == 0
    assert "ran -m pip install --quiet -c constraints.txt -e .[docs]" in output
    assert "ran -m sphinx -W --keep-going -n" in output
    assert not made.exists()
    assert "pip install" not in make(machine, "docs")[1]


# ------------------------------------------------------------------ the environment with brian2cuda
@pytest.mark.parametrize("target", ["cuda-env", "test-cuda", "cuda-networks"])
def test_no_python_for_cuda_is_named(machine, target):
    stub(machine / "bin" / "python3", OLD_PYTHON)
    status, output = make(machine, target)
    assert status != 0
    assert "no Python 3.12 or later found; brian2cuda's Brian2 needs one" in output


def test_an_old_python_that_was_asked_for_cuda_is_named(machine):
    stub(machine / "old" / "python3", OLD_PYTHON)
    status, output = make(machine, "cuda-env", f"CUDA_PYTHON={machine / 'old' / 'python3'}")
    assert status != 0
    assert "old/python3 is Python 3.9.2; brian2cuda's Brian2 needs Python 3.12 or later" in output


def test_the_cuda_environment_is_installed_once_and_without_torch(machine):
    stub(machine / "bin" / "python3.12", "#!/bin/sh\n")
    stub(machine / ".venv-cuda" / "bin" / "python", '#!/bin/sh\necho "ran $@"\n')
    status, output = make(machine, "test-cuda")
    assert status == 0
    assert "ran -m pip install --quiet -r constraints-cuda.txt" in output
    assert "ran -m pip install --quiet --no-deps -e ." in output
    assert "ran -m pytest -m not slow tests/models" in output
    assert "pip install" not in make(machine, "test-cuda")[1]


def test_the_cuda_environment_holds_all_that_is_needed_but_torch():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = {}
    for line in (ROOT / "constraints-cuda.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, version = line.split("==")
            listed[name.lower()] = version
    needed = config["options"]["install_requires"] + config["options.extras_require"]["cuda"]
    names = {
        re.match(r"[\w-]+", line)[0].lower() for line in needed.split("\n") if line.strip("# ")[:1].isalpha()
    }
    assert names - set(listed) == {"torch"}
    assert listed["brian2cuda"] == BRIAN2CUDA
    assert listed["brian2"] == BRIAN2


# ------------------------------------------------------------------ the environment of the benchmarks
def test_the_peers_are_installed_and_then_measured(machine):
    stub(machine / "bin" / "python3", "#!/bin/sh\n")
    stub(machine / ".venv-bench" / "bin" / "python", '#!/bin/sh\necho "ran $@"\n')
    status, output = make(machine, "bench", "PROTOTYPE=folder")
    assert status == 0
    ran = [line.split()[1] for line in output.splitlines() if line.startswith("ran ") and "pip" not in line]
    commands = ("peers/install.py", "engines.py", "ecg_step.py", "any_equations.py")
    assert ran == [f"benchmarks/{name}" for name in commands]
    assert "ran -m pip install --quiet -c constraints.txt -e ." in output
    assert "--growth --json out/bench/engines.json --prototype folder" in output
