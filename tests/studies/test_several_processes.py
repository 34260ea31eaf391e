"""Commands that train under torchrun: one output, one set of files, the loss of one process."""

import contextlib
import io

import numpy as np
import pytest

from chronaxie import analyses
from chronaxie.studies import processes
from chronaxie.studies.cli import main
from chronaxie.studies.results import read_result

from ..gradient_bridge.processes import in_processes

ARGUMENTS = {
    "alif": ["synthetic_ecg", "--brian2-trials", "3"],
    "gru": ["digits"],
}


def command(*arguments):
    """Exit code of a command and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*map(str, arguments)])
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


@pytest.mark.parametrize("model", ARGUMENTS)
def test_train_in_two_processes(model, small_tasks, tmp_path, monkeypatch):
    monkeypatch.setattr(analyses, "figures", lambda *arguments, **options: [])
    sizes = ["--epochs", 2, "--batch-size", 7, "--hidden", 5]
    given = ["train", *ARGUMENTS[model], "--model", model, *sizes]
    two, one = tmp_path / "two", tmp_path / "one"
    first, second = in_processes(lambda _: command(*given, "--out", two), tmp_path)
    assert second == {"code": 0, "out": "", "err": ""}
    assert first["code"] == 0, first["err"]
    assert "written:" in first["out"]
    assert "data: made up" in first["err"]
    assert "training: 100%" in first["err"]
    assert command(*given, "--out", one)["code"] == 0
    assert sorted(p.name for p in two.iterdir()) == sorted(p.name for p in one.iterdir())
    (path,) = two.glob("train_*.nc")
    found, expected = read_result(path), read_result(one / path.name)
    np.testing.assert_allclose(found.train_loss, expected.train_loss, rtol=1e-5)  # float32
    assert found.attrs["training"] == expected.attrs["training"]


def test_what_one_process_finds_before_the_training_ends_the_run(small_tasks, tmp_path):
    """The first process looks at the folder; torchrun ends the others, which wait for it."""

    def train(rank):
        if rank == 1:  # as torchrun would after the first has failed
            return {}
        return command("train", "digits", "--out", tmp_path / "out", "--resume")

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "train_digits_alif_seed0.nc").touch()
    first, _ = in_processes(train, tmp_path)
    assert first["code"] == 1
    assert first["err"].startswith("chronaxie (process 0 of 2): ")
    assert "is there already; give --overwrite" in first["err"]


def test_other_commands_are_not_started_several_times(tmp_path):
    for rank, found in enumerate(in_processes(lambda _: command("show", "x.nc"), tmp_path)):
        assert found["code"] == 1
        assert found["err"] == (
            f"chronaxie (process {rank} of 2): only train and run ecg can be split between processes; start this "
            "command without torchrun\n"
        )


def test_without_torchrun_there_is_one_process():
    assert processes.number_and_count() == (0, 1)
    assert processes.is_first()
    assert not processes.are_several()
