"""Time constants measured in biological neurons, and a network's beside them."""

from .loading import find_table, load
from .sources import SOURCES, Source
from .tables import load_table

__all__ = ["SOURCES", "Source", "find_table", "load", "load_table"]
