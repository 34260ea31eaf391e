"""Downloads of public data sets: complete and checked, or not there at all."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from urllib.parse import urlsplit

from ..models.atomic import written_beside
from ..models.extras import require
from .data import Data, Log, fetched_folder
from .datasets import DATASETS
from .packing import ArchiveError, pack_fsdd, unpack_member

SUMS = "SHA256SUMS.txt"
MANIFEST = "fetched.json"
_TIMEOUT = 30  # s without a byte
_CONNECTIONS = 4
_ABANDONED = 3600  # s
_LINE = re.compile(r"([0-9a-f]{64}) [ *]?(?:\./)?(\S.*)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class FetchError(RuntimeError):
    """A download failed, or was not what is published. Nothing incomplete is left behind."""


class _Stopped(Exception):
    """Another download of the same set failed, or the user interrupted."""


def fetch(
    name: str, *, folder: Data = None, progress: bool = True, base_url: str | None = None, report: Log = None
) -> Path:
    """Download a public data set, with checksums, into the layout that the tasks read.

    Every file is downloaded beside its place, checked, and renamed: it is there completely or not at all, whatever
    ends the download. A file that is there is checked and not downloaded again, so that the same call continues
    where one has failed; one that differs from what is published is never replaced.

    Parameters
    ----------
    name : str
        One of `studies.datasets.DATASETS`: qtdb, ludb, mnist, fsdd, shd, ssc.
    folder : path-like, optional
        Of the data sets; the files go into a folder of the set's name in it. Default: `studies.data.fetched_folder`,
        where the tasks look when no other folder is named.
    progress : bool
        Draw a progress bar on stderr, where that is a terminal.
    base_url : str, optional
        A mirror, in place of the official address.
    report : callable, optional
        Takes a line of text.

    Returns
    -------
    Path
        The folder of the set.

    Raises
    ------
    ValueError
        Unknown name (with the nearest).
    FetchError
        No network, an answer other than the file, a cut or altered download, a folder or disk that cannot be
        written, an archive with names that lead out of it, a file at its place that is not the published one. The
        message has the address, and what to do.
    KeyboardInterrupt
        As it came; what was complete stays, the rest is removed.
    """
    if name not in DATASETS:
        near = difflib.get_close_matches(str(name), DATASETS, n=3, cutoff=0.3) or list(DATASETS)
        raise ValueError(
            f"fetch: no data set is called {name!r}; nearest: {', '.join(near)}; all: {', '.join(DATASETS)}"
        )
    dataset = DATASETS[name]
    folder = fetched_folder() if folder is None else Path(folder)
    bases = dataset.bases if base_url is None else (f"{str(base_url).rstrip('/')}/",)
    place = _Place(dataset, folder / name, bases, progress, report or (lambda line: None))
    with _made(place.folder):
        _sweep(place)
        if dataset.listed is not None:
            _fetch_listed(place)
        for file in dataset.files:
            _fetch_file(place, file)
    return place.folder


class _Place:
    """Where one set comes from and goes to, with its record of what was made of downloads."""

    def __init__(self, dataset, folder, bases, progress, report):
        self.dataset, self.folder, self.bases, self.report = dataset, folder, bases, report
        self.progress = progress

    def bar(self, **options):
        from tqdm import tqdm

        return tqdm(disable=None if self.progress else True, leave=False, desc=self.dataset.name, **options)

    def is_there(self, target, checksum):
        """Whether a file is at its place; one that is not the published one is refused."""
        if not target.exists():
            return False
        if not target.is_file():
            raise FetchError(f"{self.dataset.name}: {target} is not a file; move it away, then fetch again")
        algorithm, expected = checksum.split(":")
        got = _digest(target, algorithm)
        if got != expected:
            raise FetchError(
                f"{self.dataset.name}: {target} is there, but is not the file that is published: expected "
                f"{checksum}, got {algorithm}:{got}; it is damaged or another version: move it away or delete it, "
                "then fetch again"
            )
        return True

    def is_made(self, target):
        """Whether a file that is made of a download is at its place, as it was made."""
        if not target.exists():
            return False
        recorded = self._manifest().get(target.name)
        if recorded is not None:
            return self.is_there(target, recorded)
        self.report(f"{target}: there, and not by this command; it is left as it is, unchecked")
        return True

    def record(self, target):
        """Note the sum of a file that was made of a download."""
        sums = self._manifest() | {target.name: f"sha256:{_digest(target, 'sha256')}"}
        with written_beside(self.folder / MANIFEST) as beside:
            beside.write_text(json.dumps(sums, indent=1, sort_keys=True) + "\n")

    def _manifest(self):
        try:
            return dict(json.loads((self.folder / MANIFEST).read_text()))
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, OSError) as error:
            raise FetchError(
                f"{self.folder / MANIFEST}: cannot be read ({error}); delete it, and fetch again: what is there is "
                "then taken as it is"
            ) from error


@contextlib.contextmanager
def _made(folder):
    """Make a folder; take away what was made if the body fails and has left it empty."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException as error:
        for path in missing:
            with contextlib.suppress(OSError):  # not empty: a complete file is in it
                path.rmdir()
        if isinstance(error, OSError):
            raise FetchError(
                f"{error.filename or folder}: cannot be written ({error.strerror or error}); nothing incomplete is "
                "left; check the folder and the room on the disk, or choose another folder (folder=, --out DIR)"
            ) from error
        raise


