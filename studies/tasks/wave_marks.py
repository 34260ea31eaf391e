"""The marks of annotated ECG: which symbols are waves, and which bracket belongs to which peak."""

from __future__ import annotations

from dataclasses import dataclass

BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")  # symbols of WFDB at a QRS, whatever its origin
_KINDS = {"p": "P", "t": "T", "u": "U"} | dict.fromkeys(BEATS, "QRS")
_OF_SEVERAL_PHASES = frozenset("PT")


@dataclass(frozen=True)
class Wave:
    """One marked wave: kind (P, QRS, T or U) and sample numbers, None where not marked."""

    kind: str
    onset: int | None
    peak: int
    end: int | None


def marked_waves(samples, symbols):
    """The waves that annotations mark, in the order of time.

    A bracket belongs to the peak that is next to it: ``(`` directly before a peak is its onset, ``)`` directly after it
    its end. Peaks of P or of T with nothing between them are one wave of two phases, its peak the first; two beats
    are always two.

    Parameters
    ----------
    samples : sequence of int
        Sample numbers, ascending.
    symbols : sequence of str
        Of the annotations: ``( ) p t u`` and those of beats (`BEATS`), each of which is a QRS. Others are no wave, and
        no bracket reaches past them.

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
            if kind in _OF_SEVERAL_PHASES and _KINDS.get(before) == kind:
                found[-1] = Wave(kind, found[-1].onset, found[-1].peak, end)
            else:
                onset = int(samples[k - 1]) if before == "(" else None
                found.append(Wave(kind, onset, int(samples[k]), end))
        before = symbol
    return found
