"""The engine of a twin as the command line takes it."""

from chronaxie.gradient_bridge import engines
from chronaxie.studies.commands import arguments


def test_the_command_line_offers_the_engines_of_the_bridge():
    assert arguments.ENGINES == engines.ENGINES
