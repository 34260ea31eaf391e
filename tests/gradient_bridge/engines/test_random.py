"""Random networks in the fused engine: outputs to the bit where every operation is rounded alike, and derivatives.

The same networks in every run; ``pytest --hypothesis-seed=N`` draws others. `random_networks` draws them and
`random_plans` takes out most of what the engine refuses; of what is left at least half must run.
"""

from collections import Counter

import hypothesis
import pytest
from brian2 import ms
from hypothesis import HealthCheck, Phase, given, settings

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.refusals import refuse_dead_ends
from chronaxie.models.errors import UnsupportedModel

from ..random_networks import networks
from ..random_networks_build import build, namespace
from .comparing import derivatives, loss_of, outputs, unequal, unequal_derivatives
from .random_plans import suited

FAST, PARTS, PER_PART = 8, 10, 20
TRIALS = 3
TRACES = 1e-9  # of steps with transcendental functions
TRAINED = ("w", "tau", "drive", "v", "h")


def trainable(net, names):
    """Patterns of what a network has of `TRAINED` and a gradient reaches."""
    program = Twin(net, namespace=names, engine="reference").program
    return tuple(key for key in program.arrays if key.rpartition(".")[2] in TRAINED and reached(program, key))


def reached(program, key):
    """Whether a statement passes a gradient to an array."""
    try:
        refuse_dead_ends(program, key)
    except UnsupportedModel:
        return False
    return True


def run(twin, steps):
    """Outputs and derivatives of one pass."""
    record = {
        o: [v for v in ("v", "u", "g") if f"{o}.{v}" in twin.program.arrays]
        for o in {key.rpartition(".")[0] for key in twin.program.arrays if key.endswith(".tau")}
    }
    out = outputs(twin(duration=steps * 0.5 * ms, trials=TRIALS, record=record))
    return out, derivatives(loss_of(out, ("spikes", "trace", "final")), dict(twin.named_parameters()))


def differences(plan):
    """(what differs between the engines, whether it is exact); None where the fused engine refuses the network."""
    net, names = build(plan), namespace()
    options = {"namespace": names, "trainable": trainable(net, names)}
    try:
        twin = Twin(net, engine="fused", **options)
        ours = run(twin, plan.steps)
    except UnsupportedModel:
        return None
    theirs = run(Twin(net, engine="reference", **options), plan.steps)
    wrong = unequal(ours[0], theirs[0], tolerance=0 if twin._engine.exact else TRACES)
    return wrong | unequal_derivatives(ours[1], theirs[1]), twin._engine.exact


def drawn(count, seed, largest=2):
    """Draw networks and hold the engines against each other; returns how many ran and how many are exact."""
    seen = Counter()

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(networks(largest).map(suited))
    def hold(plan):
        found = differences(plan)
        seen["networks"] += 1
        if found is None:
            return
        seen.update({"run": 1, "exact": found[1]})
        assert not found[0], f"what differs: {found[0]}"

    hold()
    return seen


@pytest.fixture
def base(pytestconfig):
    """Seed of the drawn networks: pytest's own option for hypothesis, else always the same."""
    given_seed = pytestconfig.getoption("hypothesis_seed")
    return 0 if given_seed is None else int(given_seed)


@pytest.mark.slow
def test_a_few_random_networks(base):
    seen = drawn(FAST, 1000 * base, largest=1)
    assert seen["run"] >= seen["networks"] / 2, seen


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_networks(part, base):
    seen = drawn(PER_PART, 1000 * base + 1 + part)
    assert seen["run"] >= seen["networks"] / 2, seen
    assert 0 < seen["exact"] < seen["run"], seen
