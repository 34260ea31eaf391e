"""One contract for all engines: what the reference engine computes, the others compute."""

import pytest
import torch

from .cases import CASES
from .comparing import derivatives, loss_of, outputs, unequal, unequal_derivatives

TRACES = 1e-9  # of steps with transcendental functions; criterion 1


QUICK = (
    "ALIF layer and readout",
    "LIF",
    "spikes in finer steps",
)  # each case is C of its own, with gradients and without


def marked(cases, quick=None):
    """Cases as parameters; of the fast ones all, or some, are for every run."""
    slow = {c.name for c in cases if c.slow or not (quick is None or c.name in quick)}
    return [pytest.param(c, id=c.name, marks=[pytest.mark.slow] if c.name in slow else []) for c in cases]


def both(case, engine, dtype=torch.float64):
    """Outputs and derivatives of an engine and of the reference engine, with gradients."""
    net, found = case.network(), []
    for name in (engine, "reference"):
        twin = case.twin(net, name, dtype=dtype)
        stimulus, options, leaves = case.call(twin, dtype)
        out = outputs(twin(stimulus, **options))
        leaves |= dict(twin.named_parameters())
        found.append((out, derivatives(loss_of(out, ("spikes", "trace", "final")), leaves)))
    return found


def enough(case, out):
    """Every group that is asked for spikes, and the traces are numbers."""
    for name, value in out.items():
        if name.startswith("spikes of") and name.removeprefix("spikes of ") not in case.quiet:
            assert int(value.sum()) >= 5, f"{name}: {int(value.sum())}: the case proves little"
        assert not value.is_floating_point() or bool(torch.isfinite(value).all()), f"{name} is not finite"


@pytest.mark.parametrize("case", marked(CASES, QUICK))
def test_outputs_without_gradients(case):
    net, found = case.network(), []
    for engine in ("fused", "reference"):
        twin = case.twin(net, engine)
        stimulus, options, _ = case.call(twin)
        with torch.no_grad():
            found.append(outputs(twin(stimulus, **options)))
    enough(case, found[1])
    assert not any(x.requires_grad for x in found[0].values())
    wrong = unequal(*found, tolerance=0 if case.exact else TRACES)
    assert not wrong, f"outputs that differ: {wrong}"


@pytest.mark.parametrize("case", marked(CASES))
def test_outputs_and_derivatives(case):
    (ours, by), (theirs, expected) = both(case, "fused")
    enough(case, theirs)
    nothing = [name for name, g in expected.items() if g is None or not bool(g.any())]
    assert not nothing, f"no derivative by {nothing}: the case proves little"
    wrong = unequal(ours, theirs, tolerance=0 if case.exact else TRACES)
    assert not wrong, f"outputs that differ: {wrong}"
    wrong = unequal_derivatives(by, expected)
    assert not wrong, f"derivatives that differ: {wrong}"
