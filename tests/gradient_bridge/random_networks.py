"""Random networks: a hypothesis strategy, one function for each part of a network."""

from dataclasses import replace

from hypothesis import strategies as st

from .random_networks_groups import SYNAPSE_CODES, groups, regular, seeds, slot, slots, step
from .random_networks_plans import SCHEDULES, InputPlan, NetworkPlan, SourcePlan, SynapsesPlan

NAMES = ("ares", "bibi", "cato", "dido", "echo", "faun", "gaia", "hebe", "ilia", "juno")


# ---------------------------------------------------------------------- inputs
@st.composite
def sources(draw, name, schedule):
    """A Poisson group or a spike generator."""
    kind = draw(st.sampled_from(("generator", "rate", "expression", "timed")))
    rates = {
        "generator": None,
        "rate": 80.0,
        "expression": "(60 + 50*sin(t/(5*ms)))*Hz",
        "timed": "(100 + 90*stim2(t, i))*Hz",
    }
    return SourcePlan(
        name=name,
        size=draw(st.integers(1, 10)),
        rates=rates[kind],
        period_ms=draw(st.sampled_from((0, 0, 7.0))) if kind == "generator" else 0,
        slot=(draw(slot(schedule)), draw(st.integers(-1, 1))) if draw(st.integers(0, 3)) == 3 else None,
        dt_ms=draw(step()),
        seed=draw(seeds()),
    )


@st.composite
def inputs(draw, targets):
    """A Poisson input."""
    return InputPlan(
        target=draw(st.sampled_from(targets)),
        variable=draw(st.sampled_from(("g", "v", "u"))),
        count=draw(st.sampled_from((10, 100, 1000))),
        rate=draw(st.sampled_from((5.0, 40.0))),
        weight=draw(st.sampled_from((0.05, 0.01))),
    )


# ---------------------------------------------------------------------- synapses
FROM_ANY = (  # statements at a presynaptic spike of any source
    "g_post += w",
    "v_post += 0.3*w",
    "g_post += w*rand()",
    "g_post += w*int(rand() < 0.6)",
    "g_post += w*(1 - v_post)",
    "q_post += w*mV",
    "k_post += 1\ng_post += w",
    "on_post = not on_post\ng_post += w",
    "v_post = 0.5*w",
    "g_post *= 0.9",
    "g_post = g_post + 0.1*w*g_post",
    "h_post += w*exp(-v_post**2)",
    "u_post -= 0.1*w\ng_post += w",
    "g_post += w*stim(t)",
)
FROM_NEURONS = (  # those that read or write the sending neuron
    "g_post += w*(1 + 0.1*h_pre)",
    "u_pre += 0.05*w\ng_post += w",
    "g_post += w*tanh(v_pre - v_post)",
    "g_post += w\nh_pre = 0.5*h_pre + 0.01*w",
    "g_post += w*int(on_pre)",
)
STDP = """w : 1
dap/dt = -ap/(10*ms) : 1 ({driven})
dam/dt = -am/(8*ms) : 1 ({driven})"""
PLASTIC = {
    "stdp": (
        STDP.format(driven="event-driven"),
        "g_post += w\nap += 0.1\nw = clip(w + am, -2, 2)",
        "am -= 0.1\nw = clip(w + ap, -2, 2)",
    ),
    "stdp at every step": (
        STDP.format(driven="clock-driven"),
        "g_post += w\nap += 0.1\nw = clip(w + am, -2, 2)",
        "am -= 0.1\nw = clip(w + ap, -2, 2)",
    ),
    "triplets": (
        STDP.format(driven="event-driven") + "\ndan/dt = -an/(20*ms) : 1 (event-driven)\nbefore : 1",
        "g_post += w\nap = 1\nw = clip(w - 0.05*am, -2, 2)",
        "before = an\nw = clip(w + 0.1*ap*before, -2, 2)\nam = 1\nan = 1",
    ),
    "short-term": (
        "w : 1\ndx_s/dt = (1 - x_s)/(30*ms) : 1 (event-driven)\ndu_s/dt = (0.3 - u_s)/(50*ms) : 1 (event-driven)",
        "u_s += 0.3*(1 - u_s)\nr = u_s*x_s\nx_s -= r\ng_post += w*r",
        "",
    ),
    "time of the last spike": (
        "w : 1\nlast : second",
        "g_post += w*(1 - exp(-(t - last)/(10*ms)))\nlast = t",
        "",
    ),
    "homeostasis": ("w : 1", "g_post += w\nw = clip(w + 0.05*(0.2 - h_post), -2, 2)", "h_post += 0.1"),
    "random weights": (
        "dw/dt = (0.5 - w)/(50*ms) + 0.05*xi*(20*ms)**-0.5 : 1 (clock-driven)",
        "g_post += w",
        "",
    ),
    "shared factor": ("w : 1\nfactor : 1 (shared)", "g_post += w*(1 + factor)", ""),
    "subexpression": ("w : 1\neffect = w*int(w > 0) + 0.1*v_post : 1", "g_post += effect", ""),
    "counting": (
        "w : 1\ncount : integer\nready : boolean",
        "count += 1\nready = count > 2\ng_post += w*int(ready)",
        "count = 0",
    ),
    "several of a pair": ("w : 1", "g_post += w/(1 + copy)", ""),
}
SUMMED = {  # variable of the target: models that add to it
    "sum_in": (
        "w : 1\nsum_in_post = 0.1*w*v_pre : 1 (summed)",
        "w : 1\nds/dt = -s/(5*ms) : 1 (clock-driven)\nsum_in_post = s : 1 (summed)",
        "w : 1\ns : 1\nsum_in_post = 0.1*s*int(v_post > 0) : 1 (summed)",
    ),
    "gap": (
        "w : 1\ngap_post = 0.1*w*(v_pre - v_post) : 1 (summed)",
        "w : 1\ngap_post = 0.05*(v_pre - v_post) : 1 (summed)",
    ),
}


