import sys
import time
from pathlib import Path

import pytest

from chronaxie.studies.doctor import BROKEN, OK
from chronaxie.studies.doctor.processes import ask, run


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


@pytest.mark.parametrize("ends", ["import sys; sys.exit(0)", "raise SystemExit"])
def test_a_module_that_exits_is_an_answer_and_the_next_is_imported(tmp_path, monkeypatch, ends):
    modules(tmp_path, monkeypatch, exits=ends, next_one="")
    found = ask(["modules", "exits", "next_one"], seconds=60, folder=tmp_path)
    assert [answer["state"] for answer in found] == [BROKEN, OK]
    assert found[0]["found"].startswith("SystemExit")


def test_a_process_that_ends_well_without_an_answer(tmp_path, monkeypatch):
    source = "import os; os.write(2, b'that was all'); os._exit(0)"
    modules(tmp_path, monkeypatch, ends=source)
    (answer,) = ask(["modules", "ends"], seconds=60, folder=tmp_path)
    assert answer["state"] == BROKEN
    assert answer["found"] == "the process ended without an answer: that was all"


def test_what_packages_print_is_in_no_answer(tmp_path, monkeypatch):
    answer = '{"state": "ok", "found": "x", "advice": ""}'
    modules(
        tmp_path,
        monkeypatch,
        half_a_line="print('hi', end='')",
        like_an_answer=f"print('{answer}')",
        from_c="import os; os.write(1, b'hi')",
    )
    names = ["half_a_line", "like_an_answer", "from_c"]
    found = ask(["modules", *names], seconds=60, folder=tmp_path)
    assert [(one["module"], one["state"]) for one in found] == [(name, OK) for name in names]


@pytest.mark.skipif(sys.platform != "linux", reason="real-time signals of Linux")
def test_a_signal_without_a_name(tmp_path, monkeypatch):
    modules(tmp_path, monkeypatch, ended="import os; os.kill(os.getpid(), 40)")
    (answer,) = ask(["modules", "ended"], seconds=60, folder=tmp_path)
    assert answer["found"] == "the process ended with signal 40"


def test_the_time_limit_holds_for_what_a_command_started(tmp_path):
    began = time.monotonic()
    code, said, _ = run(["sh", "-c", "echo begun; sleep 60; echo never"], seconds=0.5)
    assert (code, said) == (None, "begun\n")
    assert time.monotonic() - began < 30


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
