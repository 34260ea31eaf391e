"""Networks whose time constants moved by known amounts."""

import numpy as np
import pytest
import xarray as xr

MS = {"units": "ms"}


@pytest.fixture
def make_network():
    """A function that makes a dataset of `seeds` networks (None: one) of 36 ALIF and 6 readout neurons."""

    def make(rng, *, seeds=None, moved=0.4, hidden=36):
        shape = (hidden + 6,) if seeds is None else (seeds, hidden + 6)
        dims = ("neuron",) if seeds is None else ("seed", "neuron")
        before = rng.normal(80, 20, shape).clip(4)
        adapt = rng.normal(600, 40, shape)
        adapt[..., hidden:] = np.nan
        return xr.Dataset(
            {
                "tau_m_initial": (dims, before, MS),
                "tau_m": (dims, before * np.exp(rng.normal(0.1, moved, shape)), MS),
                "tau_a_initial": (dims, adapt, MS),
                "tau_a": (dims, adapt.copy(), MS),
            },
            coords={"layer": ("neuron", ["hidden1"] * hidden + ["output"] * 6)},
        )

    return make
