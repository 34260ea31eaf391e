"""Dense recurrent networks (LSTM, GRU, plain RNN) with a linear readout, and sizes with as many parameters."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import nn

from ..gradient_bridge.scores import reduce_scores
from ..models.annotations import Readout
from ..models.atomic import written_beside
from .results import ResultError

LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
GATES = {"lstm": 4, "gru": 3, "rnn": 1}
DENSE = tuple(LAYERS)
VERSION = 1
ADLIF = ("se_adlif", "ef_adlif")
SPIKING = ("alif", "lif", *ADLIF)
# Beside weights: bias and membrane time constant, where there is adaptation its time constant, and where it follows the
# membrane coupling and jump.
SPIKING_VALUES = {"alif": 3, "lif": 2, **dict.fromkeys(ADLIF, 5)}
READOUT_VALUES = {**dict.fromkeys(SPIKING, 2), **dict.fromkeys(DENSE, 1)}


class DenseRecurrent(nn.Module):
    """Recurrent layers of real-valued units and a linear readout at every step.

    With h the output of the last layer, the scores of step t are ``W h[t] + b``. Initial weights as for the
    spiking networks: Xavier uniform from below, orthogonal between the units of a layer (each gate by itself), biases
    0; the forget gate of the LSTM starts at bias 1 (Gers et al. 2000; Jozefowicz et al. 2015).

    Parameters
    ----------
    kind : {"lstm", "gru", "rnn"}
        `torch.nn.LSTM`, `GRU`, or `RNN` (tanh). Each layer has two bias vectors, as in torch.
    inputs : int
        Channels, >= 1.
    hidden : sequence of int
        Units of each layer, each >= 1.
    outputs : int
        Classes, >= 1.
    reduce : {"none", "mean", "sum", "last"}
        Over steps, as for `chronaxie.models.Readout`.
    skip : int
        Steps at the beginning that mean and sum leave out, >= 0.
    seed : int
        Of the initial weights, >= 0. Torch's global generator stays as it was.

    Raises
    ------
    ValueError
        An unknown kind or reduction, a size below 1.
    """

    def __init__(self, kind, inputs, hidden, outputs, *, reduce="none", skip=0, seed=0):
        super().__init__()
        _check_kind("DenseRecurrent", kind, DENSE)
        sizes = [inputs, *hidden, outputs]
        _check_sizes("DenseRecurrent", sizes)
        if len(sizes) < 3:
            raise ValueError("DenseRecurrent: hidden: expected at least one layer, got none")
        self.kind, self.sizes = kind, tuple(sizes)
        self.readout = Readout("output", "score", reduce=reduce, skip=skip)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = nn.ModuleList(
                LAYERS[kind](m, n, batch_first=True) for m, n in zip(sizes[:-2], sizes[1:-1], strict=True)
            )
            self.linear = nn.Linear(sizes[-2], outputs)
            self._set_initial_values()

    @torch.no_grad()
    def _set_initial_values(self):
        for layer in self.layers:
            for name, values in layer.named_parameters():
                if name.startswith("bias"):
                    values.zero_()
                    continue
                start = nn.init.xavier_uniform_ if name.startswith("weight_ih") else nn.init.orthogonal_
                for gate in values.chunk(GATES[self.kind]):
                    start(gate)
            if self.kind == "lstm":  # torch's order of the gates: input, forget, cell, output
                layer.bias_ih_l0.chunk(4)[1].fill_(1.0)
        nn.init.xavier_uniform_(self.linear.weight)
        self.linear.bias.zero_()

    def forward(self, stimulus):
        """Class scores.

        Parameters
        ----------
        stimulus : torch.Tensor, shape (trial, time, channel)
            Floats.

        Returns
        -------
        torch.Tensor, shape (trial, time, class) or (trial, class)
            Per step where ``reduce`` is "none".
        """
        if stimulus.ndim != 3 or stimulus.shape[-1] != self.sizes[0]:
            raise ValueError(
                f"{self.kind}: expected a stimulus of shape (trial, time, {self.sizes[0]}), "
                f"got {tuple(stimulus.shape)}"
            )
        values = stimulus
        for layer in self.layers:
            values, _ = layer(values)
        return reduce_scores(self.linear(values), self.readout)


def save_dense(model, path):
    """Write a network: its kind, sizes and readout, and its weights, as tensors and plain values only.

    Parameters
    ----------
    model : DenseRecurrent
    path : path
        Written beside and renamed.
    """
    content = {
        "chronaxie_dense": VERSION,
        "kind": model.kind,
        "sizes": list(model.sizes),
        "reduce": model.readout.reduce,
        "skip": model.readout.skip,
        "weights": {name: values.detach().cpu() for name, values in model.state_dict().items()},
    }
    # By a path torch writes the file's name into it, here one that differs each time.
    with written_beside(path) as beside, open(beside, "wb") as file:
        torch.save(content, file)


def load_dense(path: str | os.PathLike[str]) -> DenseRecurrent:
    """Read a network that `save_dense` wrote; nothing in the file is executed (``weights_only``).

    Parameters
    ----------
    path : path
        The ``.pt`` file that `chronaxie train` wrote.

    Returns
    -------
    DenseRecurrent

    Raises
    ------
    ResultError
        Missing, damaged, of something else, or with weights of other names, sizes or values that are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise ResultError(f"{path}: no such file; expected the .pt file that `chronaxie train` wrote")
    try:
        content = torch.load(path, weights_only=True)
    except Exception as error:  # torch names no common class for a file that it cannot read
        raise ResultError(
            f"{path}: not a readable file of weights ({type(error).__name__}: {str(error)[:200]}); train again"
        ) from error
    expected = {"chronaxie_dense", "kind", "sizes", "reduce", "skip", "weights"}
    if not isinstance(content, dict) or set(content) != expected or content["chronaxie_dense"] != VERSION:
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise ResultError(
            f"{path}: expected a dense network of version {VERSION} with {', '.join(sorted(expected))}, "
            f"found {found}"
        )
    try:
        first, *hidden, last = content["sizes"]
        model = DenseRecurrent(
            content["kind"], first, hidden, last, reduce=content["reduce"], skip=content["skip"]
        )
        model.load_state_dict(content["weights"])
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:
        what = " ".join(str(error).split())[:300]
        raise ResultError(f"{path}: its parts do not fit each other: {what}") from error
    for name, values in model.state_dict().items():
        if not bool(torch.isfinite(values).all()):
            raise ResultError(f"{path}: {name} holds values that are not finite; train again")
    return model


