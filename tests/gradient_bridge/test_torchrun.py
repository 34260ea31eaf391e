"""A script of the user under torchrun: the same numbers, and an end where one process is killed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from chronaxie.gradient_bridge import fit
from chronaxie.gradient_bridge.checkpoints import load_checkpoint

from .tiny import QUICK, student, task

SCRIPT = """
import os, signal, sys
sys.path.insert(0, {folder!r})
from brian2 import prefs
prefs.codegen.target = "numpy"
import tiny
import torch
from chronaxie.gradient_bridge import fit
out, rank, killed = sys.argv[1], os.environ["RANK"], sys.argv[2:]
twin, calls = tiny.student(), []
def die(*_):
    calls.append(1)
    if len(calls) == 8:  # 2 batches and 1 evaluation an epoch: in the second batch of epoch 2
        os.kill(os.getpid(), signal.SIGKILL)
if rank in killed:
    twin.register_forward_hook(die)
path = out + "/run.pt"
history = fit(
    twin, tiny.task(), **tiny.QUICK, checkpoint=path, resume=os.path.exists(path), distributed=True
)
torch.save(
    {{"train_loss": torch.from_numpy(history.train_loss.values), **twin.state_dict()}}, out + "/" + rank + ".pt"
)
"""


def torchrun(folder, *arguments):
    """Two processes; the exit code and what they wrote to stderr."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(folder=str(Path(__file__).parent)))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, script, folder, *arguments], capture_output=True, text=True, timeout=150, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.slow
def test_a_killed_process_ends_the_run_which_resumes_to_the_same_curve(tmp_path):
    path = tmp_path / "run.pt"
    began = time.monotonic()
    code, said = torchrun(tmp_path, "1")
    assert code != 0
    assert time.monotonic() - began < 120  # a hang would last for the time-out of ten minutes
    assert "ProcessLost: fit: epoch 2: process 0 of 2: " in said
    assert f"{path} holds the last complete epoch: start all processes again with resume=True" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.pt", "script.py"]
    assert load_checkpoint(path)["epoch"] == 2
    code, said = torchrun(tmp_path)
    assert code == 0, said
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    twin = student()
    history = fit(twin, task(), **QUICK)
    alone = {"train_loss": torch.from_numpy(history.train_loss.values), **twin.state_dict()}
    assert len(alone["train_loss"]) == 4
    for name, value in alone.items():
        assert torch.equal(found[0][name], found[1][name]), name
        torch.testing.assert_close(found[0][name], value, rtol=0, atol=1e-12)  # sums in another order
