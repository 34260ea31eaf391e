"""Neuron groups of random networks: equations, integrators, thresholds, resets, refractoriness, what runs regularly.

Every group has the same variables, so that any synapse can go onto any group; in sizes and rates everything stays near
1, so that neurons fire and nothing blows up.
"""

from hypothesis import strategies as st

from .random_networks_plans import GroupPlan, Regular

STEPS_MS = (0.5, 1.0, 0.25, 0.7)  # of clocks; most objects have the first
OF_NEITHER = (  # terms of dv/dt and du/dt in which neither v nor u stands
    "0.5*g",
    "sum_in",
    "gap",
    "0.4*sin(2*pi*t/(7*ms))",
    "0.2*(i % 3)",
    "0.05*k",
    "0.3*int(on)",
    "bonus",
    "0.2*h",
    "stim(t)",
    "stim2(t, i)",
    "0.1*(N - i)/N",
    "10*(q - e_q)/volt",
    "0.3*int(k > 2 and on)",
    "0.2*int(not on or t > 12*ms)",
    "0.2*exp(-t/(20*ms))*cos(t/(3*ms))",
    "0.1*((t/ms) % 5)",
    "0.01*((t/ms)//3)",
)
OF_U = (
    "0.4*tanh(u)",
    "0.3*u**2/(1 + u**2)",
    "clip(u, -0.5, 0.5)",
    "0.2*int(u > 0.2)",
    "0.1*exp(-u**2)",
    "0.1*floor(3*u)",
    "0.2*sqrt(abs(u))",
    "0.1*sign(u)*h",
)
OF_V = (
    "0.5*tanh(v)",
    "0.2*v**2/(1 + v**2)",
    "0.3*int(v > 0.5)",
    "0.2*exp(-v*v)",
    "0.2*v*u/(1 + u*u)",
    "0.1*exprel(-v)",
    "0.1*abs(v)",
    "0.1*log1p(v**2)",
    "0.2*bump(v)",
    "0.1*v**3/(1 + v**4)",
    "0.1*arctan(v + u)",
    "0.1*ceil(v)",
    "0.2*int(on)*tanh(v) - 0.1*int(not on)*v**2/(2 + v**2)",
    "0.1/(1 + exp(-(v - 0.5)/0.1))",
    "0.2*x",
    "held",
)
LINEAR_IN_V = ("0.3*u", "g*(1.5 - v)", "0.2*h*(0.5 - v)", "-0.1*v*int(on)")
METHODS = {  # kinds of equations and the integrators that take them
    "linear": ("exact", "linear", "euler", "rk2", "rk4", "exponential_euler", None),
    "conditional": ("exponential_euler", "euler", "rk4", "rk2"),
    "general": ("euler", "rk2", "rk4", "heun", "milstein"),
    "additive": ("euler", "heun", "milstein"),
    "multiplicative": ("heun", "milstein"),
    "none": ("euler",),
}
KINDS = (*(kind for kind in METHODS if kind != "none"),) * 2 + ("none",)
PARAMETERS = """
h : 1
k : integer
on : boolean
bonus : 1 (shared)
tau : second (constant)
pause : second (constant)
drive : 1 (constant)
sum_in : 1
gap : 1
"""


def some(pool, least, most):
    """A few different ones of a pool, in any order."""
    return st.lists(st.sampled_from(pool), min_size=least, max_size=most, unique=True)


@st.composite
def equations(draw, linked):
    """Equations of a neuron group and an integrator that can take them."""
    kind = draw(st.sampled_from(KINDS))
    method = draw(st.sampled_from(METHODS[kind]))
    flag = draw(st.sampled_from(("", " (unless refractory)")))
    if kind == "none":
        return method, "v : 1\nu : 1\ng : 1\nq : volt" + PARAMETERS
    of_v, of_u = ["drive - v"], ["0.4*v - u"]
    if kind == "linear":  # u without v: the matrix exponential of both takes sympy a minute
        of_u = ["0.2 - u"]
        of_v += draw(some(("0.3*u", "0.5*g", "20*(q - e_q)/volt"), 0, 3))
    elif kind == "conditional":
        of_v += draw(some(OF_NEITHER + OF_U + LINEAR_IN_V, 1, 4))
        of_u += draw(some(OF_NEITHER, 0, 2))
    else:
        of_v += draw(some(OF_NEITHER + OF_U + LINEAR_IN_V + OF_V, 1, 4))
        of_u += draw(some(OF_NEITHER + OF_U + OF_V, 0, 2))
    if linked and kind in ("conditional", "general"):
        of_v.append("0.3*y")
    noise_v, noise_u = draw(noise(kind))
    if "xi_1 + xi_2" in noise_u:
        method = "euler"  # the only one that takes noise shared by two equations
    lines = [
        f"dv/dt = ({' + '.join(of_v)})/tau{noise_v} : 1{flag}",
        f"du/dt = ({' + '.join(of_u)})/(2*tau){noise_u} : 1",
        draw(
            st.sampled_from(("dg/dt = -g/(4*ms) : 1", "dg/dt = -g/(4*ms) : 1 (unless refractory)", "g : 1"))
        ),
        draw(st.sampled_from(("dq/dt = (e_q - q)/(6*ms) : volt", "q : volt"))),
    ]
    text = "\n".join(lines)
    if "0.2*x" in text:
        text += "\nx = v*(1 - 0.2*u) + 0.1*g : 1"
    if "held" in text:
        text += "\nheld = " + draw(st.sampled_from(("0.2*u + 0.1*h", "0.2*rand()", "0.1*randn()")))
        text += " : 1 (constant over dt)"
    return method, text + PARAMETERS


