"""How a trained network is fed with ECG: which encoder it needs, what its outputs mean, how late they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models import describe
from ..models.description import SpikeGeneratorDescription
from ..models.ecg_encoders import DifferenceEncoder, ECGEncoder, LevelCrossingEncoder, encoder_from
from .about import read_about
from .tasks.ecg_waves import CLASSES as LUDB_CLASSES
from .tasks.qtdb import CLASSES as QTDB_CLASSES

# s that the labels of the published QTDB files come late: 16 to 18 steps (docs/tasks.md, "What label lag means").
PUBLISHED_LAG = (0.064, 0.072)
# Classes of the output and, of each wave that is counted, those that make it up.
_LUDB = (LUDB_CLASSES, {name: (name,) for name in LUDB_CLASSES[1:]})
_QTDB = (QTDB_CLASSES, {"P": ("P",), "QRS": ("QR", "RS"), "ST with T": ("ST",)})
_OUTPUT = {ECGEncoder: _LUDB, DifferenceEncoder: _QTDB, LevelCrossingEncoder: _QTDB}
_OF_TASK = {
    "ludb": ECGEncoder,
    "wfdb": ECGEncoder,
    "ecg": DifferenceEncoder,
    "synthetic_ecg": LevelCrossingEncoder,
}
_OPTIONS = {ECGEncoder: ("delta", "bits"), DifferenceEncoder: (), LevelCrossingEncoder: ("delta", "follow")}


class NetworkMismatch(ValueError):
    """The network is not one that names the waves of an ECG."""


@dataclass(frozen=True)
class Reading:
    """How a network is fed with ECG and what its outputs mean.

    Attributes
    ----------
    encoder : ECGEncoder, DifferenceEncoder or LevelCrossingEncoder
    classes : tuple of str
    waves : dict of str to tuple of str
        The classes that make up each wave that is counted.
    beat : str
        The wave that marks a beat.
    reason : str
        Why this encoder, in words.
    lag : (float, float) or None
        How late (s, least and most) the labels were that the network learned, and so its waves are; None: not at all,
        as far as is known.
    """

    encoder: object
    classes: tuple
    waves: dict
    beat: str
    reason: str
    lag: tuple | None = None


def reading_of(net, *, where="the network"):
    """Which encoder and classes a network was trained with.

    The encoder travels with networks that this package trained (`annotations`: ``encoder``). Without that text it is
    told by the task and its options, if they travel, else by the size of the network:

    =============================  ====================================================================
    network                        encoder
    =============================  ====================================================================
    task ``ludb`` or ``wfdb``, or  `ECGEncoder`, one lead; ``delta`` and ``bits`` from the options of the
    2·bits inputs, 4 outputs       task, else their defaults
    task ``ecg``, or 4 inputs, 6   `DifferenceEncoder`, two leads, with its defaults: that of raw QTDB
    outputs                        records, and the best match of the published files
    task ``synthetic_ecg``         `LevelCrossingEncoder`, two leads
    =============================  ====================================================================

    Parameters
    ----------
    net : brian2.Network
    where : str
        Its file, for messages.

    Returns
    -------
    Reading

    Raises
    ------
    NetworkMismatch
        No such network, or the numbers of inputs and outputs, the step or the classes do not fit the encoder.
    AboutError
        The texts of the network are not what this package writes.
    """
    about, single = read_about(net, where), describe(net, namespace={})
    notes = single.annotations
    inputs = [g.size for g in single.groups if isinstance(g, SpikeGeneratorDescription)]
    of_task = f" of the task {about.task!r}" if about.task else ""
    if notes.readout is None or notes.dt_ref is None or len(inputs) != 1:
        raise NetworkMismatch(
            f"{where}: expected a network of an ECG task ({', '.join(_OF_TASK)}), with one spike generator as input, a "
            f"readout and dt_ref, as chronaxie.srnn makes it, got one{of_task} with {len(inputs)} spike generators, "
            f"{'no' if notes.readout is None else 'a'} readout and dt_ref {notes.dt_ref}; train one: chronaxie train "
            "ludb"
        )
    size, dt = (inputs[0], single.size(notes.readout.group)), float(notes.dt_ref)
    try:
        encoder, known = _encoder(about, notes.about.get("encoder"), size, dt)
        lag = _lag(about, notes.about, encoder)
    except ValueError as error:
        raise NetworkMismatch(
            f"{where}: what it says of its encoder or task cannot be used: {error}; save the network anew"
        ) from error
    classes, waves = _OUTPUT[type(encoder)]
    if size != (encoder.leads * len(encoder.channels), len(classes)):
        raise NetworkMismatch(
            f"{where}: expected a network of the task ludb ({len(ECGEncoder().channels)} inputs, "
            f"{len(LUDB_CLASSES)} outputs) or ecg (4 inputs, {len(QTDB_CLASSES)} outputs), got {size[0]} inputs and "
            f"{size[1]} outputs{of_task}; train one: chronaxie train ludb"
        )
    if about.classes not in (None, classes) or not np.isclose(encoder.dt, dt, rtol=1e-9):
        raise NetworkMismatch(
            f"{where}: expected the classes {', '.join(classes)} and steps of {encoder.dt:g} s for its encoder, got "
            f"{', '.join(about.classes or classes)} and {dt:g} s; train one: chronaxie train ludb"
        )
    leads = "one lead" if encoder.leads == 1 else "two leads"
    return Reading(encoder, classes, waves, "QRS", f"{leads}, {encoder.words} ({known})", lag)


def _encoder(about, text, size, dt):
    """The encoder of a network, and how it is known. ValueError where a text is wrong."""
    if text is not None:
        return encoder_from(text), "as it travels with the network"
    kind = _OF_TASK.get(about.task)
    known = f"by its task, {about.task}" if kind else f"by its {size[0]} inputs and {size[1]} outputs"
    kind = kind or (ECGEncoder if size[1] == len(LUDB_CLASSES) else DifferenceEncoder)
    given = about.options.get("config") or {} if kind is LevelCrossingEncoder else about.options
    if not isinstance(given, dict):
        raise ValueError(f"expected the option config as values by name, got {given!r}")
    return kind(dt=dt, **{name: given[name] for name in _OPTIONS[kind] if name in given}), known


def _lag(about, texts, encoder):
    """Least and most lag (s) of the labels that a network learned, or None. ValueError where a text is wrong."""
    if about.task == "synthetic_ecg":
        config = about.options.get("config") or {}
        steps = config.get("label_lag", 0) if isinstance(config, dict) else config
        if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps <= 250:
            raise ValueError(f"expected label_lag as a whole number of steps from 0 to 250, got {steps!r}")
        return (steps * encoder.dt,) * 2 if steps else None
    # An encoder travels with networks of the raw records, whose labels do not lag, and not with those of the files.
    published = about.task == "ecg" and ("encoder" not in texts or texts.get("kind") == "ecg")
    return PUBLISHED_LAG if published else None
