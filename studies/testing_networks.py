"""What a trained network is tested for, shared by the studies: parts of their results."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .. import analyses
from ..models import network_values
from .baselines import majority_accuracy, softmax_regression_accuracy

EXAMPLE_TRIAL = 0
TIME_CONSTANTS = (("tau_m", "membrane time constant"), ("tau_a", "adaptation time constant"))


def sizes_in_words(task):
    """Trials and length of each split, for a report."""
    return ", ".join(
        f"{name} {split.sizes['trial']} x {split.sizes['time'] * task.dt:.1f} s"
        for name, split in (("train", task.train), ("valid", task.valid), ("test", task.test))
    )


def origin(task):
    """Attributes of a result that say where its data come from."""
    return {
        "classes": ", ".join(task.classes),
        "data_source": task.source,
        "data_licence": task.licence,
        "data_hash": task.hash,
        "data_description": task.description,
        "dt": task.dt,
    }


def unlabelled_option(task, unlabelled_class):
    """`fit`'s option for unlabelled steps: the number of a class where the task itself counts them as that class.

    Parameters
    ----------
    task : Task
    unlabelled_class : str or None
        Of the recipe. "mask" is returned for None, and where the task has not that convention: the recipe for the
        published files is also that for the raw records, in which much is not labelled.
    """
    if unlabelled_class is None:
        return "mask"
    if unlabelled_class not in task.classes:
        raise ValueError(
            f"unlabelled_class: {unlabelled_class!r} is not a class; there are {', '.join(task.classes)}"
        )
    return task.classes.index(unlabelled_class) if unlabelled_class == task.unlabelled_class else "mask"


def scalars(numbers):
    """Numbers without unit as a dataset.

    Parameters
    ----------
    numbers : dict of str to (number, str)
        Value and what it is, by name.
    """
    return xr.Dataset(
        {
            name: ((), float(value), {"units": "1", "long_name": text})
            for name, (value, text) in numbers.items()
        }
    )


def time_constants(net, initial):
    """Time constants of a network before (`initial`, from `network_values`) and after training, in ms."""
    final = network_values(net)
    out = xr.Dataset()
    for name, text in TIME_CONSTANTS:
        if name not in final:  # a network without adaptation
            continue
        for source, suffix, when in ((final, "", "after training"), (initial, "_initial", "before training")):
            out[f"{name}{suffix}"] = source[name].assign_attrs(long_name=f"{text} {when}")
    return out


def neuron_models(net, model):
    """Neuron model of every group that receives synapses, as `analyses.operations` wants it.

    Parameters
    ----------
    net : brian2.Network
        From `srnn`.
    model : str
        Of the hidden layers: ``"ALIF"``, ``"LIF"``.
    """
    names = [obj.name for obj in net.objects if obj.name.startswith("hidden") and hasattr(obj, "thresholder")]
    return dict.fromkeys(names, model) | {"output": "LeakyIntegrator"}


def baselines(task):
    """What little effort gives: the commonest class, and where labels are in time softmax regression per step."""
    of = "steps" if "time" in task.test.label.dims else "trials"
    found = {
        "majority_class_accuracy": (
            majority_accuracy(task),
            f"accuracy on labelled test {of} of the commonest class of the training set",
        )
    }
    return scalars(found).merge(softmax_baseline(task) if of == "steps" else xr.Dataset())


def softmax_baseline(task):
    """Softmax regression on the input of the same step, for labels in time."""
    text = "accuracy on labelled test steps of a softmax regression on the input of the same step"
    return scalars({"softmax_regression_accuracy": (softmax_regression_accuracy(task), text)})


def example(scores, spikes, task, *, dt=None):
    """One test trial: stimulus, spikes, labels, decisions.

    Parameters
    ----------
    scores : numpy.ndarray, shape (trial, time, class) or (trial, class)
        Of test trials, the first one included.
    spikes : dict of str to numpy.ndarray, shape (trial, time, neuron)
        By spiking group; empty for a network without spikes.
    task : Task
    dt : float, optional
        Step of the spikes, s; that of the task by default.
    """
    test = task.test.isel(trial=EXAMPLE_TRIAL, drop=True)
    out = xr.Dataset(coords={"time": test.time, "channel": test.channel})
    out["example_stimulus"] = test.stimulus
    if "signal" in test:
        out["example_signal"] = test.signal
    if spikes:
        step, unit = np.nonzero(np.concatenate([s[EXAMPLE_TRIAL] for s in spikes.values()], axis=1))
        out["example_spike_time"] = (
            "example_spike",
            step * (task.dt if dt is None else dt),
            {"units": "s", "long_name": "time of the spike"},
        )
        out["example_spike_unit"] = (
            "example_spike",
            unit,
            {"units": "1", "long_name": "position in unit"},
        )
    mine = scores[EXAMPLE_TRIAL]
    # One decision a trial has names of its own: the figure of labels in time cannot draw it.
    dims, name = (("time",), "example") if mine.ndim == 2 else ((), "example_trial")
    out[f"{name}_label"] = test.label
    out[f"{name}_prediction"] = (
        dims,
        mine.argmax(-1).astype(np.int8),
        {"units": "1", "long_name": "decision"},
    )
    out[f"{name}_score"] = (
        (*dims, "true_class"),
        mine,
        {"units": "1", "long_name": "readout membrane" if spikes else "class score"},
    )
    return out.assign_coords(true_class=list(task.classes))


def confusion(prediction, split, classes):
    """Confusion over what is labelled, and F1 of each class, as a dataset."""
    counts = analyses.confusion(prediction, split.label, classes, mask=split.labelled)
    if "time" not in split.label.dims:
        counts.attrs["long_name"] = "number of labelled trials"
    return xr.Dataset({"confusion": counts, "test_f1": analyses.f1_scores(counts)})
