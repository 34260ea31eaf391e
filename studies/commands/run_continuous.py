"""``chronaxie run continuous``: a trained network at finer and finer dt."""

from __future__ import annotations

from .arguments import count, positive, report
from .network_study import add_network, write_study


def add(studies):
    """Register the study."""
    parser = studies.add_parser(
        "continuous",
        help="a trained network at finer and finer dt, and the convergence of single neurons",
        description="Simulates a trained network on the test set of its task at dt_ref and at finer steps, with its "
        "physical step (refractory period and recurrent delay of dt_ref) and as the step reads; and measures with "
        "which order single neurons converge under each integration method. Writes one dataset and its figures.",
    )
    add_network(parser)
    parser.add_argument(
        "--device",
        metavar="NAME",
        default="cpp_standalone",
        help="Brian2 device: numpy, cython, cpp_standalone, cuda_standalone (default: %(default)s)",
    )
    parser.add_argument(
        "--dt",
        type=positive,
        nargs="+",
        metavar="MS",
        help="simulation steps in ms (default: dt_ref over 1, 2, 4, 8, 16, 40)",
    )
    parser.add_argument(
        "--start", default="zero", metavar="START", help="zero (default) or random, as in the papers' code"
    )
    parser.add_argument("--seeds", type=count, default=1, metavar="N", help="random starts (default: 1)")
    parser.add_argument("--trials", type=count, metavar="N", help="the first N test trials (default: all)")
    parser.add_argument(
        "--workers", type=count, default=1, metavar="N", help="processes of cpp_standalone (default: 1)"
    )
    parser.add_argument("--no-bare", action="store_true", help="leave out the network as the step reads")
    parser.add_argument("--no-neurons", action="store_true", help="leave out the single neurons")
    parser.add_argument(
        "--out", metavar="DIR", default="out/continuous", help="where results go (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    parser.set_defaults(command=_run, after_interrupt="; nothing was written")


def _run(given):
    from ... import analyses
    from ...models.devices import check_device
    from ..continuous import ContinuousConfig, run

    check_device(given.device)
    config = ContinuousConfig(
        network=given.network,
        kind=given.kind,
        task=given.task,
        data=given.data,
        device=given.device,
        dts=None if given.dt is None else tuple(dt / 1e3 for dt in given.dt),
        start=given.start,
        seeds=given.seeds,
        trials=given.trials,
        bare=not given.no_bare,
        neurons=not given.no_neurons,
        workers=given.workers,
    )
    return write_study(given, config, run, analyses.STEPS, report=report)
