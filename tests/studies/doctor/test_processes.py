import sys
import time
from pathlib import Path

import pytest

from chronaxie.studies.doctor import BROKEN, OK
from chronaxie.studies.doctor.processes import ask


def modules(tmp_path, monkeypatch, **sources):
    """Put modules where the process that is asked finds them."""
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_imports_one_by_one(tmp_path, monkeypatch):
    modules(
        tmp_path,
        monkeypatch,
        whole="print('loaded with care'); print('{}')",
        half="import no_such_thing_at_all",
        ended="import os; os.kill(os.getpid(), 11)",
    )
    found = ask(["modules", "whole", "half", "ended", "never"], seconds=60, folder=tmp_path)
    assert [answer["state"] for answer in found] == [OK, BROKEN, BROKEN]
    assert found[1]["found"] == "ModuleNotFoundError: No module named 'no_such_thing_at_all'"
    assert found[2]["found"].startswith("the process ended with signal SIGSEGV")


def test_what_hangs_is_ended_with_what_it_started(tmp_path, monkeypatch):
    started = tmp_path / "pid"
    source = f"""import subprocess, time
child = subprocess.Popen(['sleep', '600'])
open({str(started)!r}, 'w').write(str(child.pid))
time.sleep(600)"""
    modules(tmp_path, monkeypatch, hangs=source)
    (answer,) = ask(["modules", "hangs"], seconds=3, folder=tmp_path)
    assert answer["found"] == "did not end within 3 s"
    assert "less busy" in answer["advice"]
    if sys.platform == "linux":
        pid = int(started.read_text())
        for _ in range(100):
            stat = Path(f"/proc/{pid}/stat")
            if not stat.exists() or " Z " in stat.read_text():
                return
            time.sleep(0.05)
        pytest.fail("the process that it started is still there")


def test_an_error_of_the_question_itself_is_an_answer(tmp_path, monkeypatch):
    modules(tmp_path, monkeypatch, torch="raise OSError('libtorch.so is missing')")
    (answer,) = ask(["threads"], seconds=60, folder=tmp_path)
    assert answer == {"state": BROKEN, "found": "OSError: libtorch.so is missing", "advice": ""}


def test_a_file_in_the_working_directory_is_not_the_package(tmp_path, monkeypatch):
    (tmp_path / "tqdm.py").write_text("raise SystemExit('not tqdm')")
    monkeypatch.chdir(tmp_path)
    (answer,) = ask(["modules", "tqdm"], seconds=60, folder=tmp_path)
    assert answer["state"] == OK
