"""A result in a few lines of text."""

from __future__ import annotations

from .. import analyses

ACCURACIES = (
    ("test_accuracy", "twin, labelled steps"),
    ("test_accuracy_yin", "twin, papers' convention"),
    ("test_accuracy_brian2", "Brian2, labelled steps"),
    ("test_accuracy_fine", "Brian2 at the finest dt"),
    ("softmax_regression_accuracy", "softmax regression on the same step"),
)


def summarise(ds):
    """Text with the main numbers of a result of the study `ecg`.

    Parameters
    ----------
    ds : xarray.Dataset

    Returns
    -------
    str
    """
    lines = [f"study {ds.attrs['study']}, seed {ds.attrs['seed']}, data: {ds.attrs['data_source']}", ""]
    lines += [f"  accuracy, {text:<38} {float(ds[name]):.4f}" for name, text in ACCURACIES if name in ds]
    lines.append(
        f"  {'neuron-steps that differ, twin and Brian2':<48} "
        f"{int(ds.spike_mismatches)} of {int(ds.spike_neuron_steps)}"
    )
    lines.append(f"  {'largest difference of the readout':<48} {float(ds.membrane_difference):.3g}")
    lines.append(
        f"  {'mean rate of the hidden neurons':<48} {float(ds.firing_rate.mean()):.2f} Hz "
        f"({float(ds.spikes_per_step.mean()):.3f} per step, {int(ds.silent.sum())} silent)"
    )
    for dt, accuracy, rate in zip(ds.dt.values, ds.accuracy_dt.values, ds.rate_dt.values, strict=True):
        lines.append(f"  {f'Brian2 at dt = {dt:g} ms: accuracy, rate':<48} {accuracy:.4f}, {rate:.2f} Hz")
    lines += ["", analyses.timescales_table(ds)]
    return "\n".join(lines)
