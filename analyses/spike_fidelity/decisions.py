"""What a changed network still decides as before, and how much of its accuracy it keeps."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..classification import UNLABELLED, check_decisions
from ..errors import InvalidInput
from ..statistics.intervals import bootstrap_kernel, check_resampling
from ..variables import variable
from .summary import ratio_of_sums


def accuracy_kept(
    reference: xr.DataArray,
    other: xr.DataArray,
    label: xr.DataArray,
    *,
    mask: xr.DataArray | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> xr.Dataset:
    """Accuracy of two runs on the same trials, their difference and ratio, and how often they decide alike.

    Parameters
    ----------
    reference, other : DataArray of int
        Decisions (class numbers), ``(trial)`` or ``(trial, time)``.
    label : DataArray of int
        The same dimensions; −1: not labelled, does not count for the accuracies.
    mask : DataArray of bool, optional
        True where an entry counts.
    level, resamples, seed : float in (0, 1), int, int
        Of the intervals: BCa bootstrap over trials, the same trials of both runs.

    Returns
    -------
    Dataset
        ``accuracy_reference``, ``accuracy_other`` over all entries that count; ``accuracy_difference``, other minus
        reference; ``accuracy_ratio``, other over reference; ``decisions_same``, share of all entries, labelled or not,
        at which both decide alike. Each with ``…_interval (bound)``, NaN for fewer than two trials. NaN where nothing
        is labelled; the ratio also where the reference is never right.

    Raises
    ------
    TypeError
        An argument is not an integer (mask: bool) DataArray.
    InvalidInput
        Dimensions, shapes or coordinates differ; there is no dimension ``trial``.
    """
    where = "accuracy_kept"
    check_resampling(resamples, level, where=where)
    for prediction, name in ((reference, "reference"), (other, "other")):
        check_decisions(prediction, label, mask=mask, name=name, where=where)
    if "trial" not in label.dims:
        raise InvalidInput(f"{where}: label needs a dimension 'trial', got {label.dims}")
    counted = label != UNLABELLED if mask is None else (label != UNLABELLED) & mask
    rest = [dim for dim in label.dims if dim != "trial"]

    def of_trials(entries):
        return entries.sum(rest).values.astype(float)

    right = of_trials((reference == label) & counted)
    right_other = of_trials((other == label) & counted)
    total, same, every = of_trials(counted), of_trials(reference == other), of_trials(xr.ones_like(label))
    above = np.stack([right, right_other, right_other - right, right_other, same])
    below = np.stack([total, total, total, right, every])
    interval = bootstrap_kernel(
        (above, below),
        ratio_of_sums,
        rng=np.random.default_rng(seed),
        resamples=resamples,
        level=level,
        paired=True,
    )
    value = ratio_of_sums(above, below)
    choices = {"level": float(level), "resamples": int(resamples), "seed": seed, "method": "bca"}
    found = {}
    for k, (name, text) in enumerate(_WHAT.items()):
        found[name] = variable(value[k], units="1", long_name=text)
        found[f"{name}_interval"] = variable(
            interval[:, k], "bound", units="1", long_name=f"interval of {text}, over trials", **choices
        )
    bound = variable(["low", "high"], "bound", units="1", long_name="bound of the interval")
    return xr.Dataset(found, coords={"bound": bound})


_WHAT = {
    "accuracy_reference": "accuracy of the reference",
    "accuracy_other": "accuracy of the other run",
    "accuracy_difference": "accuracy minus that of the reference",
    "accuracy_ratio": "accuracy over that of the reference",
    "decisions_same": "share of decisions as in the reference",
}
