"""Small networks for the tests of what is refused."""

from brian2 import Network, NeuronGroup, Synapses


def cells(equations="dv/dt = (1.5 - v)/(5*ms) : 1\nu : 1", name="cells", **options):
    defaults = {"threshold": "v > 1", "reset": "v = 0", "method": "euler"}
    return NeuronGroup(3, equations, name=name, **(defaults | options))


def joined(model="w : 1", group=None, **options):
    group = group or cells()
    synapses = Synapses(group, group, model, name="wires", **options)
    synapses.connect()
    return Network(group, synapses)
