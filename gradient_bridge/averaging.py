"""The mean of a model's parameters over the last steps of a training."""

from __future__ import annotations

from contextlib import contextmanager

import torch


class Average:
    """Exponential moving average of the trained parameters; the plain mean of all steps as long as these are few.

    Averages of the last steps lie closer to the minimum than any one of them (Polyak and Juditsky, SIAM Journal on
    Control and Optimization 30, 838, 1992). Buffers (of batch normalisation) are not averaged.

    Parameters
    ----------
    model : torch.nn.Module
    steps : int
        Time constant of the average, in steps of the optimiser, >= 1.
    """

    def __init__(self, model, steps):
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.steps, self.made = steps, 0
        self.means = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def update(self):
        """Take in the parameters as a step has left them."""
        self.made += 1
        share = 1 / min(self.made, self.steps)
        for mean, parameter in zip(self.means, self.parameters, strict=True):
            mean.lerp_(parameter, share)

    @contextmanager
    def in_place(self):
        """The model has the averages for parameters in the body, its own again afterwards."""
        own = [p.detach().clone() for p in self.parameters]
        self._set(self.means)
        try:
            yield
        finally:
            self._set(own)

    @torch.no_grad()
    def _set(self, values):
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.copy_(value)

    def content(self):
        """What a checkpoint holds."""
        return {"made": self.made, "means": self.means}

    @torch.no_grad()
    def restore(self, content):
        """Continue from a checkpoint."""
        self.made = content["made"]
        for mean, value in zip(self.means, content["means"], strict=True):
            mean.copy_(value)
