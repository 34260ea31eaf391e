"""Coincidences against a matching of graphs, the coincidence factor against chance, divergence by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from chronaxie.analyses import InvalidInput
from chronaxie.analyses.spike_fidelity.coincidence import (
    coincidence_kernel,
    first_divergence_kernel,
    gamma_factor_kernel,
    in_steps,
    window_width,
)
from chronaxie.analyses.spike_fidelity.trains import Trains

from .strategies import pairs

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def sides(found):
    return tuple(Trains.from_lists(side) for side in zip(*found, strict=True))


def largest_matching(a, b, window):
    if not len(a) or not len(b):
        return 0
    near = csr_array(np.abs(a[:, None] - b) <= window * (1 + 1e-6))
    return int((maximum_bipartite_matching(near) >= 0).sum())


@settings(max_examples=60)
@given(pairs, st.sampled_from([1e-4, 0.05, 0.1, 0.33]))
def test_it_is_the_largest_number_of_couples(found, window):
    got = coincidence_kernel(*sides(found), window=window)
    assert got.tolist() == [largest_matching(a, b, window) for a, b in found]


def test_the_ends_of_the_window_belong_to_it():
    dt = 0.004
    step = np.arange(1, 1000)
    a, b = Trains.from_lists(step[:, None] * dt), Trains.from_lists((step[:, None] + 3) * dt)
    # 3 dt apart up to rounding, which goes either way
    assert (coincidence_kernel(a, b, window=3 * dt) == 1).all()
    assert (coincidence_kernel(a, b, window=2.9 * dt) == 0).all()
    # where trains first differ, too
    assert np.isnan(first_divergence_kernel(a, b, tolerance=3 * dt)).all()
    np.testing.assert_array_equal(first_divergence_kernel(a, b, tolerance=2.9 * dt), step * dt)


def test_steps_that_spikes_fall_into():
    # whole multiples of the fine step, which rounding leaves on either side of a boundary
    for dt, factor, step in ((0.0005, 8, 0.004), (0.001, 3, 0.003)):
        fine = np.arange(8000)
        found = in_steps(Trains.from_lists([fine * dt, [1.99 * step, 2 * step]]), step)
        assert found.counts.tolist() == [8000, 2]
        np.testing.assert_allclose(found.time, np.append(fine // factor, [1, 2]) * step, rtol=1e-12)
    with pytest.raises(InvalidInput, match="step must be a positive, finite number"):
        in_steps(found, 0.0)


def test_width_of_the_window():
    assert window_width(0.002, 0) == 0.004
    np.testing.assert_allclose(
        [window_width(0.002, 0.004), window_width(0.004, 0.004), window_width(0.002, 0.0005)],
        [0.004, 0.012, 0.0045],
    )
    # three steps of 0.1 are a little less than 0.3
    np.testing.assert_allclose(window_width(0.3, 0.1), 0.7)


def test_gamma_by_hand():
    # 10 spikes in 1 s, w = 0.01 s: expected 10 * 10 * 0.01 = 1; (6 - 1)/10/(1 - 0.1)
    assert gamma_factor_kernel(6, 10, 10, duration=1.0, width=0.01) == pytest.approx(5 / 9, rel=1e-12)
    assert gamma_factor_kernel(10, 10, 10, duration=1.0, width=0.01) == pytest.approx(1, rel=1e-12)
    # ν is that of the other: 20 * 10 * 0.01 = 2 expected; (6 - 2)/15/(1 - 0.1)
    assert gamma_factor_kernel(6, 20, 10, duration=1.0, width=0.01) == pytest.approx(4 / 13.5, rel=1e-12)
    # neither train spikes; every place is full; only one spikes
    found = gamma_factor_kernel([0, 250, 0, 0], [0, 250, 5, 0], [0, 250, 0, 5], duration=1.0, width=0.004)
    np.testing.assert_array_equal(np.isnan(found), [True, True, False, False])
    np.testing.assert_array_equal(found[2:], 0)


@pytest.mark.parametrize(("rate", "window"), [(0.3, 0.0005), (0.02, 0.0005), (0.004, 0.004)])
def test_unrelated_trains_have_none(rate, window):
    # Null: independent trains with a spike in each step of 1 ms with probability `rate`.
    rng, count, steps = np.random.default_rng(5), 600, 1000
    a, b = (
        Trains.from_events(step * 1e-3, train, count)
        for train, step in (np.nonzero(rng.random((count, steps)) < rate) for _ in range(2))
    )
    found = gamma_factor_kernel(
        coincidence_kernel(a, b, window=window),
        a.counts,
        b.counts,
        duration=1.0,
        width=window_width(window, 1e-3),
    )
    # 4 standard errors; crowding in the wide window takes another 2 % of 0.004 * 9 from it
    error = np.nanstd(found) / np.sqrt(count)
    assert abs(np.nanmean(found)) < 4 * error + (0.02 * rate * 9 if window > 1e-3 else 0)


def test_first_divergence_by_hand():
    a = [[0.1, 0.2, 0.3], [0.1, 0.2], [0.1], [], [], [0.1, 0.2]]
    b = [[0.1, 0.25, 0.3], [0.1, 0.2], [0.1, 0.4], [], [0.7], [0.101, 0.2]]
    found = first_divergence_kernel(*sides(list(zip(a, b, strict=True))), tolerance=0.002)
    np.testing.assert_array_equal(found, [0.2, np.nan, 0.4, np.nan, 0.7, np.nan])
    other_way = first_divergence_kernel(*sides(list(zip(b, a, strict=True))), tolerance=0.0)
    np.testing.assert_array_equal(other_way, [0.2, np.nan, 0.4, np.nan, 0.7, 0.1])


@settings(max_examples=40)
@given(pairs)
def test_trains_coincide_until_they_diverge(found):
    a, b = sides(found)
    first = first_divergence_kernel(a, b, tolerance=0.0)
    for (x, y), time in zip(found, first, strict=True):
        if np.isnan(time):
            np.testing.assert_array_equal(x, y)
        else:
            np.testing.assert_array_equal(x[x < time], y[y < time])
            assert (x == time).sum() != (y == time).sum()


def test_bad_windows_are_refused():
    a = Trains.from_lists([[0.1]])
    with pytest.raises(InvalidInput, match="window must be a positive, finite number, got -1"):
        coincidence_kernel(a, a, window=-1)
    with pytest.raises(InvalidInput, match="tolerance must be a time >= 0, got -1"):
        first_divergence_kernel(a, a, tolerance=-1)
    with pytest.raises(InvalidInput, match="duration must be a positive, finite number"):
        gamma_factor_kernel(1, 1, 1, duration=0, width=0.1)
