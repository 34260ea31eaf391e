"""A result in a few lines of text."""

from __future__ import annotations

from .. import analyses
from .results import ResultError

ACCURACIES = (
    ("test_accuracy", "twin, labelled steps"),
    ("test_accuracy_yin", "twin, papers' convention"),
    ("test_accuracy_brian2", "Brian2, labelled steps"),
    ("test_accuracy_fine", "Brian2 at the finest dt"),
    ("softmax_regression_accuracy", "softmax regression on the same step"),
)
NEEDED = (
    "spike_mismatches",
    "spike_neuron_steps",
    "membrane_difference",
    "firing_rate",
    "spikes_per_step",
    "silent",
    "accuracy_dt",
    "rate_dt",
    "dt",
    "timescale_median",
)


def summarise(ds):
    """Text with the main numbers of a result of the study `ecg`.

    Parameters
    ----------
    ds : xarray.Dataset

    Returns
    -------
    str

    Raises
    ------
    ResultError
        The dataset is of another study, or lacks variables or attributes of this one.
    """
    missing = [name for name in NEEDED if name not in ds.variables]
    missing += [f"attribute {name}" for name in ("study", "seed", "data_source") if name not in ds.attrs]
    if missing or ds.attrs["study"] != "ecg":
        raise ResultError(
            f"expected a result of the study 'ecg', got one of {ds.attrs.get('study')!r} that lacks "
            f"{', '.join(missing) or 'nothing'}; was it written by another version?"
        )
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
    lines += ["", analyses.timescales_table(ds), *_longer_than_a_trial(ds)]
    return "\n".join(lines)


def _longer_than_a_trial(ds):
    """Time constants that a trial cannot tell from endless: their values mean little."""
    trial = float(ds.time[-1] - ds.time[0]) + ds.attrs["dt"]
    counts = {name: int((ds[name] > trial * 1e3).sum()) for name in ("tau_m", "tau_a") if name in ds}
    return [
        f"{count} of {name} are longer than a trial ({trial:.1f} s): how long exactly, the data do not say"
        for name, count in counts.items()
        if count
    ]
