"""Spike trains for hypothesis: empty, single, coincident, repeated, at the edges, on a grid and off it."""

import numpy as np
from hypothesis import strategies as st

DURATION = 1.0

# Whole microseconds: PySpike squares intervals, which would underflow for the smallest floats.
times = st.one_of(
    st.integers(0, 20).map(lambda k: k / 20),
    st.integers(0, 10**6).map(lambda k: k / 10**6),
    st.sampled_from([0.0, DURATION]),
)
trains = st.lists(times, max_size=12).map(lambda train: np.sort(np.array(train, dtype=float)))
pairs = st.lists(st.tuples(trains, trains), min_size=1, max_size=4)