def count_parameters(model):
    """Number of trained numbers of a module: of a `Twin` only what it was told to train."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def parameters_of(kind, inputs, hidden, outputs, *, recurrent=True, spiking_output=False):
    """Number of trained numbers of a network by its sizes, without making it.

    With m inputs and n units a layer has

    * ``mn + nn + 3n`` (ALIF: weights, bias, tau_m, tau_a), ``mn + nn + 2n`` (LIF), ``mn + nn + 5n`` (SE- and EF-adLIF:
      coupling and jump too),
    * ``g (mn + nn + 2n)`` (dense; g = 4, 3, 1 gates for LSTM, GRU, RNN; two bias vectors);

    the readout ``no + 2o`` (spiking: weights, bias, tau_m; as a hidden unit where its spikes are counted) or
    ``no + o`` (dense).

    Parameters
    ----------
    kind : {"alif", "lif", "se_adlif", "ef_adlif", "lstm", "gru", "rnn"}
    inputs, outputs : int
        >= 1.
    hidden : sequence of int
    recurrent : bool or sequence of bool
        Layers that have the term nn, for spiking networks.
    spiking_output : bool
        Whether the readout of a spiking network spikes itself.

    Returns
    -------
    int
    """
    _check_kind("parameters_of", kind, (*SPIKING, *DENSE))
    _check_sizes("parameters_of", [inputs, *hidden, outputs])
    looped = [recurrent] * len(hidden) if isinstance(recurrent, bool) else list(recurrent)
    total, below = 0, inputs
    for n, loop in zip(hidden, looped, strict=True):
        if kind in SPIKING:
            total += below * n + loop * n * n + SPIKING_VALUES[kind] * n
        else:
            total += GATES[kind] * (below * n + n * n + 2 * n)
        below = n
    values = (SPIKING_VALUES if spiking_output and kind in SPIKING else READOUT_VALUES)[kind]
    return total + below * outputs + values * outputs


def equal_parameters(kind, inputs, outputs, parameters, *, layers=1, recurrent=True, spiking_output=False):
    """Hidden size at which a network has nearest to a given number of parameters.

    Parameters
    ----------
    kind : {"alif", "lif", "lstm", "gru", "rnn"}
    inputs, outputs : int
        >= 1.
    parameters : int
        Wanted number, >= 1.
    layers : int
        Hidden layers, all of the returned size.
    recurrent, spiking_output
        As for `parameters_of`.

    Returns
    -------
    int
        >= 1; of two sizes that are equally near the smaller one.
    """
    _check_sizes("equal_parameters", [parameters, layers])

    def count(size):
        return parameters_of(
            kind,
            inputs,
            [size] * layers,
            outputs,
            recurrent=recurrent,
            spiking_output=spiking_output,
        )

    size = 1
    while count(size) < parameters:
        size *= 2
    low, high = max(1, size // 2), size
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) < parameters else (low, middle)
    return min((low, high), key=lambda n: (abs(count(n) - parameters), n))


def _check_kind(where, kind, kinds):
    if kind not in kinds:
        raise ValueError(f"{where}: kind must be one of {', '.join(kinds)}, got {kind!r}")


def _check_sizes(where, sizes):
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{where}: sizes must be whole numbers >= 1, got {sizes!r}")
