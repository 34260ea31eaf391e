"""Networks beside each other over seeds: means, effects in pairs, energies, and where twin and Brian2 differ."""

import numpy as np
import xarray as xr

from .energetics.costs import FLOAT32, FLOAT32_SRAM, INT32_RATIO_31
from .energetics.seeds import log_mean_interval_kernel
from .errors import InvalidInput
from .statistics.multiple import holm_kernel
from .statistics.student import student_kernel
from .variables import require, variable

# The papers' two, and what reading weights and states adds.
THREE_COSTS = (FLOAT32, INT32_RATIO_31, FLOAT32_SRAM)
_COUNTS = {
    "ac": "energy_ac",
    "mac": "energy_mac",
    "weight": "energy_weight_words",
    "state": "energy_state_words",
}
# Of what `energy` and `dense_operations` return, the network itself: the first of these that it has.
_OWN = ("SRNN, counted", "GRU", "RNN", "LSTM")


def bounds():
    """The coordinate ``bound`` of an interval's two ends."""
    return variable(["low", "high"], "bound", units="1", long_name="bound of the interval")


def over_seeds(array, name, *, text=None, dim="seed", level=0.95):
    """Mean over seeds with Student's interval.

    Parameters
    ----------
    array : xarray.DataArray
        With the dimension `dim`; NaN where a job failed.
    name : str
        Of the variable that is made.
    text : str, optional
        What it is; that of the array by default.
    dim : str
    level : float
        In (0, 1).

    Returns
    -------
    xarray.Dataset
        ``NAME`` and ``NAME_interval`` (…, bound): NaN for fewer than two seeds. Attribute ``count`` of ``NAME``: how
        many seeds, ``"4 to 5 seeds"`` where they differ.

    Raises
    ------
    InvalidInput
        The array has no dimension `dim`, or the level is not in (0, 1).
    """
    array = _with_seeds(array, dim, where="over_seeds")
    mean, interval, _, count = student_kernel(array.values, level=level)
    attrs = {
        "units": array.attrs.get("units", "1"),
        "long_name": text or array.attrs.get("long_name", name),
        "count": _counted(count, dim),
    }
    return _with_interval(name, array.dims[:-1], mean, interval, attrs, level).assign_coords(
        _kept(array, dim)
    )


def paired_effects(array, pairs, name, *, along="network", dim="seed", level=0.95):
    """Differences between networks, in pairs of the same seed, with Student's interval and Holm's p values.

    Parameters
    ----------
    array : xarray.DataArray
        With the dimensions `along`, labelled, and `dim`.
    pairs : mapping of str to (str, str)
        Name of each effect → the labels whose difference it is, first minus second. Pairs of which the array lacks a
        label are left out.
    name : str
        Of the variable that is made.
    along, dim : str
    level : float
        In (0, 1).

    Returns
    -------
    xarray.Dataset
        On ``effect`` and the other dimensions: ``NAME``, ``NAME_interval`` (…, bound), ``NAME_p_holm``, corrected over
        all of them.

    Raises
    ------
    InvalidInput
        A dimension is not there, or no pair is.
    """
    if along not in array.dims:
        raise InvalidInput(
            f"paired_effects: expected a dimension {along!r}, got {', '.join(map(str, array.dims))}"
        )
    array = _with_seeds(array, dim, where="paired_effects")
    there = set(array[along].values.tolist())
    found = {effect: pair for effect, pair in pairs.items() if set(pair) <= there}
    if not found:
        raise InvalidInput(
            f"paired_effects: no pair of networks is there; there are {', '.join(map(str, sorted(there)))}"
        )
    differences = xr.concat(
        [array.sel({along: a}, drop=True) - array.sel({along: b}, drop=True) for a, b in found.values()],
        "effect",
    ).transpose("effect", ..., dim)
    mean, interval, p, count = student_kernel(differences.values, level=level)
    attrs = {
        "units": array.attrs.get("units", "1"),
        "long_name": f"difference in {array.attrs.get('long_name', array.name)}",
        "count": _counted(count, f"pairs of {dim}"),
    }
    dims = differences.dims[:-1]
    out = _with_interval(name, dims, mean, interval, attrs, level)
    out[f"{name}_p_holm"] = variable(
        holm_kernel(p), dims, units="1", long_name="p (paired t test, corrected after Holm)"
    )
    return out.assign_coords(_kept(differences, dim) | {"effect": list(found)})


