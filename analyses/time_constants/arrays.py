"""Time constants of a dataset, one array a layer and quantity, with what was trained and what was not."""

from dataclasses import dataclass

import numpy as np

from ..errors import InvalidInput, MissingVariable
from ..variables import milliseconds, require, variable

QUANTITIES = ("tau_m", "tau_a")
UNITS = ("neuron", "seed")


@dataclass(frozen=True)
class LearnedArray:
    """The time constants of one layer (ms, NaN left out), where known also before training.

    `seed` numbers the network of each neuron; None where there is one network.
    """

    quantity: str
    layer: str
    after: np.ndarray
    before: np.ndarray | None
    seed: np.ndarray | None

    @property
    def name(self):
        """``<layer>.<quantity>``."""
        return f"{self.layer}.{self.quantity}"

    @property
    def constant(self):
        """All neurons have one value: there is no distribution, whether or not training made it so."""
        return self.after.size > 1 and np.ptp(self.after) == 0

    @property
    def trained(self):
        """Some value differs from that before training or, where that is unknown, the values are not constant.

        This is the one definition: what `timescale_trained`, the attribute `untrained`, tables and figures say.
        """
        if self.before is None:
            return self.after.size > 0 and not self.constant
        return bool((self.after != self.before).any())

    def in_words(self, otherwise):
        """The one value that the neurons have, or else `otherwise`."""
        return f"all {self.after[0]:g} ms" if self.constant else otherwise

    def units(self, unit):
        """How many neurons, or networks where `unit` is "seed", there are."""
        return self.after.size if unit == "neuron" or self.seed is None else np.unique(self.seed).size

    def clusters(self, unit):
        """Labels for a bootstrap of whole networks, or None for one of neurons."""
        return self.seed if unit == "seed" else None


def read_arrays(ds, *, where, need_initial=False):
    """Read the time constants of a dataset, layer by layer.

    Parameters
    ----------
    ds : Dataset
        ``tau_m``, ``tau_a`` (one may lack) in ms on (neuron) or (seed, neuron), NaN where a neuron has none;
        ``tau_m_initial``, ``tau_a_initial`` before training; coordinate ``layer (neuron)``.
    where : str
        Function that asks, for messages.
    need_initial : bool
        Refuse a quantity whose values before training are missing.

    Returns
    -------
    dict of (quantity, layer) to LearnedArray
        All pairs, empty arrays where a layer has none.

    Raises
    ------
    MissingVariable, InvalidInput
        As `timescales`.
    """
    require(ds, "layer", where=where)
    quantities = [q for q in QUANTITIES if q in ds.variables]
    if not quantities:
        present = ", ".join(sorted(map(str, ds.variables))) or "nothing"
        raise MissingVariable(
            f"{where}: looked for {' and '.join(QUANTITIES)}, found neither; the dataset holds {present}"
        )
    if ds["layer"].dims != ("neuron",):
        raise InvalidInput(f"{where}: layer must have the dimension ('neuron',), got {ds['layer'].dims}")
    layer = ds["layer"].values
    found = {}
    for quantity in quantities:
        after, seed = _values(ds, quantity, where=where)
        before = None
        initial = f"{quantity}_initial"
        if initial in ds.variables:
            before, again = _values(ds, initial, where=where)
            if before.shape != after.shape:
                raise InvalidInput(f"{where}: {quantity} and {initial} have different dimensions")
            _same_neurons(before, after, quantity, where=where)
        elif need_initial:
            raise MissingVariable(
                f"{where}: {initial} is missing; before and after are both needed (a start that is known as a "
                f"distribution alone: displacement_from)"
            )
        for name in dict.fromkeys(layer.tolist()):
            inside = np.broadcast_to(layer == name, after.shape) & ~np.isnan(after)
            found[quantity, str(name)] = LearnedArray(
                quantity,
                str(name),
                after[inside],
                None if before is None else before[inside],
                None if seed is None else np.broadcast_to(seed[:, None], after.shape)[inside],
            )
    return found


