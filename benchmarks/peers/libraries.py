"""The layer in libraries for spiking networks, as near to the papers' as each can say it.

Inputs go in as currents. Where a layer insists on input weights they are the identity.
"""

import math

import torch

from .case import torch_case
from .sizes import B0, TAU_A, TAU_M, currents, weights


def _lsnn_parameters(neurons):
    from norse.torch.functional.lsnn import LSNNParameters

    rates = (torch.nn.Parameter(torch.full((neurons,), 1e3 / tau)) for tau in (TAU_M, TAU_A))
    tau_mem_inv, tau_adapt_inv = rates
    return LSNNParameters(tau_mem_inv=tau_mem_inv, tau_adapt_inv=tau_adapt_inv, v_th=torch.tensor(B0))


def norse(size, *, bias):
    """Norse's recurrent layer of LSNN cells; its input weights, the identity, get no gradient."""
    from norse.torch import LSNNRecurrent

    x, n = torch.from_numpy(currents(size, bias)), size.neurons
    p = _lsnn_parameters(n)
    w = torch.from_numpy(weights(n)).T.contiguous()
    layer = LSNNRecurrent(n, n, p=p, input_weights=torch.eye(n), recurrent_weights=w, autapses=True)
    layer.recurrent_weights.requires_grad_()
    leaves = [layer.recurrent_weights, p.tau_mem_inv, p.tau_adapt_inv]
    return torch_case(lambda: layer(x)[0], leaves, "w, tau_m, tau_a")


def norse_cell(size, *, bias):
    """Norse's LSNN cell with the recurrence as a product of our own: no input weights."""
    from norse.torch import LSNNCell

    x, n = torch.from_numpy(currents(size, bias)), size.neurons
    w, p = torch.from_numpy(weights(n)).requires_grad_(), _lsnn_parameters(n)
    cell = LSNNCell(p=p)

    def forward():
        s, state, out = torch.zeros(size.trials, n), None, []
        for current in x:
            s, state = cell(current + s @ w, state)
            out.append(s)
        return torch.stack(out)

    return torch_case(forward, [w, p.tau_mem_inv, p.tau_adapt_inv], "w, tau_m, tau_a")


def snntorch(size, *, bias):
    """snnTorch's recurrent leaky unit, which does not adapt."""
    from snntorch import RLeaky

    x, n = torch.from_numpy(currents(size, bias)), size.neurons
    layer = RLeaky(beta=torch.full((n,), math.exp(-1 / TAU_M)), linear_features=n, learn_beta=True)

    def forward():
        s, v = layer.reset_mem()
        out = []
        for current in x:
            s, v = layer(current, s, v)
            out.append(s)
        return torch.stack(out)

    return torch_case(forward, list(layer.parameters()), "w, a bias, tau_m")


def spikingjelly(size, *, bias):
    """SpikingJelly's parametric LIF, which does not adapt, in its recurrent container of one weight (2N to N)."""
    from spikingjelly.activation_based import functional, layer, neuron

    x, n = torch.from_numpy(currents(size, bias)), size.neurons
    unit = neuron.ParametricLIFNode(init_tau=TAU_M, v_threshold=0.1, v_reset=None)
    container = layer.LinearRecurrentContainer(unit, n, n, bias=False, step_mode="m")
    with torch.no_grad():
        container.rc.weight[:, :n] = torch.eye(n)

    def forward():
        functional.reset_net(container)
        return container(x)

    return torch_case(forward, list(container.parameters()), "input weights, w, one tau_m")


def spikingjelly_loop(size, *, bias):
    """SpikingJelly's parametric LIF with the recurrence as a product of our own: no input weights."""
    from spikingjelly.activation_based import functional, neuron

    x, n = torch.from_numpy(currents(size, bias)), size.neurons
    w = torch.from_numpy(weights(n)).requires_grad_()
    unit = neuron.ParametricLIFNode(init_tau=TAU_M, v_threshold=0.1, v_reset=None)

    def forward():
        functional.reset_net(unit)
        s, out = torch.zeros(size.trials, n), []
        for current in x:
            s = unit(current + s @ w)
            out.append(s)
        return torch.stack(out)

    return torch_case(forward, [w, *unit.parameters()], "w, one tau_m")
