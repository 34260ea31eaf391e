"""The answer of a sweep of a study of one network, such as `ecg` and `train`: means over seeds at each swept value."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from ..analyses.comparing import bounds, mismatches, over_seeds
from .experiments.comparing import ACCURACIES, mean_rate, mismatches_in_words, number

# By the name that the mean gets: what the jobs have left, and what it is. The first that is there is the main one.
_MEANS = {
    **ACCURACIES,
    "accuracy_brian2": ("test_accuracy_brian2", "accuracy in Brian2"),
    "accuracy_fine": ("test_accuracy_fine", "accuracy in Brian2 at the finest step"),
}


def swept_answer(ds):
    """What a gathered sweep of single networks says, whatever was swept.

    Parameters
    ----------
    ds : xarray.Dataset
        Results of `ecg`, `train` or `train_current_alif` on the axes that its attribute ``axes`` (JSON) names.

    Returns
    -------
    xarray.Dataset
        On the axes besides the seed: ``accuracy``, ``accuracy_yin``, ``accuracy_brian2``, ``accuracy_fine`` and
        ``rate_mean`` with their intervals over seeds (NaN for fewer than two), and ``mismatches_at``, neuron-steps in
        which twins and Brian2 differ. ``lowest_accuracy``, ``highest_accuracy``, with intervals, where more than the
        seed was swept; ``mismatches``. The attribute ``answer``.

    Raises
    ------
    ValueError
        The results hold no accuracy.
    """
    axes = [axis["field"] for axis in json.loads(ds.attrs["axes"])]
    there = {name: of for name, of in _MEANS.items() if of[0] in ds}
    if not there:
        raise ValueError(
            f"none of the accuracies {', '.join(measured for measured, _ in _MEANS.values())} is in the results; what "
            "they hold is gathered all the same"
        )
    parts = [over_seeds(_on_seeds(ds[measured]), name, text=text) for name, (measured, text) in there.items()]
    if "spikes_per_step" in ds and "test_accuracy" in ds:
        parts.append(over_seeds(_on_seeds(mean_rate(ds)), "rate_mean"))
    if "spike_mismatches" in ds:
        text = {"units": "1", "long_name": "neuron-steps that differ between twins and Brian2"}
        wrong = _on_seeds(ds["spike_mismatches"])
        parts += [
            mismatches(ds),
            wrong.sum("seed", min_count=1).assign_attrs(text).to_dataset(name="mismatches_at"),
        ]
    found = xr.merge(parts, combine_attrs="drop_conflicts")
    main, others = next(iter(there)), [axis for axis in axes if axis != "seed"]
    if others:
        found = found.merge(_ends(found, main, others))
    return found.assign_attrs(answer=_sentence(found, main, others))


def _on_seeds(array):
    return array if "seed" in array.dims else array.expand_dims(seed=[0])


def _ends(found, main, others):
    """The lowest and the highest mean, with their intervals and where they are."""
    out = xr.Dataset(coords={"bound": bounds()})
    places = found[[main, f"{main}_interval"]].stack(place=others, create_index=False)
    means = places[main].values
    for name, k in (("lowest", int(np.nanargmin(means))), ("highest", int(np.nanargmax(means)))):
        one = places.isel(place=k)
        where = ", ".join(f"{other} {one[other].item()}" for other in others)
        attrs = found[main].attrs | {
            "long_name": f"{name} {found[main].attrs['long_name']}: {where}",
            "place": where,
        }
        out[f"{name}_accuracy"] = ((), float(one[main]), attrs)
        interval = one[f"{main}_interval"].values
        out[f"{name}_accuracy_interval"] = ("bound", interval, found[f"{main}_interval"].attrs)
    return out


def _sentence(found, main, others):
    names = ("lowest_accuracy", "highest_accuracy") if others else (main,)
    numbers = [_number(found, name) for name in names]
    numbers = [one for k, one in enumerate(numbers) if one not in numbers[:k]]
    said = f"goes from {numbers[0]} to {numbers[1]}" if len(numbers) > 1 else f"is {numbers[0]}"
    without = bool(np.isnan(found[f"{main}_interval"]).all())
    over = "one seed, so without intervals" if without else f"means over {found[main].attrs['count']}"
    return f"The {found[main].attrs['long_name']} {said} ({over}){mismatches_in_words(found)}."


def _number(found, name):
    """A mean with its interval, and where it is."""
    where = found[name].attrs.get("place", "")
    return number(found[name], found[f"{name}_interval"].values) + (f" at {where}" if where else "")
