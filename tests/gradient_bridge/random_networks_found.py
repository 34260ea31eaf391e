"""Random networks that once differed from Brian2 or were refused, shrunk and named after the cause."""

from .random_networks_groups import PARAMETERS
from .random_networks_plans import SCHEDULES, GroupPlan, NetworkPlan, Regular, SourcePlan, SynapsesPlan

DRIVEN = (
    "dv/dt = (drive - v)/tau : 1\ndu/dt = (0.4*v - u)/(2*tau) : 1\ndg/dt = -g/(4*ms) : 1\nq : volt"
    + PARAMETERS
)

REFRACTORY = DRIVEN.replace("v)/tau : 1\n", "v)/tau : 1 (unless refractory)\n", 1)
LINKED = DRIVEN.replace("drive - v", "drive - v + 0.3*y") + "y : 1 (linked)\n"


def linked_refractory(size, linked_size, refractory, seed=0):
    """Two groups with refractoriness, the second linked to the first, whose v is "unless refractory"."""
    return NetworkPlan(
        groups=(
            GroupPlan(name="ilia", size=linked_size, equations=REFRACTORY, refractory=1.3),
            GroupPlan(
                name="hebe", size=size, equations=LINKED, refractory=refractory, linked="ilia", seed=seed
            ),
        ),
    )


FOUND = {
    "a value computed once for all steps, changed in place by a reset": NetworkPlan(
        groups=(
            GroupPlan(
                name="faun",
                size=2,
                equations=DRIVEN,
                reset="v = 0\nh = h + 0.1*randn()",
                regularly=(Regular(code="h = sum_in - gap", when="groups"),),
                seed=1619,
            ),
        ),
    ),
    "a group that also has something on a slower clock": NetworkPlan(
        groups=(
            GroupPlan(
                name="ilia", size=3, equations=DRIVEN, regularly=(Regular(code="v += 0.1", dt_ms=2.0),)
            ),
        ),
    ),
    "a linked variable that repeats, read in a state updater": NetworkPlan(
        groups=(
            GroupPlan(name="faun", size=2, equations=DRIVEN),
            GroupPlan(
                name="cato",
                size=5,
                equations=LINKED,
                linked="faun",
            ),
        ),
    ),
    "synapses on a clock of their own that nothing runs on": NetworkPlan(
        groups=(GroupPlan(name="dido", size=4, equations=DRIVEN, dt_ms=1.0),),
        synapses=(
            SynapsesPlan(
                name="cato",
                source="dido",
                target="dido",
                model="w : 1\ndx_s/dt = (1 - x_s)/(30*ms) : 1 (event-driven)\nu_s : 1",
                pathways=(("pre", "x_s *= 0.5\ng_post += w*x_s"),),
                dt_ms=0.5,
            ),
        ),
    ),
    "refractoriness that follows a linked variable's index": linked_refractory(6, 4, 1.3),
    "spikes of a generator in the last step of an earlier run, before a pathway that runs first": NetworkPlan(
        groups=(GroupPlan(name="juno", size=6, equations=DRIVEN),),
        sources=(SourcePlan(name="ilia", size=9),),
        synapses=(SynapsesPlan(name="hebe", source="ilia", target="juno", connect="pairs"),),
        schedule=SCHEDULES[1],
        before=13,
    ),
}
NEITHER_RUNS = {
    "a linked variable's index past the end": linked_refractory(1, 2, 1.3),
    "a condition that reads what the index writes": linked_refractory(2, 2, "v > 0.6"),
}
