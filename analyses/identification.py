"""Which parameters of a neuron a recording identifies: relative errors of fitted values, with intervals."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .errors import InvalidInput
from .statistics.intervals import bootstrap_kernel
from .statistics.words import interval_in_words
from .variables import require, variable

IDENTIFIED = 0.1


def identification_answer(
    ds: xr.Dataset, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> xr.Dataset:
    """Headline numbers of the study `fit_neuron`.

    Parameters
    ----------
    ds : Dataset
        On ``truth``, ``fitting``, ``seed``: ``error (…, parameter)``, relative, NaN where a neuron has no such
        parameter or a job is not done; ``fit_loss``, ``held_out_coincidence``.
    level, resamples, seed : float in (0, 1), int, int
        Of the intervals (BCa bootstrap over neurons; over seeds where there is one neuron).

    Returns
    -------
    Dataset
        With ``…_interval (…, bound)`` each: ``error_median (fitting, parameter)``, median of abs(error) over neurons
        and seeds; ``identified (fitting, parameter)``, 1 where the upper end of its interval is below 0.1, 0 elsewhere,
        NaN where there is no interval; ``coincidence_median (fitting)`` of held-out spikes. Where there are two
        methods: ``loss_ratio``, median over pairs of the second one's deviation over the first one's. Attribute
        ``answer``.

    Raises
    ------
    MissingVariable
    InvalidInput
        No job is done.
    """
    where = "identification_answer"
    require(ds, "truth", "fitting", "seed", "error", "fit_loss", "held_out_coincidence", where=where)
    if not bool(ds["fit_loss"].notnull().any()):
        raise InvalidInput(f"{where}: no job is done; there is nothing to say")
    options = {"level": level, "resamples": resamples, "rng": np.random.default_rng(seed)}
    error = np.abs(ds["error"]).transpose("fitting", "parameter", "truth", "seed").values
    shape = error.shape[:2]
    median, interval = np.full(shape, np.nan), np.full((*shape, 2), np.nan)
    for at in np.ndindex(shape):
        median[at], interval[at] = _median(error[at], options)
    known = ~np.isnan(interval[..., 1])
    identified = np.where(known, interval[..., 1] < IDENTIFIED, np.nan)
    parts = {}
    _add(parts, "error_median", ("fitting", "parameter"), median, interval, "median relative error", level)
    text = f"identified: median relative error surely below {IDENTIFIED:g}"
    parts["identified"] = variable(identified, ("fitting", "parameter"), units="1", long_name=text)
    held = ds["held_out_coincidence"].transpose("fitting", "truth", "seed").values
    found = [_median(values, options) for values in held]
    text = "median share of held-out spikes that are predicted"
    values = np.array([m for m, _ in found]), np.array([i for _, i in found])
    _add(parts, "coincidence_median", ("fitting",), *values, text, level)
    if ds.sizes["fitting"] == 2:
        loss = ds["fit_loss"].transpose("fitting", "truth", "seed").values
        first, second = ds["fitting"].values
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = _median(loss[1] / loss[0], options)
        _add(parts, "loss_ratio", (), *ratio, f"deviation left by {second} over that left by {first}", level)
    result = xr.Dataset(
        parts, coords={"bound": ["low", "high"], "fitting": ds["fitting"], "parameter": ds["parameter"]}
    )
    return result.drop_attrs(deep=False).assign_attrs(answer=_sentence(result))


def _median(values, options):
    """Median of values (truth, seed) without NaN, and its interval over neurons, or over seeds of a single neuron."""
    truth = np.broadcast_to(np.arange(values.shape[0])[:, None], values.shape)[~np.isnan(values)]
    values = values[~np.isnan(values)]
    if not values.size:
        return np.nan, np.full(2, np.nan)
    clusters = truth if len(set(truth.tolist())) > 1 else None
    return np.median(values), bootstrap_kernel(values, np.median, clusters=clusters, **options)


def _add(parts, name, dims, value, interval, text, level):
    parts[name] = variable(value, dims, units="1", long_name=text)
    parts[f"{name}_interval"] = variable(
        interval, (*dims, "bound"), units="1", long_name=f"interval of the {text}", level=level
    )


def _sentence(found):
    said = []
    for fitting in found["fitting"].values:
        at = found.sel(fitting=fitting)
        errors = [
            f"{name} {100 * float(at['error_median'].sel(parameter=name)):.2g} %"
            for name in found["parameter"].values
            if not np.isnan(float(at["error_median"].sel(parameter=name)))
        ]
        sure = [str(n) for n in found["parameter"].values if float(at["identified"].sel(parameter=n)) == 1]
        unknown = bool(at["identified"].isnull().all())
        verdict = "too few neurons for intervals" if unknown else f"identified: {', '.join(sure) or 'none'}"
        said.append(f"By {fitting} the median errors are {', '.join(errors)} ({verdict})")
    if "loss_ratio" in found:
        text = found["loss_ratio"].attrs["long_name"]
        ratio = interval_in_words(float(found["loss_ratio"]), found["loss_ratio_interval"].values)
        said.append(f"The {text}, at equally many simulations, is {ratio}")
    return f"{'. '.join(said)}."
