import numpy as np
import pytest
import xarray as xr

from chronaxie.studies.cache import cached, task_cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def made():
    """A computation that counts how often it was done."""

    def compute():
        compute.count += 1
        values = np.arange(6, dtype=np.uint8).reshape(2, 3)
        return xr.Dataset(
            {"stimulus": (("trial", "time"), values, {"units": "1"})}, {"trial": ["a", "b"]}, {"dt": 0.004}
        )

    compute.count = 0
    return compute


def test_computed_once_and_equal_when_read(made):
    first = cached("some", {"version": 1, "delta": 0.1}, made)
    second = cached("some", {"delta": 0.1, "version": 1}, made)
    assert made.count == 1
    xr.testing.assert_identical(first, second)
    assert first.stimulus.dtype == np.uint8
    assert first.attrs == {"dt": 0.004}


def test_another_key_is_another_entry(made):
    cached("some", {"version": 1}, made)
    cached("some", {"version": 2}, made)
    assert made.count == 2
    assert len(list(task_cache().iterdir())) == 2


def test_a_damaged_entry_is_computed_again_and_reported(made):
    lines = []
    first = cached("some", {"version": 1}, made)
    (entry,) = task_cache().iterdir()
    entry.write_bytes(entry.read_bytes()[:100])
    xr.testing.assert_identical(cached("some", {"version": 1}, made, report=lines.append), first)
    assert made.count == 2
    assert "damaged" in lines[0]
    cached("some", {"version": 1}, made)
    assert made.count == 2


def test_an_error_while_computing_leaves_nothing(made):
    def broken():
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        cached("some", {"version": 1}, broken)
    assert not task_cache().exists()


def test_a_cache_that_cannot_be_written_is_reported(made, tmp_path):
    (tmp_path / "chronaxie").write_text("in the way")
    lines = []
    ds = cached("some", {"version": 1}, made, report=lines.append)
    assert ds.sizes == {"trial": 2, "time": 3}
    assert "cannot be written" in lines[0]
