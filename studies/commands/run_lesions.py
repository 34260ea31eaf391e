"""``chronaxie run lesions``: each hidden neuron removed or reset, and what is lost without it."""

from __future__ import annotations

from .arguments import count, report, whole
from .network_study import add_network, add_out, add_simulation, add_trials, chosen, write_study


def add(studies):
    """Register the study."""
    parser = studies.add_parser(
        "lesions",
        help="what a network loses without each of its neurons, and how that goes with their time constants",
        description="Simulates the test set with one hidden neuron removed, or one of its time constants reset to the "
        "median of its layer, at a time; says what accuracy is lost, with intervals over trials, and how time "
        "constants go with it, with firing rates and with outgoing weights. Writes one dataset and figures. Three "
        "simulations a neuron; by default the first 20 test trials, --all takes the whole test set.",
    )
    add_network(parser)
    parser.add_argument(
        "--neurons", type=count, metavar="N", help="the first N neurons of each hidden layer (default: all)"
    )
    add_simulation(parser, device="cpp_standalone", devices="numpy, cython, cpp_standalone", workers=False)
    parser.add_argument(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="of a random start, intervals and tests (default: 0)",
    )
    add_trials(parser)
    add_out(parser, "lesions", _run)


def _run(given):
    from ...analyses.drawing.time_constants import LESIONS
    from ..lesions import LesionsConfig, run

    config = LesionsConfig(
        **chosen(given, "neurons", "seed", "trials"),
    )
    return write_study(given, config, run, LESIONS, report=report)
