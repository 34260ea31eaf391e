"""Checkpoints of a training run: tensors and plain values only, written beside and renamed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from ..models.atomic import written_beside

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
    with written_beside(path) as beside:
        torch.save({"chronaxie_checkpoint": VERSION, **content}, beside)


def check_writable(path):
    """Find out before the training, not after the first epoch, whether a checkpoint can be written.

    Raises
    ------
    CheckpointError
        Where, why, what to do.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be written ({error.strerror}); give another path") from error
    if path.is_dir():
        raise CheckpointError(f"{path}: is a folder; give the path of a file")


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
