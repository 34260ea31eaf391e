"""Values of a pass in the form in which C reads them."""

from __future__ import annotations

import torch


def as_bytes(stimulus):
    """Spikes as bytes, without a copy where they are."""
    stimulus = stimulus.detach()
    if stimulus.dtype == torch.bool:
        stimulus = stimulus.view(torch.uint8)
    return stimulus.to(torch.uint8).contiguous()


def filling(value, shape, dtype):
    """A value as a tensor of some shape; one that has it already adds nothing to the graph."""
    value = torch.as_tensor(value).to(dtype)
    return value if value.shape == shape else value.expand(shape)


def stacked(values, layout, dtype):
    """The coefficients of a group as C reads them, (coefficient, neuron), without their graph."""
    found = torch.empty(len(layout.coefficients), layout.size, dtype=dtype)
    rows = found.numpy()
    for row, key in zip(rows, layout.coefficients, strict=True):
        value = values[key]
        row[...] = value.detach().numpy() if isinstance(value, torch.Tensor) else value
    return found


def matrix(values, wiring, dense):
    """Values of synapses as the rows of a matrix, or in the order of the wiring."""
    if values.ndim == 2:
        return values
    if not dense:
        return values[wiring.synapses]
    return wiring.matrix(values)
