"""Every network here runs in steps of 0.5 ms."""

import pytest


@pytest.fixture(autouse=True)
def half_ms_everywhere(half_ms):
    """The default clock at 0.5 ms; put back afterwards."""
