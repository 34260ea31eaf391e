"""Statistics of the perturbations of weights, times, delays and inputs: what was asked for, at 4 and at 0.1 ms.

Every test names its null; the level is 0.001 two-sided, seeds are fixed.
"""

import numpy as np
import pytest
import xarray as xr
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms
from scipy import stats

from chronaxie.models import (
    InputJitter,
    Jitter,
    NeuronLesion,
    SpikeLoss,
    SynapseLesion,
    SynapticDelay,
    Temperature,
    TimeConstantMismatch,
    WeightNoise,
    WeightQuantisation,
    annotate,
    describe,
    perturb,
    simulate,
    tile,
    with_dt,
    with_stimulus,
)
from chronaxie.models.jitter import jittered
from chronaxie.models.step_distributions import gamma_steps, least_deviation, normal_steps

from .perturbed import network, stimulus

pytestmark = pytest.mark.usefixtures("numpy_target")
LEVEL = 0.001
QUANTILE = stats.norm.ppf(1 - LEVEL / 2)


def expect_moments(values, mean, sd):
    """H0: the values have this mean and standard deviation (normal approximations of both estimators)."""
    n, centred = len(values), values - mean
    assert abs(centred.mean()) < QUANTILE * sd / np.sqrt(n)
    spread = np.sqrt(((centred**2 - sd**2) ** 2).mean() / n)
    assert abs((centred**2).mean() - sd**2) < QUANTILE * spread


def slow(*cases):
    return [pytest.param(*np.atleast_1d(case).tolist(), marks=pytest.mark.slow) for case in cases]


def relays(n, dt):
    """A source of one neuron, and n neurons that each spike when a spike of it arrives, in the same step."""
    source = SpikeGeneratorGroup(1, [], [] * ms, when="before_synapses", name="source")
    cells = NeuronGroup(n, "v : 1", threshold="v > 0.5", reset="v = 0", name="cells")
    wires = Synapses(source, cells, on_pre="v_post += 1", name="wires")
    wires.connect()
    net = Network(source, cells, wires)
    net.schedule = ["start", "groups", "synapses", "thresholds", "resets", "end"]
    return with_dt(describe(annotate(net, dt_ref=4 * ms)), dt * ms)


def one_spike(steps=30, at=2, trials=1, every=None):
    values = np.zeros((trials, steps, 1), dtype=np.int8)
    values[:, at :: every or steps] = 1
    return xr.DataArray(
        values, dims=("trial", "time", "channel"), coords={"time": ("time", np.arange(steps) * 0.004)}
    )


# ------------------------------------------------------------------ synapses
@pytest.mark.parametrize("dt", [4, 0.1])
@pytest.mark.parametrize("p", [0.5, *slow(0.05, 0.9)])
def test_a_spike_is_lost_with_the_probability(dt, p):
    """H0: transmitted spikes are binomial, 2000 synapses, 10 spikes; and independent between synapses and spikes."""
    perturbed = perturb(relays(2000, dt), SpikeLoss(p))
    ds = simulate(perturbed, one_spike(at=0, every=3), seed=3)
    arrived = np.zeros((10, 2000))
    arrived[(ds["cells_spike_time"].values / 0.012 + 0.5).astype(int), ds["cells_spike_neuron"]] = 1
    assert stats.binomtest(int(arrived.sum()), arrived.size, 1 - p).pvalue > LEVEL
    for sums, n in ((arrived.sum(0), 10), (arrived.sum(1), 2000)):
        dispersion = ((sums - n * (1 - p)) ** 2).sum() / (n * p * (1 - p))
        assert LEVEL / 2 < stats.chi2.cdf(dispersion, len(sums)) < 1 - LEVEL / 2


@pytest.mark.parametrize(
    ("dt", "mean", "jitter"),
    [
        (4, 8, 0),
        (4, 6, 2.4),
        (0.1, 1, 0.5),
        *slow((4, 12, 6), (4, 4, 0.4), (0.1, 8, 0), (0.1, 0.25, 0.2), (0.1, 12, 6)),
    ],
)
def test_spikes_arrive_with_the_delays_asked_for(dt, mean, jitter):
    """H0: mean and standard deviation of the times of arrival, in ms, over 4000 synapses."""
    perturbed = perturb(relays(4000, dt), SynapticDelay(mean * ms, jitter=jitter * ms), seed=2)
    ds = simulate(perturbed, one_spike(), seed=0)
    assert np.array_equal(np.sort(ds["cells_spike_neuron"]), np.arange(4000))
    late = ds["cells_spike_time"].values * 1e3 - 8
    assert late.min() > -1e-9
    if jitter == 0:
        np.testing.assert_allclose(late, mean, atol=1e-9)
    else:
        expect_moments(late, mean, jitter)


