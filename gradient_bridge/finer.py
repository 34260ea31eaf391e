"""A twin of the same network in finer steps, for training at several of them."""

from __future__ import annotations

from ..models import build, describe
from ..models.annotations import annotations
from .twin import Twin


def finer_twin(twin: Twin, factor: int) -> Twin:
    """A twin of the same network at a fraction of its step, with the same parameters.

    What either of them trains, the other has: ``twin.trained`` is one module in both. A `step` of stimuli and class
    scores is as long as before, and takes `factor` times as many steps of the network.

    Parameters
    ----------
    twin : Twin
        Of a network that has a ``dt_ref`` and takes every other name from its own objects, as those of `srnn` do.
        Its network is read, not changed.
    factor : int
        >= 2.

    Returns
    -------
    Twin
        Of a new network, which is not synced: ``twin.sync()`` writes to the first one.

    Raises
    ------
    ValueError
        The network has no ``dt_ref``, so that nothing says what a step of the task is at another step; or delays are
        trained, part of which is the step itself; or the step cannot be divided.
    UnsupportedModel
        The network cannot be described.
    """
    net = twin.network
    if annotations(net).dt_ref is None:
        raise ValueError(
            "finer: the network has no dt_ref, so stimuli and scores would change with its step; give it one: "
            "annotate(net, dt_ref=...)"
        )
    delays = [place.key for place in twin._places if place.name == "delay"]
    if delays:
        raise ValueError(
            f"finer: {', '.join(delays)} are trained, and the slot of a pathway is worth one step of them; train at "
            "one step, or leave them out of trainable"
        )
    finer = Twin(
        build(describe(net, namespace={}), dt=twin.program.dt / factor),
        trainable=tuple(place.key for place in twin._places),
        engine=twin.engine,
        dtype=twin.dtype,
        randomness=twin.randomness,
        namespace={},
        coordinates={place.key: twin._trained(place).coordinate for place in twin._places},
        detach_reset=twin.detach_reset,
        readout=twin.readout,
    )
    finer.trained = twin.trained
    finer.surrogates = finer._chosen = twin.surrogates  # with their scales
    return finer.to(twin.device).train(twin.training)
