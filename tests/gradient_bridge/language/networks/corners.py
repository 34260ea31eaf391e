"""Corners of the language: names that share an array, integers, what pathways may read, draws under a mask."""

from brian2 import Network, Synapses, check_units, implementation, ms

from ..cases import RANDOM, Case
from .parts import CURRENT, LIF, cells, delayed, wired

HELD = CURRENT.replace("/tau : 1", "/tau : 1 (unless refractory)")


def names_of_one_array():
    """``old = v`` and then ``v -= 1``: in Brian2's numpy target both names may mean one array."""
    group = cells(model=LIF + "old : 1\nkept : 1\n", reset="old = v\nv -= 1\nkept = old + v", method="euler")
    group.run_regularly("kept = old\nold *= 0.9\nv += 0.01*kept", dt=1 * ms)
    return Network(group)


def integers_in_arithmetic():
    """Quotients, powers and remainders of integers, negative ones too; integers that a float is written to."""
    model = (
        LIF.replace("drive - v", "drive + 0.01*(k/3 + k**2 % 5 + k//2 + (-k) % 3 + i**2/(i + 1.0)) - v")
        + "k : integer\nm : integer\n"
    )
    group = cells(model=model, method="euler", reset="v = 0\nk = (k + 7) % 11 - 5\nm = int(v*3 + k/2)")
    group.k = "i - 5"
    return Network(group)


def what_pathways_read():
    """Time, indices, numbers of synapses, the delay itself."""
    group = cells()
    synapses = wired(
        group,
        group,
        on_pre="g_post += w*exp(-delay/(3*ms))*(1 + 0.1*sin(t/ms))/N_incoming + 0.001*(i - j)/N_outgoing/N_pre",
    )
    return Network(group, delayed(synapses))


def post_events():
    """``on_post`` that listens to an event of the target."""
    group = cells(events={"near": "v > 0.8 and v < 0.85"})
    synapses = Synapses(
        group,
        group,
        "w : 1\nx : 1",
        on_pre="g_post += w*(1 + x)",
        on_post="x = 0.9*x + 0.1\nv_pre += 0.01*w",
        on_event={"pre": "spike", "post": "near"},
        delay={"post": 0.7 * ms},
    )
    synapses.connect(p=0.4)
    synapses.w = "0.2*cos(3*i + j)"
    return Network(group, synapses)


def draws_for_the_free_ones():
    """A pathway that draws, onto a variable that refractory cells do not let write."""
    group = cells(model=HELD, refractory=4 * ms, method="euler")
    synapses = wired(group, group, on_pre="v_post += w*rand()\ng_post += 0.1*w", strength=0.4)
    return Network(group, delayed(synapses, 2.0))


def draws_one_after_the_other():
    """Numpy goes from synapse to synapse, and each draws for itself."""
    group = cells()
    return Network(group, delayed(wired(group, group, on_pre="g_post += w*(1 - g_post)*rand()"), 2.0))


def random_threshold_and_refractoriness():
    group = cells(model=HELD, threshold="v > 0.7 + 0.3*rand()", refractory=2 * ms, method="euler")
    return Network(group, wired(group, group))


@implementation("numpy", discard_units=True)
@check_units(x=1, result=1)
def hill(x):
    return x * x / (1 + x * x)


def function_with_a_torch_form():
    """Gradients pass through a user's function whose torch form is given."""
    return Network(
        cells(
            model=LIF.replace("drive - v", "drive*hill(1 + v) - v"),
            method="euler",
            strongest=5.0,
            namespace={"hill": hill},
        )
    )


CASES = (
    Case(names_of_one_array, (0.03, 0.02), ("drive",)),
    Case(integers_in_arithmetic, (0.03, 0.02), ("drive",)),
    Case(what_pathways_read, (0.03, 0.02), ("w", "drive")),
    Case(post_events, (0.03, 0.02), ("w", "drive")),
    Case(draws_for_the_free_ones, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(draws_one_after_the_other, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(random_threshold_and_refractoriness, (0.03, 0.02), ("w", "drive"), (RANDOM,)),
    Case(
        function_with_a_torch_form,
        (0.03, 0.02),
        ("drive",),
        options={"functions": {"hill": lambda x: x * x / (1 + x * x)}},
    ),
)
