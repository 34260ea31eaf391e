"""``chronaxie run fidelity``: twin, Brian2, finer steps and perturbations, spike by spike."""

from __future__ import annotations

from .arguments import count, not_negative, positive, report
from .network_study import (
    add_network,
    add_out,
    add_simulation,
    add_trials,
    chosen,
    seconds,
    write_study,
)


def add(studies):
    """Register the study."""
    parser = studies.add_parser(
        "fidelity",
        help="how many of its spikes and decisions a network keeps in Brian2, at finer dt and under perturbations",
        description="Compares the spikes of a trained network's float64 twin with those of Brian2 at the same and at "
        "finer steps and under perturbations of several strengths: coincidences, van Rossum, Victor-Purpura and "
        "SPIKE-distance, first divergence, accuracy kept. Writes one dataset, figures and a page. By default a quick "
        "look at the first 20 test trials; --all takes the whole test set.",
    )
    add_network(parser)
    parser.add_argument(
        "--perturbations",
        nargs="*",
        metavar="NAME",
        help="those of chronaxie run robustness (default: all that the network can have; without a name: none)",
    )
    add_simulation(parser, device="numpy")
    parser.add_argument(
        "--dt",
        type=positive,
        nargs="+",
        metavar="MS",
        help="finer simulation steps in ms (default: a half and an eighth of the network's own)",
    )
    parser.add_argument(
        "--seeds", type=count, default=1, metavar="N", help="of all that is drawn (default: 1)"
    )
    parser.add_argument(
        "--window",
        type=positive,
        metavar="MS",
        help="window of a coincidence in ms (default: the same decision step)",
    )
    parser.add_argument(
        "--tau",
        type=positive,
        default=20.0,
        metavar="MS",
        help="of van Rossum's distance in ms (default: 20)",
    )
    parser.add_argument(
        "--cost",
        type=not_negative,
        default=100.0,
        metavar="HZ",
        help="of moving a spike in Victor and Purpura's distance in Hz (default: 100)",
    )
    add_trials(parser)
    add_out(parser, "fidelity", _run)


def _run(given):
    from ...analyses.drawing.fidelity import FIDELITY
    from ..fidelity import FidelityConfig, run
    from ..fidelity_summary import fidelity_page

    config = FidelityConfig(
        dts=seconds(given.dt),
        window=seconds(given.window),
        tau=seconds(given.tau),
        **chosen(given, "perturbations", "seeds", "trials", "cost", "workers"),
    )
    return write_study(given, config, run, FIDELITY, report=report, page=fidelity_page)
