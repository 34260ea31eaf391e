"""A recording of one's own through a trained network in Brian2: which waves the network sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from brian2 import ms

from ..models import describe, readout_scores, simulate
from ..models.description import SpikeGeneratorDescription
from ..models.ecg_encoders import DifferenceEncoder, ECGEncoder, LevelCrossingEncoder, encoder_from
from .about import read_about
from .provenance import provenance
from .tasks.ecg_waves import CLASSES as LUDB_CLASSES
from .tasks.qtdb import CLASSES as QTDB_CLASSES
from .tasks.wfdb_records import joined, load_record, record_beats

SHORTEST = 0.04
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
    """

    encoder: object
    classes: tuple
    waves: dict
    beat: str
    reason: str


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
    if notes.readout is None or notes.dt_ref is None or len(inputs) != 1:
        raise NetworkMismatch(
            "expected a network with one spike generator as input, a readout and dt_ref, as chronaxie.srnn makes it, "
            f"got {len(inputs)} spike generators, readout {notes.readout}, dt_ref {notes.dt_ref}; train one: chronaxie "
            "train ludb"
        )
    size, dt = (inputs[0], single.size(notes.readout.group)), float(notes.dt_ref)
    try:
        encoder, known = _encoder(about, notes.about.get("encoder"), size, dt)
    except ValueError as error:
        raise NetworkMismatch(
            f"{where}: what it says of its encoder cannot be used: {error}; save the network anew"
        ) from error
    classes, waves = _OUTPUT[type(encoder)]
    if size != (encoder.leads * len(encoder.channels), len(classes)):
        raise NetworkMismatch(
            f"expected a network of the task ludb ({len(ECGEncoder().channels)} inputs, {len(LUDB_CLASSES)} outputs) "
            f"or ecg (4 inputs, {len(QTDB_CLASSES)} outputs), got {size[0]} inputs and {size[1]} outputs"
            + (f" of the task {about.task!r}" if about.task else "")
            + "; train one: chronaxie train ludb"
        )
    if about.classes not in (None, classes) or not np.isclose(encoder.dt, dt, rtol=1e-9):
        raise NetworkMismatch(
            f"{where}: expected the classes {', '.join(classes)} and steps of {encoder.dt:g} s for its encoder, got "
            f"{', '.join(about.classes or classes)} and {dt:g} s; train one: chronaxie train ludb"
        )
    leads = "one lead" if encoder.leads == 1 else "two leads"
    return Reading(encoder, classes, waves, "QRS", f"{leads}, {encoder.words} ({known})")


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


def simulate_record(
    net,
    path,
    *,
    lead=None,
    start=0.0,
    seconds=None,
    dt=None,
    device="numpy",
    gaps="refuse",
    where="the network",
    report=print,
):
    """Simulate a trained network on a WFDB record.

    Parameters
    ----------
    net : brian2.Network
    path : path-like
        Of the record.
    lead, start, seconds, gaps
        As in `load_record`.
    dt : float, ms, optional
        Simulation step; that of the network by default.
    device : str
        Brian2 device.
    where : str
        File of the network, for messages.
    report : callable
        Takes lines of text about progress.

    Returns
    -------
    xr.Dataset
        Over ``time`` (s in the record): ``record_signal (time, lead)``, mV; ``record_class (time)``, the decision;
        ``record_score (time, wave_class)``. ``record_spike_time``, ``record_spike_unit`` of the hidden and output
        neurons (``unit_layer``). ``wave_onset``, ``wave_offset`` (s) and ``wave_kind`` of the waves found
        (`find_waves`); ``beat_time`` (s) of annotated beats where the record has an ``.atr`` file. Attributes:
        ``heart_rate`` (1/min, NaN with fewer than two beats), what `load_record` says, versions.

    Raises
    ------
    NetworkMismatch, AboutError
        As `reading_of`.
    MissingDataError, TaskError
        As `load_record`.
    DeviceError, ValueError
        As `simulate`.
    """
    reading = reading_of(net, where=where)
    report(f"encoder: {reading.reason}")
    record = load_record(path, lead=lead, encoder=reading.encoder, start=start, seconds=seconds, gaps=gaps)
    report(
        f"record {record.attrs['record']}: {record.attrs['duration']:g} s of lead {record.attrs['leads']} at "
        f"{record.attrs['rate']:g} Hz, {record.sizes['trial']} window{'s' * (record.sizes['trial'] > 1)}"
    )
    if record.attrs["overload_steps"]:
        report(
            f"the lead moves faster than the code follows at {record.attrs['overload_steps']} steps (pacing spikes, "
            "artefacts): there the network sees a smaller slope"
        )
    out = simulate(net, record.stimulus, dt=None if dt is None else dt * ms, device=device, namespace={})
    ds = _over_time(out, record, reading)
    ds = ds.merge(find_waves(ds.record_class.values, ds.time.values, reading))
    beats = record_beats(path, start=start, seconds=seconds)
    if beats is not None:
        ds["beat_time"] = ("beat", beats, {"units": "s", "long_name": "annotated beat"})
    ds.attrs |= (
        provenance()
        | record.attrs
        | {
            "study": "simulate",
            "heart_rate": heart_rate(ds, reading.beat),
            "simulation_dt": out.attrs["dt"],
            "device": device,
            "waves": ", ".join(reading.waves),
        }
    )
    return ds


