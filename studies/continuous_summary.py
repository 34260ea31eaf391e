"""The result of the study `continuous` in a few lines of text."""

from __future__ import annotations

import numpy as np

NEEDED = (
    "step_accuracy",
    "step_rate",
    "step_aligned",
    "step_accuracy_deviation",
    "step_rate_deviation",
    "dt",
    "variant",
)
ATTRIBUTES = ("network", "task", "trials", "start", "device", "dt_ref", "own_dt", "data_source")


def summarise_continuous(ds):
    """Accuracy and rates at each dt, largest deviations, fitted orders.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `continuous`.

    Returns
    -------
    str
    """
    a = ds.attrs
    lines = [
        f"study continuous, network {a['network']}, task {a['task']}, {a['trials']} trials, {a['start']} start "
        f"({ds.sizes['seed']}), {a['device']}",
        f"data: {a['data_source']}",
        "",
    ]
    layers = ", ".join(ds.step_layer.values)
    yin = "step_accuracy_yin" in ds
    scored = "accuracy, papers' convention" if yin else "accuracy"
    for variant in ds.variant.values:
        lines.append(
            f"{variant}: {scored}; spikes per neuron and dt_ref of {layers}; of them in its first step; run"
        )
        for dt in ds.dt.values:
            row = ds.sel(variant=variant, dt=dt).mean("seed")
            scores = [float(row.step_accuracy)] + ([float(row.step_accuracy_yin)] if yin else [])
            spikes = np.atleast_1d(row.step_rate.values) * a["dt_ref"]
            lines.append(
                f"  {dt:>8.4g} ms   {'  '.join(f'{s:.4f}' for s in scores)}   "
                f"{'  '.join(f'{s:.4f}' for s in spikes)}   "
                f"{'  '.join(f'{s:.3f}' for s in np.atleast_1d(row.step_aligned.values))}   "
                f"{float(row.step_run_time):.1f} s"
            )
    names = [n for n in ("step_accuracy_deviation", "step_accuracy_yin_deviation") if n in ds]
    own = ds.isel(variant=0)
    largest = max(float(np.abs(own[n]).max()) for n in names)
    lines += [
        "",
        f"{own.variant.item()}, away from dt = {a['own_dt'] * 1e3:g} ms by at most: accuracy {largest:.4f}, rates "
        f"{100 * float(np.abs(own.step_rate_deviation).max()):.2f} %",
        f"the commonest class is {float(ds.step_majority):.4f} of what is labelled",
    ]
    if "convergence_order" in ds:
        lines += ["", "fitted orders in dt (95 % interval; by theory)", *_orders(ds)]
    return "\n".join(lines)


def _orders(ds):
    for k in range(ds.sizes["convergence_case"]):
        row = ds.isel(convergence_case=k)
        name = f"{row.convergence_neuron.item()}, {row.convergence_method.item()}"
        expected, order = float(row.convergence_expected), float(row.convergence_order)
        if np.isnan(order):
            yield f"  {name:<44} rounding: error at most {float(row.convergence_error.max()):.1e} of the range"
            continue
        low, high = row.convergence_order_interval.values
        by_theory = "rounding" if np.isnan(expected) else f"{expected:g}"
        yield f"  {name:<44} {order:.3f} ({low:.3f} to {high:.3f}; {by_theory})"
    for k, number in enumerate(ds.spike_number.values if "spike_order" in ds else ()):
        low, high = ds.spike_order_interval.values[k]
        yield f"  {f'time of spike {number}':<44} {float(ds.spike_order[k]):.3f} ({low:.3f} to {high:.3f}; 1)"
