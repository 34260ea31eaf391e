"""What the study `lesions` says."""

from __future__ import annotations

import numpy as np

from ...analyses.time_constants.relations import PROPERTIES
from .parts import Found
from .tables import LEVEL, headline, number_of, table_over


def lesions(ds):
    """The neuron that is missed most, and what time constants go with.

    Parameters
    ----------
    ds : xarray.Dataset
        Of the study `lesions`.

    Returns
    -------
    Found
    """
    lost, trials = ds["loss_removed"].values, f"{ds.attrs['trials']} trials"
    intact = number_of(ds, "accuracy_intact")
    rows = [("accuracy of the intact network", intact, "1", trials)]
    worst = ds.isel(neuron=int(np.nanargmax(lost)))
    name = f"{worst['layer'].item()} neuron {int(worst['index'])}"
    most = number_of(worst, "loss_removed")
    rows.append((f"lost without {name}", most, "1", trials))
    rows += _correlations(ds)
    needed, removed = int((ds["loss_removed_p_holm"] <= 0.05).sum()), int((~np.isnan(lost)).sum())
    level = 100 * float(ds["loss_removed_interval"].attrs.get("level", LEVEL))
    kinds = [kind for kind in PROPERTIES if kind.startswith("loss_") and kind in ds.variables]
    tables = [
        table_over(
            ds,
            ("timescale_quantity", "timescale_layer", "relation_property"),
            (
                "relation_correlation",
                "relation_p_holm",
                "relation_partial_correlation",
                "relation_partial_p_holm",
                "relation_count",
            ),
            title="What time constants go with",
        ),
        table_over(
            ds,
            ("neuron",),
            ("layer", "index", "tau_m", "tau_a", "firing_rate", *kinds, "loss_removed_p_holm"),
            title="Neuron by neuron",
            folded=True,
        ),
    ]
    return Found(
        f"Without {name} {most} of the accuracy ({intact.alone}) is lost, the most of {removed} neurons; a loss is "
        f"shown for {needed} of them (5 %, Holm).",
        headline(rows, note=f"Intervals ({level:g} %) are over trials, those of correlations over neurons."),
        tuple(table for table in tables if table is not None),
        tuple(
            f"Left out: {text}"
            for text in [ds.attrs.get("timescale_left_out", ds.attrs.get("untrained"))]
            if text
        ),
    )


def _correlations(ds):
    """A row for each correlation that there is with the loss of a removed neuron, and of a time constant reset."""
    yield from _by_distance(ds)
    if "loss_removed" not in ds["relation_property"].values:
        return
    for quantity in ds["timescale_quantity"].values:
        for layer in ds["timescale_layer"].values:
            cell = ds.sel(
                timescale_quantity=quantity, timescale_layer=layer, relation_property="loss_removed"
            )
            if np.isfinite(cell["relation_correlation"]):
                text = f"rank correlation of {layer}.{quantity} with the accuracy lost"
                count = f"{int(cell['relation_count'])} neurons"
                yield text, number_of(cell, "relation_correlation"), "1", count


def _by_distance(ds):
    if "reset_correlation" not in ds.variables:
        return
    for quantity in ds["timescale_quantity"].values:
        for layer in ds["timescale_layer"].values:
            cell = ds.sel(timescale_quantity=quantity, timescale_layer=layer)
            if np.isfinite(cell["reset_correlation"]):
                text = f"rank correlation of how far {layer}.{quantity} was reset with the accuracy lost"
                yield text, number_of(cell, "reset_correlation"), "1", f"{int(cell['reset_count'])} neurons"
