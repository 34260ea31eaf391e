"""What a twin returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from .spikes import SpikesByGroup


@dataclass(frozen=True)
class Recording:
    """One pass of a twin.

    Parameters
    ----------
    spikes : mapping of str to torch.Tensor, shape (trial, time, neuron)
        0 and 1, of every spiking group, inputs among them, in the steps of the group's own clock. Without gradients
        they are kept as events and unfolded when a group is asked for.
    states : dict of str to dict of str to torch.Tensor, shape (trial, time, neuron)
        ``states[group][variable]``: the traces that were asked for, SI.
    final : mapping of str to dict of str to torch.Tensor
        ``final[object][variable]`` after the last step, of shape (trial, element) for what changes in a run, else
        (element,); shared ones are () where they do not change or in one trial, (trial, 1) in several.
    dt : float
        Time step in seconds.
    steps : mapping of str to float
        Time step of each group that has spikes or traces here, where its clock is not the finest one.
    """

    spikes: Mapping[str, torch.Tensor]
    states: dict[str, dict[str, torch.Tensor]]
    final: Mapping[str, dict[str, torch.Tensor]]
    dt: float
    steps: Mapping[str, float] = field(default_factory=dict)

    def step(self, group: str) -> float:
        """Time step of a group's spikes and traces (s)."""
        return self.steps.get(group, self.dt)

    def __repr__(self):
        shapes = ", ".join(f"{group} {self.spikes.shape(group)}" for group in self.spikes)
        traces = ", ".join(f"{group}.{name}" for group, found in self.states.items() for name in found)
        return f"Recording(spikes (trial, time, neuron): {shapes}; traces: {traces or 'none'}; dt: {self.dt:g} s)"


class FinalValues(Mapping):
    """Values after the last step by owner, gathered when one is first asked for.

    Parameters
    ----------
    gather : callable
        Returns a dict of tensors and numbers by array key.
    """

    def __init__(self, gather):
        self._gather, self._found = gather, None

    def _by_owner(self):
        if self._found is None:
            self._found = by_owner(self._gather())
        return self._found

    def __getitem__(self, owner):
        return self._by_owner()[owner]

    def __iter__(self):
        return iter(self._by_owner())

    def __len__(self):
        return len(self._by_owner())


def by_owner(values):
    """A dict by array key as one by owner and name."""
    found = {}
    for key, value in values.items():
        owner, _, name = key.rpartition(".")
        kind = {"dtype": torch.float64} if isinstance(value, float) else {}
        found.setdefault(owner, {})[name] = torch.as_tensor(value, **kind)
    return found


def recording_of(program, spikes, states, final):
    """What an engine returns, by owner.

    Parameters
    ----------
    program : Program
    spikes : dict of str to torch.Tensor or SparseSpikes
        By group.
    states : dict of (str, str) to torch.Tensor
        By array key and slot.
    final : callable
        Returns what every array holds at the end, by array key.

    Returns
    -------
    Recording
    """
    traces = {}
    for (key, _), value in states.items():
        owner, _, name = key.rpartition(".")
        traces.setdefault(owner, {})[name] = value
    steps = {owner: program.clock_of(owner).dt for owner in [*spikes, *traces]}
    return Recording(
        spikes=SpikesByGroup(spikes), states=traces, final=FinalValues(final), dt=program.dt, steps=steps
    )
