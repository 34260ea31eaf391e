"""What a page is made of: numbers with intervals, tables, pictures, commands; `writing` makes HTML of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Digits that are shown of half an interval, and of a number that has none.
_OF_INTERVAL, _WITHOUT = 2, 4
_DASH = "–"


def grouped(n):
    """A whole number in words, long ones in groups of three digits with narrow spaces between: ``1 843 200``."""
    return f"{n:,}".replace(",", "\u202f") if abs(n) >= 10_000 else str(n)


@dataclass(frozen=True)
class Number:
    """A number, with its interval where it has one.

    Parameters
    ----------
    value : float
        NaN: there is none.
    low, high : float
        Bounds of the interval; NaN: there is none.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    @property
    def has_interval(self):
        """Whether both bounds are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def alone(self):
        """The value in words, as exact as its interval is; a dash where there is none."""
        return self._in_words(self.value)

    @property
    def interval(self):
        """Both bounds in words, ``"0.82 to 0.85"``; a dash where there is none."""
        return f"{self._in_words(self.low)} to {self._in_words(self.high)}" if self.has_interval else _DASH

    def __str__(self):
        return (
            f"{self.alone} [{self._in_words(self.low)}, {self._in_words(self.high)}]"
            if self.has_interval
            else self.alone
        )

    def _in_words(self, x):
        if not math.isfinite(x):
            return _DASH if math.isnan(x) else ("∞" if x > 0 else "−∞")
        half = (self.high - self.low) / 2 if self.has_interval else 0.0
        size = max(abs(v) for v in (self.value, self.low, self.high) if math.isfinite(v))
        if size and not 1e-4 <= size < 1e7:
            text = f"{x:.3g}"
        elif half > 0:
            text = f"{x:.{min(6, max(0, _OF_INTERVAL - 1 - math.floor(math.log10(half))))}f}"
        elif float(x).is_integer() or abs(x) >= 10**_WITHOUT:
            text = grouped(round(x))
        else:
            text = f"{x:.{_WITHOUT}g}"
        return text.replace("-", "−")


@dataclass(frozen=True)
class Link:
    """A file beside the page: its relative address, quoted, and what is shown of it."""

    text: str
    href: str


@dataclass(frozen=True)
class Folded:
    """A line, and a longer text that is shown when it is opened, such as an error and where it comes from."""

    text: str
    more: str


@dataclass(frozen=True)
class Table:
    """Rows of cells: str, int, `Number`, `Link` or `Folded`.

    Parameters
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple
        As long as `columns`.
    note : str
        What the columns are, below the table.
    folded : bool
        Shown when its title is opened.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple, ...]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure: address of its data (``data:…``), size in CSS pixels, and what it shows in words."""

    title: str
    source: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Command:
    """Something to type, and what it does."""

    text: str
    code: str


@dataclass(frozen=True)
class Found:
    """What a result says.

    Parameters
    ----------
    answer : str
        One sentence.
    headline : Table
        The numbers that the answer rests on.
    tables : tuple of Table
        What else there is.
    warnings : tuple of str
        What the reader must know before relying on it.
    """

    answer: str
    headline: Table
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """Everything that the template shows."""

    title: str
    subtitle: str
    question: str
    found: Found
    pictures: tuple[Picture, ...]
    method: str
    commands: tuple[Command, ...]
    provenance: tuple[Table, ...]
    loading: str
    contents: Table
