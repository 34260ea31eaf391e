"""What every test has: data, a cache of its own, a guard of Brian2's globals, the count of skips for want of data.

Brian2 is looked for in `sys.modules` and never imported here: a test of what must not load it stays honest.
"""

import contextlib
import copy
import gc
import importlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("chronaxie", deadline=None)  # the first call of an example may load a module
settings.load_profile("chronaxie")

# Twins that name no engine run in the reference engine: what is tested of a twin is tested of that one, without a
# compiler. Tests of the other engines name theirs.
os.environ.setdefault("CHRONAXIE_ENGINE", "reference")

ROOT = Path(__file__).resolve().parents[1]
NO_DATA = "no data: "
EXPECTED = (
    "qtdb/QTDB_train.mat",
    "qtdb/QTDB_test.mat",
    "biology/allen_cell_types.csv",
    "biology/allen_glif_neurons.csv",
    "checkpoints/ecg_icons2020_36.npz",
    "checkpoints/gsc.npz",
    "checkpoints/shd_128_128.npz",
    "checkpoints/smnist_98p21.npz",
    "checkpoints/timit_bi.npz",
    "fsdd/fsdd.npz",
    "ludb/ludb_records_001_120.npz",
    "mnist/t10k-images-idx3-ubyte.gz",
    "wfdb/mitdb/100.hea",
)
KEPT = (
    "chronaxie/cython",
    "chronaxie/fused",
    "chronaxie/standalone",
    "matplotlib",
)  # parts of the user's cache that the tests use too: slow to make again
# What `import brian2` itself sets; a test that imports it first is held against these.
FRESH = {"device": "runtime", "devices to go back to": 0, "codegen.target": "auto", "defaultclock.dt": 0.0001}


def find_data():
    """Return (folder or None, reason): `CHRONAXIE_DATA`, else `../shared/data` beside the repository root."""
    named = os.environ.get("CHRONAXIE_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    origin = "CHRONAXIE_DATA" if named else "../shared/data (CHRONAXIE_DATA is not set)"
    if not folder.is_dir():
        return None, f"{NO_DATA}{origin}: {folder} is not a folder; CHRONAXIE_DATA names the one with qtdb/"
    missing = [name for name in EXPECTED if not (folder / name).is_file()]
    if missing:
        return None, f"{NO_DATA}{origin}: {folder} lacks {', '.join(missing)}"
    return folder, ""


def pytest_configure(config):
    """With CHRONAXIE_REQUIRE_DATA=1 a run without data ends before it has begun."""
    if getattr(config.option, "numprocesses", None):
        # Warnings of the workers are of our classes: unpacked in another thread, where Brian2 cannot be imported.
        importlib.import_module("chronaxie.models")
    folder, reason = find_data()
    if folder is None and os.environ.get("CHRONAXIE_REQUIRE_DATA") == "1":
        raise pytest.UsageError(f"CHRONAXIE_REQUIRE_DATA=1, but there are {reason}")


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """Cache of this test run (pathlib.Path): no test reads what the user has fetched or computed, or adds to it.

    One folder for all tests and the processes that they start, since some tasks take minutes to compute. Compiled
    modules and matplotlib's list of fonts stay where they are: they hold nothing of the package's own results.
    """
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = tmp_path_factory.getbasetemp().parent / "cache"  # of all workers
        folder.mkdir(exist_ok=True)
    else:
        folder = tmp_path_factory.mktemp("cache")
    for name in KEPT:
        (own / name).mkdir(parents=True, exist_ok=True)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to((own / name).resolve(), target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def data_dir():
    """Folder of the data (pathlib.Path); the test is skipped by name where there are none."""
    folder, reason = find_data()
    if folder is None:
        pytest.skip(reason)
    return folder


def brian2_globals():
    """Return Brian2's device, preferences and clock step (s) as they are, None while it is not imported."""
    brian2 = sys.modules.get("brian2")
    # Half imported means that the test's own import failed: it has set nothing.
    if brian2 is None or not hasattr(brian2, "defaultclock"):
        return None
    devices = sys.modules["brian2.devices.device"]
    active = devices.get_device()
    names = [name for name, device in devices.all_devices.items() if device is active]
    return {
        "device": names[0] if names else repr(active),
        "devices to go back to": len(devices.previous_devices),
        "defaultclock.dt": float(brian2.defaultclock.dt),
        # Copies: `prefs.x += [...]` changes a list in place.
        **{name: copy.deepcopy(brian2.prefs[name]) for name in brian2.prefs},
    }


def restore_brian2_globals(before):
    """Set what `brian2_globals` returned, so that one careless test does not fail those after it."""
    brian2 = sys.modules["brian2"]
    devices = sys.modules["brian2.devices.device"]
    if brian2_globals()["device"] != before["device"]:
        devices.reset_device(before["device"])
    del devices.previous_devices[before["devices to go back to"] :]
    brian2.defaultclock.dt = before["defaultclock.dt"] * brian2.second
    for name in brian2.prefs:
        if name in before and brian2.prefs[name] != before[name]:
            brian2.prefs[name] = before[name]


@pytest.fixture(autouse=True)
def brian2_globals_untouched():
    """Fail a test after which Brian2's device, a preference or the default clock is not what it was."""
    before = brian2_globals() or FRESH
    yield
    after = brian2_globals()
    if after is None:
        return
    changed = [key for key in before if after[key] != before[key]]
    if changed:
        restore_brian2_globals(before)
        what = "; ".join(f"{key} was {before[key]!r} and is {after[key]!r}" for key in changed)
        pytest.fail(f"the test changed Brian2's global state: {what}", pytrace=False)


@pytest.fixture
def numpy_target():
    """Run Brian2's own `Network.run` on the numpy target: nothing is compiled; put back afterwards."""
    from brian2 import prefs

    before = prefs.codegen.target
    prefs.codegen.target = "numpy"
    yield
    prefs.codegen.target = before


def pytest_terminal_summary(terminalreporter):
    """Say how many tests were skipped for want of data, also when none was."""
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", [])]
    count = sum(isinstance(where, tuple) and NO_DATA in where[-1] for where in skipped)
    terminalreporter.write_line(f"tests skipped for want of data: {count}")


def pytest_collection_finish():
    """Keep the garbage collector off the libraries: Brian2 calls it before each run, 0.2 s with torch loaded."""
    gc.collect()
    gc.freeze()
