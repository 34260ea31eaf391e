"""From the marks of waves in an ECG to the six segments of a beat."""

from __future__ import annotations

import itertools

import numpy as np

from .qtdb import CLASSES


def segment_labels(marked, steps, *, longest):
    """The class of each step from the marks of waves.

    P from its onset to its end; PQ to the onset of QRS; QR to the peak of R; RS to the end of QRS; ST, with the T wave,
    to the end of T; TP to the onset of the next P. A stretch is labelled where both of its marks are there, the two
    waves follow each other (U waves aside), and it is not longer than `longest`.

    Parameters
    ----------
    marked : list of Wave
        As `marked_waves` returns them.
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
