"""``chronaxie run continuous``: a trained network at finer and finer dt."""

from __future__ import annotations

from .arguments import count, positive, report
from .network_study import add_network, add_out, add_simulation, chosen, seconds, write_study


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
    add_simulation(parser, device="cpp_standalone")
    parser.add_argument(
        "--dt",
        type=positive,
        nargs="+",
        metavar="MS",
        help="simulation steps in ms (default: dt_ref over 1, 2, 4, 8, 16, 40)",
    )
    parser.add_argument("--seeds", type=count, default=1, metavar="N", help="random starts (default: 1)")
    parser.add_argument("--trials", type=count, metavar="N", help="the first N test trials (default: all)")
    parser.add_argument("--no-bare", action="store_true", help="leave out the network as the step reads")
    parser.add_argument("--no-neurons", action="store_true", help="leave out the single neurons")
    add_out(parser, "continuous", _run)


def _run(given):
    from ... import analyses
    from ..continuous import ContinuousConfig, run

    config = ContinuousConfig(
        dts=seconds(given.dt),
        bare=not given.no_bare,
        neurons=not given.no_neurons,
        **chosen(given, "seeds", "trials", "workers"),
    )
    return write_study(given, config, run, analyses.STEPS, report=report)
