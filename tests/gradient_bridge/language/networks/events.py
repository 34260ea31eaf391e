"""Custom events: their thresholds, resets, schedules, and synapses that listen to them."""

from brian2 import Network, Synapses, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, cells, wired


def event_with_a_reset():
    group = cells(model=CURRENT + "trace : 1\n", events={"warning": "v > 0.7 and v < 0.8"})
    group.run_on_event("warning", "trace += 0.1\ng -= 0.02")
    return Network(group, wired(group, group))


def two_events():
    """One counts, one jumps, in another slot."""
    group = cells(model=CURRENT + "count : integer\n", events={"low": "v < 0.1", "high": "v > 0.95"})
    group.run_on_event("low", "count += 1\ng += 0.01*count")
    group.run_on_event("high", "g -= 0.05*v", when="after_groups")
    return Network(group, wired(group, group))


def own_schedule():
    group = cells(events={"seen": "v > 0.5"})
    group.set_event_schedule("seen", when="after_resets", order=2)
    group.run_on_event("seen", "g *= 0.99", when="end")
    return Network(group, wired(group, group))


def synapses_that_listen():
    group = cells(events={"near": "v > 0.8 and v < 0.85"})
    early = Synapses(group, group, "w : 1", on_pre="g_post += w", on_event="near", delay=1 * ms)
    early.connect(j="(i + 1) % N")
    early.w = 0.05
    both = Synapses(
        group,
        group,
        "w : 1",
        on_pre={"first": "v_post += 0.1*w", "second": "g_post += w"},
        on_event={"first": "near", "second": "spike"},
    )
    both.connect(j="(i + 3) % N")
    both.w = 0.1
    return Network(group, early, both)


def random_events():
    group = cells(events={"kick": "rand() < 0.02"})
    group.run_on_event("kick", "v += 0.3*rand()")
    return Network(group, wired(group, group))


def without_a_spike_threshold():
    """A group with events of its own and no spikes; another spikes."""
    rotor = cells(4, CURRENT + "turns : 1\n", threshold=None, reset=None, events={"turn": "v > 0.6"})
    rotor.run_on_event("turn", "v = 0\nturns += 1")
    group = cells()
    push = Synapses(rotor, group, "w : 1", on_pre="g_post += w", on_event="turn")
    push.connect()
    push.w = 0.3
    return Network(rotor, group, push)


CASES = (
    Case(event_with_a_reset, (0.03, 0.02), ("w", "drive")),
    Case(two_events, (0.03, 0.02), ("w", "drive")),
    Case(own_schedule, (0.03, 0.02), ("w", "drive")),
    Case(synapses_that_listen, (0.03, 0.02), ("w", "drive")),
    Case(random_events, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(without_a_spike_threshold, (0.03, 0.02), ("w", "drive")),
)
