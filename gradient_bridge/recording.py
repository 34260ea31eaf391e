"""What a twin returns."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Recording:
    """One pass of a twin.

    Attributes
    ----------
    spikes : dict of str to torch.Tensor, shape (trial, time, neuron)
        0 and 1, of every spiking group, inputs among them.
    states : dict of str to dict of str to torch.Tensor, shape (trial, time, neuron)
        ``states[group][variable]``: the traces that were asked for, SI.
    final : dict of str to dict of str to torch.Tensor
        ``final[object][variable]`` after the last step: (trial, neuron) for what changes, else (neuron,) or ().
    dt : float
        Time step in seconds.
    """

    spikes: dict[str, torch.Tensor]
    states: dict[str, dict[str, torch.Tensor]]
    final: dict[str, dict[str, torch.Tensor]]
    dt: float

    def __repr__(self):
        shapes = ", ".join(f"{group} {tuple(spikes.shape)}" for group, spikes in self.spikes.items())
        traces = ", ".join(f"{group}.{name}" for group, found in self.states.items() for name in found)
        return f"Recording(spikes (trial, time, neuron): {shapes}; traces: {traces or 'none'}; dt: {self.dt:g} s)"
