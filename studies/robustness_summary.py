"""The result of the study `robustness` in a few lines of text."""

from __future__ import annotations

import json

import numpy as np

NEEDED = ("accuracy_unperturbed", "rate_unperturbed", "accuracy_commonest", "seed")
ATTRIBUTES = ("network", "task", "trials", "start", "device", "dt", "left_out", "data_source")


def summarise_robustness(ds):
    """Accuracy and rate at each strength of each perturbation, mean and standard deviation over the seeds.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `robustness`.

    Returns
    -------
    str
    """
    a = ds.attrs
    lines = [
        f"study robustness, network {a['network']}, task {a['task']}, {a['trials']} trials, {a['start']} start, "
        f"{ds.sizes['seed']} seeds, dt = {a['dt'] * 1e3:g} ms, {a['device']}",
        f"data: {a['data_source']}",
        "",
        f"{'':>12}{'accuracy':>18}{'rate (Hz)':>12}",
        f"{'unperturbed':>12}{_spread(ds.accuracy_unperturbed)}{float(ds.rate_unperturbed.mean()):>12.1f}",
    ]
    for name in (n.removeprefix("accuracy_") for n in ds.data_vars if n.startswith("accuracy_")):
        if name not in ds.coords:
            continue
        unit = ds[name].attrs["units"]
        text = ds[name].attrs["long_name"] + ("" if unit == "1" else f" ({unit})")
        lines.append(f"{name}: {text}")
        for k, strength in enumerate(ds[name].values):
            accuracy, rate = ds[f"accuracy_{name}"][k], float(ds[f"rate_{name}"][k].mean())
            lines.append(f"{strength:>12g}{_spread(accuracy)}{rate:>12.1f}")
    lines += ["", f"the commonest class is {float(ds.accuracy_commonest):.4f} of what is labelled"]
    lines += [f"left out: {name}: {why}" for name, why in json.loads(a["left_out"]).items()]
    return "\n".join(lines)


def _spread(values):
    """Mean ± standard deviation, right-aligned in 18 columns."""
    values = np.asarray(values)
    text = f"{values.mean():.4f}"
    return f"{text} ± {values.std(ddof=1):.4f}".rjust(18) if values.size > 1 else f"{text:>18}"
