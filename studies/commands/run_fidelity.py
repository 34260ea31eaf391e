"""``chronaxie run fidelity``: twin, Brian2, finer steps and perturbations, spike by spike."""

from __future__ import annotations

from .arguments import count, not_negative, positive, report
from .network_study import add_network, write_study


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
    parser.add_argument(
        "--device",
        metavar="NAME",
        default="numpy",
        help="Brian2 device: numpy, cython, cpp_standalone, cuda_standalone (default: %(default)s)",
    )
    parser.add_argument(
        "--workers", type=count, default=1, metavar="N", help="processes of cpp_standalone (default: 1)"
    )
    parser.add_argument(
        "--dt",
        type=positive,
        nargs="+",
        metavar="MS",
        help="finer simulation steps in ms (default: a half and an eighth of the network's own)",
    )
    parser.add_argument(
        "--start", default="zero", metavar="START", help="zero (default) or random, as in the papers' code"
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
    trials = parser.add_mutually_exclusive_group()
    trials.add_argument(
        "--trials", type=count, default=20, metavar="N", help="the first N test trials (default: 20)"
    )
    trials.add_argument("--all", action="store_true", help="all test trials")
    parser.add_argument(
        "--out", metavar="DIR", default="out/fidelity", help="where results go (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    parser.set_defaults(command=_run, after_interrupt="; nothing was written")


def _run(given):
    from ...analyses.drawing.fidelity import FIDELITY
    from ...models.devices import check_device
    from ..fidelity import FidelityConfig, run
    from ..fidelity_summary import fidelity_page

    check_device(given.device)
    config = FidelityConfig(
        network=given.network,
        kind=given.kind,
        task=given.task,
        data=given.data,
        device=given.device,
        dts=None if given.dt is None else tuple(dt / 1e3 for dt in given.dt),
        perturbations=None if given.perturbations is None else tuple(given.perturbations),
        start=given.start,
        seeds=given.seeds,
        trials=None if given.all else given.trials,
        window=None if given.window is None else given.window / 1e3,
        tau=given.tau / 1e3,
        cost=given.cost,
        workers=given.workers,
    )
    return write_study(given, config, run, FIDELITY, report=report, page=fidelity_page)
