"""Do the time scales of trained neurons reflect their adaptation? (claim 17 of docs/claims.md)

    chronaxie run ecg --data DIR --seeds 5 --out out/ecg
    python benchmarks/effective_of_trained.py out/ecg/jobs/*/network.nc [--rate 20] [--trials 40] [--seconds 20]

Networks of one architecture are driven by independent Poisson spikes of a constant rate, which have no time scale of
their own, once as they are and once with the adaptation of their hidden neurons off (beta = 0). The time scales are
those that laboratories measure, from intervals of all orders and from counts across trials. Printed are Spearman's rho
between them and the learned tau_m and tau_a of the same neurons (networks are resampled), and the median of each
network with adaptation less that without, with Student's interval over networks.
"""

import argparse

import numpy as np
import xarray as xr
from brian2 import second
from scipy import stats

import chronaxie as cx
from chronaxie.analyses.effective import autocorrelation_timescales, beside_learned, isi_timescales
from chronaxie.analyses.time_constants import relations
from chronaxie.models import annotations, network_values

MEASURES = ("isi_tau", "autocorrelation_tau")


def poisson(channels, dt, chosen):
    """Spikes of a constant rate, shape (trial, time, channel)."""
    steps = round(chosen.seconds / dt)
    rng = np.random.default_rng(chosen.seed)
    spikes = rng.random((chosen.trials, steps, channels)) < chosen.rate * dt
    return xr.DataArray(
        spikes.astype(np.uint8), dims=("trial", "time", "channel"), coords={"time": np.arange(steps) * dt}
    )


def hidden_of(net):
    """Names of the hidden layers."""
    return [
        name for name in sorted(o.name for o in net.objects) if name.startswith("hidden") and "_" not in name
    ]


def timescales(net, stimulus, chosen):
    """Time scales of the hidden neurons by both methods, beside their learned time constants."""
    spikes = cx.simulate(net, stimulus, device=chosen.device, seed=chosen.seed, namespace={})
    hidden = hidden_of(net)
    found = [
        isi_timescales(spikes, hidden, resamples=0),
        autocorrelation_timescales(spikes, hidden, width=0.02, window=2.0, longest_lag=1.0, resamples=0),
    ]
    both = xr.merge(found, combine_attrs="drop_conflicts", join="outer", compat="no_conflicts")
    beside = beside_learned(network_values(net), both)
    return beside.isel(neuron=np.isin(beside["layer"].values, hidden))


def unadapted(net):
    """Turn the adaptation of the hidden neurons off."""
    for name in hidden_of(net):
        if "beta" not in net[name].variables:
            raise SystemExit(
                f"{name}: its neurons have no beta that could be 0; give networks of the model alif"
            )
        net[name].beta = 0
    return net


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("networks", nargs="+")
    parser.add_argument(
        "--rate", type=float, default=20.0, help="of each input channel, Hz (default: %(default)s)"
    )
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=20.0, help="of a trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpp_standalone")
    chosen = parser.parse_args()
    adapted, without = [], []
    for file in chosen.networks:
        net = cx.load(file)
        stimulus = poisson(net["input"].N, float(annotations(net).dt_ref / second), chosen)
        adapted.append(timescales(net, stimulus, chosen))
        without.append(timescales(unadapted(net), stimulus, chosen))
        print(file, *(f"{name} {float(adapted[-1][name].median()):.3g} ms" for name in MEASURES), flush=True)
    stacked = xr.concat(adapted, "seed", join="exact", combine_attrs="drop_conflicts")
    found = relations(stacked, MEASURES, unit="seed" if len(adapted) > 1 else None)
    print(
        "\n| time constant | measured by | rho | 95 % interval | p (Holm) | neurons |\n|---|---|---|---|---|---|"
    )
    for quantity in found["timescale_quantity"].values:
        for layer in found["timescale_layer"].values:
            for name in MEASURES:
                row = found.sel(timescale_quantity=quantity, timescale_layer=layer, relation_property=name)
                rho, (low, high) = (row[f"relation_correlation{end}"].values for end in ("", "_interval"))
                print(
                    f"| {layer} {quantity} | {name} | {rho:+.2f} | {low:+.2f} to {high:+.2f} | "
                    f"{float(row['relation_p_holm']):.3g} | {int(row['relation_count'])} |"
                )
    print(
        "\n| measured by | with adaptation (ms) | without | difference (Student, 95 %) | p |\n|---|---|---|---|---|"
    )
    for name in MEASURES:
        pair = [np.array([float(ds[name].median()) for ds in found]) for found in (adapted, without)]
        difference = pair[0] - pair[1]
        test = stats.ttest_1samp(difference, 0)
        low, high = test.confidence_interval(0.95)
        print(
            f"| {name} | {pair[0].mean():.3g} | {pair[1].mean():.3g} | "
            f"{difference.mean():+.3g} ({low:+.3g} to {high:+.3g}) | {test.pvalue:.3g} |"
        )


if __name__ == "__main__":
    main()
