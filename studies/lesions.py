"""Study `lesions`: which neurons does a trained network need, and do their time constants say which?

One question: what is lost without each hidden neuron, or with its time constant reset, and what goes with it?
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import xarray as xr

from ..analyses.time_constants.relations import PROPERTIES, lesion_losses, partial_relations, relations
from ..analyses.time_constants.resets import reset_relations
from .continuous import load_its_task, load_network
from .field_checks import check_fields, whole
from .network_config import NetworkConfig
from .protocols.lesions import REMOVED, RESETS, lesions
from .provenance import of_network_study

NEEDED = ("loss_removed", "accuracy_intact", "relation_correlation", "relation_p_holm", "layer", "index")
ATTRIBUTES = ("network", "task", "trials", "start", "device", "data_source")


@dataclass(frozen=True)
class LesionsConfig(NetworkConfig):
    """Everything that decides the result of the study.

    Parameters
    ----------
    network, kind, task, data, device
        As in `NetworkConfig`.
    neurons : int or None
        The first so many neurons of each hidden layer; None for all.
    start : {"zero", "random", "given"}
        The same for every lesion.
    seed : int
        Of a random start and of the intervals and tests.
    trials : int or None
        The first so many test trials; None for all.
    resamples : int
        Of the intervals.
    """

    study: ClassVar[str] = "lesions"

    neurons: int | None = None
    start: str = "zero"
    seed: int = 0
    trials: int | None = 20
    resamples: int = 2000

    def __post_init__(self):
        super().__post_init__()
        check_fields(self, self.study, {"neurons": whole(1).or_none()})


def run(config, *, report=print):
    """Remove and reset the hidden neurons one by one on the test set; relate what is lost to their time constants.

    A time constant is reset to the median of its layer, as a network file does not hold where training began.

    Parameters
    ----------
    config : LesionsConfig
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    xarray.Dataset
        What `lesion_losses`, `relations`, `partial_relations` and `reset_relations` of the analyses say of the counts
        of the protocol `lesions`, with provenance.
    """
    began = time.perf_counter()
    net = load_network(config, report)
    task = load_its_task(config, net)
    report(f"data: {task.source}")
    counts = lesions(
        net,
        task,
        kinds=(REMOVED, *RESETS),
        neurons=config.neurons,
        device=config.device,
        start=config.start,
        seed=config.seed,
        trials=config.trials,
        report=report,
    )
    options = {"resamples": config.resamples, "seed": config.seed}
    lost = lesion_losses(counts, **options)
    related = relations(lost, **options)
    given_rate = partial_relations(lost, **options)
    parts = [lost, related, given_rate]
    # a network whose time constants are all one has nothing that was reset
    if any(bool(np.isfinite(lost[f"loss_reset_{q}"]).any()) for q in RESETS if f"loss_reset_{q}" in lost):
        parts.append(reset_relations(lost, **options))
    result = xr.merge(parts, combine_attrs="drop_conflicts", compat="no_conflicts", join="outer")
    # of both: those that are held at one rate need a neuron more
    result.attrs["timescale_left_out"] = given_rate.attrs["timescale_left_out"]
    result.attrs |= counts.attrs | of_network_study("lesions", config, task, began)
    return result


def summarise_lesions(ds):
    """The neurons that are missed most, and the correlations of time constants, in a few lines of text.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `lesions`.

    Returns
    -------
    str
    """
    a = ds.attrs
    lost = ds["loss_removed"].values
    lines = [
        f"study lesions, network {a['network']}, task {a['task']}, {a['trials']} trials, {a['start']} start, "
        f"{a['device']}",
        f"data: {a['data_source']}",
        "",
        f"accuracy of the intact network {float(ds['accuracy_intact']):.4f}; lost without a neuron (first five):",
    ]
    order = np.argsort(np.where(np.isnan(lost), np.inf, -lost), kind="stable")
    for k in order[: min(5, int((~np.isnan(lost)).sum()))]:
        low, high = ds["loss_removed_interval"].values[k]
        name = f"{ds['layer'].values[k]} neuron {int(ds['index'].values[k])}"
        taus = ", ".join(f"{q} {float(ds[q][k]):.4g} ms" for q in RESETS if q in ds.variables)
        p = float(ds["loss_removed_p_holm"][k])
        lines.append(f"  {name:<22} {lost[k]:+.4f} ({low:.4f} to {high:.4f}), p {p:.2g} (Holm); {taus}")
    lines += ["", "rank correlation of time constants with"]
    for quantity in ds["timescale_quantity"].values.tolist():
        for layer in ds["timescale_layer"].values.tolist():
            for name in ds["relation_property"].values.tolist():
                cell = ds.sel(timescale_quantity=quantity, timescale_layer=layer, relation_property=name)
                value = float(cell["relation_correlation"])
                if np.isfinite(value):
                    low, high = cell["relation_correlation_interval"].values
                    lines.append(
                        f"  {layer}.{quantity}, {PROPERTIES.get(name, name)}: {value:+.2f} "
                        f"({low:+.2f} to {high:+.2f}), p {float(cell['relation_p_holm']):.2g} (Holm)"
                        f"{_given_rate(cell)}"
                    )
    lines += _by_distance(ds)
    # results of older versions have the other name
    left_out = a.get("timescale_left_out", a.get("untrained"))
    if left_out:
        lines.append(f"left out: {left_out}")
    return "\n".join(lines)


def _by_distance(ds):
    """Whether more is lost the further a time constant was reset; results of older versions lack it."""
    if "reset_correlation" not in ds.variables:
        return []
    lines = ["", "rank correlation of how far a time constant was reset with what is lost"]
    for quantity in ds["timescale_quantity"].values.tolist():
        for layer in ds["timescale_layer"].values.tolist():
            cell = ds.sel(timescale_quantity=quantity, timescale_layer=layer)
            value = float(cell["reset_correlation"])
            if np.isfinite(value):
                low, high = cell["reset_correlation_interval"].values
                p = float(cell["reset_p_holm"])
                lines.append(
                    f"  {layer}.{quantity}: {value:+.2f} ({low:+.2f} to {high:+.2f}), p {p:.2g} (Holm)"
                )
    return lines if len(lines) > 2 else []


def _given_rate(cell):
    """What is left of a correlation when the firing rate is held constant; results of older versions lack it."""
    value = float(cell.get("relation_partial_correlation", np.nan))
    if not np.isfinite(value):
        return ""
    return f"; at equal rate {value:+.2f}, p {float(cell['relation_partial_p_holm']):.2g}"
