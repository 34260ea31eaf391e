"""The arrays of a published checkpoint: read, held against each other, and freed of what is odd in them."""

import numpy as np

from .npz import ArraysRefused, read_npz


class CheckpointRefused(ValueError):
    """A published file cannot be imported: where, what was expected, what came, what to do."""


def read_arrays(path):
    """All arrays of an npz file, as float64."""
    try:
        arrays = read_npz(path)
    except ArraysRefused as error:
        raise CheckpointRefused(str(error)) from error
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or array.size == 0:
            raise CheckpointRefused(
                f"{path}: {name}: expected numbers of shape (neuron,) or (post, pre), got {array.dtype} "
                f"{array.shape}"
            )
    return {name: array.astype(np.float64) for name, array in arrays.items()}


def check_names(path, arrays, table, kind, others):
    expected = [name for layer in table.layers for name in layer.names()]
    optional = [layer.tau_m for layer in table.layers if layer.tau_m_optional is not None]
    missing = [name for name in expected if name not in arrays]
    unused = table.unused or {}
    prefixes = tuple(name for name in unused if name.endswith("."))
    extra = [
        name
        for name in arrays
        if name not in (*expected, *optional, *unused) and not name.startswith(prefixes or ("\0",))
    ]
    half = [name for name in optional if name in arrays]
    if half and len(half) < len(optional):
        raise CheckpointRefused(
            f"{path}: holds {', '.join(half)} but not {', '.join(n for n in optional if n not in half)}: expected "
            "the membrane time constants of all layers, or of none"
        )
    if missing or extra:
        fitting = [k for k, names in others.items() if all(n in arrays for n in names)]
        raise CheckpointRefused(
            f"{path}: the kind {kind!r} expects {', '.join(expected)}"
            + (f" (and may have {', '.join(optional)})" if optional else "")
            + f"; found {', '.join(arrays)}; "
            + (f"missing: {', '.join(missing)}; " if missing else "")
            + (f"unknown: {', '.join(extra)}; " if extra else "")
            + (f"the file is of the kind {fitting[0]!r}" if fitting else "give the kind that fits the file")
        )


def layer_arrays(path, arrays, layer, direction):
    """What a layer holds, by what it is; time constants in steps."""
    weight = arrays[layer.weight]
    found = {
        "layer": layer,
        "w": weight,
        "tau_m": arrays.get(layer.tau_m),
        "tau_a": None if layer.tau_a is None else arrays[layer.tau_a],
        "recurrent": None if layer.recurrent is None else arrays[layer.recurrent],
    }
    if weight.ndim != 2:
        raise CheckpointRefused(f"{path}: {layer.weight}: expected the shape (post, pre), got {weight.shape}")
    n = len(weight)
    if layer.columns is not None:
        low, high = layer.columns[direction]
        if weight.shape[1] % 2:
            raise CheckpointRefused(
                f"{path}: {layer.weight}: expected an even number of columns, those of both directions, got "
                f"{weight.shape}"
            )
        found["w"] = weight[:, round(low * weight.shape[1]) : round(high * weight.shape[1])]
    for name in layer.biases:
        if arrays[name].shape != (n,):
            raise CheckpointRefused(
                f"{path}: {name} has the shape {arrays[name].shape}, {layer.weight} {weight.shape}: expected {(n,)}"
            )
    found["bias"] = layer.bias_share * sum(arrays[name] for name in layer.biases)
    if found["tau_m"] is None:
        found["tau_m"] = np.full(n, layer.tau_m_optional)
    return found


def check_shapes(path, layers):
    before, size = None, None
    for name, found in layers.items():
        layer, n = found["layer"], len(found["w"])
        if before is not None and found["w"].shape[1] != size:
            raise CheckpointRefused(
                f"{path}: {layer.weight} is for {found['w'].shape[1]} neurons before it, but {before} has {size}"
            )
        for what, array, shape in (
            (layer.tau_m, found["tau_m"], (n,)),
            (layer.tau_a, found["tau_a"], (n,)),
            (layer.recurrent, found["recurrent"], (n, n)),
        ):
            if array is not None and array.shape != shape:
                raise CheckpointRefused(
                    f"{path}: {what} has the shape {array.shape}, {layer.weight} {found['w'].shape}: expected "
                    f"{shape}"
                )
        before, size = name, n


