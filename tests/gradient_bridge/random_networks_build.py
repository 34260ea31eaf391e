"""The Brian2 network of a plan."""

import numpy as np
from brian2 import (
    Clock,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    check_units,
    implementation,
    linked_var,
    ms,
    mV,
)


@implementation("numpy", discard_units=True)
@check_units(x=1, result=1)
def bump(x):
    """A user's function with nothing but a NumPy implementation."""
    return np.exp(-x * x)


def namespace():
    """External names of all random networks."""
    rng = np.random.default_rng(7)
    return dict(
        e_q=-60 * mV,
        stim=TimedArray(rng.normal(0, 0.5, 200), dt=0.6 * ms, name="stim"),
        stim2=TimedArray(rng.uniform(-1, 1, (90, 16)), dt=1.1 * ms, name="stim2"),
        bump=bump,
    )


class Clocks:
    """One clock for each step, shared by all objects that have it."""

    def __init__(self):
        self.made = {}

    def __call__(self, dt_ms):
        if dt_ms not in self.made:
            self.made[dt_ms] = Clock(dt=dt_ms * ms, name=f"clock_{str(dt_ms).replace('.', '_')}")
        return self.made[dt_ms]


def build(plan):
    """Make the network of a `NetworkPlan`; all values and connections follow from its seeds.

    Returns
    -------
    brian2.Network
    """
    np.random.seed(plan.seed)  # noqa: NPY002 - connect(p=…) draws from numpy's global stream
    clocks, made = Clocks(), {}
    for group in plan.groups:
        made[group.name] = neuron_group(group, clocks, made)
    for source in plan.sources:
        made[source.name] = spike_source(source, clocks)
    poisson = [poisson_input(one, made) for one in plan.inputs]
    for one in plan.synapses:
        made[one.name] = synapses(one, clocks, made)
    net = Network(*made.values(), *poisson)
    net.schedule = list(plan.schedule)
    return net


def neuron_group(plan, clocks, made):
    """The group of a `GroupPlan`, with values."""
    refractory = plan.refractory
    group = NeuronGroup(
        plan.size,
        plan.equations,
        threshold=plan.threshold,
        reset=plan.reset,
        refractory=refractory * ms if isinstance(refractory, float) else refractory,
        events={"high": plan.event[0]} if plan.event else None,
        clock=clocks(plan.dt_ms),
        name=plan.name,
        **({} if plan.method is None else {"method": plan.method}),
    )
    rng = np.random.default_rng(plan.seed)
    n = plan.size
    group.v, group.u, group.g = rng.uniform(0, 0.9, n), rng.uniform(-0.2, 0.4, n), rng.uniform(0, 0.5, n)
    group.q, group.h = rng.uniform(-62, -58, n) * mV, rng.normal(0, 0.3, n)
    group.k, group.on, group.bonus = rng.integers(0, 5, n), rng.random(n) < 0.5, 0.1
    group.tau, group.pause = rng.uniform(4, 9, n) * ms, rng.uniform(0, 3, n) * ms
    group.drive = rng.uniform(1.1, 2.2, n)
    if "theta" in group.variables:
        group.theta = 1
    if plan.linked:
        other = made[plan.linked]
        group.y = linked_var(other, "v", index=rng.integers(0, len(other), n))
    if plan.event:
        group.run_on_event("high", plan.event[1])
    add_regular(group, plan.regularly)
    parts = dict(
        state_updater=group.state_updater,
        thresholder=group.thresholder["spike"],
        resetter=group.resetter["spike"],
    )
    place(parts, plan.slots)
    return group


def add_regular(owner, regularly):
    """Add what runs regularly to a group or to synapses."""
    for one in regularly:
        dt = None if one.dt_ms is None else one.dt_ms * ms
        owner.run_regularly(one.code, dt=dt, when=one.when, order=one.order)


def place(parts, slots):
    """Move parts of an object to other slots."""
    for name, when, order in slots:
        parts[name].when, parts[name].order = when, order


def spike_source(plan, clocks):
    """The group of a `SourcePlan`."""
    options = dict(name=plan.name, clock=clocks(plan.dt_ms))
    if plan.rates is None:
        rng = np.random.default_rng(plan.seed)
        last = int(plan.period_ms or 50) / plan.dt_ms
        steps = np.arange(int(last) - 1)
        spikes = np.argwhere(rng.random((len(steps), plan.size)) < 0.15)
        options |= dict(when=plan.slot[0], order=plan.slot[1]) if plan.slot else {}
        times = spikes[:, 0] * plan.dt_ms * ms
        return SpikeGeneratorGroup(plan.size, spikes[:, 1], times, period=plan.period_ms * ms, **options)
    rates = plan.rates if isinstance(plan.rates, str) else plan.rates * Hz
    group = PoissonGroup(plan.size, rates=rates, **options)
    if plan.slot:
        place({"thresholder": group.thresholder["spike"]}, (("thresholder", *plan.slot),))
    return group


def poisson_input(plan, made):
    """The object of an `InputPlan`."""
    return PoissonInput(made[plan.target], plan.variable, plan.count, plan.rate * Hz, plan.weight)


def synapses(plan, clocks, made):
    """The synapses of a `SynapsesPlan`, connected, with values and delays."""
    source, target = cut(made[plan.source], plan.source_part), cut(made[plan.target], plan.target_part)
    obj = Synapses(
        source,
        target,
        plan.model,
        on_pre=dict(plan.pathways) or None,
        on_post=plan.on_post or None,
        on_event={name: plan.event for name, _ in plan.pathways} if plan.event != "spike" else "spike",
        multisynaptic_index="copy" if any("copy" in code for _, code in plan.pathways) else None,
        method=plan.method,
        clock=clocks(plan.dt_ms),
        name=plan.name,
    )
    rng = np.random.default_rng(plan.seed)
    connect(obj, plan.connect, len(source), len(target), rng)
    n = len(obj)
    if "amount" in obj.variables:
        obj.amount = rng.normal(0, 0.05, n)
    else:
        obj.w = rng.normal(0.4, 1, n) * plan.scale
    if "factor" in obj.variables:
        obj.factor = 0.2
    if "x_s" in obj.variables:
        obj.x_s, obj.u_s = 1, 0.3
    for name, kind in plan.delays:
        pathway = getattr(obj, name)
        if kind == "each":
            pathway.delay = rng.integers(0, 13, n) * 0.25 * ms
        else:
            pathway.delay = (1.5 if kind == "one" else 1.37) * ms
    add_regular(obj, plan.regularly)
    place({name: getattr(obj, name) for name, _ in plan.pathways}, plan.slots)
    return obj


def cut(group, part):
    """The group, or its subgroup."""
    return group if part is None else group[part[0] : part[1]]


def connect(obj, kind, pre, post, rng):
    """Connect synapses, by a kind that `random_networks.synapses` names."""
    if kind == "all":
        obj.connect()
    elif kind == "p":
        obj.connect(p=0.4)
    elif kind == "condition":
        obj.connect("(i + j) % 3 != 0")
    elif kind == "multiple":
        obj.connect(p=0.3, n=2)
    elif kind == "generator":
        obj.connect(j="k for k in range(i, i + 3) if k < N_post")
    elif not post:  # onto synapses of which connect(p=…) made none
        obj.connect(False)
    else:
        count = min(3 * pre, 40)
        obj.connect(i=rng.integers(0, pre, count), j=rng.integers(0, post, count))
