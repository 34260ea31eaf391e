"""SPIKE-distance against PySpike."""

import numpy as np
import pyspike
import pytest
from hypothesis import assume, given, settings

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.spike_fidelity.spike_distance import spike_distance_kernel
from chronaxie.analyses.spike_fidelity.trains import Trains

from .strategies import DURATION, pairs

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def oracle(pair):
    return pyspike.spike_distance(*(pyspike.SpikeTrain(train, (0.0, DURATION)) for train in pair))


def kernel(found):
    a, b = (Trains.from_lists(side) for side in zip(*found, strict=True))
    return spike_distance_kernel(a, b, duration=DURATION)


def only_at_the_end(pair):
    """Both trains have spikes at the very end alone: PySpike divides zero by zero."""
    return all(len(train) and (train == DURATION).all() for train in pair)


@settings(max_examples=80)
@given(pairs)
def test_it_is_that_of_pyspike(found):
    assume(not any(only_at_the_end(pair) for pair in found))
    expected = [oracle(pair) for pair in found]
    # both add up the areas of at most 25 trapezoids
    np.testing.assert_allclose(kernel(found), expected, rtol=0, atol=1e-9)


def test_long_trains():
    rng = np.random.default_rng(0)
    found = [tuple(np.sort(rng.random(rng.integers(100, 900))) for _ in range(2)) for _ in range(5)]
    np.testing.assert_allclose(kernel(found), [oracle(pair) for pair in found], rtol=1e-9)


def test_edges():
    end = [DURATION]
    found = [([], []), ([0.2, 0.7], [0.2, 0.7]), (end, end), ([], [0.0, DURATION]), ([0.0], [0.0, 0.0])]
    assert not kernel([tuple(np.array(train, dtype=float) for train in pair) for pair in found]).any()


def test_time_is_measured_in_intervals():
    rng = np.random.default_rng(1)
    a, b = (np.sort(rng.random(40)) for _ in range(2))
    longer = spike_distance_kernel(Trains.from_lists([7 * a]), Trains.from_lists([7 * b]), duration=7.0)
    np.testing.assert_allclose(longer, kernel([(a, b)]), rtol=1e-9)


def test_a_spike_outside_the_recording_is_refused():
    a, b = Trains.from_lists([[0.5]]), Trains.from_lists([[1.5]])
    with pytest.raises(InvalidInput, match="go from 1.5 to 1.5, expected 0 to the duration, 1"):
        spike_distance_kernel(a, b, duration=1.0)
    with pytest.raises(InvalidInput, match="duration must be a positive, finite number"):
        spike_distance_kernel(a, a, duration=0.0)
