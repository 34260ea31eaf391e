"""The table of networks is complete, and its numbers are what the suite promises."""

import inspect
from pathlib import Path

import pytest

from ..test_refusals import NETWORKS
from .cases import CHAOTIC, RANDOM, SEVERAL_CLOCKS
from .table import CASES, FAMILIES, QUICK


def test_every_case_has_a_name_of_its_own():
    assert len(CASES) == sum(len(family.CASES) for family in FAMILIES) >= 60
    assert set(QUICK) <= set(CASES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__.rpartition(".")[2])
def test_every_network_of_a_family_is_in_its_table(family):
    """A function without arguments that makes a network is one of the cases; none is forgotten."""
    listed = {case.build for case in family.CASES}
    built = {
        function
        for _, function in inspect.getmembers(family, inspect.isfunction)
        if function.__module__ == family.__name__
        and not inspect.signature(function).parameters
        and "Network(" in inspect.getsource(function)
    }
    assert built <= listed


@pytest.mark.parametrize("tag, least", [(RANDOM, 20), (SEVERAL_CLOCKS, 7), (CHAOTIC, 3)])
def test_enough_networks_of_a_kind(tag, least):
    assert sum(tag in case.tags for case in CASES.values()) >= least


def test_runs_of_ten_thousand_steps_and_several_runs():
    steps = [sum(case.runs) / case.dt for case in CASES.values()]
    assert sum(count >= 10_000 for count in steps) >= 7
    assert sum(len(case.runs) > 1 for case in CASES.values()) >= 60


def test_the_page_lists_what_there_is():
    """docs/boundary.md is written by docs/boundary.py; a network or a refusal that it lacks makes it stale."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "boundary.md").read_text()
    for case in CASES.values():
        assert f"* {case.build.__name__.replace('_', ' ')}" in page, (
            f"run python docs/boundary.py: {case.name}"
        )
    for kind in NETWORKS:
        assert f'* {kind}: "' in page, f"run python docs/boundary.py: {kind}"
