"""`export`: a network leaves the package, as a plain Brian2 script or as its values."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
from brian2 import Network, Quantity
from brian2.core.namespace import get_local_namespace

from .describing import describe
from .description import NetworkDescription
from .exporting_csv import write_tables
from .exporting_example import example_of
from .exporting_script import script_text
from .exporting_values import all_arrays, script_arrays
from .interchange.nir_graphs import write_nir
from .progress import from_start
from .starts import Start
from .traces import traces_of

FORMS = ("brian2", "npz", "csv", "nir")
# What running an exported script leaves beside it.
_LEFT_BY_RUNS = ("cython_cache", "cpp_standalone", "__pycache__")


def export(
    net: Network | NetworkDescription,
    folder: str | os.PathLike[str],
    *,
    to: Literal["brian2", "npz", "csv", "nir"] = "brian2",
    stimulus: xr.DataArray | Mapping[str, xr.DataArray] | None = None,
    initial: Start | None = None,
    trials: int | None = None,
    duration: Quantity | float | None = None,
    about: str | None = None,
    overwrite: bool = False,
    namespace: Mapping[str, Any] | None = None,
) -> Path:
    """Write a network into a folder for use without this package.

    ``"brian2"``: ``network.py``, a script that needs numpy and brian2 alone and gives the spikes of `simulate` on
    every device, and ``network.npz``, its values, inputs and starts. ``"npz"``: ``network.npz`` alone, every value by
    name (``hidden1.tau_m``) with units, connectivity, equations. ``"csv"``: a table for each group and each synapses
    object. Values come out to the bit. ``"nir"``: ``network.nir``, see `interchange.to_nir`.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
        Of one trial.
    folder : str or Path
        To be made; its parent exists. It is written beside its place and renamed: whole or not there.
    to : {"brian2", "npz", "csv", "nir"}
    stimulus : DataArray or dict of str to DataArray, optional
        For a script, as in `simulate`: it is run by default. Without it inputs that are empty get random ones.
    initial : Initial, str or dict, optional
        For a script, as in `simulate`: the start of each trial.
    trials : int, optional
        For a script without a stimulus; 1 for a network with inputs of its own, else 3.
    duration : Quantity or float, optional
        For a script: how long it runs (s), by default the stimulus, or 1 s for a network with inputs of its own.
    about : str, optional
        For a script: a few words on the stimulus, for its reader.
    overwrite : bool
        Replace an earlier export. A folder that holds anything else is never replaced.
    namespace : dict, optional
        As in `describe`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        The folder is there, and `overwrite` is False, or it holds files that no export has written.
    FileNotFoundError
        Its parent does not exist.
    StimulusError, UnsupportedModel, ValueError, TypeError
        As `simulate`; a stimulus or start for another form than a script.
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    if to not in FORMS:
        raise ValueError(f"export: to must be one of {', '.join(FORMS)}, got {to!r}")
    if not isinstance(net, (Network, NetworkDescription)):
        raise TypeError(
            f"export: expected a brian2.Network or a NetworkDescription, got {type(net).__name__}"
        )
    given = {"stimulus": stimulus, "initial": initial, "trials": trials, "duration": duration, "about": about}
    extra = [name for name, value in given.items() if value is not None]
    if to != "brian2" and extra:
        raise ValueError(
            f"export: {extra[0]} is for a script that runs (to='brian2'); leave it out for {to!r}"
        )
    description = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
    description = from_start(description)
    if description.trials != 1:
        raise ValueError(f"export: expected a network of one trial, got one of {description.trials}")
    check_folder(folder, overwrite=overwrite)
    traces_of(description, None)  # the readout is there
    if to == "brian2":
        description, example = example_of(description, **given)
        text = script_text(description, example)
        arrays = script_arrays(description, example)
    elif to == "npz":
        arrays = all_arrays(description)
    with folder_beside(folder, overwrite=overwrite) as beside:
        if to == "csv":
            write_tables(description, beside)
        elif to == "nir":
            write_nir(description, beside / "network.nir")
        else:
            np.savez_compressed(beside / "network.npz", **arrays)
        if to == "brian2":
            (beside / "network.py").write_text(text, encoding="utf-8")
    return Path(folder)


def check_folder(folder, *, overwrite):
    """Refuse a folder that cannot be written, or that holds what an export must not replace.

    Raises
    ------
    FileExistsError, FileNotFoundError, NotADirectoryError
    """
    folder = Path(folder)
    if not folder.parent.is_dir():
        raise FileNotFoundError(f"export: the folder {folder.parent} does not exist; make it first")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise NotADirectoryError(f"export: {folder} is a file; expected the name of a folder")
    there = sorted(p.name for p in folder.iterdir())
    if there and not overwrite:
        raise FileExistsError(
            f"export: {folder} exists; choose another name or pass overwrite=True (--overwrite)"
        )
    marked = ".exported" in there
    written = (folder / ".exported").read_text().split("\n") if marked else []
    others = [name for name in there if name not in (*written, ".exported", *_LEFT_BY_RUNS)]
    if others:
        raise FileExistsError(
            f"export: {folder} holds {others[0]!r}, which no export has written; choose another folder"
        )


@contextmanager
def folder_beside(folder, *, overwrite):
    """Write a folder so that what was at its place stays until the new one is complete.

    Yields
    ------
    Path
        A new folder beside: write into it.
    """
    folder = Path(folder)
    folder = folder.parent.resolve() / folder.name
    mark = secrets.token_hex(4)
    beside, old = (folder.with_name(f".{folder.name}.{mark}.{end}") for end in ("part", "old"))
    beside.mkdir()
    try:
        yield beside
        names = sorted(p.name for p in beside.iterdir())
        (beside / ".exported").write_text("\n".join(names))
        check_folder(folder, overwrite=overwrite)
        if folder.exists():
            os.rename(folder, old)
        try:
            os.rename(beside, folder)
        except OSError:
            if old.exists():
                os.rename(old, folder)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
