"""Questions that need Brian2 or torch, asked by ``python -m chronaxie.studies.doctor.questions``; answers as JSON.

Everything is imported where it is asked for: an answer of this module may be that an import fails.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module

from .findings import BROKEN, NOT_HERE, OK

DURATION = 0.05  # s
THREE = 3


def modules(*names):
    """Import modules, an answer each with ``module``."""
    for name in names:
        began = time.perf_counter()
        try:
            import_module(name)
        except (Exception, SystemExit) as error:
            yield _broken(error) | {"module": name}
        else:
            seconds = time.perf_counter() - began
            yield {"state": OK, "found": f"imported in {seconds:.1f} s", "advice": "", "module": name}


def device(name):
    """Simulate three neurons on a Brian2 device and compare their spikes with those of numpy."""
    import numpy as np

    from ...models import simulate
    from ...models.devices import check_device
    from ...models.errors import DeviceError

    try:
        check_device(name)
    except DeviceError as error:
        yield {"state": NOT_HERE, "found": str(error), "advice": ""}
        return
    began = time.perf_counter()
    network, names = _network(), ("cells_spike_neuron", "cells_spike_time")
    here = simulate(network, duration=DURATION, device=name)
    seconds = time.perf_counter() - began
    expected = here if name == "numpy" else simulate(network, duration=DURATION, device="numpy")
    spikes = len(expected.cells_spike_time)
    if not spikes or not all(np.array_equal(here[n].values, expected[n].values) for n in names):
        found = f"{len(here.cells_spike_time)} spikes, not the {spikes} of numpy"
        yield {"state": BROKEN, "found": found, "advice": ""}
        return
    yield {"state": OK, "found": f"{spikes} spikes as expected, {seconds:.1f} s", "advice": ""}


def engine(name, where="cpu"):
    """Run a twin of three neurons forward and backward and compare with the reference engine on the CPU."""
    import torch

    from ...gradient_bridge import native

    if name == "fused":
        try:
            compiler = native.find_compiler()
        except native.NativeBuildError as error:
            yield {"state": NOT_HERE, "found": str(error), "advice": ""}
            return
    if where == "cuda" and not torch.cuda.is_available():
        found = f"PyTorch {torch.__version__} sees no NVIDIA GPU"
        yield {"state": NOT_HERE, "found": found, "advice": "twin.to('cuda') would train there"}
        return
    began = time.perf_counter()
    spikes, slope = _passed(name, where)
    seconds = time.perf_counter() - began
    expected_spikes, expected_slope = _passed("reference", "cpu")
    alike = torch.equal(spikes, expected_spikes) and torch.allclose(slope, expected_slope, rtol=1e-6, atol=0)
    if not (alike and spikes.any() and slope.abs().min() > 0):
        found = f"{int(spikes.sum())} spikes and gradients {slope.tolist()}, expected {int(expected_spikes.sum())} and "
        yield {"state": BROKEN, "found": found + str(expected_slope.tolist()), "advice": ""}
        return
    by = ""
    if name == "fused":
        by = f", by {compiler[0]}"
    elif where == "cuda":
        by = f", on {torch.cuda.get_device_name()}"
    yield {"state": OK, "found": f"spikes and gradients as expected, {seconds:.1f} s{by}", "advice": ""}


def threads():
    """How many threads PyTorch takes."""
    import torch

    yield {"state": OK, "found": str(torch.get_num_threads()), "advice": ""}


def _network():
    from brian2 import Network, NeuronGroup, ms

    cells = NeuronGroup(
        THREE,
        "dv/dt = (drive - v)/tau : 1\ndrive : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        namespace={"tau": 10 * ms},
        dt=0.5 * ms,
        name="cells",
    )
    cells.drive = [1.5, 2.0, 3.0]
    return Network(cells)


def _passed(name, where):
    """Spikes (time, neuron) of a twin and the gradient of their number by ``drive`` (neuron), on the CPU."""
    from ...gradient_bridge import Twin

    twin = Twin(_network(), trainable=("drive",), engine=name, surrogate="gaussian").to(where)
    spikes = twin(duration=DURATION).spikes["cells"]
    spikes.sum().backward()
    (parameter,) = twin.parameters()
    return spikes.detach()[0].cpu(), parameter.grad.detach().cpu()


def _broken(error):
    return {"state": BROKEN, "found": f"{type(error).__name__}: {' '.join(str(error).split())}", "advice": ""}


QUESTIONS = {"modules": modules, "device": device, "engine": engine, "threads": threads}


def main(arguments, stream):
    """Write the answers to one question to a stream, a line each."""
    name, *given = arguments
    try:
        for answer in QUESTIONS[name](*given):
            print(json.dumps(answer), file=stream)
    except (Exception, SystemExit) as error:
        print(json.dumps(_broken(error)), file=stream)


if __name__ == "__main__":
    # What packages print, from C too, goes to stderr: stdout is for answers alone.
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(2, 1)
        main(sys.argv[1:], answers)
