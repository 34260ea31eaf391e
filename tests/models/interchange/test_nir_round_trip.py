"""NIR graphs in and out again: nothing is lost, nothing is changed, to the bit."""

import pytest
from hypothesis import HealthCheck, given, settings

nir = pytest.importorskip("nir", reason="the extra interchange: nir is not installed")


from chronaxie.models.interchange import (  # noqa: E402
    to_nir,
)
from chronaxie.models.interchange.nir_building import description_of  # noqa: E402
from chronaxie.models.interchange.nir_plan import plan_of  # noqa: E402

from .graphs import assert_identical, graphs  # noqa: E402

pytestmark = pytest.mark.usefixtures("numpy_target")


def described(graph, **options):
    """The description that `from_nir` builds."""
    given = {"dt": 0.001, "input": "spikes", "reduce": "none"} | options
    return description_of(plan_of(graph), graph, **given)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_twenty_random_graphs_come_back_identical(graph):
    assert_identical(graph, to_nir(described(graph)))