def test_delays_of_a_coarse_step_stay_at_a_finer_one():
    description = perturb(relays(200, 4), SynapticDelay(8 * ms, jitter=4 * ms), seed=2)
    coarse, fine = (simulate(description, one_spike(), dt=dt * ms, seed=0) for dt in (4, 0.5))
    for ds in (coarse, fine):
        order = np.argsort(ds["cells_spike_neuron"].values)
        times = ds["cells_spike_time"].values[order]
        np.testing.assert_allclose(times, 0.008 + description.synapses[0].pathways[0].delay, atol=1e-9)


@pytest.mark.parametrize("mean", [0.1, 0.5, 1, 2.3, 20])
@pytest.mark.parametrize("factor", [1.02, 1.5, 4])
def test_whole_steps_have_the_moments_asked_for(mean, factor):
    """H0: mean and standard deviation; gamma from just above what rounding gives, normal from far below a step."""
    rng = np.random.default_rng(1)
    sd = factor * max(least_deviation(mean), 0.05 * mean)
    values = gamma_steps(rng, 200_000, mean=mean, sd=sd)
    assert (values >= 0).all()
    assert (values == np.rint(values)).all()
    expect_moments(values, mean, sd)
    sd = 0.05 * mean * factor
    values = normal_steps(rng, 200_000, sd=sd)
    assert (values == np.rint(values)).all()
    expect_moments(values, 0, sd)


def weights(description, name="hidden1_hidden1"):
    s = next(s for s in description.synapses if s.name == name)
    return s, next(v for v in s.variables if v.name == "w").array.values


@pytest.mark.parametrize("per", ["array", "post", "pre"])
def test_weight_noise_is_normal_and_relative(per):
    """H0: the difference over relative_sd times the root mean square of the row is standard normal, 1600 weights."""
    description = network((40,))
    s, w = weights(description)
    _, noisy = weights(WeightNoise(0.2, per=per)(description, seed=7))
    rows = {"array": np.zeros(len(w), int), "post": s.post, "pre": s.pre}[per]
    rms = np.array([np.sqrt((w[rows == row] ** 2).mean()) for row in rows])
    assert stats.kstest((noisy - w) / (0.2 * rms), "norm").pvalue > LEVEL


@pytest.mark.parametrize("per", ["array", "post", "pre"])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_quantised_weights_lie_on_a_grid_of_each_row(per, bits):
    description = network((40,))
    s, w = weights(description)
    _, quantised = weights(WeightQuantisation(bits, per=per)(description))
    rows = {"array": np.zeros(len(w), int), "post": s.post, "pre": s.pre}[per]
    for row in np.unique(rows):
        before, after = w[rows == row], quantised[rows == row]
        step = np.abs(before).max() / (2 ** (bits - 1) - 1)
        levels = after / step
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-9)
        assert np.abs(np.rint(levels)).max() == 2 ** (bits - 1) - 1
        assert np.abs(after - before).max() <= step / 2 * (1 + 1e-12)
        largest = np.argmax(np.abs(before))
        assert after[largest] == before[largest]
    again = WeightQuantisation(bits, per=per)(WeightQuantisation(bits, per=per)(description))
    np.testing.assert_array_equal(weights(again)[1], quantised)


