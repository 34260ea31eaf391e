"""How many threads torch uses."""

from __future__ import annotations

import contextlib
import warnings

import torch

from .._cores import core_count


@contextlib.contextmanager
def limited_threads(count):
    """Let torch use ``count`` threads; the number before is put back afterwards."""
    cores = core_count()
    if count > cores:
        warnings.warn(
            f"threads={count}, but there are {cores} cores: more than those only wait", stacklevel=4
        )
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
