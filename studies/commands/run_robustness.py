"""``chronaxie run robustness``: a trained network under every perturbation."""

from __future__ import annotations

from .arguments import count, positive, report
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
    add_simulation(parser, device="cpp_standalone")
    parser.add_argument("--dt", type=positive, metavar="MS", help="simulation step in ms (default: dt_ref)")
    parser.add_argument(
        "--seeds", type=count, default=3, metavar="N", help="of all that is drawn (default: 3)"
    )
    add_trials(parser)
    add_out(parser, "robustness", _run)


def _run(given):
    from ... import analyses
    from ..robustness import RobustnessConfig, run

    config = RobustnessConfig(
        dt=seconds(given.dt),
        **chosen(given, "perturbations", "seeds", "trials", "workers"),
    )
    return write_study(given, config, run, analyses.ROBUSTNESS, report=report)
