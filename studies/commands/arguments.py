"""What the commands share: checked numbers, and lines of progress."""

from __future__ import annotations

import argparse
import sys


def number(text, kind, holds, expected):
    """The number in an argument, or the error that argparse shows."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not holds(value):
        raise argparse.ArgumentTypeError(f"expected {expected}, got {text}")
    return value


def whole(text):
    """A whole number >= 0."""
    return number(text, int, lambda value: value >= 0, "a whole number >= 0")


def count(text):
    """A whole number >= 1."""
    return number(text, int, lambda value: value >= 1, "a whole number >= 1")


def positive(text):
    """A finite number > 0."""
    return number(text, float, lambda value: 0 < value < float("inf"), "a finite number > 0")


def not_negative(text):
    """A finite number >= 0."""
    return number(text, float, lambda value: 0 <= value < float("inf"), "a finite number >= 0")


def report(line):
    """Say on stderr what is being done."""
    print(line, file=sys.stderr, flush=True)