@st.composite
def part(draw, size, whole):
    """A subgroup's bounds, or None for the whole group: Brian2 cuts no spike generators and no linked variables."""
    if whole or size < 2 or draw(st.integers(0, 2)) != 2:
        return None
    start = draw(st.integers(0, size - 1))
    return start, draw(st.integers(start + 1, size))


@st.composite
def delays(draw, pathways):
    """A kind of delay for some of the pathways."""
    kinds = {name: draw(st.sampled_from(("none", "one", "each", "fraction"))) for name in pathways}
    return tuple((name, kind) for name, kind in kinds.items() if kind != "none")


@st.composite
def statements(draw, neurons):
    """(model, pathways, on_post) of synapses that send something at each spike."""
    kind = draw(st.sampled_from(("plain", "plain", "two pathways", *PLASTIC)))
    pool = FROM_ANY + (FROM_NEURONS if neurons else ())
    if kind == "two pathways":
        return "w : 1", tuple((name, draw(st.sampled_from(pool))) for name in ("slow", "fast")), ""
    if kind == "plain":
        on_post = draw(st.sampled_from(("", "", "w = clip(w*1.05, -2, 2)", "g_post += 0.1*rand()")))
        return "w : 1", (("pre", draw(st.sampled_from(pool))),), on_post
    model, on_pre, on_post = PLASTIC[kind]
    return model, (("pre", on_pre),), on_post