@st.composite
def noise(draw, kind):
    """Noise terms of dv/dt and du/dt."""
    if kind == "additive":
        return draw(
            st.sampled_from(
                (
                    (" + 0.3*xi*tau**-0.5", ""),
                    (" + 0.3*xi_1*tau**-0.5", " - 0.2*xi_2*tau**-0.5"),
                    (" + 0.2*xi_1*tau**-0.5", " + 0.1*(xi_1 + xi_2)*tau**-0.5"),
                )
            )
        )
    if kind == "multiplicative":
        return draw(
            st.sampled_from(
                (
                    (" + 0.3*v*xi*tau**-0.5", ""),
                    (" + 0.2*(1 + v**2)/(2 + v**2)*xi_1*tau**-0.5", " + 0.1*u*xi_2*tau**-0.5"),
                )
            )
        )
    return "", ""


# ---------------------------------------------------------------------- thresholds, resets, refractoriness
THRESHOLDS = (
    "v > 1",
    "v >= 1 and u < 0.9",
    "v > 1 or g > 2.5",
    "v > 1 and not (u > 0.8)",
    "v > 0.8 + 0.4*rand()",
    "v + 0.2*u > 1",
    "v > 1 + 0.1*randn()",
    "rand() < 0.1",
    "1 < v",
    "v > 1 and on",
)
RESETS = (
    "v -= 1",
    "u += 0.1",
    "k += 1",
    "on = not on",
    "v = 0.3*rand()",
    "h = h + 0.1*randn()",
    "g *= 0.5",
    "u = clip(u + 0.2, -2, 2)",
    "q = e_q + 2*mV",
    "k = k % 4",
    "v = v - int(u > 0)*0.5",
)
REFRACTORY = (
    False,
    1.3,
    "pause",
    "v > 0.6",
    "timestep(t - lastspike, dt) < 3",
    "(1 + abs(h))*ms",
    "u > 0.1 and on",
)


@st.composite
def reset(draw):
    """Statements of a reset; the first brings v down."""
    first = draw(st.sampled_from(("v = 0", "v = -0.1 + 0.05*u", "v *= 0.2")))
    return "\n".join([first, *draw(some(RESETS, 0, 3))])


# ---------------------------------------------------------------------- what runs regularly
GROUP_CODES = (
    "u = 0.9*u + 0.1*rand()",
    "v += 0.05*(i % 2)",
    "k += 1",
    "on = rand() < 0.5",
    "h = 0.5*h + 0.1*randn()",
    "v += 0.3*poisson(0.5)\ng *= 0.9",
    "drive_now = drive*(1 + 0.1*sin(t/ms))\nu += 0.05*drive_now",
    "h = sum_in - gap",
    "bonus = 0.1*sin(t/ms)",
)
SYNAPSE_CODES = (
    "w = clip(w*0.99, -2, 2)",
    "w += 0.01*randn()",
    "w = w + 0.01*(i - j)",
    "w *= (1 + 0.01*rand())",
)


@st.composite
def regular(draw, codes, schedule):
    """One `run_regularly`."""
    return Regular(
        code=draw(st.sampled_from(codes)),
        dt_ms=draw(st.sampled_from((None, 0.5, 1.0, 2.0, 0.7))),
        when=draw(slot(schedule)),
        order=draw(st.integers(-1, 1)),
    )


@st.composite
def slot(draw, schedule):
    """A slot of a schedule, or what comes before or after it."""
    return draw(st.sampled_from(("", "", "before_", "after_"))) + draw(st.sampled_from(schedule))


@st.composite
def slots(draw, parts, schedule):
    """Places of some of an object's parts: (part, when, order)."""
    chosen = draw(some(parts, 0, 2)) if draw(st.integers(0, 3)) == 3 else []
    return tuple((part, draw(slot(schedule)), draw(st.integers(-1, 2))) for part in chosen)


def step():
    """Step of an object's clock (ms): mostly the first."""
    return st.sampled_from((STEPS_MS[0],) * 5 + STEPS_MS[1:])


def seeds():
    """A seed for the values of an object."""
    return st.integers(0, 9999)


# ---------------------------------------------------------------------- groups
@st.composite
def groups(draw, name, others, schedule):
    """A neuron group; `others` may be linked to."""
    linked = draw(st.sampled_from(others)) if others and draw(st.booleans()) else None
    method, text = draw(equations(linked))
    if linked:
        text += "y : 1 (linked)\n"
    threshold = draw(st.sampled_from(THRESHOLDS))
    statements = draw(reset())
    if draw(st.integers(0, 4)) == 4:
        text += (
            "dtheta/dt = (1 - theta)/(15*ms) : 1\n" if method not in ("exact", "linear") else "theta : 1\n"
        )
        threshold, statements = "v > theta", statements + "\ntheta += 0.2"
    event = ("v > 0.6 and v < 0.9", draw(st.sampled_from(("u += 0.05", "h += 0.01*rand()"))))
    return GroupPlan(
        name=name,
        size=draw(st.integers(1, 12)),
        equations=text,
        method=method,
        threshold=threshold,
        reset=statements,
        refractory=draw(st.sampled_from(REFRACTORY)),
        event=event if draw(st.integers(0, 3)) == 3 else None,
        linked=linked,
        regularly=tuple(draw(st.lists(regular(GROUP_CODES, schedule), max_size=2))),
        slots=draw(slots(("state_updater", "thresholder", "resetter"), schedule)),
        dt_ms=draw(step()),
        seed=draw(seeds()),
    )
