"""A generated engine from a folder outside of this repository: a bar for speed, no part of the package."""

import dataclasses
import logging
import sys

import torch

from .case import torch_case
from .plain_torch import NAMES
from .sizes import TAU_A, TAU_M, currents, weights

STEP = 1e-3  # s, of its model


def generated(size, *, bias, folder, dtype="float32"):
    """The prototype's engine on its ALIF layer."""
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    logging.disable(logging.CRITICAL)
    import generated_engine
    import generated_models

    n, kind = size.neurons, getattr(torch, dtype)
    engine = generated_engine.Engine(generated_models.alif(n), n, ("tau_m", "tau_a"), dtype=kind)
    x = torch.from_numpy(currents(size, bias)).to(kind)
    w = torch.from_numpy(weights(n)).to(kind).requires_grad_()
    leaves = {
        name: torch.full((n,), float(value.flat[0]), dtype=torch.float64)
        for name, value in engine.program.leaves.items()
    }
    leaves |= {
        name: torch.full((n,), tau * STEP, dtype=torch.float64)
        for name, tau in (("tau_m", TAU_M), ("tau_a", TAU_A))
    }
    trained = [leaves[name].requires_grad_() for name in ("tau_m", "tau_a")]
    case = torch_case(lambda: engine(x, w, leaves), [w, *trained], "w, tau_m, tau_a", names=NAMES)

    def result():
        spikes, gradients = case.result()
        return spikes, gradients | {name: gradients[name] * STEP for name in ("tau_m", "tau_a")}

    return dataclasses.replace(case, result=result)
