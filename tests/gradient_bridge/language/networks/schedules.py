"""Slots, orders and schedules of the user's own."""

from brian2 import Network, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, cells, delayed, wired


def own_schedule():
    group = cells()
    net = Network(group, wired(group, group, on_pre="v_post += w"))
    net.schedule = ["start", "resets", "synapses", "thresholds", "groups", "end"]
    return net


def synapses_first():
    """Spikes wait for the next step; those of a run's last step are lost between runs, as in Brian2."""
    group = cells(strongest=6)
    net = Network(group, wired(group, group), delayed(wired(group, group, seed=3), 1.0))
    net.schedule = ["start", "synapses", "groups", "thresholds", "resets", "end"]
    return net


def slots_of_the_objects():
    group = cells()
    first, second = wired(group, group), wired(group, group, on_pre="v_post *= 1 + w", seed=2)
    first.pre.when, second.pre.when, second.pre.order = "after_resets", "before_groups", -3
    group.thresholder["spike"].when, group.state_updater.when = "before_groups", "after_start"
    return Network(group, first, second)


def own_slots():
    group = cells()
    group.run_regularly("v += 0.05", dt=1 * ms, when="late")
    group.run_regularly("v *= 0.98", dt=0.7 * ms, when="before_late", order=4)
    net = Network(group, wired(group, group))
    net.schedule = ["start", "groups", "thresholds", "late", "synapses", "resets", "end"]
    return net


def orders():
    """Groups update one after the other although their names say otherwise; each reads the one before."""
    model = CURRENT.replace("/tau :", "/tau + 0.2*xi*tau**-0.5 :")
    groups = [
        cells(6, model, method="euler", name=name, order=order)
        for name, order in (("p", 2), ("q", -1), ("r", 0))
    ]
    ring = [
        wired(a, b, p=0.7, seed=k)
        for k, (a, b) in enumerate(zip(groups, groups[1:] + groups[:1], strict=True))
    ]
    return Network(*groups, *ring)


def refractory_before_threshold():
    """The order of reset, threshold and update turned round, with refractoriness."""
    model = CURRENT.replace("/tau : 1", "/tau : 1 (unless refractory)")
    group = cells(model=model, refractory=1.5 * ms, method="euler")
    net = Network(group, wired(group, group, on_pre="v_post += w"))
    net.schedule = ["resets", "thresholds", "start", "groups", "synapses", "end"]
    return net


CASES = (
    Case(own_schedule, (0.03, 0.02), ("w", "drive")),
    Case(synapses_first, (0.03, 0.01, 0.01), ("w", "drive")),
    Case(slots_of_the_objects, (0.03, 0.02), ("w", "drive")),
    Case(own_slots, (0.03, 0.02), ("w", "drive")),
    Case(orders, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(refractory_before_threshold, (0.03, 0.02), ("w", "drive")),
)
