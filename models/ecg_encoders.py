"""How leads of an ECG become spikes, as one object: what a network and a new recording must have in common."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # loads scipy.signal when it is first used: half a second that most programs need not spend
from numpy.typing import ArrayLike

from .ecg_encoding import binary_level_crossing, check_bits
from .encoders import _positive, level_crossing, threshold_difference

_ORDER = 3  # of the Savitzky-Golay filter


@dataclass(frozen=True)
class ECGEncoder:
    """One lead as its level crossings, counted in binary: `binary_level_crossing`; that of the task `ludb`.

    Parameters
    ----------
    dt : float, s, > 0
        Time step of the spikes.
    delta : float, > 0
        Step size of the code, in standard deviations of the lead.
    bits : int, 1 to 16
        Channels in each direction, of weight 1, 2, 4, … 2**(bits-1).
    """

    dt: float = 0.004
    delta: float = 0.05
    bits: int = 8

    def __post_init__(self):
        _positive(self.dt, "dt", "ECGEncoder")
        _positive(self.delta, "delta", "ECGEncoder")
        check_bits(self.bits, "ECGEncoder")

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels of one lead, in the order of `binary_level_crossing`."""
        return tuple(f"{side} {2**k}" for k in range(self.bits) for side in ("up", "down"))

    leads = 1
    window = None  # normalised over the whole recording

    def encode(self, signal: ArrayLike) -> np.ndarray:
        """Events (…, channel) of a normalised lead (…, time): `binary_level_crossing`."""
        return binary_level_crossing(signal, self.delta, bits=self.bits, axis=-1)

    @property
    def steepest(self) -> float:
        """The largest move in one step, standard deviations, that the code follows in any case."""
        return self.delta * (2**self.bits - 1)

    @property
    def words(self) -> str:
        """What it does, in words."""
        return f"level crossings counted in binary, delta {self.delta:g} sd, {self.bits} bits"


@dataclass(frozen=True)
class DifferenceEncoder:
    """The code of QTDB: two leads, two channels each, `threshold_difference` of the smoothed lead; it has no inverse.

    The defaults agree best with the published files in the record that they can be held against (docs/data.md); a
    threshold of 0.3 without smoothing is what is reported for them.

    Parameters
    ----------
    dt : float, s, > 0
        Time step of the spikes.
    threshold : float, > 0
        Smallest change a step that counts, in standard deviations of the lead.
    smoothing : int
        Steps of the window of a Savitzky–Golay filter of order 3: odd, >= 5; 0 for none.
    window : float, s, >= dt, or None
        Stretches of this length are normalised and encoded each by itself; None: the whole recording is.

    Raises
    ------
    ValueError
        A value out of its range.
    """

    dt: float = 0.004
    threshold: float = 0.15
    smoothing: int = 7
    window: float | None = 5.204

    def __post_init__(self):
        for name in ("dt", "threshold"):
            _positive(getattr(self, name), name, "DifferenceEncoder")
        s = self.smoothing
        whole = isinstance(s, (int, np.integer)) and not isinstance(s, bool)
        if not whole or (s != 0 and not (s >= 5 and s % 2)):
            raise ValueError(f"DifferenceEncoder: smoothing must be 0, or odd and >= 5 steps, got {s!r}")
        if self.window is not None and _positive(self.window, "window", "DifferenceEncoder") < self.dt:
            raise ValueError(
                f"DifferenceEncoder: window must be at least a step of {self.dt:g} s, got {self.window!r}"
            )

    leads = 2
    channels = ("up", "down")

    def encode(self, signal: ArrayLike) -> np.ndarray:
        """Events (…, channel) of a normalised lead (…, time), which is smoothed first.

        Raises
        ------
        ValueError
            Fewer steps than the window of the filter, and as `threshold_difference`.
        """
        z = np.asarray(signal)
        if self.smoothing:
            if z.ndim and z.shape[-1] < self.smoothing:
                raise ValueError(
                    f"DifferenceEncoder: expected at least the {self.smoothing} steps that are smoothed over, got "
                    f"{z.shape[-1]}; take a longer stretch"
                )
            z = scipy.signal.savgol_filter(z, self.smoothing, _ORDER, axis=-1)
        return threshold_difference(z, self.threshold, axis=-1)

    @property
    def words(self) -> str:
        """What it does, in words."""
        over = f" after smoothing over {self.smoothing} steps" if self.smoothing else ""
        parts = f", windows of {self.window:g} s by themselves" if self.window else ""
        return f"differences of at least {self.threshold:g} sd a step{over}{parts}"


@dataclass(frozen=True)
class LevelCrossingEncoder:
    """Two leads, two channels each, `level_crossing`; that of the task `synthetic_ecg`.

    Parameters
    ----------
    dt : float, s, > 0
        Time step of the spikes.
    delta : float, > 0
        Distance of the levels, in standard deviations of the lead.
    follow : {"step", "sample"}
        How the reference moves at an event.
    """

    dt: float = 0.004
    delta: float = 0.35
    follow: Literal["step", "sample"] = "sample"

    def __post_init__(self):
        _positive(self.dt, "dt", "LevelCrossingEncoder")
        level_crossing([0.0], self.delta, follow=self.follow)  # holds both to their range

    leads = 2
    channels = ("up", "down")
    window = None

    def encode(self, signal: ArrayLike) -> np.ndarray:
        """Events (…, channel) of a normalised lead (…, time)."""
        return level_crossing(signal, self.delta, axis=-1, follow=self.follow)

    @property
    def words(self) -> str:
        """What it does, in words."""
        return f"level crossings {self.delta:g} sd apart"


ENCODERS = {e.__name__: e for e in (ECGEncoder, DifferenceEncoder, LevelCrossingEncoder)}


def encoder_text(encoder: ECGEncoder | DifferenceEncoder | LevelCrossingEncoder) -> str:
    """An encoder as JSON, to travel with a network; inverse: `encoder_from`.

    Parameters
    ----------
    encoder : ECGEncoder, DifferenceEncoder or LevelCrossingEncoder

    Returns
    -------
    str
    """
    return json.dumps({"name": type(encoder).__name__} | dataclasses.asdict(encoder))


def encoder_from(text: str) -> ECGEncoder | DifferenceEncoder | LevelCrossingEncoder:
    """The encoder of a text that `encoder_text` wrote; the text is not trusted.

    Parameters
    ----------
    text : str

    Returns
    -------
    ECGEncoder, DifferenceEncoder or LevelCrossingEncoder

    Raises
    ------
    ValueError
        Not JSON, an unknown encoder, other fields than it has, or values out of their range.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"encoder: expected JSON, got {text[:80]!r}") from None
    name = values.pop("name", None) if isinstance(values, dict) else None
    kind = ENCODERS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(
            f"encoder: expected the fields of {', '.join(ENCODERS)} and 'name', which of them, got {text[:80]!r}"
        )
    fields = {field.name for field in dataclasses.fields(kind)}
    if set(values) != fields:
        raise ValueError(
            f"encoder: expected the fields {', '.join(sorted(fields))} of {name}, got {text[:120]!r}"
        )
    return kind(**values)
