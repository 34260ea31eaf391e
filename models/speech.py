"""From recordings of speech to spikes: cochlea, then hair cells of one or more sensitivities a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from .cochlea import check_exponent, cochleagram, erb_space, gammatone_filters
from .devices import Device
from .hair_cells import HairCells, hair_cell_spikes
from .times import seconds, whole_steps

# Raised by one whenever the same arguments give other spikes: what was computed before is then computed anew.
VERSION = 1


@dataclass(frozen=True)
class SpeechEncoder:
    """A cochlea with hair cells.

    Parameters
    ----------
    channels : int
        Gammatone filters, >= 2.
    low, high : float, Hz
        Centre frequencies of the first and last filter (`erb_space`).
    exponent : float
        Of the compression (`cochleagram`).
    step : float, s
        Step of the envelope and of the simulation of the hair cells, a whole number of samples.
    dt : float, s
        Step of the spikes, a whole number of `step`.
    steps : int
        Steps of `dt` of every trial, >= 1. What is shorter ends in silence; what is longer is cut.
    cells : tuple of HairCells
        Each channel has one of each.

    Raises
    ------
    TypeError, ValueError
        Values out of range.
    """

    channels: int = 40
    low: float = 100.0
    high: float = 3600.0
    exponent: float = 0.3
    step: float = 1e-3
    dt: float = 10e-3
    steps: int = 80
    cells: tuple[HairCells, ...] = field(default=(HairCells(gain=2.0), HairCells(gain=5.0)))

    def __post_init__(self):
        erb_space(self.channels, self.low, self.high)
        check_exponent(self.exponent)
        for name in ("step", "dt"):
            object.__setattr__(self, name, seconds(getattr(self, name), f"SpeechEncoder: {name}"))
        whole_steps(self.dt, self.step, "SpeechEncoder: dt")
        if isinstance(self.steps, bool) or not isinstance(self.steps, (int, np.integer)) or self.steps < 1:
            raise ValueError(f"SpeechEncoder: steps must be a whole number >= 1, got {self.steps!r}")
        for name, kind in (
            ("channels", int),
            ("steps", int),
            ("low", float),
            ("high", float),
            ("exponent", float),
        ):
            object.__setattr__(self, name, kind(getattr(self, name)))
        if isinstance(self.cells, HairCells):
            object.__setattr__(self, "cells", (self.cells,))
        object.__setattr__(self, "cells", tuple(self.cells))
        if not self.cells or not all(isinstance(c, HairCells) for c in self.cells):
            raise TypeError(f"SpeechEncoder: cells must be HairCells, at least one, got {self.cells!r}")

    @property
    def duration(self) -> float:
        """Length of a trial, s."""
        return self.steps * self.dt

    @property
    def frequencies(self) -> np.ndarray:
        """Centre frequencies, (channel,) Hz."""
        return erb_space(self.channels, self.low, self.high)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels of the result, ``"412 Hz"``; with several kinds of cells ``"412 Hz, cell 1"``."""
        kinds = [f", cell {k + 1}" for k in range(len(self.cells))] if len(self.cells) > 1 else [""]
        return tuple(f"{f:.4g} Hz{kind}" for kind in kinds for f in self.frequencies)

    def key(self) -> dict[str, Any]:
        """Everything that decides the spikes of a recording, as JSON values."""
        return {"version": VERSION} | asdict(self)


def encode_speech(
    recordings: Sequence[ArrayLike] | np.ndarray,
    sampling_rate: float,
    *,
    encoder: SpeechEncoder | None = None,
    device: Device = "numpy",
    block: int = 250,
    progress: bool = False,
) -> np.ndarray:
    """Spikes of the hair cells for each recording.

    Parameters
    ----------
    recordings : sequence of (sample,) arrays
        At least one. Only the ratio of their samples counts: each is brought to the same level.
    sampling_rate : float, Hz
    encoder : SpeechEncoder, optional
    device : str
        Brian2 device of the hair cells.
    block : int
        Recordings simulated together, >= 1: memory grows with it, the spikes are the same.
    progress : bool
        Show a progress bar.

    Returns
    -------
    (trial, time, channel) ndarray of uint8
        0 or 1; channels in the order of `SpeechEncoder.names`.

    Raises
    ------
    ValueError
        No recording, or one that `cochleagram` refuses, by its number.
    """
    encoder = SpeechEncoder() if encoder is None else encoder
    if not isinstance(encoder, SpeechEncoder):
        raise TypeError(f"encode_speech: expected a SpeechEncoder, got {type(encoder).__name__}")
    if isinstance(block, bool) or not isinstance(block, (int, np.integer)) or block < 1:
        raise ValueError(f"encode_speech: block must be a whole number >= 1, got {block!r}")
    if len(recordings) == 0:
        raise ValueError("encode_speech: expected at least one recording, got none")
    filters = gammatone_filters(encoder.frequencies, sampling_rate)
    out = np.empty((len(recordings), encoder.steps, len(encoder.names)), dtype=np.uint8)
    with tqdm(total=len(recordings), disable=not progress, desc="cochlea", unit="recording") as bar:
        for first in range(0, len(recordings), block):
            some = range(first, min(first + block, len(recordings)))
            drive = np.zeros(
                (len(some), whole_steps(encoder.duration, encoder.step, "steps"), encoder.channels)
            )
            for row, k in zip(drive, some, strict=True):
                found = _drive(recordings[k], k, sampling_rate, filters, encoder)[: len(row)]
                row[: len(found)] = found
                bar.update()
            out[some.start : some.stop] = np.concatenate(
                [
                    hair_cell_spikes(drive, step=encoder.step, dt=encoder.dt, cells=cells, device=device)
                    for cells in encoder.cells
                ],
                axis=2,
            )
    return out


def _drive(recording, k, sampling_rate, filters, encoder):
    try:
        return cochleagram(recording, sampling_rate, filters, dt=encoder.step, exponent=encoder.exponent)
    except ValueError as error:
        raise ValueError(f"recording {k}: {error}") from None