def unit_of(ds, unit, *, where):
    """What is resampled: `unit`, or by default the seeds where the dataset has two or more, else the neurons.

    Raises
    ------
    InvalidInput
        Not "neuron" or "seed", or seeds of a dataset without.
    """
    seeds = ds.sizes.get("seed", 0)
    if unit is None:
        return "seed" if seeds > 1 else "neuron"
    if unit not in UNITS:
        raise InvalidInput(f"{where}: unit must be 'neuron' or 'seed', got {unit!r}")
    if unit == "seed" and not seeds:
        raise InvalidInput(
            f"{where}: unit='seed', but the dataset has no dimension 'seed'; use unit='neuron'"
        )
    return unit


class Table:
    """Makes variables on (timescale_quantity, timescale_layer, …) from numbers by array, NaN where there are none."""

    dims = ("timescale_quantity", "timescale_layer")

    def __init__(self, arrays):
        self.quantities = list(dict.fromkeys(q for q, _ in arrays))
        self.layers = list(dict.fromkeys(layer for _, layer in arrays))

    def variable(self, numbers, dims=(), *, shape=(), units, long_name, **attrs):
        """`numbers` is a dict of (quantity, layer) to values of `shape` on `dims`."""
        values = np.full((len(self.quantities), len(self.layers)) + shape, np.nan)
        for (quantity, layer), number in numbers.items():
            values[self.quantities.index(quantity), self.layers.index(layer)] = number
        return variable(values, self.dims + tuple(dims), units=units, long_name=long_name, **attrs)

    def about(self, arrays):
        """How many neurons (of all seeds) have one, and whether they were trained."""
        return {
            "timescale_count": variable(
                [[arrays[q, k].after.size for k in self.layers] for q in self.quantities],
                self.dims,
                units="1",
                long_name="neurons with such a time constant",
            ),
            "timescale_trained": variable(
                [[arrays[q, k].trained for k in self.layers] for q in self.quantities],
                self.dims,
                units="1",
                long_name="time constants were trained",
            ),
        }

    def coords(self):
        """Coordinates of the table and of the bounds of intervals."""
        return {
            "timescale_quantity": variable(
                self.quantities, "timescale_quantity", units="1", long_name="kind of time constant"
            ),
            "timescale_layer": variable(self.layers, "timescale_layer", units="1", long_name="layer"),
            "bound": variable(["low", "high"], "bound", units="1", long_name="bound of the interval"),
        }


def untrained(arrays):
    """Name the arrays that hold values but were never trained, each with what it holds, in one line."""
    never = [a for a in arrays.values() if a.after.size and not a.trained]
    return "; ".join(f"{a.name} ({a.in_words('equal to its initial values')})" for a in never)


def left_out(arrays):
    """Name the arrays that hold values but that an analysis had no use for: of one value, or of few, in one line."""
    named = [(a, f"{a.after.size} neuron{'s' if a.after.size != 1 else ''}") for a in arrays if a.after.size]
    return "; ".join(f"{a.name} ({a.in_words(size)})" for a, size in named)


def _values(ds, name, *, where):
    array = ds[name]
    if set(array.dims) not in ({"neuron"}, {"seed", "neuron"}):
        raise InvalidInput(
            f"{where}: {name} must have the dimensions ('neuron',) or ('seed', 'neuron'), got {array.dims}"
        )
    values = milliseconds(array, name=name, where=where)
    if "seed" not in array.dims:
        return values, None
    values = values if array.dims == ("seed", "neuron") else values.T
    return values, np.arange(len(values))


def _same_neurons(before, after, quantity, *, where):
    differing = np.flatnonzero((np.isnan(before) != np.isnan(after)).ravel())
    if differing.size:
        raise InvalidInput(
            f"{where}: neuron {int(differing[0]) % before.shape[-1]} has {quantity} only before or only after "
            f"training; a NaN that appeared in training is not a time constant"
        )
