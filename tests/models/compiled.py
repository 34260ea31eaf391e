"""What tests of compiled simulations share: how to call them, a stimulus, a small network."""

import numpy as np
import xarray as xr

from chronaxie.models import ALIF, describe, srnn

CPP = {"device": "cpp_standalone", "namespace": {}}


def stimulus(trials=3, steps=60, channels=4, seed=0):
    x = (np.random.default_rng(seed).random((trials, steps, channels)) < 0.3).astype(np.uint8)
    return xr.DataArray(x, dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * 0.004})


def small_network():
    """A description of an srnn of four inputs, twelve hidden neurons and three that spike as well."""
    return describe(srnn(4, [12], 3, seed=1, readout=ALIF, input_gain=3.0), namespace={})
