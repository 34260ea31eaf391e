"""`fit(distributed=True)` with networks that draw: each trial draws what it draws in one process, or it is refused."""

import pytest
from brian2 import Hz, NeuronGroup, PoissonInput, Synapses, ms

from chronaxie.gradient_bridge import Twin
from chronaxie.models import srnn

from .processes import apart, in_processes, numbers, same
from .tiny import QUICK, task

ROUNDING = 1e-12  # sums in another order, over a dozen steps of the optimiser


def noisy(*make):
    """The tiny network with further objects."""
    net = srnn(2, hidden=[6], outputs=2, seed=0, bias={"hidden1": 0.02})
    for function in make:
        net.add(function(net))
    return Twin(net, trainable=("w", "bias"), randomness="torch")


def background(net):
    """A binomial number of events in each step."""
    return PoissonInput(net["hidden1"], "v", 5, 40 * Hz, weight=0.01)


def source(net):
    """Cells that spike at random, and what they deliver."""
    group = NeuronGroup(4, "r : 1", threshold="rand() < r", dt=4 * ms, name="source")
    group.r = 0.2
    feed = Synapses(group, net["hidden1"], on_pre="v_post += 0.05", name="feed", dt=4 * ms)
    feed.connect()
    return [group, feed]


def noise(net):
    """Cells with noise in their equation, beside the network."""
    return NeuronGroup(
        20, "dv/dt = -v/(8*ms) + xi*(8*ms)**-0.5 : 1", threshold="v > 1", reset="v = 0", method="euler",
        dt=4 * ms, name="noise",
    )  # fmt: skip


@pytest.mark.parametrize("make", [(background,), (source, noise)])
def test_each_trial_draws_what_it_draws_in_one_process(make, tmp_path):
    options = QUICK | {"batch_size": 5, "evaluation_batch": 3, "rate_penalty": 0.2, "seed": 4}
    first, second = in_processes(
        lambda _: numbers(noisy(*make), task(trials=11), **options, distributed=True), tmp_path
    )
    assert same(first, second)
    alone = numbers(noisy(*make), task(trials=11), **options)
    assert apart(first, alone) < ROUNDING
    assert apart(numbers(noisy(*make), task(trials=11), **options | {"seed": 5}), alone) > 1e-3


def by_event(net):
    """Numbers for the neurons that spike alone."""
    return NeuronGroup(
        3, "dv/dt = (2 - v)/(20*ms) : 1", threshold="v > 1", reset="v = 0.5*rand()", method="exact", dt=4 * ms,
        name="reset",
    )  # fmt: skip


def by_rate(net):
    """Numbers that take as many steps of the generator as the state says."""
    return NeuronGroup(3, "dv/dt = -v/(20*ms) + poisson(v)/ms : 1", method="euler", dt=4 * ms, name="counts")


@pytest.mark.parametrize(
    "make, message",
    [
        (by_event, r"reset_spike_resetter' uses rand\(\) for some of its elements.*train in one process"),
        (by_rate, r"counts_stateupdater' uses poisson\(\) with an argument, which cannot be split"),
    ],
)
def test_draws_that_depend_on_other_trials_are_refused_by_name(make, message, tmp_path):
    (found, _) = in_processes(lambda _: numbers(noisy(make), task(), **QUICK, distributed=True), tmp_path)
    with pytest.raises(AssertionError, match=f"UnsupportedModel: .*{message}"):
        raise AssertionError(f"{found['error']}: {found['message']}")
