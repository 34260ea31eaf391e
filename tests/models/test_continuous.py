"""Any dt that divides that of the input: spikes and currents keep their physical times, at every step."""

import numpy as np
import pytest
import xarray as xr
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, TimedArray, ms

from chronaxie.models import build, describe, load_published, simulate, srnn

pytestmark = pytest.mark.usefixtures("numpy_target")
DT_REF = 0.004
FACTORS = (1, 3, 8, 40)  # 4, 1.33…, 0.5, 0.1 ms


def stimulus(kind="spikes", *, trials=2, steps=60, channels=3):
    values = np.random.default_rng(5).random((trials, steps, channels))
    values = (values < 0.3).astype(np.uint8) if kind == "spikes" else values
    return xr.DataArray(values, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * DT_REF})


def steps_of(times, dt):
    """Times as whole numbers of steps; more than a millionth of a step off the grid is an error."""
    steps = np.asarray(times) / dt
    assert np.abs(steps - np.rint(steps)).max() < 1e-6
    return np.rint(steps).astype(int)


@pytest.mark.parametrize("factor", FACTORS)
def test_spikes_of_a_stimulus_keep_their_times(factor):
    x = stimulus()
    ds = simulate(srnn(3, [4], 2, seed=0), x, dt=DT_REF / factor)
    trial, step, channel = np.nonzero(x.values)
    found = (ds.input_spike_trial.values, steps_of(ds.input_spike_time, DT_REF), ds.input_spike_neuron.values)
    assert all(np.array_equal(a, b) for a, b in zip(found, (trial, step, channel), strict=True))


@pytest.mark.parametrize("factor", FACTORS)
def test_currents_of_a_stimulus_keep_their_times(factor):
    x, dt = stimulus("current"), DT_REF / factor
    net = srnn(3, [4], 2, seed=0, input="current")
    ds = simulate(net, x, dt=dt, record={"input": {"x": "before_synapses"}}, sample_dt=dt)
    assert np.array_equal(ds.input_x.values, np.repeat(x.values, factor, axis=1))


def test_a_published_network_of_two_layers_keeps_its_rates(data_dir):
    """With random input, within 5 %; docs/continuous.md has what was measured."""
    net = load_published(data_dir / "checkpoints" / "shd_128_128.npz", kind="shd")
    x = np.random.default_rng(0).random((2, 100, 700)) < 0.045  # 11 Hz
    x = xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(100) * DT_REF})
    coarse, fine = simulate(net, x, record={}), simulate(net, x, record={}, dt=1 * ms)
    for group in ("hidden1", "hidden2"):
        count = coarse.sizes[f"{group}_spike"]
        assert count > 500
        assert fine.sizes[f"{group}_spike"] == pytest.approx(count, rel=0.05)


def by_hand(times=(0, 4, 12, 40), array_dt=4 * ms):
    """A network as a user writes it, without dt_ref: its own input spikes and its own current."""
    spikes = SpikeGeneratorGroup(2, [0] * len(times), list(times) * ms, dt=1 * ms, name="spikes")
    current = TimedArray(np.array([0.0, 3.0, -1.0, 0.0, 2.0]), dt=array_dt, name="current")
    cell = NeuronGroup(
        1,
        "dv/dt = (x - v)/(10*ms) : 1\nx = current(t) : 1",
        method="exact",
        namespace={"current": current},
        dt=1 * ms,
        name="cell",
    )
    synapses = Synapses(spikes, cell, on_pre="v_post += 1", dt=1 * ms, name="synapses")
    synapses.connect(i=[0], j=[0])
    return Network(spikes, cell, synapses)


@pytest.mark.parametrize("dt", [4, 2, 1, 0.25, 0.1, 4 / 3])
def test_own_inputs_of_a_network_without_dt_ref_keep_their_times(dt):
    ds = simulate(
        by_hand(), duration=60 * ms, dt=dt * ms, record={"cell": ["x", "v"]}, sample_dt=4 * ms, namespace={}
    )
    assert np.allclose(ds.spikes_spike_time, [0, 0.004, 0.012, 0.04], rtol=0, atol=1e-12)
    assert np.array_equal(ds.cell_x.values.ravel(), [0, 3, -1, 0, *[2] * 11])
    # In closed form: the current's response over each 4 ms, and each spike one step after its time (Brian2's schedule).
    time, v = np.arange(15) * 0.004, np.zeros(15)
    for k in range(1, 15):
        v[k] = v[k - 1] * np.exp(-0.4) + ds.cell_x.values.ravel()[k - 1] * (1 - np.exp(-0.4))
    for spike in (0, 0.004, 0.012, 0.04):
        since = time - spike - dt / 1e3
        v += np.where(since > -1e-9, np.exp(-since / 0.01), 0)
    np.testing.assert_allclose(ds.cell_v.values.ravel(), v, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "dt", "message"),
    [
        (lambda: srnn(3, [4], 2), 3, r"dt = 0\.003 s does not divide dt_ref = 0\.004 s .* nearest dt .* 0\.004 s"),
        (lambda: srnn(3, [4], 2), 1.5, r"nearest dt that does is 0\.00133333 s"),
        (lambda: srnn(3, [4], 2), 8, r"nearest dt that does is 0\.004 s"),
        (by_hand, 3, r"not divide the step of the TimedArray 'current' = 0\.004 s .* nearest dt that does is 0\.004"),
        (by_hand, 8, r"of the TimedArray 'current' .* nearest dt that does is 0\.004 s"),
        (
            lambda: by_hand(array_dt=12 * ms),
            3,
            r"would move input spikes of 'spikes', such as that at 0\.004 s; the nearest dt that .* is 0\.004",
        ),
        (lambda: by_hand((0, 6, 9), 12 * ms), 2, r"such as that at 0\.009 s; the nearest dt that .* is 0\.0015"),
        (lambda: by_hand((6, 12), 12 * ms), 12, r"such as that at 0\.006 s; the nearest dt that .* is 0\.006"),
    ],
)  # fmt: skip
def test_a_step_that_would_move_inputs_is_refused_with_the_nearest_that_does_not(make, dt, message):
    description = describe(make(), namespace={})
    with pytest.raises(ValueError, match=message):
        build(description, dt=dt * ms)
    with pytest.raises(ValueError, match=message):
        simulate(description, duration=48 * ms, dt=dt * ms)


def test_times_that_lay_between_the_steps_already_are_left_to_brian2():
    """Who puts spikes off the grid of his own network has chosen that they are moved to it."""
    ds = simulate(by_hand((0.3, 7.25)), duration=20 * ms, dt=0.5 * ms, record={}, namespace={})
    assert steps_of(ds.spikes_spike_time, 0.0005).tolist() == [0, 14]
