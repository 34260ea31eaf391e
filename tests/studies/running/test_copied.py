"""Workers that are copies of their parent: where they may be, what they hold, and that they end with it."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from chronaxie._locks import lock_now
from chronaxie.studies.running import environment
from chronaxie.studies.running.copied import copied
from chronaxie.studies.running.environment import ENVIRONMENT, can_be_copied


def script(text, *arguments, environment=ENVIRONMENT):
    """A Python process of one thread, as the parent of a sweep is."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def said(process):
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.split()


WHETHER = """
import os, sys, threading, time
from chronaxie.studies.running.environment import can_be_copied
print(can_be_copied())
stop = threading.Event()
other = threading.Thread(target=stop.wait)
other.start()
print(can_be_copied())
stop.set()
other.join()
until = time.monotonic() + 30
while len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < until:  # joined, it has yet to end
    time.sleep(0.01)
print(can_be_copied())
"""


def test_only_a_process_like_a_worker_is_copied():
    assert not can_be_copied()  # of the tests: its sets have another order
    assert said(script(WHETHER)) == ["True", "False", "True"]
    assert said(script(WHETHER, environment=ENVIRONMENT | {"OMP_NUM_THREADS": "2"})) == ["False"] * 3


def test_a_copy_has_its_own_place_streams_and_group(tmp_path):
    found = script(
        """
        import os, sys
        from pathlib import Path
        from chronaxie.studies.running.copied import copied

        def work():
            print(os.getcwd(), os.getpgid(0) == os.getpid(), os.read(0, 1))
            os.write(2, b"to stderr")
            return 7

        def fail():
            raise KeyError("of the worker")

        here = Path(sys.argv[1])
        with copied(work, cwd=here) as process:
            assert process.stdout.readall().decode() == f"{here} True b''\\n"
            assert process.stderr.readall() == b"to stderr"
            print(process.wait())
        with copied(fail, cwd=here) as process:
            print(b"KeyError: 'of the worker'" in process.stderr.readall(), process.wait())
        with copied(lambda: os.kill(os.getpid(), 9), cwd=here) as process:
            print(process.wait())
        """,
        tmp_path,
    )
    assert said(found) == ["7", "True", "1", "-9"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_copy_of_a_process_whose_streams_are_closed(closed, tmp_path):
    text = """
        import os, sys
        from pathlib import Path
        from chronaxie.studies.running.copied import copied

        here = Path(sys.argv[1])
        with open(here / "found", "w") as file:  # has the number of a closed stream
            for _ in range(2):
                with copied(lambda: os.write(1, b"to stdout") + os.write(2, b"to stderr"), cwd=here) as process:
                    print(process.stdout.readall(), process.stderr.readall(), process.wait(), file=file)
    """
    command = [sys.executable, "-c", textwrap.dedent(text), str(tmp_path)]
    subprocess.run(["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command], timeout=60, check=True)
    assert (tmp_path / "found").read_text() == "b'to stdout' b'to stderr' 18\n" * 2


def test_a_command_whose_streams_are_closed_begins_again(monkeypatch):
    begun = []
    monkeypatch.setattr(environment, "_is_command", lambda: True)
    monkeypatch.setattr(environment.os, "execve", lambda *given: begun.append(given[2]))
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    environment.begin_again()
    assert [found["PYTHONHASHSEED"] for found in begun] == ["0"]


def test_copies_draw_their_own_numbers_and_collect_nothing_of_their_parent():
    found = script(
        """
        import gc, random
        import numpy as np
        import torch
        from chronaxie.studies.running.copied import copied

        def work():
            print(random.random(), np.random.random(), torch.rand(1).item(), gc.get_freeze_count() > 1000)
            return 0

        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(1)
        for _ in range(2):
            with copied(work, cwd=".") as process:
                print(process.stdout.readall().decode(), process.stderr.readall().decode(), process.wait())
        work()
        """
    )
    words = said(found)
    first, second, parent = words[:5], words[5:10], words[10:]
    assert [first[3:], second[3:], parent[3:]] == [["True", "0"], ["True", "0"], ["False"]]
    for numbers in zip(first[:3], second[:3], parent[:3], strict=True):
        assert len(set(numbers)) == 3


@pytest.mark.parametrize("fails", ["fork", "pipe"])
def test_where_no_copy_can_be_made_nothing_stays_open(fails, tmp_path, monkeypatch):
    real, calls = os.pipe, []

    def refuse():
        calls.append(fails)
        if fails == "fork" or len(calls) == 3:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return real()

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(os, fails, refuse)
    with (
        pytest.raises(RuntimeError, match="started: Resource temporarily unavailable; .*: --workers N"),
        copied(lambda: 0, cwd=tmp_path),
    ):
        pass
    assert os.listdir("/proc/self/fd") == before


def test_copies_end_with_their_parent_and_hold_none_of_its_locks(tmp_path):
    # Two of them: the second has the first one's pipes when it begins.
    parent = script(
        """
        import os, sys, time
        from contextlib import ExitStack
        from pathlib import Path
        from chronaxie._locks import claimed
        from chronaxie.studies.running.copied import copied

        def work():
            print(os.getpid(), flush=True)
            time.sleep(600)

        here = Path(sys.argv[1])
        with claimed(here / ".lock"), ExitStack() as stack:
            for _ in range(2):
                print(stack.enter_context(copied(work, cwd=here)).stdout.readline().decode(), end="", flush=True)
            time.sleep(600)
        """,
        tmp_path,
    )
    copies = [int(parent.stdout.readline()) for _ in range(2)]
    assert lock_now(tmp_path / ".lock") is None
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    free = lock_now(tmp_path / ".lock")
    assert free is not None
    free.close()
    end = time.monotonic() + 20
    while any(_runs(pid) for pid in copies):
        assert time.monotonic() < end, "a copy outlives its parent"
        time.sleep(0.02)


def _runs(pid):
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
