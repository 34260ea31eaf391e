"""Segments of a beat from rows of marks."""

import pytest

from chronaxie.studies.tasks.wave_marks import Wave, marked_waves
from chronaxie.studies.tasks.wave_segments import segment_labels


def annotated(text):
    """Samples and symbols of a row of characters, one a sample; a dot is no annotation."""
    return [k for k, c in enumerate(text) if c != "."], [c for c in text if c != "."]


def named(label):
    return "".join("-" if k < 0 else "PqQRST"[k] for k in label)


def labels(text, longest=100):
    return named(segment_labels(marked_waves(*annotated(text)), len(text), longest=longest))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Two whole beats. q: PQ, S: ST, T: TP.
        ("..(.p.)..(.N.)...(.t.)..(.p.)..(.N.).", "--PPPPqqqQQRRSSSSSSSSTTTPPPPqqqQQRR--"),
        # No onset of T: it does not matter. No end of T: neither ST nor TP.
        ("(.p.).(N).....t.)..(p)", "PPPPqqQRSSSSSSSSTTTPP-"),
        ("(.p.).(N)..(..t....(p)", "PPPPqqQR-----------PP-"),
        # No onset of P: the end counts. No end: PQ is unknown.
        ("..p.).(N)", "----qqQR-"),
        ("(.p...(N)", "------QR-"),
        # No onset, no end of QRS.
        ("(p)..N.)..t)", "PP---RRSSSS-"),
        ("(p).(.N...t)", "PPqqQQ------"),
        # No P between two beats: TP is unknown; no T: ST too.
        ("(N)..t)...(N)..t)", "QRSSSS----QRSSSS-"),
        ("(N).......(p)", "QR--------PP-"),
        # A U wave lies in TP; its brackets are its own.
        ("(N)..(t).(u)..(p)", "QRSSSSSTTTTTTTPP-"),
        # A T wave of two phases.
        ("(N)..(.t..t.)..(p)", "QRSSSSSSSSSSTTTPP-"),
        # Two P waves before one beat: between them nothing is known.
        ("(p)..(p).(N)", "PP---PPqqQR-"),
        # Beats of other kinds, and marks that are not waves.
        ("(V)..t)", "QRSSSS-"),
        ("(p)+.(N)", "PPqqqQR-"),
        # Two beats with nothing between them stay two: the first has no end, the second no onset.
        ("(.N..N.)..t)", "QQ---RRSSSS-"),
        # No bracket reaches past a mark that is no wave.
        ("(p)..(+.N)..t)", "PP------RSSSS-"),
        ("", ""),
        (".....", "-----"),
        (")(", "--"),
    ],
)
def test_labels_of_marks(text, expected):
    assert labels(text) == expected


def test_stretches_that_are_too_long_are_unlabelled():
    text = "(N)..t)" + "." * 20 + "(p)"
    assert labels(text, longest=21) == "QRSSSS" + "T" * 21 + "PP-"
    assert labels(text, longest=20) == "QRSSSS" + "-" * 21 + "PP-"


def test_waves_have_their_marks():
    assert marked_waves([1, 2, 5, 9], ["(", "N", "t", ")"]) == [
        Wave("QRS", 1, 2, None),
        Wave("T", None, 5, 9),
    ]
