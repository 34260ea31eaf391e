import pytest

from chronaxie.studies.tasks import TASKS, SyntheticECG, load_task

SMALL = SyntheticECG(train=2, valid=1, test=1, steps=3)


def test_a_task_by_name():
    task = load_task("synthetic_ecg", seed=1, config=SMALL)
    assert task.name == "synthetic_ecg"
    assert "seed 1" in task.source
    ecg, images, speech = (
        {"ecg", "synthetic_ecg", "ludb", "wfdb"},
        {"digits", "smnist", "psmnist"},
        {"shd", "ssc"},
    )
    assert set(TASKS) == ecg | images | speech | {"spoken_digits"}


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(
        ValueError,
        match="no task is called 'sythetic_ecg'; nearest: synthetic_ecg.*; all: ecg, synthetic_ecg",
    ):
        load_task("sythetic_ecg")


def test_the_embedded_task_refuses_a_folder():
    with pytest.raises(ValueError, match="reads no data, got data='somewhere'"):
        load_task("synthetic_ecg", data="somewhere")
