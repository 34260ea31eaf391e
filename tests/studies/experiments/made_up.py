"""Gathered results whose truth is known: what the runner hands to a study's answer, made up."""

import numpy as np
import xarray as xr

COUNTS = ("energy_ac", "energy_mac", "energy_weight_words", "energy_state_words")
NETWORKS = ("SRNN, formula", "SRNN, counted", "LSTM")


def gathered(accuracy, *, seeds=5, hidden=None, spikes=None, energy=None, mismatches=0.0, noise=0.001):
    """Results of the study `train` for some networks.

    Parameters
    ----------
    accuracy : dict of str to float
        Mean of each network; a network whose name begins with lstm, gru or rnn does not spike.
    seeds : int
    hidden : sequence of int, optional
        A further dimension; each size adds 0.01.
    spikes, energy : dict of str to float, optional
        Spikes per neuron and step (0.1), and energy as a number of multiply-accumulates (100; dense 1000).
    mismatches : float
        Of the first spiking network's first seed.
    noise : float
        Of each network beside what those of a seed share.
    """
    rng = np.random.default_rng(0)
    names, sizes = list(accuracy), list(hidden or [0])
    shared = rng.normal(0, 0.02, seeds)
    values = np.array([accuracy[n] for n in names])[:, None, None] + 0.01 * np.arange(len(sizes))[:, None]
    values = values + shared + rng.normal(0, noise, (len(names), len(sizes), seeds))
    dims = ("network", "hidden", "seed")
    dense = np.array([n.split("-")[0] in ("lstm", "gru", "rnn") for n in names])
    shape = values.shape
    wrong = np.where(dense[:, None, None], np.nan, np.zeros(shape))
    wrong[np.flatnonzero(~dense)[:1], 0, 0] = mismatches
    rate = np.array([np.nan if d else (spikes or {}).get(n, 0.1) for n, d in zip(names, dense, strict=True)])
    macs = np.array(
        [(energy or {}).get(n, 1000.0 if d else 100.0) for n, d in zip(names, dense, strict=True)]
    )
    own = np.where(dense, NETWORKS.index("LSTM"), NETWORKS.index("SRNN, counted"))
    counts = np.full((*shape, 3), np.nan)
    for k, which in enumerate(own):
        counts[k, ..., which] = macs[k]
        if not dense[k]:
            counts[k, ..., [0, 2]] = 1e6  # of the formula and the reference, which are not the network
    ds = xr.Dataset(
        {
            "test_accuracy": (dims, values, {"units": "1", "long_name": "accuracy"}),
            "test_accuracy_yin": (dims, values - 0.1, {"units": "1", "long_name": "accuracy"}),
            "spikes_per_step": (
                (*dims, "unit"),
                np.broadcast_to(rate[:, None, None, None], (*shape, 2)).copy(),
                {"units": "1", "long_name": "spikes per step"},
            ),
            "spike_mismatches": (dims, wrong, {"units": "1"}),
            "valid_accuracy": (
                (*dims, "epoch"),
                values[..., None] * np.linspace(0.5, 1, 4),
                {"units": "1", "long_name": "accuracy"},
            ),
            **{
                name: ((*dims, "energy_network"), counts if name == "energy_mac" else 0 * counts)
                for name in COUNTS
            },
        },
        {
            "network": names,
            "hidden": sizes,
            "seed": range(seeds),
            "epoch": range(4),
            "energy_network": list(NETWORKS),
        },
    )
    return ds if hidden else ds.isel(hidden=0, drop=True)