def _sweep(place):
    """Remove what a killed download has left: partial files that nobody has written to for an hour."""
    for path in place.folder.rglob(".*.part"):
        if time.time() - path.stat().st_mtime > _ABANDONED:
            path.unlink()
            place.report(f"{path}: what a killed download had left, removed")


def _fetch_file(place, file):
    """Download one file, or make it of an archive."""
    target = place.folder.parent / file.target
    packed = bool(file.member or file.contents)
    if place.is_made(target) if packed else place.is_there(target, file.checksum):
        place.report(f"{target}: complete")
        return
    addresses = [base + file.name for base in place.bases]
    if not packed:
        with written_beside(target) as beside, place.bar(unit="B", unit_scale=True) as bar:
            _get(place, addresses, beside, target, file.checksum, _Progress(bar))
        return
    by_hand = place.folder / file.name
    with written_beside(target) as beside, _scratch(target.parent) as archive:
        checksum = "" if file.contents else file.checksum
        if by_hand.exists() and (not checksum or place.is_there(by_hand, checksum)):
            archive, origin = by_hand, by_hand
        else:
            origin = addresses[0]
            with place.bar(unit="B", unit_scale=True) as bar:
                _get(place, addresses, archive, by_hand, checksum, _Progress(bar))
        try:
            if file.member:
                unpack_member(archive, file.member, beside)
            else:
                _pack_fsdd(archive, beside, file)
        except ArchiveError as error:
            raise _failed(place, addresses, by_hand, [f"{origin}: {error}"]) from error
    place.record(target)


def _pack_fsdd(archive, beside, file):
    algorithm, expected = file.checksum.split(":")
    contents = pack_fsdd(archive, beside)
    got = _digest(archive, algorithm)
    if got != expected and contents != file.contents:
        raise ArchiveError(
            f"not what is published: expected {file.checksum} or samples of {file.contents}, got {algorithm}:{got} "
            f"and {contents}"
        )


def _fetch_listed(place):
    """Download the files of a PhysioNet database that its list of sums names."""
    listed, folder = place.dataset.listed, place.folder
    path = folder / SUMS
    if not path.exists():
        addresses = [base + SUMS for base in place.bases]
        with written_beside(path) as beside:
            _get(place, addresses, beside, path, "", _Progress())
            _wanted(place, beside.read_bytes(), addresses[0])
    wanted = _wanted(place, path.read_bytes(), path)
    with _made(folder / listed.data):
        _fetch_wanted(place, wanted)


