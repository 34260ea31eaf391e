"""The checks that all tasks share, and that they do share them."""

import ast
from pathlib import Path

import numpy as np
import pytest

from chronaxie.studies.tasks.checking import check_fraction, check_whole

TASKS = Path(__file__).resolve().parents[2] / "studies" / "tasks"


@pytest.mark.parametrize("value", [0, 7, np.int8(3), np.uint64(2**63)])
def test_whole_numbers_pass(value):
    check_whole("f", "seed", value)


@pytest.mark.parametrize("value", [-1, 1.0, True, None, "1", np.array([1]), np.float32(2)])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ValueError, match="^f: seed must be a whole number >= 0, got "):
        check_whole("f", "seed", value)


def test_the_least_counts():
    check_whole("f", "trials", 1, least=1)
    with pytest.raises(ValueError, match="^f: trials must be a whole number >= 1, got 0$"):
        check_whole("f", "trials", 0, least=1)


@pytest.mark.parametrize("value", [0.5, np.float32(0.1), np.array(0.9), 1e-9])
def test_fractions_pass(value):
    check_fraction("f", "part", value)


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, float("nan"), None, "half", True, [0.5], 0.5j])
def test_what_is_no_fraction_is_refused(value):
    with pytest.raises(ValueError, match="^f: part must be between 0 and 1, both excluded, got "):
        check_fraction("f", "part", value)


# Written out there still.
@pytest.mark.parametrize(
    "path",
    [p for p in sorted(TASKS.glob("*.py")) if p.name not in ("checking.py", "qtdb.py", "qtdb_raw.py")],
    ids=lambda path: path.name,
)
def test_no_task_writes_them_out_again(path):
    texts = {n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)}
    parts = [text for text in texts if isinstance(text, str) and "must be" in text]
    assert not [text for text in parts if "seed must be" in text or "both excluded" in text]
