"""Effective time constants beside the learned ones: from units of a simulation to neurons of a network."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..errors import InvalidInput, MissingVariable
from ..variables import require, variable


def beside_learned(network: xr.Dataset, effective: xr.Dataset) -> xr.Dataset:
    """Lay effective time constants beside the learned ones of the same neurons, so that `relations` takes both.

    Parameters
    ----------
    network : Dataset
        ``tau_m``, ``tau_a`` (neuron), coordinates ``layer`` and ``index`` on `neuron`, as of `network_values`.
    effective : Dataset
        Variables on ``unit`` with the coordinates ``unit_layer`` and ``unit_index``: of `autocorrelation_timescales`,
        `isi_timescales`, `membrane_timescales`, `firing_rates`, or several of them merged.

    Returns
    -------
    Dataset
        `network` with every numeric variable of `effective` that is on ``unit`` alone, on ``neuron``; NaN for neurons
        that were not measured.

    Raises
    ------
    MissingVariable
        A coordinate is missing, or nothing is on ``unit``.
    InvalidInput
        A unit is measured twice, or a measured layer is not in the network.
    """
    where = "beside_learned"
    require(network, "layer", "index", where=where)
    require(effective, "unit_layer", "unit_index", where=where)
    names = [n for n, v in effective.data_vars.items() if v.dims == ("unit",) and v.dtype.kind in "fiub"]
    if not names:
        raise MissingVariable(
            f"{where}: no variable is on the dimension 'unit'; expected one such as isi_tau"
        )
    measured = list(
        zip(effective["unit_layer"].values.tolist(), effective["unit_index"].values.tolist(), strict=True)
    )
    place = {unit: k for k, unit in enumerate(measured)}
    if len(place) < len(measured):
        raise InvalidInput(f"{where}: a unit is there more than once; merge datasets of the same units")
    layers = set(network["layer"].values.tolist())
    strange = sorted({layer for layer, _ in measured} - layers)
    if strange:
        raise InvalidInput(
            f"{where}: no layer {strange[0]!r} in the network; there are {', '.join(sorted(layers))}; "
            f"leave out groups without time constants: groups=…"
        )
    neurons = zip(network["layer"].values.tolist(), network["index"].values.tolist(), strict=True)
    at = np.array([place.get(neuron, -1) for neuron in neurons])
    out = {}
    for name in names:
        values = np.append(effective[name].values.astype(float), np.nan)
        attrs = effective[name].attrs
        units, text = attrs.get("units", "1"), attrs.get("long_name", name)
        out[name] = variable(values[at], "neuron", units=units, long_name=text)
    return xr.Dataset(out).assign_coords(network.coords).merge(network, compat="no_conflicts", join="exact")
