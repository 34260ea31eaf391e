"""Network operations: the user's Python code on Brian2's own objects, within a pass of a twin."""

from __future__ import annotations

import contextlib
import functools
import sys
import types

import numpy as np
from brian2.core.base import BrianObject
from brian2.core.clocks import Clock
from brian2.core.network import Network
from brian2.core.operations import NetworkOperation
from brian2.core.variables import ArrayVariable, DynamicArrayVariable
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup

from ..models.errors import UnsupportedModel
from .clocks import Time
from .program import Call
from .refusals import MONITORS
from .statements import place_of

# Packages whose functions no user wrote.
FOREIGN = {"brian2", "numpy", "scipy", "torch", *sys.stdlib_module_names}
PLAIN = (str, bytes, int, float, complex, type(None), np.ndarray, np.generic, BrianObject)


class Python:
    """Hands the state of a pass to Brian2's objects, lets the user's code run, and takes the state back.

    What the network holds outside a pass is kept and given back by `close`.

    Parameters
    ----------
    running : Pass
    """

    def __init__(self, running):
        engine = running.engine
        if running.trials != 1:
            raise UnsupportedModel(
                next(o.name for o in engine.program.operations if isinstance(o, Call)),
                f"a network_operation in a pass of {running.trials} trials",
                "run one trial at a time: Python code has one network",
                verb="is",
            )
        self.running, self.network = running, engine.network
        self.arrays = engine.program.arrays
        self.objects = [o for o in engine.objects if isinstance(o, BrianObject)]
        self.sources = [o for o in self.objects if isinstance(o, SpikeGeneratorGroup)]
        self.before = {v: np.array(v.get_value()) for v in engine.variables()}
        self.resizable = [v for v in self.before if isinstance(v, DynamicArrayVariable)]
        self.active = {o: o.active for o in self.objects}
        self.clocks = self._clocks()
        self.held = {key: array.variable.get_value() for key, array in self.arrays.items()}
        self.spaces = engine.program.event_spaces()
        self.shared = self.spaces | {key for key, array in self.arrays.items() if array.scalar}
        self.undo = self._undo()

    def _clocks(self):
        """Every clock of the network with the one of the pass, or its `Time` where nothing runs on it."""
        by_step = {c.dt: c for c in self.running.clocks}
        clocks = {o.clock.name: o.clock for o in self.objects}.values()
        steps = [(clock, float(clock.dt_)) for clock in clocks]
        return [(clock, dt, by_step.get(dt, Time(key=clock.name, dt=dt, start=0))) for clock, dt in steps]

    def _undo(self):
        """What gives the network back all that it held; each part also where another one fails."""
        undo = contextlib.ExitStack()
        for variable, value in self.before.items():
            undo.callback(put_back, variable, value)
        flags = [(o, "_active") for o in self.objects]
        flags += [
            (o, name) for o in self.sources for name in ("_spikes_changed", "_spike_time", "_neuron_index")
        ]
        flags += [(self.network, "t_"), (self.network, "_stopped"), (Network, "_globally_stopped")]
        for owner, name in flags:
            undo.callback(setattr, owner, name, getattr(owner, name, False))
        return undo

    def runner(self, operation):
        """The function that runs one network operation."""

        def run():
            self.hand_over()
            operation.function()
            self.refuse_changes(operation)
            self.take_back()
            if self.network._stopped or Network._globally_stopped:
                for clock in self.running.clocks:
                    clock.stop = clock.now  # as in Brian2 the step is finished

        return run

    def hand_over(self):
        """Brian2's arrays, clocks and flags are those of the pass."""
        running = self.running
        for key, value in running.state.items():
            held = self.held[key]
            if key in self.spaces:
                events = running.elements_of(value)
                held[: len(events)] = events
                held[-1] = len(events)
            elif value is not held:
                held[...] = running.as_array(value)
        now = min(clock.time for clock in running.clocks)
        times = []
        for clock, dt, ticking in self.clocks:
            step = ticking.steps_until(now) if isinstance(ticking, Time) else ticking.now
            times.append(step * dt)
            clock.variables["t"].get_value()[...] = step * dt
            clock.variables["timestep"].get_value()[...] = step
        self.network.t_ = min(times)
        self.network._stopped = Network._globally_stopped = False
        for source in self.sources:
            source._spikes_changed = False

    def refuse_changes(self, operation):
        """What the user's code must leave as it is: the pass would not see it."""
        remedy = "change the network before the run, or values of its variables during it"
        for variable in self.resizable:
            if variable.get_value().shape != self.before[variable].shape:
                raise UnsupportedModel(
                    operation.name,
                    f"the size of {variable.owner.name}.{variable.name} during a run",
                    remedy,
                    verb="changes",
                )
        for source in self.sources:
            if source._spikes_changed:
                raise UnsupportedModel(
                    operation.name, f"{source.name}.set_spikes() during a run", remedy, verb="calls"
                )
        for obj, active in self.active.items():
            if obj.active != active:
                raise UnsupportedModel(
                    operation.name,
                    f"{obj.name}.active = {obj.active} during a run",
                    "Brian2 looks at it before a run only: set it there, or multiply by a variable that is 0 or 1",
                    verb="sets",
                )
        for clock, dt, _ in self.clocks:
            if clock.dt_ != dt:
                raise UnsupportedModel(
                    operation.name, f"the dt of {clock.name} during a run", remedy, verb="changes"
                )

    def take_back(self):
        """What the user's code has changed is changed in the pass; the gradient stops there."""
        running = self.running
        for key, old in running.state.items():
            array, value = self.arrays[key], self.held[key]
            if value is old or not array.writable or key in self.spaces:
                continue
            seen = np.asarray(running.as_array(old)).astype(value.dtype)
            if seen.tobytes() != value.tobytes():
                running.state[key] = running.from_array(value, array.scalar)

    def close(self):
        """Give the network back what it held."""
        state = self.running.state
        for key, value in state.items():
            if isinstance(value, np.ndarray):
                state[key] = np.array(value)
        self.undo.close()


