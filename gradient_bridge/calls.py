"""Network operations: the user's Python code on Brian2's own objects, within a pass of a twin."""

from __future__ import annotations

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.variables import ArrayVariable

from ..models.errors import UnsupportedModel


class Python:
    """Hands the state of a pass to Brian2's objects, lets the user's code run, and takes the state back.

    What the network holds outside a pass is kept and given back by `close`.

    Parameters
    ----------
    running : Pass
    """

    def __init__(self, running):
        if running.trials != 1:
            raise UnsupportedModel(
                running.engine.program.operations[0].name,
                f"network operations in {running.trials} trials",
                "run one trial at a time: Python code has one network",
            )
        self.running = running
        self.arrays = running.engine.program.arrays
        self.before = {v: np.array(v.get_value()) for v in running.engine.variables()}
        self.clocks = self._clocks()
        operations = running.engine.program.operations
        self.spaces = {o.events for o in operations if getattr(o, "events", "")}
        self.shared = self.spaces | {key for key, array in self.arrays.items() if array.scalar}

    def runner(self, operation):
        """The function that runs one network operation."""

        def run():
            self.hand_over()
            operation.function()
            self.take_back(operation)

        return run

    def hand_over(self):
        """Brian2's arrays are those of the pass."""
        running = self.running
        for key, value in running.state.items():
            held = self.arrays[key].variable.get_value()
            if key in self.spaces:
                events = running.elements_of(value)
                held[: len(events)] = events
                held[-1] = len(events)
            elif value is not held:
                held[...] = running.as_array(value)
        for clock, ticking in self.clocks:
            clock.variables["t"].get_value()[...] = ticking.time
            clock.variables["timestep"].get_value()[...] = ticking.now

    def _clocks(self):
        """Every clock of the network with the one of the pass."""
        by_step = {c.dt: c for c in self.running.clocks}
        found = {v.owner.name: v.owner for v in self.before if isinstance(v.owner, Clock)}
        return [(clock, by_step[float(clock.dt_)]) for clock in found.values() if float(clock.dt_) in by_step]

    def take_back(self, operation):
        """What the user's code has changed is changed in the pass; the gradient stops there."""
        running = self.running
        for key, old in running.state.items():
            array = self.arrays[key]
            if not array.writable or key in self.spaces:
                continue
            value = np.asarray(array.variable.get_value())
            if value.size != array.size:
                raise UnsupportedModel(
                    operation.name, f"another size of {key}", "keep the sizes of groups and synapses"
                )
            if value is old:
                continue
            if not np.array_equal(running.as_array(old), value.reshape(np.shape(running.as_array(old)))):
                running.state[key] = running.from_array(value, array.scalar)

    def close(self):
        """Give the network back what it held."""
        state = self.running.state
        for key, value in state.items():
            if isinstance(value, np.ndarray):
                state[key] = np.array(value)
        for variable, value in self.before.items():
            variable.get_value()[...] = value


def array_variables(objects):
    """Every array that Brian2 objects own, with their clocks' and their source groups'."""
    found = {}
    for obj in objects:
        for variable in getattr(obj, "variables", {}).values():
            if isinstance(variable, ArrayVariable) and variable.owner is not None:
                found[id(variable)] = variable
    return list(found.values())
