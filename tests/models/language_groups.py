"""Small networks, one for each thing that a group of Brian2 can have; each function makes a fresh one."""

import numpy as np
from brian2 import (
    Function,
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
from brian2.stateupdaters.explicit import ExplicitStateUpdater


def flags():
    """Every flag of an equation: constant, shared, unless refractory, constant over dt."""
    g = NeuronGroup(
        8,
        """
        dv/dt = (drive*gain - v)/tau + noise/tau : 1 (unless refractory)
        dw/dt = -w/(20*ms) : 1
        drive = 1.5 + 0.3*sin(2*pi*50*Hz*t) : 1 (shared, constant over dt)
        noise = 0.2*randn() : 1 (constant over dt)
        tau : second (constant, shared)
        gain : 1 (constant)
        """,
        threshold="v > 1",
        reset="v = 0; w += 1",
        refractory=2 * ms,
        method="euler",
        name="g",
    )
    g.tau, g.gain, g.v = 8 * ms, np.linspace(0.8, 1.4, 8), np.linspace(0, 0.9, 8)
    return Network(g)


def _integrated(method, noise):
    g = NeuronGroup(
        5,
        f"""
        dv/dt = (1.4 - v - a)/tau {noise} : 1
        da/dt = (0.2*v - a)/(50*ms) : 1
        tau : second (constant)
        """,
        threshold="v > 1",
        reset="v = 0; a += 0.1",
        method=method,
        name="g",
    )
    g.tau, g.v = [5, 7, 9, 11, 13] * ms, "i*0.15"
    return Network(g)


INTEGRATORS = {
    f"integrated by {method}": (lambda method=method, noise=noise: _integrated(method, noise))
    for method, noise in {
        "exact": "",
        "linear": "",
        "exponential_euler": "",
        "euler": "+ 0.3*xi*tau**-0.5",
        "heun": "+ (0.3 + 0.1*v)*xi*tau**-0.5",
        "milstein": "+ (0.3 + 0.1*v)*xi*tau**-0.5",
        "rk2": "",
        "rk4": "",
    }.items()
}


def two_noises():
    g = NeuronGroup(
        6,
        "dv/dt = -v/(10*ms) + 0.5*xi_1*second**-0.5 + 2*xi_2*second**-0.5 : 1\ndx/dt = xi_2*second**-0.5 : 1",
        method="euler",
        name="g",
    )
    return Network(g)


def kinds():
    """Integer and boolean variables, rand, randn and poisson in resets and thresholds, comments, // and %."""
    g = NeuronGroup(
        9,
        """
        dv/dt = (1.2*int(on) + 0.1*n - v)/(10*ms) : 1
        n : integer
        on : boolean
        late = t > 20*ms : boolean
        count = n//2 + i%3 : integer
        """,
        threshold="v + 0.05*randn() > 1 or (late and rand() < 0.01)",
        reset="""
        v = 0.3*rand()  # where it starts again
        n = (n + poisson(0.7)) % 5
        on = not (on and n > 2)
        """,
        method="exact",
        name="g",
    )
    g.on, g.n = "i % 2 == 0", "i"
    return Network(g)


def _refractory(refractory, flag=" (unless refractory)"):
    g = NeuronGroup(
        6,
        f"dv/dt = (1.6 - v)/(8*ms) : 1{flag}\nrest : second (constant)\ntired : boolean",
        threshold="v > 1",
        reset="v -= 1; tired = not tired",
        refractory=refractory,
        method="exact",
        name="g",
    )
    g.v, g.rest = "i*0.15", "(1 + i)*ms"
    return Network(g)


REFRACTORY = {
    f"refractory {value}": (lambda value=value: _refractory(value))
    for value in (3 * ms, "rest", "(1 + 2*rand())*ms", "v > 0.5", "tired and t - lastspike < 4*ms")
} | {"refractory False": lambda: _refractory(False, "")}


def timed_arrays():
    """TimedArrays of one and two dimensions, read by an index, by t itself and by another column."""
    wave = TimedArray(np.sin(np.arange(20)) + 1, dt=2 * ms, name="wave")
    table = TimedArray(np.arange(30).reshape(10, 3) / 20 * mV, dt=5 * ms, name="table")
    g = NeuronGroup(
        3,
        "dv/dt = (30*table(t, i) + 15*mV*wave(t) + table(t - 5*ms, (i + 1) % 3) - v)/(6*ms) : volt",
        threshold="v > 14*mV + 2*mV*wave(t)",
        reset="v = 0*mV",
        method="euler",
        namespace={"wave": wave, "table": table},
        name="g",
    )
    return Network(g)


def links():
    """Linked variables: direct, by an index array or variable; of shared ones, of subgroups, of subexpressions."""
    a = NeuronGroup(
        4, "dx/dt = (1 - x)/(7*ms) : 1\nk : 1 (shared)\ny = 2*x + k + c : 1", method="exact", name="a"
    )
    a.namespace["c"] = 0.5
    b = NeuronGroup(
        4,
        """
        x : 1 (linked)
        k : 1 (linked)
        mixed : 1 (linked)
        by_name : 1 (linked)
        y : 1 (linked)
        which : integer (constant)
        dv/dt = (x + 0.1*k + mixed + by_name + y - v)/(5*ms) : 1
        """,
        threshold="v > 3",
        reset="v = 0; mixed -= 0.05",
        method="euler",
        namespace={"c": 0.5},
        name="b",
    )
    half = NeuronGroup(2, "x : 1 (linked)\nagain : 1 (linked)\nz = x + again : 1", name="half")
    b.x, b.k, b.y = linked_var(a, "x"), linked_var(a, "k"), linked_var(a.y)
    b.mixed = linked_var(a, "x", index=np.array([3, 2, 1, 0]))
    b.which = [1, 1, 2, 0]
    b.by_name = linked_var(a, "x", index="which")
    half.add_attribute("part")
    half.part = a[1:3]  # Brian2 does not keep it
    half.x, half.again = linked_var(half.part, "x"), linked_var(b, "mixed", index=np.array([0, 3]))
    half.run_regularly("x += 0.01", dt=1 * ms)
    a.x, a.k = [0, 0.1, 0.2, 0.3], 0.7
    return Network(a, b, half)


def events():
    """Events of the user's own with and without statements, in slots of their own; statements on spikes added later."""
    g = NeuronGroup(
        6,
        "dv/dt = (1.5 - v)/(10*ms) : 1\nn : integer\nm : integer",
        threshold="v > 1.2",
        reset="v = 0",
        events={"half": "v > 0.5 and n < 3", "rare": "rand() < 0.02", "unused": "v > 100"},
        method="exact",
        name="g",
    )
    g.v = "i*0.2"
    g.run_on_event("half", "n += 1", when="before_groups", order=3)
    g.run_on_event("rare", "m += poisson(2); v *= 0.9")
    g.set_event_schedule("rare", when="after_groups", order=-1)
    late = NeuronGroup(2, "dv/dt = 1/(5*ms) : 1", threshold="v > 1", method="euler", name="late")
    late.run_on_event("spike", "v -= 1", when="start")
    return Network(g, late)


def regular():
    """run_regularly: several, with steps, slots, orders and names of their own; of subgroups; random numbers."""
    g = NeuronGroup(
        8, "dv/dt = -v/(10*ms) : 1\nscale : 1 (shared)", threshold="v > 0.9", reset="v = 0", name="g"
    )
    g.run_regularly("v += 0.3*rand()", dt=1 * ms)
    g.run_regularly("scale = rand()\nx = 2*scale", dt=2 * ms, when="end", order=2)
    g[2:5].run_regularly("v += 0.1*randn()*scale + 0.01*i", dt=0.5 * ms, name="aaa_first")
    g.run_regularly("v = clip(v, -1, 2)", when="after_groups")
    p = PoissonGroup(5, 100 * Hz, name="p")
    p.run_regularly("rates = 200*Hz*rand()", dt=5 * ms)
    return Network(g, p)


def subgroups():
    """Subgroups as source and target, also overlapping, also of inputs, named and not."""
    g = NeuronGroup(10, "dv/dt = (1.1 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", name="g")
    g.v = "i*0.1"
    source = NeuronGroup(
        6, "dv/dt = 1/(3*ms) : 1", threshold="v > 1", reset="v = 0", method="euler", name="source"
    )
    source.v = "i*0.15"
    first, middle = g[:4], g[3:7]
    one = Synapses(first, middle, "w : 1", on_pre="v_post += w + 0.01*i + 0.001*j", name="one")
    one.connect(p=0.6)
    one.w = "0.1*rand() + 0.01*i - 0.01*j"
    two = Synapses(source[2:5], g[5:], "n : 1", on_pre="v_post += 0.4", on_post="n += 1", name="two")
    two.connect(condition="True")
    three = Synapses(middle, first, "x : 1", on_post="v_pre -= 0.05", name="three")
    three.connect(i=[0, 1, 3], j=[0, 0, 2])
    return Network(g, source, one, two, three)


def inputs():
    """PoissonGroup by rates and expression, PoissonInput of several forms, a periodic SpikeGeneratorGroup."""
    rate = TimedArray([100, 400] * Hz, dt=10 * ms, name="rate")
    noise = PoissonGroup(6, np.linspace(100, 300, 6) * Hz, name="noise")
    wave = PoissonGroup(4, "rate(t)*(1 + i)*factor", namespace={"rate": rate, "factor": 0.5}, name="wave")
    source = SpikeGeneratorGroup(3, [0, 1, 2, 0], [1, 2, 2, 7] * ms, period=10 * ms, name="source")
    cells = NeuronGroup(
        6,
        "dv/dt = -v/(10*ms) : volt\nw : volt",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        method="exact",
        namespace={"gain": 2},
        name="cells",
    )
    cells.w = "(0.1 + 0.05*i)*mV"
    poisson = [
        PoissonInput(cells, "v", 20, 30 * Hz, weight=mV / 3),
        PoissonInput(cells[1:4], "v", 3, 200 * Hz, weight="w*gain", when="before_groups", order=1),
        PoissonInput(cells, "v", 2000, 40 * Hz, weight="0.01*mV"),
    ]
    synapses = []
    for s in (noise, wave, source):
        synapses.append(Synapses(s, cells, on_pre="v_post += 2*mV", name=f"from_{s.name}"))
        synapses[-1].connect(j="(i + 1) % N_post")
    return Network(noise, wave, source, cells, poisson, synapses)


@check_units(x=1, result=1)
def squashed(x):
    return np.tanh(x) + 0.1


@implementation("cpp", "double doubled(double x, double y) { return 2*x + y; }")
@implementation("cython", "cdef double doubled(double x, double y): return 2*x + y")
@check_units(x=1, y=1, result=1)
def doubled(x, y):
    return 2 * x + y


def _drawn(vectorisation_idx):
    return np.random.rand(len(vectorisation_idx))  # noqa: NPY002 - the stream that Brian2 draws from


def functions():
    """Functions of the user's own: plain Python, with implementations, with random numbers, used by synapses too."""
    drawn = Function(_drawn, arg_units=[], return_unit=1, stateless=False, auto_vectorise=True)
    drawn.implementations.add_implementation("numpy", _drawn)
    names = {"squashed": squashed, "doubled": doubled, "drawn": drawn}
    g = NeuronGroup(
        5,
        "dv/dt = (1.3*squashed(a) - v)/(10*ms) : 1\na : 1",
        threshold="v > 1",
        reset="v = 0.2*drawn()",
        method="euler",
        namespace=names,
        name="g",
    )
    g.a = "1 + i"
    s = Synapses(g, g, "w : 1", on_pre="v_post += doubled(w, 0.01)", namespace=names, name="s")
    s.connect(condition="i != j")
    s.w = 0.02
    return Network(g, s)


def own_integrator():
    """A state updater of the user's own, on its own and as the second choice."""
    ralston = ExplicitStateUpdater(
        """
        k_1 = dt*f(x, t)
        k_2 = dt*f(x + 2*k_1/3, t + 2*dt/3)
        x_new = x + k_1/4 + 3*k_2/4
        """
    )
    model = "dv/dt = (1.5 - v**3 + 0.1*sin(t/ms))/(10*ms) : 1"
    groups = [
        NeuronGroup(3, model, threshold="v > 1", reset="v = 0", method=method, name=name)
        for name, method in (("g", ralston), ("h", ("exact", ralston)))
    ]
    groups[0].v = "0.3*i"
    return Network(groups)


def clocks():
    """Several steps: a slow group, a fast one, statements at a third, synapses from fast to slow."""
    fast = NeuronGroup(
        5,
        "dv/dt = (1.5 - v)/(5*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        dt=0.05 * ms,
        method="exact",
        name="fast",
    )
    slow = NeuronGroup(4, "dx/dt = -x/(20*ms) : 1\nn : 1", dt=0.5 * ms, method="euler", order=-2, name="slow")
    other = NeuronGroup(3, "dy/dt = (rand() - y)/(3*ms) : 1", method="euler", name="other")
    slow.run_regularly("n += 1", dt=0.3 * ms)
    fast.v = "0.2*i"
    s = Synapses(
        fast,
        slow,
        "dw/dt = -w/(30*ms) : 1 (clock-driven)",
        on_pre="x_post += w; w += 0.1",
        delay=1 * ms,
        dt=0.25 * ms,
        name="s",
    )
    s.connect(p=0.7)
    return Network(fast, slow, other, s)


def schedule():
    """An order of slots of the user's own, and operations moved between them."""
    g = NeuronGroup(
        6, "dv/dt = (1.5 - v)/(9*ms) : 1\nn : 1", threshold="v > 1", reset="v = 0", method="exact", name="g"
    )
    g.v = "0.15*i"
    g.state_updater.when, g.state_updater.order = "before_resets", 4
    g.thresholder["spike"].when = "custom"
    s = Synapses(g, g, on_pre="n_post += 1; v_post += 0.05", name="s")
    s.connect(condition="i != j")
    s.pre.when = "after_resets"
    net = Network(g, s)
    net.schedule = ["start", "synapses", "resets", "groups", "custom", "thresholds", "end"]
    return net


def automatic_names():
    """Objects without names of their own, random numbers in several."""
    groups = [
        NeuronGroup(3, "dv/dt = (1.2*rand() - v)/(5*ms) : 1", threshold="v > 0.55", reset="v = 0")
        for _ in range(3)
    ]
    s = [Synapses(a, b, on_pre="v_post += 0.1*rand()") for a in groups for b in groups[:2]]
    for synapses in s:
        synapses.connect()
    return Network(groups, s)


GROUPS = (
    {
        f.__name__.replace("_", " "): f
        for f in (
            flags,
            two_noises,
            kinds,
            timed_arrays,
            links,
            events,
            regular,
            subgroups,
            inputs,
            functions,
            own_integrator,
            clocks,
            schedule,
            automatic_names,
        )
    }
    | INTEGRATORS
    | REFRACTORY
)
