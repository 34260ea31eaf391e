"""Figures of effective time scales: decays with their fits, answers to a current step, distributions, recovery."""

import numpy as np

from ..effective.autocorrelation import first_drop
from ..errors import MissingVariable
from ..variables import require
from .specs import FigureSpec, Panel
from .style import COLOURS, GREY, layer_colours, legend_below, plain_ticks

# Lines of single neurons that an axis can show.
_MOST_LINES = 60
_KINDS = {
    "autocorrelation_tau": "autocorrelation",
    "isi_tau": "intervals",
    "membrane_tau": "current step",
}
_STYLES = {"autocorrelation_tau": "-", "isi_tau": "--", "membrane_tau": ":"}
_MARKERS = ("o", "s", "^")


def autocorrelation_decay(ds, ax):
    """Draw the mean autocorrelation of each layer's neurons with the exponential that was fitted; returns `ax`.

    `ds` is what `autocorrelation_timescales` returned; the band is the decay with the bounds of its time constant.
    """
    where = "autocorrelation_decay"
    _decays(ds, ax, "autocorrelation_layer", "autocorrelation_layer", "autocorrelation_lag", where=where)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set(
        xlabel="Lag (ms)",
        ylabel="Autocorrelation of counts",
        title="Spike counts across trials",
        xlim=(0, None),
    )
    legend_below(ax)
    return ax


def interval_decay(ds, ax):
    """Draw the mean correlogram of each layer's neurons with the exponential that was fitted; returns `ax`.

    `ds` is what `isi_timescales` returned; the band is the decay with the bounds of its time constant, the dashed line
    the rate that independent spikes would have.
    """
    _decays(ds, ax, "isi_layer", "isi_layer_correlogram", "isi_lag", where="interval_decay")
    ax.axhline(1, color=GREY, linewidth=0.8, linestyle="--")
    ax.set(xlabel="Time after a spike (ms)", ylabel="Rate over mean rate", title="Intervals of all orders")
    ax.set_xlim(0, None)
    legend_below(ax)
    return ax


def _decays(ds, ax, name, curve, dim, *, where):
    require(
        ds,
        curve,
        f"{name}_tau",
        f"{name}_tau_interval",
        f"{name}_amplitude",
        f"{name}_offset",
        dim,
        where=where,
    )
    lag = ds[dim].values
    layers = ds["effective_layer"].values.tolist()
    for layer, colour in layer_colours(layers).items():
        row = ds.sel(effective_layer=layer)
        values, tau = row[curve].values, float(row[f"{name}_tau"])
        if np.isnan(values).all():
            ax.plot([], [], "o", color=colour, markersize=3.5, label=f"{layer}: no neuron with enough spikes")
            continue
        count = int(row[f"{name}_count"])
        label = f"{layer}: {_number(tau, row[f'{name}_tau_interval'].values)}, {count} {_neurons(count)}"
        many = len(lag) > 60
        ax.plot(
            lag,
            values,
            "-" if many else "o",
            color=colour,
            markersize=3.5,
            linewidth=0.8,
            alpha=0.5 if many else 1,
            label=None if np.isfinite(tau) else label,
        )
        if not np.isfinite(tau):
            continue
        latency = f"{name}_latency"
        start = float(row[latency]) if latency in ds.variables else lag[int(first_drop(values)) - 1]
        x = np.linspace(start, lag[-1], 200)
        amplitude, offset = float(row[f"{name}_amplitude"]), float(row[f"{name}_offset"])
        top = amplitude * np.exp(-start / tau)

        def decay(tau, x=x, top=top, start=start, level=amplitude * offset):
            return top * np.exp(-(x - start) / tau) + level

        ax.plot(x, decay(tau), color=colour, linewidth=1.8, label=label)
        bounds = row[f"{name}_tau_interval"].values
        if not np.isnan(bounds).any():
            ax.fill_between(x, decay(bounds[0]), decay(bounds[1]), color=colour, alpha=0.2, linewidth=0)