def _wanted(place, content, where):
    """Names and sums of the files to download, from the list that the database publishes."""
    listed = place.dataset.listed
    lines = [line for line in content.decode("utf-8", "replace").splitlines() if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    sums = {match[2]: f"sha256:{match[1]}" for match in found if match}
    extensions = (*listed.required, *listed.optional)
    records = [
        name[len(listed.data) : -len(".hea")]
        for name in sums
        if name.startswith(listed.data) and name.endswith(".hea")
    ]
    required = [f"{listed.data}{record}.{extension}" for record in records for extension in listed.required]
    problems = [f"the line {line[:60]!r}" for line, match in zip(lines, found, strict=True) if match is None]
    if len(records) != listed.records:
        problems.append(f"{len(records)} records for {listed.records}")
    problems += [f"the name {record!r}" for record in records if not _NAME.fullmatch(record)]
    problems += [f"no sum of {name}" for name in ("RECORDS", *required) if name not in sums]
    problems += [
        f"another sum of {name} than is known"
        for name, sum_ in listed.known.items()
        if sums.get(name) != sum_
    ]
    if problems:
        raise FetchError(
            f"{place.dataset.name}: {where}: expected the list of SHA-256 sums of {listed.records} records, got "
            f"{problems[0]} and {len(problems) - 1} more such; delete the file if it is here, and fetch again"
        )
    names = ["RECORDS"] + [
        name for record in records for e in extensions if (name := f"{listed.data}{record}.{e}") in sums
    ]
    return {name: sums[name] for name in names}


def _fetch_wanted(place, wanted):
    """Download what is not there by a few connections at once; the first failure ends all of them."""
    missing = [name for name in wanted if not place.is_there(place.folder / name, wanted[name])]
    place.report(f"{place.folder}: {len(wanted) - len(missing)} of {len(wanted)} files are there")
    stop = threading.Event()

    def one(name):
        if stop.is_set():
            raise _Stopped
        target = place.folder / name
        with written_beside(target) as beside:
            _get(
                place,
                [base + name for base in place.bases],
                beside,
                target,
                wanted[name],
                _Progress(stop=stop),
            )

    bar = place.bar(unit="file", total=len(wanted), initial=len(wanted) - len(missing))
    with bar, ThreadPoolExecutor(_CONNECTIONS) as pool:
        try:
            for done in as_completed([pool.submit(one, name) for name in missing]):
                done.result()
                bar.update()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


class _Progress:
    """What pooch takes for a progress bar: draws on a tqdm bar, and ends a download when `stop` is set."""

    def __init__(self, bar=None, stop=None):
        self.bar, self.stop = bar, stop

    @property
    def total(self):
        return None if self.bar is None else self.bar.total

    @total.setter
    def total(self, size):
        if self.bar is not None:
            self.bar.total = size or None

    def update(self, size):
        if self.stop is not None and self.stop.is_set():
            raise _Stopped
        if self.bar is not None:
            self.bar.update(size)

    def reset(self):
        if self.bar is not None:
            self.bar.reset()

    def close(self):
        """Whoever opened the bar closes it."""


@contextlib.contextmanager
def _scratch(folder):
    """Name of a file that does not outlive the body."""
    path = folder / f".{secrets.token_hex(4)}.part"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _get(place, addresses, path, target, checksum, progress):
    """Download the first of the addresses that gives the file, into `path`."""
    problems = []
    for address in addresses:
        problem = _try(address, path, checksum, progress)
        if problem is None:
            return
        problems.append(f"{address}: {problem}")
    raise _failed(place, addresses, target, problems)


def _try(address, path, checksum, progress):
    """Download; None, or what went wrong."""
    requests, pooch = require("requests", "data"), require("pooch", "data")
    # identity: a server that compresses on the way would change what the sum is of.
    download = pooch.HTTPDownloader(
        progressbar=progress, timeout=_TIMEOUT, headers={"Accept-Encoding": "identity"}
    )
    try:
        download(address, str(path), None)
    except requests.HTTPError as error:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    except requests.Timeout:
        return f"no answer within {_TIMEOUT} s"
    except requests.exceptions.ChunkedEncodingError:
        return f"the connection was cut after {path.stat().st_size} bytes"
    except requests.ConnectionError as error:
        cut = "IncompleteRead" in str(error) or path.stat().st_size > 0
        host = urlsplit(address).netloc
        return (
            f"the connection was cut after {path.stat().st_size} bytes"
            if cut
            else f"no connection to {host} ({type(error).__name__}; is there a network?)"
        )
    except requests.RequestException as error:
        return str(error)
    if checksum:
        algorithm, expected = checksum.split(":")
        got = _digest(path, algorithm)
        if got != expected:
            return (
                f"what came ({path.stat().st_size} bytes) is not the file that is published: expected {checksum}, "
                f"got {algorithm}:{got}"
            )
    return None


def _failed(place, addresses, target, problems):
    """The error; `target` is where the file can be put by hand."""
    name = place.dataset.name
    return FetchError(
        f"{name}: {target.name} could not be downloaded:\n  "
        + "\n  ".join(problems)
        + "\nNothing incomplete is left behind. Try again later (what is complete is not downloaded again), or put "
        f"{addresses[0]} by hand at {target}, then again: chronaxie fetch {name}"
    )


def _digest(path, algorithm):
    return require("pooch", "data").file_hash(str(path), alg=algorithm)
