"""The test of the tests: a twin that is wrong in one thing does not pass the comparison."""

import pytest

from .brian2_runs import Reference
from .comparison import compare_anew, compare_plain, compare_with_gradients
from .table import CASES
from .wrong_twins import WRONG, WRONG_LATER

# The first run shows it: what is taken over between runs is another matter.
DIFFER = r"run 0, elements that differ|with gradients, elements that differ|run 0: the twin drew other random numbers"
NAMES = sorted({*WRONG.values(), *WRONG_LATER.values()})


@pytest.fixture(scope="module")
def references():
    """Brian2's runs of the networks that show the mistakes, by name; made when they are asked for."""
    kept = {}

    def get(name):
        if name not in kept:
            kept[name] = Reference(CASES[name])
        return kept[name]

    return get


@pytest.mark.parametrize("mistake", WRONG, ids=lambda mistake: mistake.__name__)
def test_a_wrong_twin_is_caught(mistake, references, monkeypatch):
    made = references(WRONG[mistake])
    mistake(monkeypatch)
    with pytest.raises(AssertionError, match=DIFFER):
        compare_plain(made)


@pytest.mark.slow
@pytest.mark.parametrize("mistake", WRONG, ids=lambda mistake: mistake.__name__)
def test_a_wrong_twin_with_gradients_is_caught(mistake, references, monkeypatch):
    made = references(WRONG[mistake])
    mistake(monkeypatch)
    with pytest.raises(AssertionError, match=DIFFER):
        compare_with_gradients(made)


@pytest.mark.parametrize("mistake", WRONG_LATER, ids=lambda mistake: mistake.__name__)
def test_what_a_run_leaves_behind_is_taken_over(mistake, references, monkeypatch):
    made = references(WRONG_LATER[mistake])
    mistake(monkeypatch)
    with pytest.raises(AssertionError, match="elements that differ"):
        compare_anew(made)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_right_twin_passes(name, references):
    """The same networks without a mistake: what is caught above is the mistake."""
    compare_plain(references(name))
    compare_anew(references(name))
    compare_with_gradients(references(name))
