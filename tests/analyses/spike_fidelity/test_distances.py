"""Van Rossum's and Victor and Purpura's distance against elephant and by hand."""

import warnings

import neo
import numpy as np
import pytest
import quantities as pq
from elephant.spike_train_dissimilarity import van_rossum_distance, victor_purpura_distance
from hypothesis import given, settings
from hypothesis import strategies as st

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.spike_fidelity import trains as module
from chronaxie.analyses.spike_fidelity.distances import decaying_sum, van_rossum_kernel, victor_purpura_kernel
from chronaxie.analyses.spike_fidelity.trains import Trains

from .strategies import pairs

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def sides(found):
    """Two `Trains` from a list of pairs."""
    return tuple(Trains.from_lists(side) for side in zip(*found, strict=True))


def neo_trains(pair):
    return [neo.SpikeTrain(train * pq.s, t_stop=1.0) for train in pair]


@settings(max_examples=40)
@given(pairs, st.sampled_from([0.0, 0.3, 2.0, 7.0, 40.0, 1e4]))
def test_victor_purpura_is_that_of_elephant(found, cost):
    expected = [victor_purpura_distance(neo_trains(pair), cost * pq.Hz)[0, 1] for pair in found]
    # sums of at most 24 costs: rounding only
    np.testing.assert_allclose(victor_purpura_kernel(*sides(found), cost=cost), expected, rtol=0, atol=1e-9)


@settings(max_examples=40)
@given(pairs, st.sampled_from([1e-3, 0.02, 0.3, 5.0]))
def test_van_rossum_is_that_of_elephant(found, tau):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # elephant cuts negative squares off
        expected = [van_rossum_distance(neo_trains(pair), tau * pq.s)[0, 1] for pair in found]
    # elephant subtracts sums of up to 24**2 terms: their rounding under the root is 1e-6 at most
    np.testing.assert_allclose(van_rossum_kernel(*sides(found), tau=tau), expected, rtol=0, atol=1e-6)


@settings(max_examples=40)
@given(pairs)
def test_equal_trains_have_no_distance_and_distances_are_symmetric(found):
    a, b = sides(found)
    for kernel, option in ((van_rossum_kernel, {"tau": 0.02}), (victor_purpura_kernel, {"cost": 50.0})):
        assert not kernel(a, a, **option).any()
        np.testing.assert_allclose(kernel(a, b, **option), kernel(b, a, **option), rtol=1e-12, atol=1e-12)


def test_by_hand():
    a, b = Trains.from_lists([[], [0.1], [0.1], [0.1, 0.5]]), Trains.from_lists([[0.3], [0.1], [0.11], []])
    found = victor_purpura_kernel(a, b, cost=10.0)
    np.testing.assert_allclose(found, [1, 0, 0.1, 2], rtol=1e-12)
    # a shift by d: D² = 2 (1 - exp(-d/tau)); two spikes 20 tau apart: their squares add up
    shifted = np.sqrt(2 * -np.expm1(-0.5))
    np.testing.assert_allclose(
        van_rossum_kernel(a, b, tau=0.02), [1, 0, shifted, np.sqrt(2 + 2 * np.exp(-20))], rtol=1e-12
    )


def test_a_move_costs_no_more_than_a_deletion_and_an_insertion():
    a, b = Trains.from_lists([[0.1]] * 3), Trains.from_lists([[0.299], [0.3], [0.9]])
    np.testing.assert_allclose(victor_purpura_kernel(a, b, cost=10.0), [1.99, 2, 2], rtol=1e-12)


def test_limits_of_the_time_scale():
    rng = np.random.default_rng(1)
    a, b = (Trains.from_lists([np.sort(rng.random(n)) for n in sizes]) for sizes in ((30, 5), (20, 9)))
    np.testing.assert_allclose(victor_purpura_kernel(a, b, cost=0), [10, 4])
    np.testing.assert_allclose(victor_purpura_kernel(a, b, cost=1e9), [50, 14])
    np.testing.assert_allclose(van_rossum_kernel(a, b, tau=1e9), [10, 4], rtol=1e-6)  # exp(-1e-9) is not 1
    np.testing.assert_allclose(van_rossum_kernel(a, b, tau=1e-9), np.sqrt([50, 14]), rtol=1e-12)


