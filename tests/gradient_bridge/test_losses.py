"""Losses and decisions on class scores, against torch and NumPy on the scores as they come."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge.losses import IGNORED, classes_first, count_correct, cross_entropy

SHAPES = {"labels in time": (5, 7), "a label per trial": (40,)}


def example(shape, seed=0):
    """Scores of four classes and labels, two of them ignored."""
    rng = torch.Generator().manual_seed(seed)
    scores = torch.randn(*shape, 4, generator=rng, dtype=torch.float64)
    labels = torch.randint(0, 4, shape, generator=rng)
    labels.view(-1)[[1, 4]] = IGNORED
    return scores, labels


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_loss_is_the_mean_over_what_is_labelled(shape, weights):
    scores, labels = example(shape)
    scores.requires_grad_()
    found = cross_entropy(classes_first(scores), labels, scale=3.0, weights=weights)
    expected = torch.nn.functional.cross_entropy(
        3.0 * scores.reshape(-1, 4), labels.reshape(-1), weight=weights, ignore_index=IGNORED
    )
    assert found.item() == pytest.approx(expected.item(), rel=1e-12)
    (ours,), (theirs,) = torch.autograd.grad(found, scores), torch.autograd.grad(expected, scores)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_parts_of_a_batch_add_up(shape):
    scores, labels = example(shape)
    parts = (slice(0, 2), slice(2, None))
    found = sum(
        cross_entropy(classes_first(scores[p]), labels[p], scale=1.0, weights=None, whole=labels)
        for p in parts
    )
    whole = cross_entropy(classes_first(scores), labels, scale=1.0, weights=None)
    assert found.item() == pytest.approx(whole.item(), rel=1e-12)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("tied", [False, True])
def test_the_first_of_several_largest_scores_decides(shape, tied):
    scores, labels = example(shape)
    if tied:  # two classes are largest everywhere, three in one place
        scores[..., 2] = scores[..., 1] = scores.amax(-1) + 1
        scores.view(-1, 4)[3, 0] = scores.view(-1, 4)[3, 1]
    decided, wanted = scores.numpy().argmax(-1), labels.numpy()
    kept = wanted != IGNORED
    right, counted = count_correct(classes_first(scores), labels)
    assert (right, counted) == (int(np.sum((decided == wanted) & kept)), int(kept.sum()))
    assert right > 0


def test_a_lost_score_beside_a_tie():
    """One column without a largest score and one with two: as many largest ones as columns."""
    scores = torch.tensor([[torch.nan, 0.0], [1.0, 1.0]])
    labels = torch.tensor([1, 1])
    assert count_correct(classes_first(scores), labels) == (int((scores.argmax(-1) == labels).sum()), 2)


def test_scores_and_labels_of_other_shapes():
    scores, labels = example((5, 7))
    with pytest.raises(ValueError, match=r"shape \(5, 7, 4\), labels \(5,\).*readout that reduces over time"):
        cross_entropy(classes_first(scores), labels[:, 0], scale=1.0, weights=None)
