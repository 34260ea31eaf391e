"""How the spikes of the Heidelberg data sets become steps and channels."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ...models.times import seconds
from .checking import check_whole

UNITS = 700
CONVENTIONS = ("published", "plain")


@dataclass(frozen=True)
class Binning:
    """Steps and channels.

    ``convention="published"`` is what Yin, Corradi and Bohté (2021) fed their networks (released code,
    ``generate_dataset.py`` of SHD and SSC), so that their published network sees what it was trained on:

    * step i holds the times in ((i-1) dt, i dt], step 0 only those at t = 0. The edges i dt are rounded to the
      type of the file's times (float16 in the original files), as NumPy did in their comparison;
    * unit u becomes channel 700 - u, and unit 0 is left out: channel 0 is always silent;
    * times after the last edge, (steps - 1) dt, are left out: 0.996 s by default.

    ``convention="plain"``: step i holds [i dt, (i+1) dt), unit u is channel u, and times from steps * dt on are
    left out. In both, several spikes of a channel in one step are one.

    Parameters
    ----------
    dt : float or Quantity, s
        > 0.
    steps : int
        >= 1.
    convention : {"published", "plain"}
    pool : int
        Neighbouring channels that are joined into one (any of their spikes); a divisor of 700.

    Raises
    ------
    TypeError, ValueError
        Values out of range.
    """

    dt: float = 0.004
    steps: int = 250
    convention: str = "published"
    pool: int = 1

    def __post_init__(self):
        object.__setattr__(self, "dt", seconds(self.dt, "Binning: dt"))
        for name in ("steps", "pool"):
            value = getattr(self, name)
            check_whole("Binning", name, value, least=1)
            object.__setattr__(self, name, int(value))
        if UNITS % self.pool:
            raise ValueError(f"Binning: pool must divide {UNITS}, got {self.pool}; e.g. 5 or 10")
        if self.convention not in CONVENTIONS:
            raise ValueError(f"Binning: convention must be one of {CONVENTIONS}, got {self.convention!r}")

    def __str__(self):
        pooled = f", {self.pool} channels joined" if self.pool > 1 else ""
        return f"{self.steps} steps of {self.dt * 1e3:g} ms ({self.convention} convention{pooled})"

    @property
    def channels(self):
        """Number of channels."""
        return UNITS // self.pool

    @property
    def channel_names(self):
        """Names: the unit, or the first of the units that are joined, as the file numbers them."""
        first = np.arange(0, UNITS, self.pool)
        units = UNITS - first if self.convention == "published" else first
        return tuple(f"unit {u}" if u < UNITS else "no unit" for u in units)

    def key(self):
        """JSON values that decide the result."""
        return asdict(self)

    def fill(self, out, times, units):
        """Enter the spikes of one recording.

        Parameters
        ----------
        out : (steps, channels) array of zeros
            Becomes 1 where there is a spike.
        times : (spike,) array of float, s
            >= 0, finite, in the type of the file.
        units : (spike,) array of int
            0 to 699.

        Returns
        -------
        int
            How many spikes come after the last step.
        """
        if self.convention == "published":
            edges = (np.arange(self.steps) * self.dt).astype(times.dtype)
            # The first edge that is not before the time.
            step = np.searchsorted(edges, times, side="left")
            channel, heard = UNITS - units.astype(np.int64), units > 0
        else:
            edges = np.arange(1, self.steps + 1) * self.dt
            step = np.searchsorted(edges, times.astype(np.float64), side="right")
            channel, heard = units.astype(np.int64), np.ones(units.shape, dtype=bool)
        inside = step < self.steps
        kept = inside & heard
        out[step[kept], channel[kept] // self.pool] = 1
        return int((~inside).sum())
