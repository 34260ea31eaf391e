"""Synaptic events of a simulation as whole numbers: what every spike causes over the synapses of its neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..activity.events import extent, stacked
from ..activity.rates import decision_steps, trial_sums
from ..errors import InvalidInput, MissingVariable
from ..variables import require, variable

_DIM = "operations_group"


@dataclass(frozen=True)
class SynapticCounts:
    """By group, sources first: size, outgoing synapses, whether graded; spikes and events (trial, group)."""

    groups: tuple[str, ...]
    sizes: np.ndarray
    synapses: np.ndarray
    graded: np.ndarray
    spikes: np.ndarray
    events: np.ndarray


def synaptic_events(ds: xr.Dataset, *, graded: Sequence[str] = (), dt_ref: float | None = None) -> xr.Dataset:
    """Count the synaptic operations of a simulation in each trial, as NeuroBench does.

    A spike causes one accumulate over each synapse that its neuron sends; a group that sends real numbers one
    multiply-accumulate over each synapse in every decision step. Spikes count where they are sent: those of the last
    step with a delay to their target count as well. For a network of layers with dense weights the sum over groups is
    NeuroBench's ``Effective_ACs`` and ``Effective_MACs`` times samples, and its ``Dense`` the operations if
    everything were sent in every step.

    Parameters
    ----------
    ds : Dataset
        As for `operations`.
    graded : sequence of str
        As for `operations`. A real number that happens to be zero is counted; NeuroBench leaves it out.
    dt_ref : float, optional
        Decision step in s, which divides the duration; None: the attribute.

    Returns
    -------
    Dataset
        Whole numbers: ``synaptic_events (trial, operations_group)``, accumulates caused by the spikes of the group;
        ``synaptic_macs (operations_group)`` and ``synaptic_dense (operations_group)``, in a trial. Of Dask where `ds`
        is.

    Raises
    ------
    MissingVariable, InvalidInput
        As for `operations`.

    References
    ----------
    Yik et al., NeuroBench, arXiv:2304.04640.
    """
    where = "synaptic_events"
    counts = count_synaptic(ds, graded=graded, where=where)
    _, steps = decision_steps(ds, dt_ref, where=where)
    return xr.Dataset(
        {
            "synaptic_events": variable(
                counts.events,
                ("trial", _DIM),
                units="1",
                long_name="accumulates over synapses, spikes x fan-out",
            ),
            "synaptic_macs": variable(
                np.where(counts.graded, counts.synapses * steps, 0),
                _DIM,
                units="1",
                long_name="multiply-accumulates over synapses in a trial",
            ),
            "synaptic_dense": variable(
                counts.synapses * steps, _DIM, units="1", long_name="synapses x decision steps of a trial"
            ),
        },
        coords={_DIM: variable(list(counts.groups), _DIM, units="1", long_name="group of neurons")},
        attrs={"synaptic_steps": steps},
    )


def count_synaptic(ds, *, graded=(), also=(), where):
    """Return `SynapticCounts`; spikes of groups without synapses are counted only where `also` names them."""
    require(ds, "synapses", "source", "target", where=where)
    source, target = ds["source"].values.tolist(), ds["target"].values.tolist()
    number = ds["synapses"].values.tolist()
    graded = {graded} if isinstance(graded, str) else set(graded)
    if graded - set(source):
        raise InvalidInput(
            f"{where}: graded names {sorted(graded - set(source))[0]!r}, which sends over no synapse; "
            f"sources are {', '.join(dict.fromkeys(source))}"
        )
    groups = tuple(dict.fromkeys(source + target))
    trials, _ = extent(ds, where=where)
    for group in groups:
        require(ds, f"{group}_neuron", where=where)
    sizes = np.array([ds.sizes[f"{group}_neuron"] for group in groups])
    synapses = np.array(
        [sum(n for s, n in zip(source, number, strict=True) if s == group) for group in groups],
        dtype=np.int64,
    )
    spikes, events = ([np.zeros(trials, dtype=np.int64)] * len(groups) for _ in range(2))
    for k, group in enumerate(groups):
        if group not in graded and (synapses[k] or group in also):
            fan_out = _fan_out(ds, group, int(synapses[k]), where=where)
            spikes[k], events[k] = trial_sums(ds, group, fan_out, where=where)
    return SynapticCounts(
        groups,
        sizes,
        synapses,
        np.array([group in graded for group in groups]),
        stacked(spikes, axis=1),
        stacked(events, axis=1),
    )


def _fan_out(ds, group, outgoing, *, where):
    name = f"{group}_fan_out"
    if name not in ds.variables:
        if outgoing:
            raise MissingVariable(
                f"{where}: {name} is missing, but {group!r} has {outgoing} outgoing synapses; "
                f"if it sends real numbers instead of spikes, name it in graded="
            )
        return np.zeros(ds.sizes[f"{group}_neuron"], dtype=np.int64)
    fan_out = ds[name].values.astype(np.int64)
    if fan_out.sum() != outgoing:
        raise InvalidInput(
            f"{where}: {name} adds up to {fan_out.sum()}, but synapses counts {outgoing} from {group!r}; "
            f"they must be of the same network"
        )
    return fan_out
