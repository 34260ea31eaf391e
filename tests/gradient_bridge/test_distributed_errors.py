"""`fit(distributed=True)`: what is refused, and what happens when a process ends."""

import os
import time
from datetime import timedelta

import pytest
import torch
from brian2 import Hz, ms

from chronaxie.gradient_bridge import RateLoss, Twin, distributed, fit
from chronaxie.gradient_bridge.checkpoints import load_checkpoint
from chronaxie.models import srnn

from .processes import apart, in_processes, numbers, same
from .tiny import QUICK, student, task

ROUNDING = 1e-12  # sums in another order


def refused(function, folder, size=2):
    """The one error of all processes, as its type and text."""
    found = in_processes(function, folder, size=size)
    assert all("error" in f for f in found), found
    assert len({(f["error"], f["message"]) for f in found}) == 1, found
    return f"{found[0]['error']}: {found[0]['message']}"


def test_without_torchrun_it_says_how_to_start():
    with pytest.raises(
        ValueError, match="started alone; start it with torchrun --nproc-per-node 2 script.py"
    ):
        fit(student(), task(), **QUICK, distributed=True)
    with pytest.raises(ValueError, match="distributed: expected True, False or None, got 'gloo'"):
        fit(student(), task(), **QUICK, distributed="gloo")


def test_one_of_several_processes_does_not_train_the_whole_silently(tmp_path):
    path = tmp_path / "run.pt"
    found = in_processes(lambda _: numbers(student(), task(), **QUICK, checkpoint=path), tmp_path)
    for rank, error in enumerate(found):
        assert f"this is process {rank} of 2, and each would train the whole" in error["message"]
    assert not path.exists()


def test_a_loss_of_the_recording_is_refused(tmp_path):
    call = {"loss": RateLoss("hidden1", 20 * Hz), "duration": 80 * ms, "progress": False}
    message = refused(lambda _: numbers(student(), **call, distributed=True), tmp_path)
    assert "ValueError: fit: distributed splits the trials of a task; a loss of the recording" in message
    found = in_processes(lambda _: numbers(student(), **call), tmp_path)
    assert all("each would train the whole" in f["message"] for f in found)


def model_with(layer):
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(2, 20), layer, torch.nn.Linear(20, 2))


@pytest.mark.parametrize(
    "layer, message",
    [
        (torch.nn.Dropout(0.3), "draws random numbers .dropout.. from torch's global stream"),
        (torch.nn.BatchNorm1d(20), r"1 \(BatchNorm1d\) takes means over the trials"),
    ],
)
def test_layers_that_mix_or_draw_are_refused(layer, message, tmp_path):
    found = refused(lambda _: numbers(model_with(layer), task(), **QUICK, distributed=True), tmp_path)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(found)


def test_another_network_is_refused_by_name(tmp_path):
    def train(rank):
        net = srnn(2, hidden=[6], outputs=2, seed=0)
        net["hidden1"].b0 = 0.01 + 0.001 * rank
        return numbers(Twin(net, trainable=("w",)), task(), **QUICK, distributed=True)

    assert "process 1 has other values than process 0: hidden1.b0; make network and task" in refused(
        train, tmp_path
    )


@pytest.mark.slow
def test_other_data_are_refused_by_name(tmp_path):
    def train(rank):
        data = task()
        data.valid["stimulus"].values[0, 0, 0] ^= rank
        return numbers(student(), data, **QUICK, distributed=True)

    assert "process 0: the validation set; make network" in refused(train, tmp_path)


def stop_at(twin, call, stop):
    """Run ``stop`` in the so many-th pass of a twin."""
    calls = []

    def count(*_):
        calls.append(1)
        if len(calls) == call:
            stop()

    twin.register_forward_hook(count)
    return twin


def test_an_error_in_one_process_ends_all_and_the_checkpoint_is_resumed(tmp_path):
    """By other processes, by one process: in the end the numbers are those of a run without interruption."""
    path = tmp_path / "run.pt"

    def fail():
        raise OSError("no space left")

    def train(rank):
        twin = student()
        if rank == 1:
            stop_at(twin, 8, fail)  # 2 batches and 1 evaluation an epoch: in the second batch of epoch 2
        return numbers(twin, task(), **QUICK, checkpoint=path, distributed=True)

    lost, failed = in_processes(train, tmp_path)
    assert failed == {"error": "OSError", "message": "no space left"}
    assert lost["error"] == "ProcessLost"
    assert lost["message"].startswith("fit: epoch 2: process 0 of 2: no answer from the others (")
    assert lost["message"].endswith(
        "run.pt holds the last complete epoch: start all processes again with resume=True"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]
    kept = path.read_bytes()
    assert load_checkpoint(path)["epoch"] == 2
    whole = numbers(student(), task(), **QUICK)
    again = {**QUICK, "checkpoint": path, "resume": True}
    first, second = in_processes(lambda _: numbers(student(), task(), **again, distributed=True), tmp_path)
    assert same(first, second)
    assert apart(first, whole) < ROUNDING
    path.write_bytes(kept)
    assert apart(numbers(student(), task(), **again), whole) < ROUNDING


def test_a_process_that_is_killed_is_noticed(tmp_path):
    def train(rank):
        twin = student()
        if rank == 0:
            stop_at(twin, 2, lambda: os.kill(os.getpid(), 9))
        return numbers(twin, task(), **QUICK, distributed=True)

    killed, lost = in_processes(train, tmp_path)
    assert killed is None
    assert lost["error"] == "ProcessLost"
    assert "fit: epoch 0: process 1 of 2: no answer from the others (" in lost["message"]
    assert lost["message"].endswith("no checkpoint was given, so nothing is kept: start again")


@pytest.mark.slow
def test_a_process_that_hangs_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(distributed, "TIMEOUT", timedelta(seconds=5))

    def train(rank):
        twin = student()
        if rank == 1:
            stop_at(twin, 2, lambda: time.sleep(8))
        return numbers(twin, task(), **QUICK, checkpoint=tmp_path / "run.pt", distributed=True)

    waiting, late = in_processes(train, tmp_path)
    assert waiting["error"] == late["error"] == "ProcessLost"
    assert "process 0 of 2: no answer from the others (" in waiting["message"]
    assert waiting["message"].endswith("no epoch was complete: start again")


@pytest.mark.slow
def test_only_what_all_have_is_resumed(tmp_path):
    """A process that reads another file than the first is refused."""
    for rank in (0, 1):
        numbers(student(), task(), **QUICK, checkpoint=tmp_path / f"{rank}.pt", select="last", seed=rank)

    def train(rank):
        options = {**QUICK, "select": "last", "seed": rank}
        return numbers(
            student(), task(), **options, checkpoint=tmp_path / f"{rank}.pt", resume=True, distributed=True
        )

    assert "process 1 has other values than process 0: options, trained." in refused(train, tmp_path)