@st.composite
def synapses(draw, name, sizes, neurons, whole, summed, schedule):
    """Synapses between two groups.

    `whole` names the groups that cannot be cut; `summed` holds the (target, variable) that are sums already.
    """
    source = draw(st.sampled_from(sorted(sizes)))
    target = draw(st.sampled_from(neurons))
    free = [variable for variable in SUMMED if (target, variable) not in summed]
    model, pathways, on_post = draw(statements(source in neurons))
    if free and source in neurons and draw(st.integers(0, 3)) == 3:
        variable = draw(st.sampled_from(free))
        summed.add((target, variable))
        model, on_post = draw(st.sampled_from(SUMMED[variable])), ""
        pathways = (("pre", "s += w"),) if "s :" in model or "ds/dt" in model else ()
    sending = [name for name, _ in pathways]
    driven = "clock-driven" in model
    return SynapsesPlan(
        name=name,
        source=source,
        target=target,
        model=model,
        pathways=pathways,
        on_post=on_post,
        source_part=draw(part(sizes[source], source in whole)),
        target_part=draw(part(sizes[target], target in whole)),
        connect=draw(st.sampled_from(("pairs", "all", "p", "condition", "multiple", "generator"))),
        delays=draw(delays(sending + (["post"] if on_post else []))),
        method="euler"
        if driven and "xi" in model
        else draw(st.sampled_from(("exact", "euler")))
        if driven
        else None,
        regularly=tuple(draw(st.lists(regular(SYNAPSE_CODES, schedule), max_size=1))),
        slots=draw(slots(sending, schedule)) if sending else (),
        dt_ms=draw(step()) if driven or "summed" in model else 0.5,
        scale=draw(st.sampled_from((0.3, 1.0))),
        seed=draw(seeds()),
    )


@st.composite
def modulators(draw, name, sizes, onto, schedule):
    """Synapses whose targets are synapses."""
    source = draw(st.sampled_from(sorted(sizes)))
    return SynapsesPlan(
        name=name,
        source=source,
        target=onto,
        model="amount : 1",
        pathways=(
            ("pre", draw(st.sampled_from(("w_post = clip(w_post + amount, -2, 2)", "w_post *= 0.95")))),
        ),
        connect="pairs",
        delays=draw(delays(["pre"])),
        slots=draw(slots(["pre"], schedule)),
        seed=draw(seeds()),
    )


# ---------------------------------------------------------------------- networks
@st.composite
def networks(draw, largest=3):
    """A whole network, of at most `largest` groups and as many synapses."""
    names = list(draw(st.permutations(NAMES)))
    schedule = draw(st.sampled_from(SCHEDULES))
    neurons, summed = [], set()
    for _ in range(draw(st.integers(1, largest))):
        neurons.append(draw(groups(names.pop(), [group.name for group in neurons], schedule)))
    others = [draw(sources(names.pop(), schedule)) for _ in range(draw(st.integers(0, min(largest, 2))))]
    sizes = {obj.name: obj.size for obj in (*neurons, *others)}
    labels = [group.name for group in neurons]
    whole = {group.name for group in neurons if group.linked} | {
        one.name for one in others if one.rates is None
    }
    wired = [
        draw(synapses(names.pop(), sizes, labels, whole, summed, schedule))
        for _ in range(draw(st.integers(0, largest)))
    ]
    wired = [draw(on_event(one, neurons)) for one in wired]
    if wired and draw(st.integers(0, 4)) == 4:
        wired.append(draw(modulators(names.pop(), sizes, wired[0].name, schedule)))
    return NetworkPlan(
        groups=tuple(neurons),
        sources=tuple(others),
        inputs=tuple(draw(st.lists(inputs(labels), max_size=1))),
        synapses=tuple(wired),
        schedule=schedule,
        before=draw(st.sampled_from((0, 0, 13))),
        steps=draw(st.sampled_from((60, 100))),
        float32=draw(st.integers(0, 9)) == 9,
        seed=draw(seeds()),
    )


@st.composite
def on_event(draw, plan, neurons):
    """The synapses as they are, or sending at their source's event "high" where it has one."""
    emitting = {group.name for group in neurons if group.event}
    simple = [name for name, _ in plan.pathways] == ["pre"] and not plan.on_post
    if plan.source in emitting and simple and draw(st.booleans()):
        return replace(plan, event="high")
    return plan
