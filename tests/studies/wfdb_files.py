"""WFDB records made for tests: an artificial ECG with its waves marked, written by the wfdb package."""

import numpy as np
import wfdb
from brian2 import ms

from chronaxie.models import annotate, srnn

RATE = 500


def beats(seconds=4.0, rate=RATE, seed=0):
    """Artificial ECG (sample,) in mV and its waves: rows (type, onset, peak, offset)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    signal, waves = 0.01 * rng.standard_normal(len(time)), []
    for beat in np.arange(0.3, seconds - 0.7, 0.8 + 0.02 * seed):
        for kind, (at, width, height) in enumerate(((0.0, 0.02, 0.12), (0.16, 0.012, 1.0), (0.4, 0.04, 0.3))):
            signal = signal + height * np.exp(-(((time - beat - at) / width) ** 2) / 2)
            peak = round((beat + at) * rate)
            waves.append((kind, peak - round(2 * width * rate), peak, peak + round(2 * width * rate)))
    return signal, np.array(waves)


def write_record(
    folder, name, signal, *, rate=RATE, leads=("i", "ii"), units=None, waves=None, extension="ii"
):
    """Write a record; the signal (sample,) in its second lead, half of it in the others. Returns its path."""
    unique = [f"{lead}{k}" for k, lead in enumerate(leads)]  # wfdb writes no name twice, but reads it
    columns = np.stack([signal if k == 1 else 0.5 * signal for k in range(len(leads))], axis=1)
    wfdb.wrsamp(
        name,
        fs=rate,
        units=list(units or ["mV"] * len(leads)),
        sig_name=unique,
        p_signal=columns,
        fmt=["16"] * len(leads),
        write_dir=str(folder),
    )
    header = folder / f"{name}.hea"
    text = header.read_text()
    for one, lead in zip(unique, leads, strict=True):
        text = text.replace(f" {one}\n", f" {lead}\n")
    header.write_text(text)
    if waves is not None:
        write_waves(folder, name, waves, extension)
    return folder / name


def write_waves(folder, name, waves, extension="ii"):
    """Write waves as LUDB does: ``(`` onset, ``p N t`` peak, ``)`` end; a boundary of −1 is left out."""
    samples, symbols = [], []
    for kind, onset, peak, offset in waves:
        for sample, symbol in ((onset, "("), (peak, "pNt"[kind]), (offset, ")")):
            if sample >= 0:
                samples.append(sample)
                symbols.append(symbol)
    wfdb.wrann(name, extension, np.array(samples), symbol=symbols, write_dir=str(folder))


def write_annotated_beats(folder):
    """A record of 21 s with its waves and, as ``atr``, the beats; returns its path."""
    signal, waves = beats(seconds=21.0)
    path = write_record(folder, "rec", signal, waves=waves)
    peaks = waves[waves[:, 0] == 1, 2]
    wfdb.wrann("rec", "atr", peaks, symbol=["N"] * len(peaks), write_dir=str(folder))
    return path


def ecg_network(inputs=16, outputs=4, **about):
    """An untrained network that says what it was trained on."""
    net = srnn(inputs, [6], outputs, dt=4 * ms, seed=1, input_gain=2.0)
    return annotate(net, about=about) if about else net
