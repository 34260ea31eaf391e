"""Random NIR graphs, as hypothesis draws them, and what is compared of two."""

import nir
import numpy as np
from hypothesis import strategies as st

KINDS = ("LIF", "CubaLIF", "LI", "CubaLI", "IF", "I")
SPIKING = ("LIF", "CubaLIF", "IF")


def neurons(rng, kind, n, dtype):
    """A NIR population with values of its own for each neuron."""

    def numbers(low, high):
        return rng.uniform(low, high, n).astype(dtype)

    fields = {"r": numbers(0.5, 20)}
    if kind in ("LIF", "LI"):
        fields |= {"tau": numbers(0.005, 0.05), "v_leak": numbers(-0.3, 0.3)}
    if kind in ("CubaLIF", "CubaLI"):
        taus = {"tau_mem": numbers(0.005, 0.05), "tau_syn": numbers(0.002, 0.02)}
        fields |= taus | {"v_leak": numbers(-0.3, 0.3), "w_in": numbers(0.5, 2)}
    if kind in SPIKING:
        fields |= {"v_threshold": numbers(0.4, 1), "v_reset": numbers(-0.5, 0.2)}
    return getattr(nir, kind)(**fields)


def weights(rng, kind, n, m, dtype):
    """A transform from n to m channels."""
    if kind == "Scale":
        return nir.Scale(rng.normal(size=n).astype(dtype))
    matrix = rng.normal(size=(m, n)).astype(dtype)
    if kind == "Linear":
        return nir.Linear(matrix)
    return nir.Affine(matrix, rng.normal(size=m).astype(dtype))


@st.composite
def graphs(draw):
    """A graph of one to three populations, with loops, delays, shortcuts and edges without weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    sizes = [draw(st.integers(1, 3)) for _ in range(1 + draw(st.integers(1, 3)))]
    names = [
        "input",
        *(draw(st.sampled_from(["lif", "rnn.0", "7", "in"])) + str(k) for k in range(1, len(sizes))),
    ]
    kinds = ["Input"] + [draw(st.sampled_from(KINDS)) for _ in sizes[1:]]
    nodes, edges = {"input": nir.Input({"input": np.array([sizes[0]])})}, []
    for name, kind, n in zip(names[1:], kinds[1:], sizes[1:], strict=True):
        nodes[name] = neurons(rng, kind, n, dtype)

    def connect(a, b):
        source, target, way = names[a], names[b], [names[a]]
        n, m = sizes[a], sizes[b]
        choices = ["Linear", "Affine", *(["Scale", None] if n == m and a != b else [])]
        kind = draw(st.sampled_from(choices))
        late = kinds[a] in ("Input", *SPIKING)
        sides = draw(st.sampled_from(["", "before", "after", "both"])) if late else ""
        if sides in ("before", "both"):
            way.append(f"{source}-{target} d")
            nodes[way[-1]] = nir.Delay(rng.uniform(0.002, 0.01, n).astype(dtype))
        if kind is not None:
            way.append(f"{source}.{target}")
            nodes[way[-1]] = weights(rng, kind, n, m, dtype)
        if sides in ("after", "both") and kind in ("Linear", "Scale"):
            way.append(f"{source}-{target} e")
            nodes[way[-1]] = nir.Delay(rng.uniform(0.002, 0.01, m).astype(dtype))
        way.append(target)
        edges.extend(zip(way, way[1:], strict=False))

    for k in range(1, len(sizes)):
        connect(k - 1, k)
        if draw(st.booleans()):
            connect(k, k)
    if len(sizes) > 2 and draw(st.booleans()):
        connect(len(sizes) - 1, 1)
    nodes["out"] = nir.Output({"output": np.array([sizes[-1]])})
    edges.append((names[-1], "out"))
    metadata = draw(st.sampled_from([{}, {"name": "a graph", "numbers": np.arange(3)}]))
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=metadata)


def assert_identical(one, other):
    """Nodes and edges in order, arrays of the same type equal to the bit, metadata but for the step."""
    assert list(one.nodes) == list(other.nodes)
    assert one.edges == other.edges
    for name, node in one.nodes.items():
        again = other.nodes[name]
        assert type(node) is type(again), name
        assert node.metadata == again.metadata, name
        for field, value in vars(node).items():
            if isinstance(value, np.ndarray):
                found = getattr(again, field)
                assert value.dtype == found.dtype, f"{name}.{field}"
                assert value.tobytes() == found.tobytes(), f"{name}.{field}"
        assert repr(node.input_type) == repr(again.input_type), name
    metadata = {k: v for k, v in other.metadata.items() if k != "chronaxie_dt"}
    assert repr(metadata) == repr(one.metadata)
