"""`to_nir`, `from_nir` and their files: a Brian2 network as a graph of the Neuromorphic Intermediate Representation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from brian2 import Network, Quantity
from brian2.core.namespace import get_local_namespace

from ..annotations import REDUCTIONS, Reduction
from ..atomic import written_beside
from ..building import build
from ..describing import describe
from ..description import NetworkDescription
from ..errors import FileRefused
from ..extras import require
from ..progress import from_start
from ..times import ROUNDING, seconds
from .nir_building import description_of
from .nir_plan import plan_of
from .nir_writing import DT, graph_of

if TYPE_CHECKING:
    import nir


INPUTS = ("spikes", "current")


def to_nir(net: Network | NetworkDescription, *, namespace: Mapping[str, Any] | None = None) -> nir.NIRGraph:
    """Say a network in NIR, the Neuromorphic Intermediate Representation.

    The equations decide, not their names: a group whose equations, threshold and reset are those of LIF, CubaLIF, LI,
    CubaLI, IF or I, in whatever form, becomes that node; synapses become Linear, Affine, Scale and Delay. Numbers are
    SI, times in seconds. ``metadata["chronaxie_dt"]`` is the step (s) for which a spike lasts, dt_ref. The inverse is
    `from_nir`: what came from a graph goes back into it to the bit, names, order and types of numbers among it.

    Parameters
    ----------
    net : brian2.Network or NetworkDescription
    namespace : dict, optional
        As in `describe`.

    Returns
    -------
    nir.NIRGraph

    Raises
    ------
    UnsupportedModel
        NIR cannot say it: an adaptive threshold, another reset than to a value, refractoriness, delays of single
        synapses, coupling below threshold, plasticity, conductances, noise, a readout that is not what an Output shows,
        …; the message names object and feature.
    FileRefused
        What the network keeps of the graph that it came from is damaged or of a newer format.
    MissingExtra
        ``nir`` is not installed.

    References
    ----------
    Pedersen et al. 2024, Nature Communications 15:8122.
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    if not isinstance(net, (Network, NetworkDescription)):
        raise TypeError(
            f"to_nir: expected a brian2.Network or a NetworkDescription, got {type(net).__name__}"
        )
    require("nir")
    description = net if isinstance(net, NetworkDescription) else describe(net, namespace=namespace)
    if description.trials != 1:
        raise ValueError(f"to_nir: expected a network of one trial, got one of {description.trials}")
    return graph_of(from_start(description))


def from_nir(
    graph: nir.NIRGraph,
    *,
    dt: Quantity | float | None = None,
    input: Literal["spikes", "current"] = "spikes",
    readout_reduce: Reduction = "none",
) -> Network:
    """Make the Brian2 network of a NIR graph.

    Its groups and synapses bear the names of the nodes, their variables those of NIR (``tau``, ``v_leak``, …; ``w`` of
    Linear and Affine, ``bias_<node>`` in the target). Layers run one after the other within a step, as in `srnn`; a
    path that leads back takes one step, dt_ref, or its Delay. State starts at v_leak.

    Parameters
    ----------
    graph : nir.NIRGraph
        Of vectors: Input, Output, LIF, CubaLIF, LI, CubaLI, IF, I, Affine, Linear, Scale, Delay, subgraphs of them.
    dt : Quantity or float, optional
        Step (s), which NIR leaves open: for how long a spike lasts, and a loop takes. Default: that in the metadata of
        what `to_nir` wrote. ``simulate(net, dt=…)`` then runs the same network in finer steps.
    input : {"spikes", "current"}
        What comes from Input nodes: spikes of a generator, or currents of a `TimedArray`.
    readout_reduce : str
        How scores come from the Output, which NIR does not say: as `Readout.reduce`. The state of LI, CubaLI and I is
        read, the spikes of the others.

    Returns
    -------
    brian2.Network
        Annotated with dt_ref and, where there is one Output, `Readout`.

    Raises
    ------
    UnsupportedModel
        A node or a chain of nodes without counterpart; the message names it.
    GraphRefused, TypeError
        A graph that is not whole, or with ``input="current"`` one with a Delay of an input; or none.
    ValueError
        No dt, or another one than the graph's own.
    MissingExtra
        ``nir`` is not installed.
    """
    for name, value, choices in (("input", input, INPUTS), ("readout_reduce", readout_reduce, REDUCTIONS)):
        if value not in choices:
            raise ValueError(f"from_nir: {name} must be one of {choices}, got {value!r}")
    plan = plan_of(graph)
    step = _step(graph, dt)
    return build(description_of(plan, graph, dt=step, input=input, reduce=readout_reduce))


def write_nir(
    net: Network | NetworkDescription | nir.NIRGraph,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    namespace: Mapping[str, Any] | None = None,
) -> Path:
    """Write the graph of a network into a file (HDF5, as `nir.write`), whole or not at all.

    Parameters
    ----------
    net : brian2.Network, NetworkDescription or nir.NIRGraph
    path : str or Path
    overwrite : bool
    namespace : dict, optional
        As in `describe`.

    Returns
    -------
    Path

    Raises
    ------
    FileExistsError
        The file is there and `overwrite` is False.
    UnsupportedModel, MissingExtra
        As `to_nir`.
    """
    if namespace is None:
        namespace = get_local_namespace(level=1)
    nir, path = require("nir"), Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(f"write_nir: {path} exists; choose another name or pass overwrite=True")
    graph = net if isinstance(net, nir.NIRGraph) else to_nir(net, namespace=namespace)
    with written_beside(path) as beside:
        nir.write(beside, graph)
    return path


def read_nir(
    path: str | os.PathLike[str],
    *,
    dt: Quantity | float | None = None,
    input: Literal["spikes", "current"] = "spikes",
    readout_reduce: Reduction = "none",
) -> Network:
    """Make the network of a NIR file.

    Parameters
    ----------
    path : str or Path
    dt, input, readout_reduce : see `from_nir`
        As there.

    Returns
    -------
    brian2.Network

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileRefused
        It is no NIR file, or a damaged one.
    UnsupportedModel, GraphRefused, ValueError, MissingExtra
        As `from_nir`.
    """
    nir, path = require("nir"), Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"read_nir: no file {path}")
    try:
        graph = nir.read(path)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, AssertionError) as error:
        raise FileRefused(f"read_nir: {path}: expected a NIR file, got {error!r}; write it anew") from error
    return from_nir(graph, dt=dt, input=input, readout_reduce=readout_reduce)


def _step(graph, dt):
    metadata = graph.metadata if isinstance(graph.metadata, dict) else {}
    own = None if DT not in metadata else seconds(float(metadata[DT]), f"from_nir: metadata[{DT!r}]")
    if dt is None:
        if own is None:
            raise ValueError(
                "from_nir: dt: NIR does not say for how long a spike lasts; give the step of what made the graph, e.g. "
                "dt=1*ms (snnTorch: 0.1 ms)"
            )
        return own
    dt = seconds(dt, "from_nir: dt")
    if own is not None and abs(dt - own) > ROUNDING * own:
        raise ValueError(
            f"from_nir: dt = {dt:g} s, but the graph's spikes last {own:g} s (metadata[{DT!r}]): leave dt out, and run "
            f"the network in finer steps by simulate(net, dt={dt:g}*second)"
        )
    return dt
