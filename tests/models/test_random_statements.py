"""Random functions and noise in a network: described, built, saved, tiled, and drawn as Brian2 draws them."""

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    TimedArray,
    ms,
    seed,
)
from scipy import stats

from chronaxie.gradient_bridge import Twin
from chronaxie.models import UnsupportedModel, build, describe, load_description, save, simulate, tile

from .test_describe_build import same

pytestmark = pytest.mark.usefixtures("numpy_target")


def random_network(method="euler", equations="dv/dt = (drive - v)/tau + 0.2*xi*tau**-0.5 : 1\ntau : second"):
    """Every place in which a network draws: equations, subexpressions, threshold, reset, synapses, rates."""
    wave = TimedArray(np.array([20.0, 60.0]) * Hz, dt=20 * ms, name="wave")
    cells = NeuronGroup(
        8,
        equations + "\ndrive = 1.2 + 0.3*randn() + 0.1*poisson(2) : 1 (constant over dt)",
        threshold="v > 0.9 + 0.2*rand()",
        reset="v = 0.2*rand()",
        refractory="1*ms + 2*ms*rand()",
        method=method,
        name="cells",
    )
    cells.tau = np.linspace(3, 12, 8) * ms
    noise = PoissonGroup(8, "wave(t)*(0.5 + rand())", namespace={"wave": wave}, name="noise")
    source = SpikeGeneratorGroup(2, [0, 1, 0, 1], [1, 3, 8, 12] * ms, period=20 * ms, name="source")
    feed = Synapses(noise, cells, on_pre="v_post += 0.2*randn()*int(rand() < 0.7)", name="feed")
    feed.connect(j="i")
    kick = Synapses(source, cells, on_pre="v_post += 0.1*poisson(3)", name="kick")
    kick.connect()
    return Network(cells, noise, source, feed, kick)


NOISE = {
    "euler": ("euler", "dv/dt = (drive - v)/tau + 0.2*xi*tau**-0.5 : 1\ntau : second"),
    "two terms": (
        "euler",
        "dv/dt = (drive - v)/tau + (0.2*xi_a + 0.1*xi_b)*tau**-0.5 : 1\ntau : second",
    ),
    "heun": ("heun", "dv/dt = (drive - v)/tau + 0.2*v*xi*tau**-0.5 : 1\ntau : second"),
    "milstein": ("milstein", "dv/dt = (drive - v)/tau + 0.2*v*xi*tau**-0.5 : 1\ntau : second"),
    "Brian2's choice": (
        ("exact", "euler", "heun"),
        "dv/dt = (drive - v)/tau + 0.2*v*xi*tau**-0.5 : 1\ntau : second",
    ),
}


@pytest.mark.parametrize(
    ("method", "equations"),
    [
        pytest.param(*how, id=name, marks=[] if name == "two terms" else pytest.mark.slow)
        for name, how in NOISE.items()
    ],
)
def test_what_is_described_comes_back_and_draws_the_same_numbers(method, equations, tmp_path):
    net = random_network(method, equations)
    description = describe(net)
    same(description, describe(build(description)))
    loaded = load_description(save(net, tmp_path / "net.nc"))
    same(description, loaded)
    monitors = {name: SpikeMonitor(net[name]) for name in ("cells", "noise")}
    net.add(*monitors.values())
    seed(int(np.random.SeedSequence(7).generate_state(1)[0]))  # that of the first trial of simulate(seed=7)
    net.run(100 * ms)
    ds = simulate(loaded, duration=100 * ms, seed=7)
    for name, monitor in monitors.items():
        assert len(monitor.i) > 20
        assert np.array_equal(np.array(monitor.i), ds[f"{name}_spike_neuron"])
        assert np.array_equal(np.array(monitor.t), ds[f"{name}_spike_time"])


@pytest.mark.slow
def test_tiled_trials_are_independent_and_equal_in_distribution():
    """H0: a trial of 300 side by side has as many spikes as a trial alone; two-sample test, level 0.001."""
    net = random_network()
    together = simulate(net, duration=50 * ms, trials=300, seed=1)
    counts = np.bincount(together["cells_spike_trial"], minlength=300)
    assert len(np.unique(counts)) > 5
    alone = [simulate(net, duration=50 * ms, seed=k).sizes["cells_spike"] for k in range(10)]
    assert stats.mannwhitneyu(counts, alone).pvalue > 0.001
    assert abs(stats.spearmanr(counts[:-1], counts[1:]).statistic) < 0.2


@pytest.mark.parametrize("random", ["rand()", "randn()*2", "poisson(3.0)"])
def test_random_numbers_that_a_group_shares_are_not_tiled(random):
    group = NeuronGroup(2, f"x = {random} : 1 (shared, constant over dt)", name="cells")
    description = describe(Network(group))
    assert tile(description, 1) is description
    with pytest.raises(UnsupportedModel, match=r"'cells' uses random numbers that the group shares \('x'\)"):
        tile(description, 2)


def test_the_twin_draws_what_brian2_draws_in_every_place():
    """After the same seed, to the bit; what came before leaves another state."""
    net = random_network()
    twin = Twin(net)
    np.random.seed(5)  # noqa: NPY002  Brian2's own stream
    ours = twin(duration=50 * ms).final["cells"]["v"][0].numpy()
    other = twin(duration=50 * ms).final["cells"]["v"][0].numpy()
    np.random.seed(5)  # noqa: NPY002
    net.run(50 * ms)
    assert np.array_equal(ours, np.asarray(net["cells"].v))
    assert not np.array_equal(ours, other)