def test_the_error_of_fine_quantisation_is_uniform():
    """H0: the error over the step is uniform on [-1/2, 1/2], 1600 weights of 8 bits."""
    description = network((40,))
    _, w = weights(description)
    _, quantised = weights(WeightQuantisation(8, per="array")(description))
    step = np.abs(w).max() / 127
    assert stats.kstest((quantised - w) / step, stats.uniform(-0.5, 1).cdf).pvalue > LEVEL


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1])
def test_lesions_take_exactly_the_fraction_and_anyone_alike(fraction):
    """H0: over 200 seeds each of 40 neurons and 240 synapses is lost equally often (chi-squared)."""
    description = network((40,))
    lost = np.zeros(40)
    cut = np.zeros((6, 40))
    for seed in range(200):
        group = NeuronLesion(fraction)(description, seed=seed).group("hidden1")
        alive = next(v.array.values for v in group.variables if v.name == "alive")
        assert (~alive).sum() == round(40 * fraction)
        lost += ~alive
        s, _ = weights(SynapseLesion(fraction)(description, seed=seed), "input_hidden1")
        assert len(s.pre) == 240 - round(240 * fraction)
        cut[s.pre, s.post] += 1
    if fraction < 1:
        for counts, p in ((lost, fraction), (cut.ravel(), 1 - fraction)):
            # without replacement: the counts vary less by the factor (n - 1)/n than binomial ones
            n = len(counts)
            statistic = ((counts - 200 * p) ** 2).sum() / (200 * p * (1 - p)) * (n - 1) / n
            assert LEVEL / 2 < stats.chi2.cdf(statistic, n - 1) < 1 - LEVEL / 2


def test_synapses_that_stay_keep_what_they_had():
    description = network((40,))
    s, w = weights(description)
    cut, kept = weights(SynapseLesion(0.3)(description, seed=1))
    before = {(i, j): value for i, j, value in zip(s.pre, s.post, w, strict=True)}
    assert all(before[i, j] == value for i, j, value in zip(cut.pre, cut.post, kept, strict=True))
    order = np.lexsort((cut.post, cut.pre))
    assert np.array_equal(order, np.arange(len(kept)))


# ------------------------------------------------------------------ time constants
@pytest.mark.parametrize("cv", [0.1, 0.5])
def test_mismatch_is_log_normal_with_the_median_kept(cv):
    """H0: log(tau'/tau) is normal with mean 0 and variance log(1 + cv²), and the factor has the cv asked for."""
    description = network((3000,), recurrent=False)
    perturbed = TimeConstantMismatch(cv)(description, seed=5)
    for name in ("tau_m", "tau_a"):
        before, after = (
            next(v.array.values for v in d.group("hidden1").variables if v.name == name)
            for d in (description, perturbed)
        )
        factor = after / before
        assert stats.kstest(np.log(factor) / np.sqrt(np.log1p(cv**2)), "norm").pvalue > LEVEL
        expect_moments(factor, np.sqrt(1 + cv**2), cv * np.sqrt(1 + cv**2))


@pytest.mark.parametrize(("change", "q10", "factor"), [(10, 2, 0.5), (-10, 3, 3), (5, 4, 0.5)])
def test_temperature_scales_time_constants(change, q10, factor):
    description = network((5,))
    warm = Temperature(change, q10=q10)(description)
    for group in ("hidden1", "output"):
        for v, w in zip(description.group(group).variables, warm.group(group).variables, strict=True):
            expected = v.array.values * (factor if v.name.startswith("tau") else 1)
            np.testing.assert_allclose(w.array.values, expected, rtol=1e-14)
    named = Temperature(change, q10={"tau_m": q10, "*": 1.0})(description).group("hidden1")
    values = {v.name: v.array.values for v in named.variables}
    before = {v.name: v.array.values for v in description.group("hidden1").variables}
    np.testing.assert_allclose(values["tau_m"], before["tau_m"] * factor, rtol=1e-14)
    assert np.array_equal(values["tau_a"], before["tau_a"])


# ------------------------------------------------------------------ inputs
def sparse(trials=400, steps=1000):
    """A spike every 400 ms: no spike meets another."""
    return one_spike(steps=steps, at=50, trials=trials, every=100)


