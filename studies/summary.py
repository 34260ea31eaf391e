"""A result in a few lines of text."""

from __future__ import annotations

from .. import analyses
from .continuous_summary import ATTRIBUTES as ATTRIBUTES_CONTINUOUS
from .continuous_summary import NEEDED as NEEDED_CONTINUOUS
from .continuous_summary import summarise_continuous
from .fidelity_summary import ATTRIBUTES as ATTRIBUTES_FIDELITY
from .fidelity_summary import NEEDED as NEEDED_FIDELITY
from .fidelity_summary import summarise_fidelity
from .lesions import ATTRIBUTES as ATTRIBUTES_LESIONS
from .lesions import NEEDED as NEEDED_LESIONS
from .lesions import summarise_lesions
from .published_page import page
from .record_simulation import summarise_record
from .results import ResultError
from .robustness_summary import ATTRIBUTES as ATTRIBUTES_ROBUSTNESS
from .robustness_summary import NEEDED as NEEDED_ROBUSTNESS
from .robustness_summary import summarise_robustness

ACCURACIES = (
    ("test_accuracy", "twin, labelled steps"),
    ("test_accuracy_yin", "twin, papers' convention"),
    ("test_accuracy_brian2", "Brian2, labelled steps"),
    ("test_accuracy_fine", "Brian2 at the finest dt"),
    ("softmax_regression_accuracy", "softmax regression on the same step"),
)
# Of spiking networks: all of them or none.
NEEDED_SPIKING = (
    "spike_mismatches",
    "spike_neuron_steps",
    "membrane_difference",
    "firing_rate",
    "spikes_per_step",
    "silent",
    "timescale_median",
)
NEEDED = (*NEEDED_SPIKING, "accuracy_dt", "rate_dt", "dt")
NEEDED_TRAIN = (
    "test_accuracy",
    "test_balanced_accuracy",
    "test_f1",
    "majority_class_accuracy",
    "neurons",
    "parameters",
    "operations_ac",
    "operations_mac",
    "energy_per_step",
    "energy_ratio",
    "time",
)
ACCURACIES_TRAIN = (
    ("test_accuracy", "test set"),
    ("test_balanced_accuracy", "test set, mean over the classes"),
    ("test_accuracy_yin", "test set, papers' convention"),
    ("test_accuracy_brian2", "Brian2"),
    ("majority_class_accuracy", "the commonest class"),
    ("softmax_regression_accuracy", "softmax regression on the same step"),
)
SPIKING_MODELS = ("alif", "lif", "se_adlif", "ef_adlif", "current_alif")
# What the lines and the figure of a record through a network are made of.
NEEDED_SIMULATE = (
    "time",
    "record_signal",
    "record_class",
    "wave_class",
    "record_spike_time",
    "record_spike_unit",
    "wave_kind",
)
ATTRIBUTES_SIMULATE = ("record", "leads", "start", "duration", "waves", "heart_rate")


