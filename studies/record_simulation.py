"""A recording of one's own through a trained network in Brian2: which waves the network sees."""

from __future__ import annotations

import numpy as np
import xarray as xr
from brian2 import ms

from ..models import readout_scores, simulate
from .provenance import provenance
from .record_reading import reading_of
from .tasks.wfdb_records import joined, load_record, record_beats

SHORTEST = 0.04
SLOWEST, FASTEST = 20, 300  # beats per minute that are believed


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
        ``heart_rate`` (1/min, NaN with fewer than two beats), what `load_record` says, versions; ``label_lag`` (s,
        least and most) where the network learned labels that come late (`Reading.lag`); ``warning`` where the beats
        found cannot be right (`beats_doubted`).

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
    doubt = beats_doubted(ds, reading.beat, record.attrs["duration"])
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
        | ({"label_lag": np.array(reading.lag)} if reading.lag else {})
        | ({"warning": doubt} if doubt else {})
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


def beats_doubted(ds, beat, duration):
    """Why the beats that were found cannot be right, in words, or None.

    They differ from the annotated beats by more than a third of these (one more or less may lie across an end of the
    stretch), or no heart beats like that: slower than 20 a minute, by the median interval or because somewhere more
    than 3 s must lie without a beat, or faster than 300.

    Parameters
    ----------
    ds : xarray.Dataset
        ``wave_onset``, ``wave_kind`` and, where the record is annotated, ``beat_time``.
    beat : str
        The wave that marks a beat.
    duration : float, s

    Returns
    -------
    str or None
    """
    found, rate = int((ds.wave_kind.values == beat).sum()), heart_rate(ds, beat)
    reasons = []
    if "beat_time" in ds:
        marked = ds.sizes["beat"]
        if abs(found - marked) > max(1, marked / 3):
            reasons.append(f"{found} {beat} found, {marked} beats annotated")
    # With n beats one of the n + 1 stretches between them and the ends is at least duration/(n + 1) long.
    if rate < SLOWEST or duration / (found + 1) > 60 / SLOWEST:
        reasons.append(f"{found} {beat} in {duration:g} s would be less than {SLOWEST} beats per minute")
    elif rate > FASTEST or 60 * (found - 1) > FASTEST * duration:
        reasons.append(f"{found} {beat} in {duration:g} s would be more than {FASTEST} beats per minute")
    if not reasons:
        return None
    return "; ".join(reasons) + ": the network does not read this lead well, do not rely on its waves"


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
    if "label_lag" in a:
        low, high = (1000 * float(s) for s in a["label_lag"])
        late = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        lines.append(f"  waves come about {late} ms late, as the labels did that the network was trained on")
    if "warning" in a:
        lines.append(f"  warning: {a['warning']}")
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
