"""Perturbed networks on the compiled devices: fixed ones give the same spikes, drawn ones the same statistics."""

import numpy as np
import pytest
from brian2 import ms
from scipy import stats

from chronaxie.models import MembraneNoise, SpikeLoss, perturb, simulate

from .perturbed import STRONG, network, same_spikes, stimulus
from .test_membrane_noise import TAUS, expect_deviation, free_membranes
from .test_perturbation_statistics import LEVEL, one_spike, relays

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("numpy_target")]


@pytest.fixture(params=["cython", "cpp_standalone"])
def device(request):
    return request.param


def test_what_is_fixed_gives_the_same_spikes(device):
    fixed = [p for name, p in STRONG.items() if name not in ("membrane_noise", "spike_loss")]
    perturbed, x = perturb(network(), *fixed, seed=1), stimulus()
    assert same_spikes(simulate(perturbed, x, seed=1), simulate(perturbed, x, seed=1, device=device))


@pytest.mark.parametrize("dt", [4, 0.1])
def test_the_free_membrane_has_the_deviation(device, dt):
    """H0: at each tau_m N(0, 0.3²), 1000 neurons after 5 time constants."""
    perturbed = perturb(free_membranes(), MembraneNoise(0.3, groups="hidden1"))
    options = {"duration": 260 * ms, "seed": 4, "record": {"hidden1": ["v"]}, "sample_dt": 52 * ms}
    ds = simulate(perturbed, dt=dt * ms, device=device, **options)
    for v in ds["hidden1_v"].values[0, -1].reshape(len(TAUS), -1):
        expect_deviation(v, 0.3)


@pytest.mark.parametrize("dt", [4, 0.1])
def test_a_spike_is_lost_with_the_probability(device, dt):
    """H0: transmitted spikes are binomial, 2000 synapses, 3 trials of 10 spikes, each with numbers of its own."""
    perturbed = perturb(relays(2000, dt), SpikeLoss(0.3))
    ds = simulate(perturbed, one_spike(at=0, every=3, trials=3), seed=3, device=device)
    counts = np.bincount(ds["cells_spike_trial"], minlength=3)
    assert stats.binomtest(int(counts.sum()), 60_000, 0.7).pvalue > LEVEL
    assert len(set(counts.tolist())) > 1
