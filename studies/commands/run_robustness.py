"""``chronaxie run robustness``: a trained network under every perturbation."""

from __future__ import annotations

from .arguments import count, positive, report
from .network_study import add_network, write_study


def add(studies):
    """Register the study."""
    parser = studies.add_parser(
        "robustness",
        help="a trained network under noise, loss, delays, quantisation, mismatch, lesions, temperature, jitter",
        description="Simulates a trained network on the test set of its task under every perturbation at several "
        "strengths and seeds. Writes one dataset and one figure: accuracy against strength. By default a quick look "
        "at the first 20 test trials; --all takes the whole test set.",
    )
    add_network(parser)
    parser.add_argument(
        "--perturbations",
        nargs="+",
        metavar="NAME",
        help="membrane_noise, spike_loss, synaptic_delay, weight_noise, weight_quantisation, time_constant_mismatch, "
        "neuron_lesion, synapse_lesion, temperature, input_jitter (default: all that the network can have)",
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        default="cpp_standalone",
        help="Brian2 device: numpy, cython, cpp_standalone, cuda_standalone (default: %(default)s)",
    )
    parser.add_argument(
        "--workers", type=count, default=1, metavar="N", help="processes of cpp_standalone (default: 1)"
    )
    parser.add_argument("--dt", type=positive, metavar="MS", help="simulation step in ms (default: dt_ref)")
    parser.add_argument(
        "--start", default="zero", metavar="START", help="zero (default) or random, as in the papers' code"
    )
    parser.add_argument(
        "--seeds", type=count, default=3, metavar="N", help="of all that is drawn (default: 3)"
    )
    trials = parser.add_mutually_exclusive_group()
    trials.add_argument(
        "--trials", type=count, default=20, metavar="N", help="the first N test trials (default: 20)"
    )
    trials.add_argument("--all", action="store_true", help="all test trials")
    parser.add_argument(
        "--out", metavar="DIR", default="out/robustness", help="where results go (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")
    parser.set_defaults(command=_run, after_interrupt="; nothing was written")


def _run(given):
    from ... import analyses
    from ...models.devices import check_device
    from ..robustness import RobustnessConfig, run

    check_device(given.device)
    config = RobustnessConfig(
        network=given.network,
        kind=given.kind,
        task=given.task,
        data=given.data,
        device=given.device,
        dt=None if given.dt is None else given.dt / 1e3,
        perturbations=None if given.perturbations is None else tuple(given.perturbations),
        start=given.start,
        seeds=given.seeds,
        trials=None if given.all else given.trials,
        workers=given.workers,
    )
    return write_study(given, config, run, analyses.ROBUSTNESS, report=report)
