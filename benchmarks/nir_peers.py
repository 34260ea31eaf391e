"""The same NIR graphs in Brian2, Norse and snnTorch: ``.venv-bench/bin/python benchmarks/nir_peers.py``.

Each graph gets the same spikes at 0.1 ms, the step that snnTorch's reader has fixed. What differs is how each library
steps the equations; so Brian2 runs each graph twice, with its exact solution and by Euler's method as the libraries do.
`make bench` makes the environment.
"""

import argparse
import contextlib
import io
import json
import logging
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import nir
import numpy as np
import xarray as xr

DT = 1e-4
STEPS = 2000


@dataclass(frozen=True)
class Row:
    """Spikes of one graph in one library, beside Brian2's.

    Parameters
    ----------
    graph, library : str
    spikes : int
        Of the output population.
    euler, exact : int
        Of Brian2, by Euler's method and as `from_nir` makes it.
    late : int
        Steps by which Brian2's spikes by Euler's method come later.
    same : int
        Spikes that are in both, so shifted.
    near : float
        Share of the library's spikes with one of Brian2's, exact, of the same neuron within 1 ms.
    """

    graph: str
    library: str
    spikes: int
    euler: int
    exact: int
    late: int
    same: int
    near: float


def _population(kind, n, rng):
    """Neurons that all three libraries read as NIR defines them: one time constant, no leak potential, reset to 0."""
    full = np.ones(n)
    if kind == "LIF":  # Norse leaves r out
        return nir.LIF(tau=full * 5e-3, r=full, v_leak=0 * full, v_threshold=full * 0.5, v_reset=0 * full)
    return nir.CubaLIF(  # snnTorch reads no r but tau_mem/dt, and scales its threshold by w_in dt/tau_syn
        tau_syn=full * 4e-3,
        tau_mem=full * 8e-3,
        r=full * 8e-3 / DT,
        v_leak=0 * full,
        v_threshold=full,
        v_reset=0 * full,
        w_in=full * 4e-3 / DT,
    )


def graph_of(kind, *, loop, seed=0):
    """Five inputs, a hidden population of eight, an output population of four; a loop back or within the first."""
    rng = np.random.default_rng(seed)
    scale = {"LIF": (8, 12), "CubaLIF": (0.02, 0.03)}[kind]
    nodes = {
        "input": nir.Input({"input": np.array([5])}),
        "fc1": nir.Linear(scale[0] * rng.uniform(0.2, 1.0, (8, 5))),
        "hidden.lif": _population(kind, 8, rng),
        "fc2": nir.Linear(scale[1] * rng.uniform(0.2, 1.0, (4, 8))),
        "lif2": _population(kind, 4, rng),
        "output": nir.Output({"output": np.array([4])}),
    }
    edges = [
        ("input", "fc1"),
        ("fc1", "hidden.lif"),
        ("hidden.lif", "fc2"),
        ("fc2", "lif2"),
        ("lif2", "output"),
    ]
    if loop == "feedback":
        nodes["back"] = nir.Linear(0.3 * scale[0] * rng.normal(size=(8, 4)))
        edges += [("lif2", "back"), ("back", "hidden.lif")]
    if loop == "own":
        nodes["hidden.w_rec"] = nir.Linear(0.3 * scale[0] * rng.normal(size=(8, 8)))
        edges += [("hidden.lif", "hidden.w_rec"), ("hidden.w_rec", "hidden.lif")]
    return nir.NIRGraph(nodes=nodes, edges=edges)


def input_spikes(seed=1):
    """Spikes (time, channel) at 300 Hz."""
    return (np.random.default_rng(seed).random((STEPS, 5)) < 300 * DT).astype(np.float32)


def in_brian2(graph, spikes, method=None):
    """Output spikes (time, neuron) of Brian2; `method` other than that of `from_nir`."""
    import chronaxie as cx
    from chronaxie.models import dense
    from chronaxie.models.interchange import from_nir
    from chronaxie.models.methods import with_method

    description = cx.describe(from_nir(graph, dt=DT), namespace={})
    if method is not None:
        description = with_method(description, method)
    times = np.arange(STEPS) * DT
    stimulus = xr.DataArray(spikes[None], dims=("trial", "time", "channel"), coords={"time": times})
    out = cx.simulate(description, stimulus, device="numpy")
    return dense(out, "lif2").values[0].astype(int)


def in_norse(graph, spikes):
    """Output spikes of Norse."""
    import torch
    from norse.torch import from_nir

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        module = from_nir(graph, dt=DT)
        logging.disable(logging.NOTSET)
    found, state = [], None
    with torch.no_grad():
        for x in torch.from_numpy(spikes):
            _, state = module(x[None], state)
            # Of a graph with a loop it returns what ran last, which need not be what leads to the Output.
            found.append(state.cache["lif2"][0].numpy())
    return np.array(found).astype(int)


def in_snntorch(graph, spikes):
    """Output spikes of snnTorch."""
    import torch
    from snntorch.import_nir import import_from_nir

    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it scales
        module = import_from_nir(graph)
    found, state = [], None
    with torch.no_grad():
        for x in torch.from_numpy(spikes):
            out, state = module(x[None], state)
            found.append(out[0].numpy())
    return np.array(found).astype(int)


LIBRARIES = {"Norse": in_norse, "snnTorch": in_snntorch}
CASES = {
    "LIF": ("LIF", None),
    "LIF, loop of two populations": ("LIF", "feedback"),
    "LIF, loop of one population": ("LIF", "own"),
    "CubaLIF": ("CubaLIF", None),
    "CubaLIF, loop of two populations": ("CubaLIF", "feedback"),
    "CubaLIF, loop of one population": ("CubaLIF", "own"),
}


def compare(name, library):
    """One row; the library's own error where it does not read the graph."""
    kind, loop = CASES[name]
    spikes = input_spikes()
    euler = in_brian2(graph_of(kind, loop=loop), spikes, "euler")
    exact = in_brian2(graph_of(kind, loop=loop), spikes)
    found = LIBRARIES[library](graph_of(kind, loop=loop), spikes)
    same = [(euler[late:] & found[: STEPS - late]).sum() for late in range(4)]
    late = int(np.argmax(same))
    window = round(1e-3 / DT)
    around = np.array([exact[max(0, t - window) : t + window + 1].max(0) for t in range(STEPS)])
    near = float((found & around).sum() / max(found.sum(), 1))
    return Row(
        name, library, int(found.sum()), int(euler.sum()), int(exact.sum()), late, int(same[late]), near
    )


def main():
    """Print the table; ``--json PATH`` writes it too."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", type=Path, metavar="PATH")
    given = parser.parse_args()
    print(
        "| graph | library | spikes | Brian2, Euler | the same, later by (steps) | Brian2, exact | within 1 ms |"
    )
    print("|---|---|---|---|---|---|---|")
    rows = []
    for name in CASES:
        for library in LIBRARIES:
            try:
                row = compare(name, library)
            except (
                AssertionError,
                NotImplementedError,
                RuntimeError,
                TypeError,
                ValueError,
                KeyError,
            ) as error:
                said = (str(error).strip() or type(error).__name__).splitlines()[0]
                print(f"| {name} | {library} | does not run: {said} | | | | |", flush=True)
                continue
            rows.append(asdict(row))
            print(
                f"| {row.graph} | {row.library} | {row.spikes} | {row.euler} | {row.same}, {row.late} | {row.exact} | "
                f"{100 * row.near:.1f} % |",
                flush=True,
            )
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
