"""What of this machine and this installation works: versions, compilers, devices, engines, data, cache, threads.

It loads neither torch nor Brian2: what they are needed for is tried in processes of their own, with a time limit.
"""

from .examination import examine
from .findings import BROKEN, NOT_HERE, OK, Finding, as_json, line, works

__all__ = ["BROKEN", "NOT_HERE", "OK", "Finding", "as_json", "examine", "line", "works"]