# ------------------------------------------------------------------ what is odd
def settle_odd_neurons(path, layers, nan_neurons, negative_tau, lines):
    """Drop, change or refuse neurons as chosen; one line for each thing that is odd."""
    above = np.array([], dtype=int)  # neurons that the layer before has lost
    for name, found in layers.items():
        layer = found["layer"]
        found["w"] = np.delete(found["w"], above, axis=1)
        lost = _not_finite(path, name, found, nan_neurons, lines)
        for what, array in ((layer.tau_m, found["tau_m"]), (layer.tau_a, found["tau_a"])):
            if array is not None:
                lost |= _odd_times(path, name, what, array, ~lost, negative_tau, lines)
        if lost.any() and name == "output":
            raise CheckpointRefused(
                f"{path}: output: unit {_indices(lost)} would be left out, and with it a class; repair the file"
            )
        above = np.flatnonzero(lost)
        for what in ("w", "tau_m", "tau_a", "bias"):
            if found[what] is not None:
                found[what] = np.delete(found[what], above, axis=0)
        if found["recurrent"] is not None:
            found["recurrent"] = np.delete(np.delete(found["recurrent"], above, axis=0), above, axis=1)
        if above.size:
            lines.append(f"{name}: dropped, so that later neurons move up: {_indices(lost)}")


def _not_finite(path, name, found, choice, lines):
    parts = {k: found[k] for k in ("tau_m", "tau_a", "bias", "w") if found[k] is not None}
    bad = {k: ~np.isfinite(v.reshape(len(v), -1)) for k, v in parts.items()}
    lost = np.any([b.any(axis=1) for b in bad.values()], axis=0)
    if found["recurrent"] is not None:
        # Weights from a neuron that is lost anyway do not make those that they lead to odd.
        between = ~np.isfinite(found["recurrent"])
        between[:, lost] = False
        bad["recurrent"] = between
        lost = lost | between.any(axis=1)
    for k in np.flatnonzero(lost):
        what = ", ".join(f"{part} ({int(b[k].sum())})" for part, b in bad.items() if b[k].any())
        line = f"{name}: neuron {k} is not finite in {what}"
        if choice == "error":
            raise CheckpointRefused(
                f"{path}: {line}; choose what to do: nan_neurons='drop' (--nan-neurons drop) leaves it out"
            )
        lines.append(line)
    return lost


def _odd_times(path, name, what, array, alive, choice, lines):
    """Report odd time constants (steps) of one array; returns which neurons are to be left out."""
    zero = alive & (array == 0)
    if zero.any():
        raise CheckpointRefused(
            f"{path}: {name}: {what}[{_indices(zero)}] is 0: expected a time constant in steps"
        )
    negative = alive & (array < 0)
    if negative.any():
        values = ", ".join(f"{what}[{k}] = {array[k]:.6g} steps" for k in np.flatnonzero(negative))
        if choice == "error":
            raise CheckpointRefused(
                f"{path}: {name}: negative time constants: {values}; choose what to do: negative_tau='drop' (leaves "
                "the neuron out), 'absolute' or 'keep' (--negative-tau)"
            )
        lines.append(f"{name}: negative time constants ({choice}): {values}")
        if choice == "absolute":
            array[negative] *= -1
    short = alive & (array > 0) & (array < 1)
    if short.any():
        values = ", ".join(f"[{k}] {array[k]:.4g}" for k in np.flatnonzero(short))
        lines.append(f"{name}: time constants below one step, kept: {what} {values}")
    vanishing = alive & (np.abs(array) < 1 / 700)
    if vanishing.any():
        raise CheckpointRefused(
            f"{path}: {name}: {what}[{_indices(vanishing)}] is so short that its decay in a step is 0 in float64: "
            "expected at least 1/700 step"
        )
    return negative if choice == "drop" else np.zeros_like(negative)


def _indices(mask):
    return ", ".join(str(int(k)) for k in np.flatnonzero(mask))
