"""Random networks: the twin against Brian2's numpy target, every spike, trace and final value to the bit.

The same networks in every run; ``pytest --hypothesis-seed=N`` draws others. A network that differs is shrunk by
hypothesis and printed as the expression that makes it: it goes into `random_networks_found` under a name.
"""

import re
from collections import Counter
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings

from chronaxie.gradient_bridge.refusals import NEVER_RUNS
from chronaxie.models.errors import UnsupportedModel

from .random_networks import networks
from .random_networks_compare import differences, stops
from .random_networks_found import FOUND, NEITHER_RUNS

PARTS, PER_PART, FAST = 10, 50, 15
# What a plan's text shows of each feature; the slow run must have had each of them often.
FEATURES = {
    **{
        f"method {name}": f"method='{name}'"
        for name in ("exact", "linear", "euler", "rk2", "rk4", "heun", "milstein")
    },
    "method exponential_euler": "method='exponential_euler'",
    "noise": r"\bxi\b",
    "several noises": r"\bxi_2\b",
    "rand": r"\brand\(\)",
    "randn": r"\brandn\(\)",
    "poisson": r"\bpoisson\(",
    "timed array": r"\bstim\(",
    "timed array, 2-d": r"\bstim2\(",
    "constant over dt": "constant over dt",
    "unless refractory": "unless refractory",
    "refractory time": "refractory=1.3",
    "refractory variable": "refractory='pause'",
    "refractory condition": "refractory='v > 0.6'",
    "refractory steps": "timestep",
    "linked": r"linked='",
    "event": r"event=\('v",
    "synapses of an event": "event='high'",
    "moving threshold": "v > theta",
    "run_regularly": r"Regular\(",
    "spike generator": "rates=None",
    "periodic": "period_ms=7.0",
    "Poisson group": "rates='",
    "Poisson input": r"InputPlan\(",
    "several clocks": r"dt_ms=(1.0|0.25|0.7)",
    "schedule": "after_|before_",
    "delays": r"'each'\)",
    "fractions of a step": r"'fraction'\)",
    "several pathways": r"'fast'",
    "on_post": "on_post='[^']",
    "event-driven": "event-driven",
    "clock-driven": "clock-driven",
    "summed": r"\(summed\)",
    "subgroups": r"_part=\(",
    "several of a pair": "copy",
    "one synapse at a time": r"g_post = g_post",
    "onto synapses": r"w_post",
    "writes to the sender": r"_pre \+?= ",
    "user function": r"bump\(",
    "network that has run": "before=13",
    "float32": "float32=True",
}


def drawn(count, seed, largest=3):
    """Draw networks and hold the twin against Brian2; returns what was seen of the features, and totals."""
    seen = Counter()

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),  # explaining traces every line: three times as slow
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(networks(largest))
    def hold(plan):
        try:
            wrong, spikes, neuron_steps = differences(plan)
        except UnsupportedModel as error:
            if NEVER_RUNS not in str(error) or not stops(plan):
                raise
            reject()
        text = repr(plan)
        seen.update(name for name, pattern in FEATURES.items() if re.search(pattern, text))
        seen.update({"networks": 1, "spiking": spikes >= 10, "spikes": spikes, "neuron-steps": neuron_steps})
        assert not wrong, f"elements that differ: {wrong}"

    hold()
    return seen


@pytest.fixture
def base(pytestconfig):
    """Seed of the drawn networks: pytest's own option for hypothesis, else always the same."""
    given_seed = pytestconfig.getoption("hypothesis_seed")
    return 0 if given_seed is None else int(given_seed)


def test_a_few_small_random_networks(base):
    seen = drawn(FAST, 1000 * base, largest=1)
    assert seen["networks"] >= FAST
    assert seen["spiking"] > seen["networks"] / 2, seen


@pytest.fixture(scope="module")
def seen_so_far():
    """Features of all parts of the slow run."""
    return Counter()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_networks(part, base, seen_so_far):
    seen = drawn(PER_PART, 1000 * base + 1 + part)
    assert seen["networks"] >= PER_PART
    assert seen["spiking"] > seen["networks"] / 2, seen
    seen_so_far.update(seen)


@pytest.mark.slow
def test_the_random_networks_had_every_feature_several_times(seen_so_far):
    if seen_so_far["networks"] < PARTS * PER_PART:
        pytest.skip("needs all parts of test_many_random_networks in the same run")
    print(dict(seen_so_far))
    rare = {name: seen_so_far[name] for name in FEATURES if seen_so_far[name] < 5}
    assert not rare, f"features that hardly any network had: {rare}"


@pytest.mark.parametrize("name", FOUND)
def test_networks_that_once_differed(name):
    wrong, spikes, _ = differences(FOUND[name])
    assert not wrong, f"elements that differ: {wrong}"


@pytest.mark.parametrize("name", NEITHER_RUNS)
def test_networks_that_brian2_cannot_run_are_refused_with_what_to_do(name):
    for before in (0, 13):
        with pytest.raises(UnsupportedModel, match=NEVER_RUNS + ".*link to a copy"):
            differences(replace(NEITHER_RUNS[name], before=before))
    assert stops(NEITHER_RUNS[name])
