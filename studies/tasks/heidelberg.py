"""Tasks `shd` and `ssc`: the Spiking Heidelberg Digits and Spiking Speech Commands, from their original files."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from ..data import fingerprint
from ..task import Task, TaskError, make_split
from .checking import check_fraction, check_whole
from .heidelberg_files import CLASSES, find, read
from .heidelberg_spikes import UNITS, Binning

_PAPER = (
    "Heidelberg Spiking Data Sets (Cramer, Stradmann, Schemmel, Zenke, IEEE Trans. Neural Netw. Learn. Syst. 33, 2744, "
    "2022)"
)


def load_shd(
    data: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
    valid_fraction: float = 0.1,
    valid_speakers: Sequence[int] | None = None,
    binning: Binning | None = None,
    limit: int | None = None,
    progress: bool | None = None,
) -> Task:
    """Spiking Heidelberg Digits: digits spoken in English and German, as spikes of 700 channels.

    The validation recordings come from the training file, drawn by `seed`, or those of whole speakers; the test
    file is only ever the test split. Two of its speakers are in no other: validation with the speakers of the
    training set is too optimistic.

    Each split has the coordinate ``speaker (trial)`` where the files name speakers. ``trial`` is the position
    in the training file, for the test split the training file's length plus that in the test file.

    Parameters
    ----------
    data : path-like, optional
        Folder that holds ``shd/shd_train.h5`` and ``shd/shd_test.h5``; default: CHRONAXIE_DATA, else what
        ``chronaxie fetch shd`` has downloaded.
    seed : int
        Of the validation split and of `limit`, >= 0.
    valid_fraction : float
        Part of the training file that validates, > 0 and < 1; at least one recording, while one is left to
        train on.
    valid_speakers : sequence of int, optional
        Validate with all recordings of these speakers in place of a part of all.
    binning : Binning, optional
        By default that of the papers: 250 steps of 4 ms, as the published network was trained.
    limit : int, optional
        At most so many recordings in each split, drawn by `seed`; by default all.
    progress : bool, optional
        Show a progress bar; by default where stderr is a terminal.

    Returns
    -------
    Task

    Raises
    ------
    MissingDataError
        No folder named, or a file is not in it; or it is there and not unpacked.
    TaskError
        A damaged file, other contents, an empty recording, or more steps than this machine's memory holds.
    ValueError
        Arguments out of range.
    """
    check_fraction("load_shd", "valid_fraction", valid_fraction)
    seed, limit, binning = _checked("load_shd", seed, limit, binning)
    path, test = find(data, "shd", ("train", "test"))
    train = read(path, CLASSES["shd"])
    count = train.count
    if valid_speakers is None:
        if count < 2:
            raise TaskError(
                f"{path}: expected at least 2 recordings, to train and to validate on, got {count}; take the "
                "complete file"
            )
        order = np.random.default_rng(seed).permutation(count)
        validates = np.zeros(count, dtype=bool)
        validates[order[: min(max(1, round(float(valid_fraction) * count)), count - 1)]] = True
    else:
        validates = _of_speakers(train, valid_speakers)
    return _task(
        "shd",
        [
            (train, np.flatnonzero(~validates), 0),
            (train, np.flatnonzero(validates), 0),
            (read(test, CLASSES["shd"]), None, count),
        ],
        binning=binning,
        seed=seed,
        limit=limit,
        progress=progress,
        identity={
            "files": fingerprint(path, test),
            "validation": [seed, float(valid_fraction)]
            if valid_speakers is None
            else np.ravel(valid_speakers).tolist(),
        },
    )


def load_ssc(
    data: str | os.PathLike[str] | None = None,
    *,
    seed: int = 0,
    binning: Binning | None = None,
    limit: int | None = None,
    progress: bool | None = None,
) -> Task:
    """Spiking Speech Commands: 35 English words, as spikes of 700 channels.

    Three files, three splits. All recordings in single steps are 19 GB: ``Binning(pool=…)`` joins neighbouring
    channels, and `limit` takes fewer recordings.

    Parameters
    ----------
    data : path-like, optional
        Folder that holds ``ssc/ssc_train.h5``, ``ssc/ssc_valid.h5`` and ``ssc/ssc_test.h5``; default:
        CHRONAXIE_DATA, else what ``chronaxie fetch ssc`` has downloaded.
    seed : int
        Of `limit`, >= 0.
    binning, limit, progress : see `load_shd`
        As there.

    Returns
    -------
    Task

    Raises
    ------
    MissingDataError, TaskError, ValueError
        As `load_shd`.
    """
    seed, limit, binning = _checked("load_ssc", seed, limit, binning)
    paths = find(data, "ssc", ("train", "valid", "test"))
    files = [read(path, CLASSES["ssc"]) for path in paths]
    firsts = np.cumsum([0, *(file.count for file in files[:-1])])
    return _task(
        "ssc",
        [(file, None, int(first)) for file, first in zip(files, firsts, strict=True)],
        binning=binning,
        seed=seed,
        limit=limit,
        progress=progress,
        identity={"files": fingerprint(*paths)},
    )


def _checked(where, seed, limit, binning):
    check_whole(where, "seed", seed)
    if limit is not None:
        check_whole(where, "limit", limit, least=1)
    binning = Binning() if binning is None else binning
    if not isinstance(binning, Binning):
        raise TypeError(f"{where}: binning must be a Binning, got {type(binning).__name__}")
    return int(seed), None if limit is None else int(limit), binning


def _of_speakers(train, speakers):
    """Which recordings of the training file are of the speakers that validate."""
    if train.speaker is None:
        raise TaskError(
            f"{train.path}: expected extra/speaker, to hold out speakers, found none; leave valid_speakers out"
        )
    wanted, known = np.unique(np.ravel(speakers)), np.unique(train.speaker)
    if wanted.size == 0 or not np.isin(wanted, known).all() or wanted.size == known.size:
        raise ValueError(
            f"load_shd: valid_speakers must be some, not all, of the speakers of the training file, "
            f"{known.tolist()}, got {speakers!r}"
        )
    return np.isin(train.speaker, wanted)


def _task(name, parts, *, binning, seed, limit, progress, identity):
    rng = np.random.default_rng([seed, 1])
    chosen = []
    for file, rows, first in parts:
        rows = np.arange(file.count) if rows is None else rows
        if limit is not None and limit < rows.size:
            rows = np.sort(rng.choice(rows, limit, replace=False))
        chosen.append((file, rows, first))
    _check_memory(name, [rows.size for _, rows, _ in chosen], binning)
    show = sys.stderr.isatty() if progress is None else progress
    splits, late, all_spikes = [], 0, 0
    with tqdm(
        total=sum(rows.size for _, rows, _ in chosen), disable=not show, desc=name, unit="recording"
    ) as bar:
        for file, rows, first in chosen:
            stimulus = np.zeros((rows.size, binning.steps, binning.channels), dtype=np.uint8)
            for k, (times, units) in enumerate(file.spikes(rows)):
                late += binning.fill(stimulus[k], times, units)
                all_spikes += times.size
                bar.update()
            splits.append(_split(file, rows, first, stimulus, binning))
    train, valid, test = splits
    identity |= {"binning": binning.key(), "limit": limit, "seed": seed if limit is not None else None}
    classes = parts[0][0].classes
    if any(file.classes != classes for file, _, _ in parts):
        raise TaskError(f"task {name!r}: the files name different classes in extra/keys; take one release")
    return Task(
        name=name,
        train=train,
        valid=valid,
        test=test,
        classes=classes,
        dt=binning.dt,
        source=_PAPER,
        licence="CC BY 4.0",
        hash=f"sha256:{hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()}",
        description=f"{name.upper()}: spoken words as spikes of {UNITS} cochlear channels, {binning}; "
        f"{late / max(all_spikes, 1):.2%} of the spikes come after the last step",
    )


def _split(file, rows, first, stimulus, binning):
    ds = make_split(
        stimulus, file.label[rows], dt=binning.dt, trial=first + rows, channel=binning.channel_names
    )
    return ds if file.speaker is None else ds.assign_coords(speaker=("trial", file.speaker[rows]))


def _check_memory(name, trials, binning):
    """Refuse what cannot be held: the splits, and three bytes more an entry of the largest while it is checked."""
    entries = np.array(trials) * binning.steps * binning.channels
    needed = int(entries.sum() + 3 * entries.max())
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > here:
        raise TaskError(
            f"task {name!r}: {sum(trials)} recordings of {binning.steps} steps and {binning.channels} channels need "
            f"{needed / 1e9:.1f} GB of memory, this machine has {here / 1e9:.1f}; join channels, e.g. "
            "binning=Binning(pool=10), or take fewer recordings with limit="
        )