def put_back(variable, value):
    """Give a variable its value again, and its size."""
    if variable.get_value().shape != value.shape:
        variable.resize(len(value))
    variable.get_value()[...] = value


def array_variables(objects):
    """Every array that Brian2 objects own, with their clocks' and their source groups'; monitors are left out."""
    found = {}
    for obj in objects:
        for holder in (obj, getattr(obj, "clock", None)):
            for variable in getattr(holder, "variables", {}).values():
                owned = isinstance(variable, ArrayVariable) and variable.owner is not None
                if owned and not isinstance(variable.owner, MONITORS):
                    found[id(variable)] = variable
    return list(found.values())


def note_variables(objects, arrays):
    """Every variable that Python code may read and write is part of the program.

    Parameters
    ----------
    objects : iterable of brian2.BrianObject
        All of the network.
    arrays : ArrayTable
        That of the program; what is missing is noted in it.
    """
    known = {id(array.variable) for array in arrays.values()}
    for obj in objects:
        for variable in array_variables([obj]):
            hidden = (
                variable.read_only
                or place_of(variable)[1].startswith("_")
                or isinstance(variable.owner, Clock)
            )
            if id(variable) in known or hidden or np.dtype(variable.dtype).kind not in "fiub":
                continue
            known.add(id(variable))
            arrays.key(variable)


# ---------------------------------------------------------------------- monitors
def refuse_monitors_in_use(network, objects):
    """Network operations that name a monitor: a twin runs none, so that they would see old values.

    What is looked at is what the code names: closures, globals, defaults, attributes, and the functions that it calls.

    Raises
    ------
    UnsupportedModel
        Names the operation and the monitor.
    """
    monitors = {id(o): o for o in objects if isinstance(o, MONITORS)}
    for operation in objects:
        if not isinstance(operation, NetworkOperation):
            continue
        for value in _in_use(operation.function, network):
            if id(value) in monitors:
                raise UnsupportedModel(
                    operation.name,
                    f"the monitor {value.name} in its Python code, and a twin runs no monitors",
                    "keep what the code needs in a variable of the group (n += 1 in its reset), or take the monitor "
                    "out of the network",
                    verb="names",
                )


def _in_use(function, network):
    """All objects that Python code reaches by the names in it."""
    if not isinstance(function, (types.FunctionType, types.MethodType, functools.partial)):
        function = types.MethodType(type(function).__call__, function)
    waiting, seen = [(function, frozenset())], {}
    while waiting:
        value, names = waiting.pop()
        if isinstance(value, PLAIN) and not isinstance(value, MONITORS):
            continue
        if (id(value), names) in seen:
            continue
        seen[id(value), names] = value  # held, so that no other object takes its id
        yield value
        waiting += _reached(value, names, network)


def _reached(value, names, network):
    """What code with some names reaches through one object, each with the names that go on from there."""
    if isinstance(value, functools.partial):
        return [(v, names) for v in (value.func, *value.args, *value.keywords.values())]
    if isinstance(value, types.MethodType):
        function = value.__func__
        return [(function, names), (value.__self__, _names(getattr(function, "__code__", None)))]
    if isinstance(value, types.FunctionType):
        if _is_foreign(value.__module__):
            return []
        own = _names(value.__code__)
        found = [value.__globals__[n] for n in own if n in value.__globals__]
        found += [c.cell_contents for c in value.__closure__ or () if c != types.CellType()]
        found += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        return [(v, own) for v in found]
    if isinstance(value, Network):
        objects = {o.name: o for o in network.objects} if value is network else {}
        return [(objects[n], names) for n in names if n in objects]
    if isinstance(value, dict):
        return [(v, names) for v in value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [(v, names) for v in value]
    module = value.__name__ if isinstance(value, types.ModuleType) else type(value).__module__
    if _is_foreign(module) and not isinstance(value, (types.SimpleNamespace, type)):
        return []
    own = getattr(value, "__dict__", {})
    found = [own[n] for n in names if n in own]
    for kind in type(value).__mro__:
        methods = [vars(kind)[n] for n in names if n in vars(kind)]
        methods = [getattr(m, "fget", None) or getattr(m, "__func__", None) or m for m in methods]
        found += [types.MethodType(m, value) for m in methods if isinstance(m, types.FunctionType)]
    return [(v, names) for v in found]


def _names(code):
    """Names and texts in code, nested functions among it."""
    if code is None:
        return frozenset()
    texts = {c for c in code.co_consts if isinstance(c, str)}
    inner = [_names(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return frozenset({*code.co_names, *code.co_freevars}.union(texts, *inner))


def _is_foreign(module):
    return (module or "").partition(".")[0] in FOREIGN
