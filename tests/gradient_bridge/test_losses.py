"""Losses and decisions on class scores, in torch and in C, against torch and NumPy on the scores as they come."""

import numpy as np
import pytest
import torch

from chronaxie.gradient_bridge.fused import scores as in_c
from chronaxie.gradient_bridge.losses import IGNORED, judge, total_weight

SHAPES = {"labels in time": (5, 7), "a label per trial": (40,), "several shares": (33, 70), "one": (1,)}
JUDGES = {"torch": judge, "C": in_c.judge}
ORDERS = {
    "trials first": lambda s: s,
    "steps first": lambda s: s.transpose(0, -2).contiguous().transpose(0, -2),
}
WEIGHTS = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)


@pytest.fixture(params=JUDGES.values(), ids=JUDGES)
def judged(request):
    """One of the two, with the weight of its own labels where no total is given."""

    def call(scores, targets, truth=None, *, scale=1.0, weights=None, total=None):
        total = total_weight(targets, weights) if total is None else total
        truth = targets if truth is None else truth
        return request.param(scores, targets, truth, scale=scale, weights=weights, total=total)

    return call


def example(shape, classes=4, seed=0, dtype=torch.float64):
    """Scores and labels, some of them ignored."""
    rng = torch.Generator().manual_seed(seed)
    scores = torch.randn(*shape, classes, generator=rng, dtype=torch.float64).to(dtype)
    labels = torch.randint(0, classes, shape, generator=rng)
    labels.view(-1)[1::3] = IGNORED
    return scores, labels


def with_gradient(call, scores):
    """A loss and its derivative by the scores."""
    scores = scores.clone(memory_format=torch.preserve_format).requires_grad_()
    loss = call(scores)
    (slopes,) = torch.autograd.grad(loss, scores)
    return loss.item(), slopes


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["even", "weighted"])
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_loss_is_the_mean_over_what_is_labelled(judged, shape, order, weights):
    scores, labels = example(shape)
    loss, slopes = with_gradient(
        lambda s: judged(s, labels, scale=3.0, weights=weights)[0],
        order(scores) if len(shape) > 1 else scores,
    )
    expected, wanted = with_gradient(
        lambda s: torch.nn.functional.cross_entropy(
            3.0 * s.reshape(-1, 4), labels.reshape(-1), weight=weights, ignore_index=IGNORED
        ),
        scores,
    )
    assert loss == pytest.approx(expected, rel=1e-13)
    torch.testing.assert_close(slopes, wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("classes", [1, 2, 35])
def test_single_precision_is_as_near_as_torch(classes):
    """In C, against the double precision of torch: not twice as far as torch's own single precision."""
    scores, labels = example((40, 50), classes, dtype=torch.float32)

    def by(call, dtype):
        given = {"scale": 10.0, "weights": None, "total": total_weight(labels, None)}
        return with_gradient(lambda s: call(s, labels, labels, **given)[0], scores.to(dtype))

    (loss, slopes), (exact, wanted) = by(in_c.judge, torch.float32), by(judge, torch.float64)
    theirs, its = by(judge, torch.float32)
    assert abs(loss - exact) <= max(2 * abs(theirs - exact), 1e-6 * exact)
    assert (slopes - wanted).abs().max() <= max(2 * (its - wanted).abs().max(), 1e-10)


def test_a_loss_that_is_weighted(judged):
    """What comes after the loss reaches the scores."""
    scores, labels = example((5, 7))
    _, once = with_gradient(lambda s: judged(s, labels)[0], scores)
    _, thrice = with_gradient(lambda s: 3 * judged(s, labels)[0], scores)
    torch.testing.assert_close(thrice, 3 * once)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_parts_of_a_batch_add_up(judged, shape):
    scores, labels = example(shape)
    parts = [p for p in (slice(0, 2), slice(2, None)) if len(labels[p])]
    total = total_weight(labels, WEIGHTS)
    found = sum(judged(scores[p], labels[p], weights=WEIGHTS, total=total)[0] for p in parts)
    assert found.item() == pytest.approx(judged(scores, labels, weights=WEIGHTS)[0].item(), rel=1e-13)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("tied", [False, True])
def test_the_first_of_several_largest_scores_decides(judged, shape, tied):
    scores, labels = example(shape)
    truth = labels.roll(1)
    if tied:  # two classes are largest everywhere, three in one place
        scores[..., 2] = scores[..., 1] = scores.amax(-1) + 1
        scores.view(-1, 4)[-1, 0] = scores.view(-1, 4)[-1, 1]
    decided, wanted = scores.numpy().argmax(-1), truth.numpy()
    kept = wanted != IGNORED
    _, right, counted = judged(scores, labels, truth)
    assert (right, counted) == (int(np.sum((decided == wanted) & kept)), int(kept.sum()))
    assert right > 0 or len(labels) == 1


def test_a_score_that_is_lost(judged):
    """NaN is the largest score and loses the loss; where no label looks, it is found in the derivative alone."""
    scores = torch.tensor([[torch.nan, 0.0], [1.0, 1.0], [torch.nan, 1.0]], dtype=torch.float64)
    labels = torch.tensor([1, 1, 0])
    loss, right, counted = judged(scores, labels)
    assert (right, counted, loss.isnan().item()) == (int((scores.argmax(-1) == labels).sum()), 3, True)
    labels[[0, 2]] = IGNORED
    loss, slopes = with_gradient(lambda s: judged(s, labels)[0], scores)
    assert loss == pytest.approx(np.log(2))
    assert slopes[1].tolist() == [0.5, -0.5]
    assert slopes[[0, 2]].isnan().all()


def test_scores_of_any_size(judged):
    scores = torch.tensor([[1e30, 0.0], [0.0, 1e30], [-torch.inf, 0.0]], dtype=torch.float64)
    loss, slopes = with_gradient(lambda s: judged(s, torch.tensor([0, 1, 1]))[0], scores)
    assert loss == 0
    assert not slopes.any()


def test_a_label_that_is_no_class_in_c():
    scores, labels = example((5, 7))
    for wrong in (4, -1):
        labels[2, 3] = wrong
        with pytest.raises(ValueError, match="a label is none of the classes 0 to 3"):
            in_c.judge(scores, labels, labels, scale=1.0, weights=None, total=30)


def test_the_number_of_threads_changes_no_bit():
    scores, labels = example((64, 130), dtype=torch.float32)
    found = []
    for threads in (3, 2, 1):
        torch.set_num_threads(threads)
        found.append(
            with_gradient(
                lambda s: in_c.judge(s, labels, labels, scale=1.0, weights=None, total=7.0)[0], scores
            )
        )
    for loss, slopes in found[1:]:
        assert loss == found[0][0]
        assert torch.equal(slopes, found[0][1])


def test_scores_and_labels_of_other_shapes(judged):
    scores, labels = example((5, 7))
    with pytest.raises(ValueError, match=r"shape \(5, 7, 4\), labels \(5,\).*readout that reduces over time"):
        judged(scores, labels[:, 0])
