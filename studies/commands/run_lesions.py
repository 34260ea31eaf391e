"""``chronaxie run lesions``: each hidden neuron removed or reset, and what is lost without it."""

from __future__ import annotations

from .arguments import count, report, whole
from .network_study import add_network, write_study


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
    parser.add_argument(
        "--device",
        metavar="NAME",
        default="cpp_standalone",
        help="Brian2 device: numpy, cython, cpp_standalone (default: %(default)s, compiled once)",
    )
    parser.add_argument(
        "--start", default="zero", metavar="START", help="zero (default) or random, as in the papers' code"
    )
    parser.add_argument(
        "--seed",
        type=whole,
        default=0,
        metavar="N",
        help="of a random start, intervals and tests (default: 0)",
    )
    trials = parser.add_mutually_exclusive_group()
    trials.add_argument(
        "--trials", type=count, default=20, metavar="N", help="the first N test trials (default: 20)"
    )
    trials.add_argument("--all", action="store_true", help="all test trials")
    parser.add_argument(
        "--out", metavar="DIR", default="out/lesions", help="where results go (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    parser.set_defaults(command=_run, after_interrupt="; nothing was written")


def _run(given):
    from ...analyses.drawing.time_constants import LESIONS
    from ...models.devices import check_device
    from ..lesions import LesionsConfig, run

    check_device(given.device)
    config = LesionsConfig(
        network=given.network,
        kind=given.kind,
        task=given.task,
        data=given.data,
        device=given.device,
        neurons=given.neurons,
        start=given.start,
        seed=given.seed,
        trials=None if given.all else given.trials,
    )
    return write_study(given, config, run, LESIONS, report=report)
