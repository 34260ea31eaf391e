"""What every test of the bridge has: one torch thread, Brian2's numpy target."""

import pytest
import torch
from brian2 import defaultclock, ms


@pytest.fixture(autouse=True)
def one_thread():
    """Run torch on one thread; put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def on_numpy(numpy_target):
    """Run Brian2 on its numpy target, the one that the twin is held against."""


@pytest.fixture
def half_ms():
    """A default clock of 0.5 ms for hand-written networks; put back afterwards."""
    before = defaultclock.dt
    defaultclock.dt = 0.5 * ms
    yield
    defaultclock.dt = before