def summarise(ds):
    """Text with the main numbers of a result of a study (`ecg`, `train`, `continuous`), or of ``chronaxie simulate``.

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
    study = ds.attrs.get("study")
    if study == "train":
        return _train(ds)
    if study == "continuous":
        _require(ds, "continuous", NEEDED_CONTINUOUS, ATTRIBUTES_CONTINUOUS)
        return summarise_continuous(ds)
    if study == "published":
        return page(ds)
    if study == "robustness":
        _require(ds, "robustness", NEEDED_ROBUSTNESS, ATTRIBUTES_ROBUSTNESS)
        return summarise_robustness(ds)
    if study == "lesions":
        _require(ds, "lesions", NEEDED_LESIONS, ATTRIBUTES_LESIONS)
        return summarise_lesions(ds)
    if study == "fidelity":
        _require(ds, "fidelity", NEEDED_FIDELITY, ATTRIBUTES_FIDELITY)
        return summarise_fidelity(ds)
    if study == "simulate":
        _require(ds, "simulate", NEEDED_SIMULATE, ATTRIBUTES_SIMULATE)
        return summarise_record(ds)
    _require(ds, "ecg", NEEDED, ("study", "seed", "data_source"))
    lines = [f"study {study}, seed {ds.attrs['seed']}, data: {ds.attrs['data_source']}", ""]
    lines += _numbers(ds, ACCURACIES)
    lines += _beside_brian2(ds)
    lines += _over_dt(ds)
    lines += ["", analyses.timescales_table(ds), *_longer_than_a_trial(ds)]
    return "\n".join(lines)


def _train(ds):
    """The lines of the study `train`."""
    attributes = ("seed", "data_source", "task", "model", "hidden", "dt")
    needed = NEEDED_TRAIN + (NEEDED_SPIKING if ds.attrs.get("model") in SPIKING_MODELS else ())
    _require(ds, "train", needed, attributes)
    lines = [
        f"study train, task {ds.attrs['task']}, model {ds.attrs['model']}, hidden units {ds.attrs['hidden']}, "
        f"{int(ds.parameters)} parameters, seed {ds.attrs['seed']}",
        f"data: {ds.attrs['data_source']}",
        "",
        *_numbers(ds, ACCURACIES_TRAIN),
    ]
    scores = [
        f"{name} {value:.3f}" for name, value in zip(ds.true_class.values, ds.test_f1.values, strict=True)
    ]
    lines += [
        f"  {'F1 of each class' if k == 0 else '':<48} {', '.join(scores[k : k + 6])}"
        for k in range(0, len(scores), 6)
    ]
    spiking = ds.attrs["model"] in SPIKING_MODELS
    if spiking:
        lines += [*_beside_brian2(ds), *_over_dt(ds)]
    lines.append(
        f"  {'operations per step':<48} {float(ds.operations_ac):.4g} accumulates, "
        f"{float(ds.operations_mac):.4g} multiply-accumulates"
    )
    network = 1 if spiking else 0  # of a spiking network the counted variant, not the formula
    for cost in ds.energy_cost.values:
        row = ds.sel(energy_cost=cost).isel(energy_network=network)
        lines.append(
            f"  {f'energy per step ({cost})':<48} {float(row.energy_per_step):.4g} pJ, "
            f"LSTM of equal size / this: {float(row.energy_ratio):.3g}"
        )
    if spiking:
        lines += ["", analyses.timescales_table(ds), *_longer_than_a_trial(ds)]
    return "\n".join(lines)


def _require(ds, study, names, attributes):
    """Refuse a dataset of another study, or one that lacks something."""
    missing = [name for name in names if name not in ds.variables]
    missing += [f"attribute {name}" for name in attributes if name not in ds.attrs]
    found = ds.attrs.get("study")
    known = repr(study) if found == study else "'ecg', 'train' or 'simulate'"
    if missing or found != study:
        raise ResultError(
            f"expected a result of the study {known}, got one of {found!r} "
            f"that lacks {', '.join(missing) or 'nothing'}; was it written by another version?"
        )


def _numbers(ds, names):
    return [f"  accuracy, {text:<38} {float(ds[name]):.4f}" for name, text in names if name in ds]


def _beside_brian2(ds):
    """Twin against Brian2, and how active the neurons are."""
    return [
        f"  {'neuron-steps that differ, twin and Brian2':<48} "
        f"{int(ds.spike_mismatches)} of {int(ds.spike_neuron_steps)}",
        f"  {'largest difference of the readout':<48} {float(ds.membrane_difference):.3g}",
        f"  {'mean rate of the hidden neurons':<48} {float(ds.firing_rate.mean()):.2f} Hz "
        f"({float(ds.spikes_per_step.mean()):.3f} per step, {int(ds.silent.sum())} silent)",
    ]


def _over_dt(ds):
    """Accuracy and rate at each simulation step, where there are several."""
    if "accuracy_dt" not in ds:
        return []
    return [
        f"  {f'Brian2 at dt = {dt:g} ms: accuracy, rate':<48} {accuracy:.4f}, {rate:.2f} Hz"
        for dt, accuracy, rate in zip(ds.dt.values, ds.accuracy_dt.values, ds.rate_dt.values, strict=True)
    ]


def _longer_than_a_trial(ds):
    """Time constants that a trial cannot tell from endless: their values mean little."""
    trial = float(ds.time[-1] - ds.time[0]) + ds.attrs["dt"]
    counts = {name: int((ds[name] > trial * 1e3).sum()) for name in ("tau_m", "tau_a") if name in ds}
    return [
        f"{count} of {name} are longer than a trial ({trial:.1f} s): how long exactly, the data do not say"
        for name, count in counts.items()
        if count
    ]