def membrane_answers(ds, ax):
    """Draw the answers of membranes to a current step, each over its largest deflection; returns `ax`.

    `ds` is what `membrane_timescales` returned. Lines are neurons, at most 60 a layer, evenly chosen.
    """
    require(
        ds, "membrane_answer", "membrane_tau", "membrane_layer_tau", "unit_layer", where="membrane_answers"
    )
    layers, time = ds["unit_layer"].values, ds["membrane_time"].values
    shown = 0.0
    for layer, colour in layer_colours(layers.tolist()).items():
        inside = np.flatnonzero((layers == layer) & ~np.isnan(ds["membrane_tau"].values))
        row = ds.sel(effective_layer=layer)
        count = int(row["membrane_layer_count"])
        median = _number(float(row["membrane_layer_tau"]), row["membrane_layer_tau_interval"].values)
        label = f"{layer}: median {median}, {count} {_neurons(count)}"
        for k, neuron in enumerate(inside[:: max(1, -(-len(inside) // _MOST_LINES))]):
            ax.plot(
                time,
                ds["membrane_answer"].values[neuron],
                color=colour,
                linewidth=0.7,
                alpha=0.6,
                label=label if k == 0 else None,
            )
        if len(inside):
            shown = max(shown, 6 * np.nanquantile(ds["membrane_tau"].values[inside], 0.9))
    ax.axhline(1 - np.exp(-1), color=GREY, linewidth=0.8, linestyle="--")
    ax.set(
        xlim=(0, min(time[-1], shown) if shown else time[-1]),
        ylim=(0, 1.05),
        xlabel="Time since the step (ms)",
        ylabel="Deflection over the largest",
        title="Membranes at a current step",
    )
    legend_below(ax)
    return ax


def effective_distribution(ds, ax):
    """Draw cumulative distributions of every kind of effective time constant of each layer; returns `ax`.

    `ds` holds ``autocorrelation_tau``, ``isi_tau`` or ``membrane_tau (unit)``, one or more of them, in ms. Bands hold a
    whole distribution with 95 % (Dvoretzky, Kiefer and Wolfowitz, with the constant of Massart 1990).
    """
    require(ds, "unit_layer", where="effective_distribution")
    kinds = [name for name in _KINDS if name in ds.variables]
    if not kinds:
        raise MissingVariable(f"effective_distribution: none of {', '.join(_KINDS)} is in the dataset")
    layers = ds["unit_layer"].values
    for layer, colour in layer_colours(layers.tolist()).items():
        for kind in kinds:
            every = ds[kind].values[layers == layer]
            tau = np.sort(every[~np.isnan(every)])
            if not len(tau):
                continue
            share = np.arange(len(tau) + 1) / len(tau)
            reach = np.sqrt(np.log(2 / 0.05) / (2 * len(tau)))
            ax.fill_between(
                np.r_[tau[0], tau],
                np.maximum(share - reach, 0),
                np.minimum(share + reach, 1),
                step="post",
                color=colour,
                alpha=0.08,
                linewidth=0,
            )
            ax.step(
                np.r_[tau[0], tau],
                share,
                where="post",
                color=colour,
                linestyle=_STYLES[kind],
                label=f"{layer}, {_KINDS[kind]}: median {np.median(tau):.3g} ms, {len(tau)} of {len(every)}",
            )
    ax.set_xscale("log")
    plain_ticks(ax, "x")
    ax.set(ylim=(0, 1.02), xlabel="Effective time constant (ms)", ylabel="Cumulative fraction of neurons")
    ax.set_title("Effective time constants")
    legend_below(ax)
    return ax


def recovery_bias(ds, ax):
    """Draw estimates over the known time constant, medians with their intervals, and the central 68 %; returns `ax`.

    Thin bars are the central 68 % of recordings, thick ones the interval of the median.
    `ds` is what `timescale_recovery` returned.
    """
    require(
        ds,
        "recovery_bias",
        "recovery_bias_interval",
        "recovery_estimate",
        "recovery_tau",
        where="recovery_bias",
    )
    tau = ds["recovery_tau"].values
    ax.axhline(1, color=GREY, linewidth=0.8, linestyle="--")
    for k, name in enumerate(ds["recovery_estimator"].values):
        row = ds.isel(recovery_estimator=k)
        place = tau * 1.06 ** (k - (ds.sizes["recovery_estimator"] - 1) / 2)
        middle = 1 + row["recovery_bias"].values
        for x, known, estimates in zip(place, tau, row["recovery_estimate"].values, strict=True):
            if not np.isnan(estimates).all():
                ax.vlines(
                    x, *(np.nanquantile(estimates, (0.16, 0.84)) / known), color=COLOURS[k], linewidth=0.8
                )
        low, high = np.moveaxis(1 + row["recovery_bias_interval"].values, -1, 0)
        ax.errorbar(
            place,
            middle,
            (np.nan_to_num(middle - low), np.nan_to_num(high - middle)),
            fmt=_MARKERS[k % 3],
            color=COLOURS[k],
            markersize=4,
            elinewidth=2.2,
            label=str(name),
        )
    ax.set_xscale("log")
    ax.set_xticks(tau, [f"{x:g}" for x in tau])
    ax.set_xticks([], minor=True)
    count, about = ds.sizes["recovery_repetition"], ds.attrs
    title = f"Recovery: {about.get('recovery_duration_s', np.nan):g} s at {about.get('recovery_rate_Hz', np.nan):g} Hz"
    ax.set(
        xlabel="True time constant (ms)",
        ylabel="Estimate over the true value",
        title=f"{title}, {count} recordings",
        ylim=(0, None),
    )
    legend_below(ax)
    return ax


def _number(tau, bounds):
    if not np.isfinite(tau):
        return "no decay found"
    text = f"{tau:.3g} ms"
    return text if np.isnan(bounds).any() else f"{text} [{bounds[0]:.3g}, {bounds[1]:.3g}]"


def _neurons(count):
    return "neuron" if count == 1 else "neurons"


EFFECTIVE = (
    FigureSpec(
        "effective",
        (
            Panel(autocorrelation_decay, ("autocorrelation_layer", "autocorrelation_layer_tau")),
            Panel(interval_decay, ("isi_layer_correlogram", "isi_layer_tau")),
            Panel(membrane_answers, ("membrane_answer", "membrane_layer_tau")),
            Panel(effective_distribution, ("unit_layer",)),
        ),
        width=3.6,
        height=4.4,
    ),
    FigureSpec(
        "recovery", (Panel(recovery_bias, ("recovery_bias", "recovery_estimate")),), width=4.6, height=4.4
    ),
)
