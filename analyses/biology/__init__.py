"""Time constants measured in biological neurons, and a network's beside them."""

from .sources import SOURCES, Source, find_table, load

__all__ = ["SOURCES", "Source", "find_table", "load"]
