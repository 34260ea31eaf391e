"""Participation ratio: how many dimensions the activity of a layer has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import sparse

from ..errors import InvalidInput
from ..variables import positive, require, variable
from .events import chosen_groups, extent, fold_events, stacked
from .rates import size_of
from .trains import whole

# Rows of the smaller side of the table of counts: its square is kept, 128 MiB at this size.
MOST = 4096
# Numbers in a dense block of the table: 128 MiB in float64.
_BLOCK = 1 << 24


def participation_ratio_kernel(activity):
    """Participation ratio of samples × neurons: (Σλ)²/Σλ², λ the eigenvalues of the covariance between neurons.

    Computed as (tr C)²/tr C², without eigenvalues.

    Parameters
    ----------
    activity : ndarray (sample, neuron)

    Returns
    -------
    float
        In [1, min(samples − 1, neurons)]; NaN below two samples or where nothing varies.

    References
    ----------
    Gao et al., bioRxiv 214262 (2017); Rajan, Abbott, Sompolinsky, NIPS 23 (2010).
    """
    activity = np.asarray(activity, dtype=float)
    if activity.ndim != 2 or not np.isfinite(activity).all():
        raise InvalidInput(
            f"participation_ratio_kernel: expected finite numbers (sample, neuron), got shape {activity.shape}"
        )
    if len(activity) < 2:
        return np.nan
    centred = activity - activity.mean(axis=0)
    small = centred @ centred.T if centred.shape[0] < centred.shape[1] else centred.T @ centred
    return _ratio(small, (activity**2).sum())


def participation_ratio(
    ds: xr.Dataset, groups: Sequence[str] | None = None, *, bin_width: float | None = None
) -> xr.Dataset:
    """Participation ratio of the spike counts of each layer.

    Counts in bins of all trials are the samples. It is a number for samples as they are: with n samples it cannot
    exceed n − 1, and the scatter of counts between bins adds dimensions; compare at equal bins, trials and rates.

    Parameters
    ----------
    ds : Dataset
        A simulation, as for `sparsity`; where it is backed by Dask, so is the result.
    groups : sequence of str, optional
        As for `sparsity`.
    bin_width : float, optional
        In s, at most the duration; what is left at the end of a trial is not counted. None: the trial.

    Returns
    -------
    Dataset
        ``participation_ratio (activity_layer)``: NaN for fewer than two samples or a layer whose counts do not vary.
        ``participation_samples``: samples.

    Raises
    ------
    MissingVariable
        As for `sparsity`.
    InvalidInput
        As for `sparsity`; also where neurons and samples both are more than 4096: wider bins make fewer samples.
    """
    where = "participation_ratio"
    require(ds, where=where)
    chosen = chosen_groups(ds, groups, where=where)
    trials, duration = extent(ds, where=where)
    width = duration if bin_width is None else positive(bin_width, name="bin_width", where=where)
    bins = int(whole(duration, width))
    if bins < 1:
        raise InvalidInput(
            f"{where}: bin_width must be at most the duration of a trial, {duration} s, got {width}"
        )
    found = []
    for group in chosen:
        size = size_of(ds, group, where=where)
        if min(size, trials * bins) > MOST:
            raise InvalidInput(
                f"{where}: {group!r} has {size} neurons and {trials * bins} samples; one of the two must be at most "
                f"{MOST}: give a wider bin_width than {width} s, or fewer trials"
            )
        (ratio,) = fold_events(
            ds,
            group,
            list,
            lambda blocks, trial, neuron, time: _add(blocks, trial, neuron, time, bins, width),
            lambda blocks, size=size: (np.float64(_from_counts(blocks, trials * bins, size)),),
            [((), float)],
            where=where,
        )
        found.append(ratio)
    return xr.Dataset(
        {
            "participation_ratio": variable(
                stacked(found) if found else np.zeros(0),
                "activity_layer",
                units="1",
                long_name="participation ratio of spike counts",
            ),
            "participation_samples": variable(
                trials * bins, units="1", long_name="samples of the participation ratio"
            ),
        },
        coords={
            "activity_layer": variable(
                np.asarray(chosen, dtype=str), "activity_layer", units="1", long_name="layer"
            )
        },
        attrs={"participation_bin_s": width},
    )


def _add(blocks, trial, neuron, time, bins, width):
    """Append the counts of a block as (place, count), place = neuron and sample in one number."""
    at = whole(time, width)
    inside = at < bins
    sample = trial[inside].astype(np.int64) * bins + at[inside]
    packed = (neuron[inside].astype(np.int64) << 32) | sample
    packed.sort()
    first = np.flatnonzero(np.append(True, packed[1:] != packed[:-1])) if packed.size else np.zeros(0, int)
    blocks.append(
        (
            (packed[first] >> 32).astype(np.int32),
            (packed[first] & 0xFFFFFFFF).astype(np.int32),
            np.diff(first, append=packed.size).astype(np.int32),
        )
    )
    return blocks


def _from_counts(blocks, samples, size):
    """Ratio from the counts of all blocks: (tr C)²/tr C² over the smaller side of the table."""
    if samples < 2:
        return np.nan
    neuron, sample, count = (
        (np.concatenate(part) for part in zip(*blocks, strict=True)) if blocks else [[]] * 3
    )
    blocks.clear()
    wide = size >= samples
    rows, columns = (sample, neuron) if wide else (neuron, sample)
    shape = (samples, size) if wide else (size, samples)
    # whole numbers of 4 bytes: as real numbers 1e8 counts would take 400 MiB more
    table = sparse.csc_array((count, (rows, columns)), shape=shape, dtype=np.int32)
    mean = None if wide else table.sum(axis=1) / samples
    gram, scale = np.zeros((shape[0], shape[0])), 0.0
    per = max(_BLOCK // shape[0], 1)
    for i in range(0, shape[1], per):
        part = table[:, i : i + per].astype(float)
        scale += part.data @ part.data
        block = part.toarray()
        # before the product: of large counts that hardly vary nothing would be left after it
        block -= block.mean(axis=0) if wide else mean[:, None]
        gram += block @ block.T
    return _ratio(gram, scale)


def _ratio(gram, scale):
    """(tr)²/Σ² of a centred Gram matrix; NaN where nothing varies but for rounding, `scale` the sum of squares."""
    trace = np.trace(gram)
    return trace**2 / (gram**2).sum() if trace > 1e-24 * scale else np.nan
