"""Commands that torchrun starts in several processes: each trains its share, the first one does the rest."""

from __future__ import annotations

import os


def number_and_count():
    """This process's number and how many there are, (0, 1) without torchrun."""
    if "WORLD_SIZE" not in os.environ:  # torch takes seconds to import, and most commands do without
        return 0, 1
    from ..gradient_bridge.distributed import launched

    return launched()


def are_several():
    """Whether the training is split between processes."""
    return number_and_count()[1] > 1


def is_first():
    """Whether this process reports, tests, simulates and writes."""
    return number_and_count()[0] == 0
