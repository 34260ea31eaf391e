"""From the marks of waves in an ECG to the six segments of a beat."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from .qtdb import CLASSES

_BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
_KINDS = {"p": "P", "t": "T", "u": "U"} | dict.fromkeys(_BEATS, "QRS")


@dataclass(frozen=True)
class Wave:
    """One marked wave: kind (P, QRS, T or U) and sample numbers, None where not marked."""

    kind: str
    onset: int | None
    peak: int
    end: int | None


def marked_waves(samples, symbols):
    """The waves that annotations mark, in the order of time.

    A bracket belongs to the peak that is next to it: ``(`` before it is its onset, ``)`` after it its end. Peaks of
    one kind with nothing between them are one wave (a T wave of two phases), its peak the first.

    Parameters
    ----------
    samples : sequence of int
        Sample numbers, ascending.
    symbols : sequence of str
        Of the annotations: ``( ) p t u`` and those of beats; others end nothing and begin nothing.

    Returns
    -------
    list of Wave
    """
    found = []
    before = ""
    for k, symbol in enumerate(symbols):
        kind = _KINDS.get(symbol)
        if kind is not None:
            end = int(samples[k + 1]) if k + 1 < len(symbols) and symbols[k + 1] == ")" else None
            if found and _KINDS.get(before) == kind:
                found[-1] = Wave(kind, found[-1].onset, found[-1].peak, end)
            else:
                onset = int(samples[k - 1]) if before == "(" else None
                found.append(Wave(kind, onset, int(samples[k]), end))
        before = symbol
    return found


def segment_labels(marked, steps, *, longest):
    """The class of each step from the marks of waves.

    P from its onset to its end; PQ to the onset of QRS; QR to the peak of R; RS to the end of QRS; ST, with the T wave,
    to the end of T; TP to the onset of the next P. A stretch is labelled where both of its marks are there, the two
    waves follow each other (U waves aside), and it is not longer than `longest`.

    Parameters
    ----------
    marked : list of Wave
    steps : int
        Length of the record.
    longest : int
        In steps.

    Returns
    -------
    (steps,) array of int8
        Index into `CLASSES`, −1 where unlabelled.
    """
    label = np.full(steps, -1, np.int8)

    def fill(name, begin, end):
        if begin is not None and end is not None and 0 <= end - begin <= longest:
            label[begin:end] = CLASSES.index(name)

    between = {
        ("P", "QRS"): ("PQ", "end", "onset"),
        ("QRS", "T"): ("ST", "end", "end"),
        ("T", "P"): ("TP", "end", "onset"),
    }
    heart = [wave for wave in marked if wave.kind != "U"]
    for wave in heart:
        if wave.kind == "P":
            fill("P", wave.onset, wave.end)
        elif wave.kind == "QRS":
            fill("QR", wave.onset, wave.peak)
            fill("RS", wave.peak, wave.end)
    for wave, following in itertools.pairwise(heart):
        if (wave.kind, following.kind) in between:
            name, begin, end = between[wave.kind, following.kind]
            fill(name, getattr(wave, begin), getattr(following, end))
    return label
