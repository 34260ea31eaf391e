"""Checkpoints of a training run: tensors and plain values only, written beside and renamed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch

VERSION = 1


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged, of another version or of another run."""


def save_checkpoint(path, content):
    """Write a checkpoint; what was there before stays until the new one is complete.

    Parameters
    ----------
    path : str or os.PathLike
    content : dict
        Tensors, numbers, strings and containers of these.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        torch.save({"chronaxie_checkpoint": VERSION, **content}, beside)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def load_checkpoint(path):
    """Read a checkpoint; nothing in it is executed (``weights_only``).

    Raises
    ------
    CheckpointError
        Missing, damaged, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no checkpoint there; start without resume")
    try:
        content = torch.load(path, weights_only=True)
    except Exception as error:  # torch names no common class for a file that it cannot read
        raise CheckpointError(
            f"{path}: not a readable checkpoint ({type(error).__name__}: {str(error)[:200]}); "
            "delete it and start again"
        ) from error
    version = content.get("chronaxie_checkpoint") if isinstance(content, dict) else None
    if version != VERSION:
        raise CheckpointError(
            f"{path}: expected checkpoint version {VERSION}, found {version}; delete it and start again"
        )
    return content