@pytest.mark.parametrize(
    ("dt", "sd"), [(4, 0.5), (0.1, 5), *slow((4, 3), (4, 20), (0.1, 0.02), (0.1, 0.5), (0.1, 20))]
)
def test_input_spikes_are_moved_as_asked(dt, sd):
    """H0: mean 0 and standard deviation sd (ms) of the shifts, 4000 spikes; of many steps they are normal too."""
    perturbed = perturb(relays(1, dt), InputJitter(sd * ms), seed=1)
    d = with_stimulus(tile(perturbed, 400), sparse(), step=0.004).group("source")
    assert np.array_equal(np.bincount(d.indices, minlength=400), np.full(400, 10))
    order = np.lexsort((d.times, d.indices))
    shift = d.times[order].reshape(400, 10) * 1e3 - (200 + 400 * np.arange(10))
    expect_moments(shift.ravel(), 0, sd)
    if dt == 0.1 and sd >= 0.5:
        noise = np.random.default_rng(0).uniform(-0.05, 0.05, shift.size)
        assert stats.kstest((shift.ravel() + noise) / sd, "norm").pvalue > LEVEL
    # H0: what two trials draw is independent.
    r = np.corrcoef(shift[:-1].ravel(), shift[1:].ravel())[0, 1]
    assert abs(r) < QUANTILE / np.sqrt(3990)


def test_simulate_puts_in_what_is_jittered():
    """The spikes of the source in a simulation are those of the description, however many trials there are."""
    perturbed = perturb(network((5,)), InputJitter(8 * ms), seed=1)
    x = stimulus(trials=4, steps=80, rate=0.2)
    many = simulate(perturbed, x, seed=1)
    one = simulate(perturbed, x.isel(trial=slice(0, 1)), seed=1)
    first = many["input_spike_trial"].values == 0
    assert np.array_equal(many["input_spike_neuron"].values[first], one["input_spike_neuron"])
    assert np.array_equal(many["input_spike_time"].values[first], one["input_spike_time"])
    moved = np.zeros(x.shape)
    steps = (many["input_spike_time"].values / 0.004 + 0.5).astype(int)
    np.add.at(moved, (many["input_spike_trial"], steps, many["input_spike_neuron"]), 1)
    assert moved.max() == 1
    assert np.array_equal(moved.sum(1), x.values.sum(1))
    assert (moved != x.values).any()


@pytest.mark.parametrize("density", [0.3, 0.9, 1.0])
def test_no_spike_is_lost_however_crowded(density):
    rng = np.random.default_rng(0)
    for length, sd in ((40, 5e-3), (40, 0.5), (1, 1e-3), (2, 0.1)):
        steps, indices = np.nonzero(rng.random((length, 6)) < density)
        neuron, moved = jittered(Jitter("source", sd, 3), indices, steps, channels=2, dt=0.001, length=length)
        assert np.array_equal(np.bincount(neuron, minlength=6), np.bincount(indices, minlength=6))
        assert len(set(zip(neuron.tolist(), moved.tolist(), strict=True))) == len(moved)
        if len(moved):
            assert 0 <= moved.min() <= moved.max() < length


def test_own_spikes_are_jittered_at_once():
    source = SpikeGeneratorGroup(2, [0, 1] * 50, np.repeat(np.arange(50) * 20 + 10, 2) * ms, name="source")
    cells = NeuronGroup(2, "v : 1", threshold="v > 1", reset="v = 0", name="cells")
    wires = Synapses(source, cells, on_pre="v_post += 1", name="wires")
    wires.connect(j="i")
    net = Network(source, cells, wires)
    group = describe(perturb(net, InputJitter(2 * ms), seed=1)).group("source")
    assert len(group.times) == 100
    order = np.lexsort((group.times, group.indices))
    expect_moments((group.times[order].reshape(2, 50) * 1e3 - np.arange(50) * 20 - 10).ravel(), 0, 2)


def test_a_trial_is_jittered_the_same_among_others_and_alone():
    """By its name: the coordinate ``trial``; a name that comes again draws other numbers."""
    perturbed = perturb(network((5,)), InputJitter(8 * ms), seed=1)
    x = stimulus(trials=4, steps=60)[[0, 0, 0, 0]].assign_coords(trial=[7, 3, 9, 3])
    wide = with_stimulus(tile(perturbed, 4), x).group("input")
    moved = [
        sorted(zip(wide.indices[of].tolist(), wide.times[of].tolist(), strict=True))
        for k in range(4)
        for of in [wide.indices // 6 == k]
    ]
    moved = [[(i - 6 * k, t) for i, t in part] for k, part in enumerate(moved)]
    assert all(moved[a] != moved[b] for a in range(4) for b in range(a))
    for k in (1, 2):
        alone = with_stimulus(perturbed, x[[k]]).group("input")
        assert sorted(zip(alone.indices.tolist(), alone.times.tolist(), strict=True)) == moved[k]
