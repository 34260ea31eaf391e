"""The answer of studies that compare networks: accuracies, effects in pairs of seeds, energies, mismatches."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...analyses.comparing import (
    energies,
    energy_over_reference,
    middle,
    mismatches,
    over_seeds,
    paired_effects,
)
from ...analyses.variables import require

ACCURACIES = {
    "accuracy": ("test_accuracy", "accuracy on what is labelled"),
    "accuracy_yin": ("test_accuracy_yin", "accuracy in the papers' convention"),
}
REFERENCE = "alif"


def compared_networks(ds, effects, *, reference=REFERENCE):
    """What a gathered comparison of networks says.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of the study `train` with the dimensions ``network`` and ``seed``, and others that were swept.
    effects : mapping of str to (str, str)
        As `paired_effects` takes them.
    reference : str
        The network that energies are divided by.

    Returns
    -------
    xarray.Dataset
        For each accuracy that there is: ``accuracy (network, …)`` with its interval over seeds, and
        ``accuracy_effect (effect, …)`` with interval and p value. ``energy_mean`` and ``energy_over_reference
        (network, …, energy_model)``; ``rate_mean (network, …)``. Single numbers, at the middle of what was
        swept beside the network: ``main_accuracy``, ``main_effect_K``; ``mismatches``. The attribute ``answer``.
    """
    require(ds, "network", "test_accuracy", where="compared_networks")
    require(ds, "seed", where="compared_networks: intervals are over seeds; sweep the seed too (--seeds N)")
    parts, first = [], ds["network"].values[0]
    reference = reference if reference in ds["network"].values else str(first)
    for name, (measured, text) in ACCURACIES.items():
        if measured in ds:
            parts.append(over_seeds(ds[measured], name, text=text))
            if _some(effects, ds):
                array = ds[measured].assign_attrs(long_name=text)
                parts.append(paired_effects(array, effects, f"{name}_effect"))
    used = energies(ds)
    parts.append(over_seeds(used, "energy_mean", text="energy per step, mean over seeds"))
    parts.append(energy_over_reference(used, reference))
    if "spikes_per_step" in ds:
        parts.append(over_seeds(mean_rate(ds), "rate_mean"))
    if "spike_mismatches" in ds:
        parts.append(mismatches(ds))
    answer = xr.merge(parts, combine_attrs="drop_conflicts")
    return answer.merge(_main_numbers(answer, reference)).assign_attrs(answer=_sentence(answer, reference))


def mean_rate(ds):
    """Spikes per hidden neuron and step of each network, the mean of its neurons, `xarray.DataArray`."""
    rate = ds["spikes_per_step"]
    swept = ds["test_accuracy"].dims
    text = {"units": "1", "long_name": "spikes per hidden neuron and step"}
    return rate.mean([dim for dim in rate.dims if dim not in swept]).assign_attrs(text)


def mismatches_in_words(answer):
    """What is said of twin and Brian2; empty where no network spikes."""
    if "mismatches" not in answer:
        return ""
    wrong, steps = int(answer["mismatched_networks"]), int(answer["mismatches"])
    compared = answer["mismatches"].attrs["count"]
    if wrong:
        return f"; of {compared} {wrong} differ from their twins in Brian2, in {steps} neuron-steps"
    return f"; no neuron-step of {compared} differs between twin and Brian2"


def number(value, interval, digits=3, *, signed=False):
    """A number with its interval in words: ``0.859 [0.852, 0.866]``."""
    form = f"{'+' if signed else ''}z.{digits}f"  # z: no minus before a zero
    value, (low, high) = float(value), (float(end) for end in interval)
    if np.isnan(low):
        return f"{value:{form}}"
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def _some(effects, ds):
    there = set(ds["network"].values.tolist())
    return any(set(pair) <= there for pair in effects.values())


def _main_numbers(answer, reference):
    """The numbers of the reference, and the effects, at the middle of what was swept, as variables of their own."""
    out = xr.Dataset()
    one, place = middle(answer["accuracy"].sel(network=reference, drop=True), keep=())
    at = f" ({place})" if place else ""
    _put(out, answer, "accuracy", one, "main_accuracy", f"accuracy of {reference}{at}", network=reference)
    if "accuracy_effect" in answer:
        for k, effect in enumerate(answer["effect"].values.tolist()):
            found, _ = middle(answer["accuracy_effect"].sel(effect=effect, drop=True), keep=())
            _put(out, answer, "accuracy_effect", found, f"main_effect_{k}", f"{effect}{at}", effect=effect)
    return out


def _put(out, answer, name, found, to, text, **place):
    interval, _ = middle(answer[f"{name}_interval"].sel(place, drop=True), keep=("bound",))
    attrs = answer[name].attrs | {"long_name": text}
    out[to] = ((), float(found), attrs)
    out[f"{to}_interval"] = ("bound", interval.values, answer[f"{name}_interval"].attrs | {"long_name": text})


def _sentence(answer, reference):
    numbers, one = answer["accuracy"], answer["accuracy"].sel(network=reference)
    found, place = middle(one, keep=())
    interval, _ = middle(answer["accuracy_interval"].sel(network=reference), keep=("bound",))
    at = f" ({place})" if place else ""
    said = f"{reference} reaches {number(found, interval.values)}{at} on what is labelled ({numbers.attrs['count']})"
    if "accuracy_effect" in answer:
        effects = []
        for effect in answer["effect"].values.tolist():
            size, _ = middle(answer["accuracy_effect"].sel(effect=effect), keep=())
            ends, _ = middle(answer["accuracy_effect_interval"].sel(effect=effect), keep=("bound",))
            effects.append(f"{effect} {number(size, ends.values, signed=True)}")
        said += f"; in pairs of seeds: {', '.join(effects)}"
    return said + mismatches_in_words(answer) + "."
