"""The synapses of deliveries and summed variables, as the generated C walks over them."""

from __future__ import annotations

import numpy as np

from ..delivery import wire
from .fixed import Grid
from .lowering import refuse
from .plan import Product


class Synapses:
    """Wirings of the steps of plans, each found once.

    Parameters
    ----------
    engine : FusedEngine
    """

    def __init__(self, engine):
        self.engine = engine
        self._wirings, self._grids = {}, {}  # by id of a step, with the step

    def wirings(self, step):
        """The `Wiring`s of a delivery or summed variable, by delay."""
        if id(step) not in self._wirings:
            self._wirings[id(step)] = (step, self._find(step))
        return self._wirings[id(step)][1]

    def grid(self, step):
        """The `Grid` of a step whose synapses connect all pairs in order, or None."""
        if id(step) not in self._grids:
            self._grids[id(step)] = (step, self._find_grid(step))
        return self._grids[id(step)][1]

    def _find(self, step):
        if isinstance(step, Product):
            return [self._matrix(step)]
        operation = step.operation
        index = operation.accesses[operation.vector[step.line].target].index
        return [w for w in self.engine.wirings(operation.name, index) if len(w.synapses)]

    def _matrix(self, step):
        """The synapses of a summed variable as one matrix."""
        operation, arrays, indices = step.operation, self.engine.program.arrays, self.engine.indices
        size = arrays[step.target].size
        if (operation.start, operation.stop) != (0, size):
            refuse(operation, "a summed variable of a part of a group")
        sources, targets = indices[step.index], indices[operation.index]
        if len(np.unique(sources * size + targets)) < len(sources):
            refuse(operation, "a summed variable with several synapses from one element to another")
        ordered = np.lexsort((np.arange(len(sources)), targets))
        if np.any(np.diff(sources[ordered])[np.diff(targets[ordered]) == 0] < 0):
            refuse(operation, "a summed variable whose synapses do not come in the order of their source")
        at_once = np.zeros(len(sources), np.int64)
        return wire(sources, targets, at_once, arrays[step.source].size, size)[0]

    def _find_grid(self, step):
        wirings, operation = self.wirings(step), step.operation
        if len(wirings) != 1 or not (wirings[0].complete and len(wirings[0].synapses) == operation.elements):
            return None
        if isinstance(step, Product):
            axes = {step.index: 0, operation.index: 1}
        else:
            index = operation.accesses[operation.vector[step.line].target].index
            axes = {operation.sources: 0, operation.accesses[index].array: 1}
        indices = {a.index for a in operation.accesses.values()} - {"_idx", "0"}
        if any(operation.accesses[index].array not in axes for index in indices):
            return None
        return Grid(operation.owner, (wirings[0].n_sources, wirings[0].n_targets), axes)