def find_waves(decision, time, reading, *, shortest=SHORTEST):
    """Waves in a row of decisions.

    A wave is a stretch of steps that are decided for one of its classes. Interruptions shorter than `shortest` are
    bridged, then stretches shorter than `shortest` are left out.

    Parameters
    ----------
    decision : (time,) array of int
        Index into the classes.
    time : (time,) array of float, s, equidistant
    reading : Reading
    shortest : float, s, >= 0

    Returns
    -------
    xr.Dataset
        ``wave_onset``, ``wave_offset`` (s; first step, and the one after the last) and ``wave_kind`` (name) along
        ``wave``, in the order of the onsets.
    """
    dt = reading.encoder.dt
    least = shortest / dt - 1e-6
    found = []
    for kind, classes in reading.waves.items():
        inside = np.isin(decision, [reading.classes.index(c) for c in classes])
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int))).reshape(-1, 2)
        gap = edges[1:, 0] - edges[:-1, 1] >= least
        first = edges[np.concatenate([[True], gap])[: len(edges)], 0]
        last = edges[np.concatenate([gap, [True]])[: len(edges)], 1]
        found += [(a, b, kind) for a, b in zip(first, last, strict=True) if b - a >= least]
    found.sort()
    start = float(time[0])
    return xr.Dataset(
        {
            "wave_onset": (
                "wave",
                np.array([start + a * dt for a, _, _ in found], dtype=float),
                {"units": "s", "long_name": "onset of the wave"},
            ),
            "wave_offset": (
                "wave",
                np.array([start + b * dt for _, b, _ in found], dtype=float),
                {"units": "s", "long_name": "end of the wave"},
            ),
            "wave_kind": ("wave", np.array([k for _, _, k in found], dtype="U12"), {"units": "1"}),
        }
    )


def heart_rate(ds, beat):
    """Beats per minute: 60 / median interval between the onsets of the waves `beat`; NaN with fewer than two."""
    onsets = ds.wave_onset.values[ds.wave_kind.values == beat]
    return 60 / float(np.median(np.diff(onsets))) if len(onsets) > 1 else float("nan")


def summarise_record(ds):
    """The main numbers of `simulate_record` as lines of text."""
    a = ds.attrs
    kinds = ds.wave_kind.values
    lines = [
        f"record {a['record']}, lead {a['leads']}: {a['start']:g} to {a['start'] + a['duration']:g} s",
        "  waves found: "
        + ", ".join(f"{int((kinds == kind).sum())} {kind}" for kind in a["waves"].split(", ")),
    ]
    rate = (
        f"{a['heart_rate']:.1f} beats per minute"
        if np.isfinite(a["heart_rate"])
        else "none: fewer than two beats"
    )
    lines.append(f"  heart rate: {rate}")
    if "beat_time" in ds:
        beats = ds.beat_time.values
        known = f", {60 / np.median(np.diff(beats)):.1f} per minute" if len(beats) > 1 else ""
        lines.append(f"  annotated beats: {len(beats)}{known}")
    return "\n".join(lines)


def excerpt(ds, seconds):
    """The first `seconds` of a record's dataset, for its figure."""
    end = float(ds.time[0]) + seconds
    out = ds.isel(time=ds.time.values < end, record_spike=ds.record_spike_time.values < end)
    return out.isel(beat=ds.beat_time.values < end) if "beat_time" in ds else out


def _over_time(out, record, reading):
    """Scores, decisions, signal and spikes of the windows as one row over the record."""
    kept, dt = record.kept.values, reading.encoder.dt
    scores = joined(readout_scores(out), kept)
    time = joined(record.start.values[:, None] + np.arange(kept.shape[1]) * dt, kept)
    groups = [name for name in _spiking(out) if name not in out.attrs["inputs"].split(", ")]
    times, units, layers, first = [], [], [], 0
    for name in groups:
        trial = out[f"{name}_spike_trial"].values
        at = out[f"{name}_spike_time"].values
        # A spike's time is a multiple of dt up to rounding.
        inside = kept[trial, np.minimum((at / dt + 1e-6).astype(int), kept.shape[1] - 1)]
        times.append((record.start.values[trial] + at)[inside])
        units.append(first + out[f"{name}_spike_neuron"].values[inside])
        layers += [name] * out.sizes[f"{name}_neuron"]
        first = len(layers)
    times, units = np.concatenate([*times, []]), np.concatenate([*units, []]).astype(np.int32)
    order = np.lexsort((units, times))
    decision = scores.argmax(-1).astype(np.int8)
    return xr.Dataset(
        {
            "record_signal": (
                ("time", "lead"),
                joined(record.signal.values, kept).astype(np.float32),
                {"units": "mV", "long_name": "ECG"},
            ),
            "record_class": (
                "time",
                decision,
                {"units": "1", "long_name": "class that the network decides for"},
            ),
            "record_score": (
                ("time", "wave_class"),
                scores.astype(np.float32),
                {"units": "1", "long_name": "readout"},
            ),
            "record_spike_time": (
                "record_spike",
                times[order],
                {"units": "s", "long_name": "time of the spike"},
            ),
            "record_spike_unit": ("record_spike", units[order], {"units": "1", "long_name": "neuron"}),
        },
        {
            "time": ("time", time, {"units": "s", "long_name": "time in the record"}),
            "lead": record.lead.values,
            "wave_class": list(reading.classes),
            "unit_layer": ("unit", np.array(layers, dtype=str)),
        },
    )


def _spiking(out):
    return [
        str(name).removesuffix("_spike_time") for name in out.data_vars if str(name).endswith("_spike_time")
    ]
