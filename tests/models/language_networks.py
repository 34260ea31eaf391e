"""The language of Brian2 networks as small networks by name, and how two of them are compared: to the bit."""

from dataclasses import replace

import numpy as np
from brian2 import EventMonitor, NeuronGroup, PoissonGroup, SpikeGeneratorGroup, second, seed
from brian2.core.variables import ArrayVariable, DynamicArrayVariable

from chronaxie.models import describe
from chronaxie.models.standalone.names import renamed

from .language_groups import GROUPS
from .language_synapses import SYNAPSES

LANGUAGE = GROUPS | SYNAPSES
LENGTH = 0.04 * second
SEED = 7


def fresh(name):
    """A network of the language; its values are drawn from a stream of its own."""
    seed(3)
    return LANGUAGE[name]()


def run(net, length=LENGTH):
    """Run a network from a fixed seed; return all events, and the values of all variables at the end.

    Returns
    -------
    events : dict of (group, event) to (ndarray, ndarray)
    values : dict of (object, variable) to ndarray
    """
    emitting = [o for o in net.objects if isinstance(o, (NeuronGroup, PoissonGroup, SpikeGeneratorGroup))]
    monitors = {
        (o.name, event): EventMonitor(o, event, name=f"monitor_{o.name}_{event}")
        for o in emitting
        for event in o.events
    }
    net.add(*monitors.values())
    seed(SEED)
    net.run(length, namespace={})
    net.remove(*monitors.values())
    return {key: (np.array(m.i), np.array(m.t)) for key, m in monitors.items()}, _values(net)


def _values(net):
    found = {}
    for obj in net.objects:
        for name, variable in getattr(obj, "variables", {}).items():
            own = isinstance(variable, ArrayVariable) and variable.owner.name == obj.name
            if own and not (isinstance(variable, DynamicArrayVariable) and variable.ndim > 1):
                values = np.array(variable.get_value())
                # What follows the count of events is left over from earlier steps.
                found[obj.name, name] = values[-1:] if name.endswith("space") else values
    return found


def merged(names):
    """One description of several networks side by side, compiled at once; names of objects get a number in front."""
    parts = []
    for k, name in enumerate(names):
        d = describe(fresh(name), namespace={})
        objects = (*d.groups, *d.synapses, *d.poisson_inputs, *d.timed_arrays)
        parts.append(renamed(d, {o.name: f"n{k:02d}_{o.name}" for o in objects}))
    fields = ("groups", "synapses", "timed_arrays", "poisson_inputs")
    together = {f: tuple(obj for part in parts for obj in getattr(part, f)) for f in fields}
    return replace(parts[0], **together)


def assert_same(a, b):
    """Assert that two results of `run` are equal to the bit."""
    for key, events in a[0].items():
        for x, y in zip(events, b[0][key], strict=True):
            assert np.array_equal(x, y), key
    assert set(a[1]) == set(b[1])
    for key, values in a[1].items():
        assert values.dtype == b[1][key].dtype, key
        assert values.tobytes() == b[1][key].tobytes(), key
