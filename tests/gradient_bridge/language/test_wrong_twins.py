"""The test of the tests: a twin that is wrong in one thing does not pass the comparison."""

import pytest

from .comparison import Reference, compare_anew, compare_plain, compare_with_gradients
from .table import CASES
from .wrong_twins import WRONG, WRONG_LATER

DIFFER = "elements that differ|other random numbers"


@pytest.mark.parametrize("mistake", WRONG, ids=lambda mistake: mistake.__name__)
@pytest.mark.parametrize("graded", [False, True], ids=["plain", "with gradients"])
def test_a_wrong_twin_is_caught(mistake, graded, monkeypatch):
    made = Reference(CASES[WRONG[mistake]])
    mistake(monkeypatch)
    with pytest.raises(AssertionError, match=DIFFER):
        compare_with_gradients(made) if graded else compare_plain(made)


@pytest.mark.parametrize("mistake", WRONG_LATER, ids=lambda mistake: mistake.__name__)
def test_what_a_run_leaves_behind_is_taken_over(mistake, monkeypatch):
    made = Reference(CASES[WRONG_LATER[mistake]])
    mistake(monkeypatch)
    with pytest.raises(AssertionError, match=DIFFER):
        compare_anew(made)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*WRONG.values(), *WRONG_LATER.values()}))
def test_the_right_twin_passes(name):
    """The same networks without a mistake: what is caught above is the mistake."""
    made = Reference(CASES[name])
    compare_plain(made)
    compare_anew(made)
    compare_with_gradients(made)
