"""Random networks that suit the fused engine: `random_networks` without noise, other clocks and plastic synapses."""

from __future__ import annotations

import re
from dataclasses import replace

from ..random_networks_groups import METHODS

STEP_MS = 0.5
FIXED = (  # what synapses may send
    "g_post += w",
    "v_post += 0.3*w",
    "q_post += w*mV",
    "u_post -= 0.1*w\ng_post += w",
    "g_post += w*(1 + 0.1*drive_post)",
)
NOISE = re.compile(r" [+-] [^\n:]*?\bxi(_\d)?\b[^\n:]*?\*tau\*\*-0\.5(?= :|\b)")
DRAWS = ((r"\brandn\(\)", "0.3"), (r"\brand\(\)", "0.4"), (r"\bpoisson\([^)]*\)", "1"))


def suited(plan):
    """The plan with what the fused engine refuses replaced by what is nearest to it.

    Parameters
    ----------
    plan : NetworkPlan

    Returns
    -------
    NetworkPlan
    """
    groups = tuple(group(g) for g in plan.groups)
    names = {g.name for g in groups}
    return replace(
        plan,
        groups=groups,
        sources=tuple(replace(s, rates=None, dt_ms=STEP_MS) for s in plan.sources),
        inputs=(),
        synapses=tuple(synapses(s, k, names) for k, s in enumerate(plan.synapses) if s.target in names),
        before=0,
        float32=False,
    )


def without_draws(text):
    """A statement whose random numbers are constants."""
    for pattern, value in DRAWS:
        text = re.sub(pattern, value, text)
    return text


def group(plan):
    """A group on the common clock, without noise, links to others, whole numbers that change and shared values."""
    lines = []
    for line in plan.equations.splitlines():
        if line.startswith(("dv/dt", "du/dt")) and "xi" in line:
            line = re.sub(r"\)/tau .*? : 1", ")/tau : 1", line) if line.startswith("dv") else line
            line = re.sub(r"\)/\(2\*tau\) .*? : 1", ")/(2*tau) : 1", line)
        lines.append(line)
    equations = without_draws("\n".join(lines))
    equations = (
        equations.replace(" + 0.3*y", "").replace("\ny : 1 (linked)", "").replace("0.2*bump(v)", "0.2*cos(v)")
    )
    noisy = plan.method in METHODS["multiplicative"] and "xi" in plan.equations
    kept = [line for line in plan.reset.splitlines() if not line.startswith("k ")]
    regularly = tuple(
        replace(r, code=without_draws(r.code), dt_ms=None)
        for r in plan.regularly
        if not r.code.startswith(("k ", "bonus", "on "))
    )
    between = plan.method in ("heun", "milstein") or ("stim" in equations and plan.method in ("rk2", "rk4"))
    return replace(
        plan,
        equations=equations,
        method="euler" if noisy or between else plan.method,
        refractory="pause" if "timestep" in str(plan.refractory) else plan.refractory,
        threshold=without_draws(plan.threshold),
        reset=without_draws("\n".join(kept)),
        event=None if plan.event is None else (plan.event[0], without_draws(plan.event[1])),
        linked=None,
        regularly=regularly,
        dt_ms=STEP_MS,
    )


def synapses(plan, number, groups):
    """Synapses that add fixed values, or a fixed multiple of the sender's membrane; spike generators have no parts."""
    summed = "(summed)" in plan.model
    if summed:
        variable = "gap_post" if "gap_post" in plan.model else "sum_in_post"
        model, pathways = f"w : 1\n{variable} = w*v_pre : 1 (summed)", ()
    else:
        model = "w : 1"
        pathways = tuple(
            (name, FIXED[(plan.seed + number + k) % len(FIXED)]) for k, (name, _) in enumerate(plan.pathways)
        )
    return replace(
        plan,
        model=model,
        pathways=pathways,
        on_post="",
        source_part=None if summed or plan.source not in groups else plan.source_part,
        target_part=None if summed else plan.target_part,
        connect="all" if summed else plan.connect,
        delays=tuple(d for d in plan.delays if d[0] in {name for name, _ in pathways}),
        slots=tuple(s for s in plan.slots if s[0] in {name for name, _ in pathways}),
        method=None,
        regularly=(),
        dt_ms=STEP_MS,
    )
