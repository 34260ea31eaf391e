import numpy as np
import pytest

from chronaxie.studies.scoring import accuracies, decisions
from chronaxie.studies.task import make_split


def split(label, steps=4):
    label = np.array(label, dtype=np.int8)
    return make_split(
        np.zeros((len(label), steps, 1), np.uint8), label, dt=1e-3, trial=np.arange(len(label)), channel=["c"]
    )


def scores_for(decided, classes):
    return np.eye(classes)[np.array(decided)]


def test_labels_of_trials():
    ds = split([0, 1, 2, -1])
    prediction = decisions(scores_for([0, 1, 1, 2], 3), ds)
    assert prediction.dims == ("trial",)
    assert prediction.values.tolist() == [0, 1, 1, 2]
    found = accuracies(prediction, ds, unlabelled_class="a")
    assert found["accuracy"][0] == pytest.approx(2 / 3)
    assert "labelled trials" in found["accuracy"][1]
    assert "accuracy_yin" not in found


def test_labels_in_time_have_the_papers_convention_only_where_the_task_has_it():
    ds = split([[0, 1, -1, 1] * 4], steps=16)
    prediction = decisions(scores_for([[0, 1, 0, 0] * 4], 2), ds)
    found = accuracies(prediction, ds, unlabelled_class="P")
    assert found["accuracy"][0] == pytest.approx(2 / 3)
    assert found["accuracy_yin"][0] == pytest.approx(np.mean([True, False, True, True, True, False]))
    assert "unlabelled steps are class P" in found["accuracy_yin"][1]
    assert "accuracy_yin" not in accuracies(prediction, ds)


def test_scores_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 4, 2\), labels \(3,\).*reduce"):
        decisions(np.zeros((3, 4, 2)), split([0, 1, 0]))