def test_long_trains_are_those_of_elephant():
    rng = np.random.default_rng(2)
    pair = tuple(np.sort(rng.random(n)) for n in (400, 350))
    a, b = sides([pair])
    expected = victor_purpura_distance(neo_trains(pair), 20 * pq.Hz)[0, 1]
    np.testing.assert_allclose(victor_purpura_kernel(a, b, cost=20.0), expected, rtol=1e-10)
    expected = van_rossum_distance(neo_trains(pair), 0.05 * pq.s)[0, 1]
    np.testing.assert_allclose(van_rossum_kernel(a, b, tau=0.05), expected, rtol=1e-9)


def test_a_decaying_sum_is_its_recursion():
    rng = np.random.default_rng(3)
    for n in (1, 64, 65, 5000):
        decay, jump = rng.random(n) * (rng.random(n) > 0.1), rng.normal(size=n)
        state, expected = 0.0, []
        for d, j in zip(decay, jump, strict=True):
            state = d * state + j
            expected.append(state)
        np.testing.assert_allclose(decaying_sum(decay, jump), expected, rtol=1e-9, atol=1e-12)


def test_parts_give_the_same(monkeypatch):
    rng = np.random.default_rng(4)
    a, b = (Trains.from_events(rng.random(5000), rng.integers(0, 300, 5000), 400) for _ in range(2))
    whole = victor_purpura_kernel(a, b, cost=50.0), van_rossum_kernel(a, b, tau=0.02)
    monkeypatch.setattr(module, "TOGETHER", 500)
    np.testing.assert_array_equal(victor_purpura_kernel(a, b, cost=50.0), whole[0])
    # blocks of the recursion begin elsewhere
    np.testing.assert_allclose(van_rossum_kernel(a, b, tau=0.02), whole[1], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: victor_purpura_kernel(t, t, cost=-1.0), "cost must be a finite number >= 0, got -1.0"),
        (lambda t: victor_purpura_kernel(t, t, cost=np.inf), "cost must be a finite number"),
        (lambda t: van_rossum_kernel(t, t, tau=0.0), "tau must be a positive, finite number, got 0.0"),
        (lambda t: van_rossum_kernel(t, t.part(0, 1), tau=1.0), "pair by pair, got 2 and 1 of them"),
        (lambda t: Trains.from_lists([[0.2, 0.1]]), "in train 0 0.1 follows 0.2; sort them"),
        (lambda t: Trains.from_lists([[0.2, np.nan]]), "must be finite numbers"),
        (lambda t: Trains([0.1, 0.2], [0, 1]), r"offsets must go from 0 to the number of spikes, 2"),
        (lambda t: Trains([0.1, 0.2], [0, 3, 2]), "offsets must ascend"),
    ],
)
def test_what_is_not_defined_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call(Trains.from_lists([[0.1], [0.2, 0.3]]))


@pytest.mark.slow
def test_a_million_pairs_are_compared_in_seconds():
    import time

    from chronaxie.analyses.spike_fidelity.coincidence import coincidence_kernel
    from chronaxie.analyses.spike_fidelity.spike_distance import spike_distance_kernel

    rng = np.random.default_rng(0)
    sets = []
    for _ in range(2):
        counts = rng.poisson(10, 10**6)
        owner = np.repeat(np.arange(10**6), counts)
        sets.append(Trains.from_events(rng.random(counts.sum()), owner, 10**6))
    began = time.process_time()
    victor_purpura_kernel(*sets, cost=100.0)
    van_rossum_kernel(*sets, tau=0.02)
    coincidence_kernel(*sets, window=0.002)
    spike_distance_kernel(*sets, duration=1.0)
    # 14 s were measured on one core of 2024; loops over pairs take many minutes
    assert time.process_time() - began < 60