def energies(ds, costs=THREE_COSTS):
    """Energy per decision step of each network itself, from its counted operations, under any cost models.

    Parameters
    ----------
    ds : xarray.Dataset
        Gathered results with the counts of `energy` (spiking) and `dense_operations` on ``energy_network``.
    costs : sequence of EnergyCost

    Returns
    -------
    xarray.DataArray
        (…, energy_model), pJ.

    Raises
    ------
    MissingVariable
        Counts are missing.
    """
    require(ds, *_COUNTS.values(), "energy_network", where="energies")
    counts = {part: _own(ds[name]) for part, name in _COUNTS.items()}
    under = [sum(getattr(cost, part) * counts[part] for part in _COUNTS) for cost in costs]
    found = xr.concat(under, "energy_model").transpose(..., "energy_model")
    text = {"units": "pJ", "long_name": "energy per step"}
    return found.assign_coords(energy_model=[cost.name for cost in costs]).rename("energy").assign_attrs(text)


def energy_over_reference(energy, reference, *, along="network", dim="seed", level=0.95):
    """How many times the energy of a reference each network needs: geometric mean of the ratio in pairs of seeds.

    Parameters
    ----------
    energy : xarray.DataArray
        From `energies`, with `along` and `dim`.
    reference : str
        Label of the network.
    along, dim : str
    level : float

    Returns
    -------
    xarray.Dataset
        ``energy_over_reference`` and its interval: NaN for fewer than two pairs. Pairs that lack a network are left
        out; the attribute ``count`` says how many there are.
    """
    ratio = (energy / energy.sel({along: reference}, drop=True)).transpose(..., dim)
    mean, interval, count = log_mean_interval_kernel(ratio.values, level=level)
    attrs = {
        "units": "1",
        "long_name": f"energy over that of {reference}",
        "count": _counted(count, f"pairs of {dim}"),
    }
    out = _with_interval("energy_over_reference", ratio.dims[:-1], mean, interval, attrs, level)
    return out.assign_coords(_kept(ratio, dim))


def mismatches(ds):
    """How many networks were compared with their twins, and in how many neuron-steps they differ.

    Parameters
    ----------
    ds : xarray.Dataset
        With ``spike_mismatches``; NaN for networks that do not spike, and for jobs that failed.

    Returns
    -------
    xarray.Dataset
        ``mismatches``: neuron-steps that differ, over all networks; ``mismatched_networks``: networks with at least
        one. Attribute ``count``: how many were compared.
    """
    require(ds, "spike_mismatches", where="mismatches")
    values = ds["spike_mismatches"].values
    compared = f"{int(np.isfinite(values).sum())} networks"
    return xr.Dataset(
        {
            "mismatches": variable(
                np.nansum(values),
                units="1",
                long_name="neuron-steps in which a network in Brian2 and its twin differ",
                count=compared,
            ),
            "mismatched_networks": variable(
                int((values > 0).sum()), units="1", long_name="networks with such a step", count=compared
            ),
        }
    )


def middle(array, *, keep=("network", "seed")):
    """An array or dataset at the middle of every dimension but `keep`, and where that is.

    Returns
    -------
    found : DataArray or Dataset
    place : str
        Such as ``"hidden 36"``; empty where nothing was chosen.
    """
    places = {dim: size // 2 for dim, size in array.sizes.items() if dim not in keep}
    words = [f"{dim} {array[dim].values[k]}" for dim, k in places.items() if dim in array.coords]
    return array.isel(places), ", ".join(words)


def _with_seeds(array, dim, *, where):
    if dim not in array.dims:
        raise InvalidInput(
            f"{where}: expected a dimension {dim!r}, got {', '.join(map(str, array.dims)) or 'none'}; run the study "
            "with --seeds N"
        )
    return array.transpose(..., dim)


def _own(array):
    names = [name for name in _OWN if name in array["energy_network"].values]
    first, *others = [array.sel(energy_network=name, drop=True) for name in names]
    for other in others:
        first = first.fillna(other)
    return first


def _with_interval(name, dims, mean, interval, attrs, level):
    text = f"{100 * level:g} % interval of {attrs['long_name']}"
    return xr.Dataset(
        {
            name: (dims, mean, attrs | {"level": level}),
            f"{name}_interval": (
                (*dims, "bound"),
                np.moveaxis(interval, 0, -1),
                {"units": attrs["units"], "long_name": text, "level": level},
            ),
        },
        coords={"bound": bounds()},
    )


def _kept(array, dim):
    """Coordinates along the dimensions that are left."""
    return {name: array.coords[name] for name in array.dims if name != dim and name in array.coords}


def _counted(count, dim):
    low, high = (int(count.min()), int(count.max())) if count.size else (0, 0)
    of = dim if dim.startswith("pairs") else f"{dim}s"
    return f"{high} {of}" if low == high else f"{low} to {high} {of}"
