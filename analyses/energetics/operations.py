"""Operations of a spiking network per decision step, counted from the spikes it really emitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..activity.rates import decision_steps
from ..errors import InvalidInput
from ..variables import require, variable
from .costs import NeuronCost
from .synapses import count_synaptic
from .tally import neuron_cost


@dataclass(frozen=True)
class Counts:
    """Operations per decision step: arrays (trial, group) where spikes matter, (group,) elsewhere."""

    groups: tuple[str, ...]
    sizes: np.ndarray
    spikes: np.ndarray
    synaptic: np.ndarray
    synaptic_formula: np.ndarray
    own: np.ndarray
    state_mac: np.ndarray
    graded_mac: np.ndarray
    sends: np.ndarray
    neurons: dict[str, NeuronCost]
    dt_ref: float
    steps: int

    @property
    def hidden_rate(self):
        """Mean spikes per neuron and decision step of the groups that receive synapses and send some."""
        hidden = [k for k, group in enumerate(self.groups) if group in self.neurons and self.sends[k]]
        if not hidden:
            return np.nan
        return self.spikes[:, hidden].sum(axis=1).mean() / self.sizes[hidden].sum()


def operations(
    ds: xr.Dataset,
    *,
    models: Mapping[str, str | NeuronCost],
    graded: Sequence[str] = (),
    dt_ref: float | None = None,
) -> xr.Dataset:
    """Count the operations of a simulated network per decision step.

    An accumulate (AC) is one weight added for one spike that arrives over one synapse: spikes × fan-out,
    counted. A multiply-accumulate (MAC) is part of a state update, done by every neuron in every decision
    step, whether it spikes or not: the update of the model, once per `dt_ref`, however fine the step of the
    simulation was. A spike also costs its own neuron accumulates (reset, adaptation). Not counted: memory
    traffic, biases, exponentials.

    Parameters
    ----------
    ds : Dataset
        A simulation with spikes of every spiking group, ``synapses (connection)`` with the coordinates
        ``source`` and ``target``, ``<group>_fan_out (<group>_neuron)``; attributes `trials`, `duration`,
        `dt_ref`.
    models : mapping of str to str or NeuronCost
        For every group that receives synapses: ``"ALIF"``, ``"LIF"``, ``"LeakyIntegrator"`` or a
        `NeuronCost`.
    graded : sequence of str
        Source groups that send a real number in every decision step instead of spikes (input currents): each
        of their synapses is one MAC a step.
    dt_ref : float, optional
        Decision step in s, which divides the duration; None: the attribute.

    Returns
    -------
    Dataset
        On ``operations_group`` (sources first, in the order of the connections), per decision step, mean over
        trials: ``operations_spikes``; ``operations_synaptic_ac`` (caused by the spikes of this group);
        ``operations_synaptic_ac_formula`` (the same from mean rate × synapses); ``operations_spike_ac``;
        ``operations_state_mac``; ``operations_graded_mac``. Scalars ``operations_ac``, ``operations_mac``
        are the sums.

    Raises
    ------
    MissingVariable
        Spikes, fan-out, synapses or an attribute are missing.
    InvalidInput
        `models` does not name the groups that receive synapses, fan-out and synapses contradict each other, or
        the decision steps do not fill the trial.
    """
    return operation_variables(
        count_operations(ds, models=models, graded=graded, dt_ref=dt_ref, where="operations")
    )


def operation_variables(counts):
    """The dataset of `operations` from `Counts`."""
    dim = "operations_group"
    per_step = "per decision step"
    ac = counts.synaptic + counts.own
    mac = counts.state_mac + counts.graded_mac
    by_group = {
        "operations_spikes": (counts.spikes.mean(axis=0), f"spikes {per_step}"),
        "operations_synaptic_ac": (
            counts.synaptic.mean(axis=0),
            f"synaptic accumulates {per_step}, spikes x fan-out",
        ),
        "operations_synaptic_ac_formula": (
            counts.synaptic_formula.mean(axis=0),
            f"synaptic accumulates {per_step}, mean rate x synapses",
        ),
        "operations_spike_ac": (
            counts.own.mean(axis=0),
            f"accumulates {per_step} of reset and adaptation",
        ),
        "operations_state_mac": (counts.state_mac, f"multiply-accumulates {per_step} of the state update"),
        "operations_graded_mac": (counts.graded_mac, f"multiply-accumulates {per_step} of graded signals"),
    }
    return xr.Dataset(
        {
            **{
                name: variable(values, dim, units="1", long_name=text)
                for name, (values, text) in by_group.items()
            },
            "operations_ac": variable(ac.sum(axis=1).mean(), units="1", long_name=f"accumulates {per_step}"),
            "operations_mac": variable(
                float(mac.sum()), units="1", long_name=f"multiply-accumulates {per_step}"
            ),
        },
        coords={dim: variable(list(counts.groups), dim, units="1", long_name="group of neurons")},
        attrs={"operations_dt_ref": counts.dt_ref},
    )


def count_operations(ds, *, models, graded=(), dt_ref=None, where="count_operations"):
    """Return the `Counts` behind `operations` (same arguments and errors)."""
    require(ds, "synapses", "source", "target", where=where)
    costs = _neuron_costs(models, ds["target"].values.tolist(), where=where)
    also = [group for group, cost in costs.items() if cost.ac]
    counts = count_synaptic(ds, graded=graded, also=also, where=where)
    step, steps = decision_steps(ds, dt_ref, where=where)
    spikes, groups = counts.spikes / steps, counts.groups
    synapses = np.where(counts.graded, 0, counts.synapses)
    return Counts(
        groups=groups,
        sizes=counts.sizes,
        spikes=spikes,
        synaptic=counts.events / steps,
        synaptic_formula=spikes * (synapses / np.maximum(counts.sizes, 1)),
        own=spikes * np.array([costs[g].ac if g in costs else 0 for g in groups]),
        state_mac=counts.sizes * np.array([costs[g].mac if g in costs else 0 for g in groups]),
        graded_mac=np.where(counts.graded, counts.synapses, 0.0),
        sends=counts.synapses > 0,
        neurons=costs,
        dt_ref=step,
        steps=steps,
    )


def _neuron_costs(models, target, *, where):
    receiving = list(dict.fromkeys(target))
    missing = [group for group in receiving if group not in models]
    unknown = [group for group in models if group not in receiving]
    if missing or unknown:
        wrong = f"{missing[0]!r} is missing" if missing else f"{unknown[0]!r} receives no synapse"
        raise InvalidInput(
            f"{where}: models must name the groups that receive synapses ({', '.join(receiving)}); {wrong}"
        )
    return {group: neuron_cost(model, group=group, where=where) for group, model in models.items()}
