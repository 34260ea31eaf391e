"""What a competitor offers to the process that measures it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One competitor, built for one size.

    Parameters
    ----------
    train : callable
        One training step: forward, loss, backward.
    rate : callable
        Mean number of spikes per neuron and step.
    infer : callable or None
        The spikes without gradients.
    forget : callable
        Drops the gradients, so that a step starts without them.
    learns : str
        What gets a gradient.
    result : callable or None
        Spikes (time, trial, neuron) and a dict of gradients, as NumPy arrays: of ``w``, and of ``tau_m`` and ``tau_a``
        by steps where the model is the papers'.
    parts : callable or None
        The parts (s) of the training steps since it was called last, as a list of dicts.
    """

    train: Callable
    rate: Callable
    infer: Callable | None = None
    forget: Callable = lambda: None
    learns: str = ""
    result: Callable | None = None
    parts: Callable | None = None


def torch_case(forward, leaves, learns, *, names=None):
    """The `Case` of a torch forward pass whose loss is the mean of the spikes.

    It is written as a sum by a factor: autograd hands back one number for all spikes, where the derivative of
    `torch.Tensor.mean` is an array of the same number, which XLA does not make either.

    Parameters
    ----------
    forward : callable
        Without arguments, to the spikes (time, trial, neuron).
    leaves : list of torch.Tensor
        What gets a gradient.
    learns : str
    names : sequence of str, optional
        Names of the leaves in `Case.result`; without it the model is another one.
    """
    import torch

    def forget():
        for leaf in leaves:
            leaf.grad = None

    def train():
        forget()
        spikes = forward()
        (spikes.sum() * (1 / spikes.numel())).backward()

    def infer():
        with torch.no_grad():
            return forward()

    def result():
        train()
        gradients = {n: leaf.grad.numpy().copy() for n, leaf in zip(names, leaves, strict=True)}
        return infer().numpy().copy(), gradients

    return Case(
        train=train,
        infer=infer,
        rate=lambda: float(infer().mean()),
        forget=forget,
        learns=learns,
        result=None if names is None else result,
    )
