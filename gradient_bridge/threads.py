"""How many threads torch uses."""

from __future__ import annotations

import contextlib

import torch


@contextlib.contextmanager
def limited_threads(count):
    """Let torch use ``count`` threads; the number before is put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
