"""The cases of the contract suite: pairs of what an engine can meet, each at least once, not their product."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from brian2 import ms

from chronaxie.gradient_bridge import Twin
from chronaxie.gradient_bridge.program import StateUpdate
from chronaxie.models import ALIF, LIF, CurrentALIF, EFAdLIF, SEAdLIF, srnn

from .models import CELLS
from .networks import INPUTS, Net, build

NEURONS = {n.name: n for n in (ALIF, LIF, CurrentALIF, SEAdLIF, EFAdLIF)}


@dataclass(frozen=True)
class Srnn:
    """A network of `models.srnn`; ``options`` are its arguments."""

    neuron: str = "ALIF"
    options: tuple = ()

    def build(self):
        """The Brian2 network."""
        biased = {} if self.neuron == "CurrentALIF" else {"bias": 0.02}
        options = {"hidden": [12], "outputs": 3, "seed": 5} | biased | dict(self.options)
        return srnn(INPUTS, neuron=NEURONS[self.neuron], **options)


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes
    ----------
    name : str
    net : Net or Srnn
    trials, steps : int
        ``steps`` of the stimulus.
    trainable : tuple of str or None
        None: the weights and the model's own.
    stimulus : {"spikes", "current", "graded", ""}
        What is given; "graded": currents that carry a gradient; "": the network's own inputs run.
    slot : str
        At which traces are read.
    spikes : tuple of str or None
        Groups whose spikes are kept.
    initial : bool
        Whether values at the start are given, and carry a gradient.
    options : tuple of (str, object)
        Of the twins.
    slow : bool
    quiet : tuple of str
        Groups that need not spike.
    """

    name: str
    net: object
    trials: int = 3
    steps: int = 40
    trainable: tuple | None = None
    stimulus: str = "spikes"
    slot: str = "start"
    spikes: tuple | None = None
    initial: bool = False
    options: tuple = field(default=())
    slow: bool = True
    quiet: tuple = ()

    @property
    def exact(self):
        """Whether outputs are those of the reference engine to the bit."""
        return CELLS[self.net.model].exact if isinstance(self.net, Net) else True

    @property
    def patterns(self):
        """What is trained."""
        if self.trainable is not None:
            return self.trainable
        if isinstance(self.net, Net):
            own = tuple(f"cells.{name}" for name in CELLS[self.net.model].trained)
            wired = self.net.connect != "none" or self.net.source in ("driven", "own", "periodic")
            return own + (("w",) if wired or self.net.readout or self.net.second else ())
        return ("w", "tau_m", "tau_a", "bias") if self.net.neuron != "LIF" else ("w", "tau_m", "bias")

    def network(self):
        """The Brian2 network."""
        return build(self.net) if isinstance(self.net, Net) else self.net.build()

    def twin(self, net, engine, **options):
        """A twin of a network in an engine."""
        return Twin(
            net,
            engine=engine,
            **({"trainable": self.patterns, "namespace": {}} | dict(self.options) | options),
        )

    def call(self, twin, dtype=torch.float64, seed=1):
        """Arguments of a call: (stimulus or None, keyword arguments, leaves that carry a gradient)."""
        rng, leaves = np.random.default_rng(seed), {}
        record = {o: dict.fromkeys(names, self.slot) for o, names in self.traced(twin).items()}
        options = {"record": record, "spikes": self.spikes}
        if self.initial:
            options["initial"] = {}
            for o, name in (k.split(".") for k in self.given_at_start(twin)):
                size = twin.program.arrays[f"{o}.{name}"].size
                scale = 0.5 if isinstance(self.net, Srnn) or self.net.model in ("LIF", "ALIF") else 1e-3
                value = torch.from_numpy(rng.normal(0, scale, (self.trials, size))).to(dtype)
                leaves[f"initial {o}.{name}"] = value.requires_grad_()
                options["initial"].setdefault(o, {})[name] = value
        if not self.stimulus:
            options |= {"duration": self.steps * twin.program.dt * twin.every, "trials": self.trials}
            return None, options, leaves
        name, channels = next(iter(twin.program.inputs.items()))
        shape = (self.trials, self.steps, channels)
        if self.stimulus == "spikes":
            return torch.from_numpy((rng.random(shape) < 0.3).astype(np.uint8)), options, leaves
        stimulus = torch.from_numpy(rng.normal(0, 1, shape)).to(dtype)
        if self.stimulus == "graded":
            leaves[f"stimulus {name}"] = stimulus.requires_grad_()
        return stimulus, options, leaves

    @staticmethod
    def given_at_start(twin):
        """Keys of the values that are given at the start."""
        changing = twin.program.written()
        return [k for g in twin.program.groups for k in (f"{g}.v", f"{g}.a") if k in changing]

    @staticmethod
    def traced(twin):
        """Variables of the neurons, by group."""
        found, groups = {}, {o.owner for o in twin.program.operations if isinstance(o, StateUpdate)}
        for key, array in sorted(twin.program.arrays.items()):
            traced = array.dtype.kind in "fb" and not key.endswith(("space", ".delay", ".lastspike"))
            if array.owner in groups and traced:
                found.setdefault(array.owner, []).append(array.name)
        return found


def _net(name, **options):
    """A case of a `Net`: arguments of the case and of the net, told apart by name."""
    own = {k: options.pop(k) for k in tuple(options) if k in Case.__dataclass_fields__}
    return Case(name, Net(**options), **own)


def _srnn(name, neuron="ALIF", **options):
    """A case of an `Srnn`: arguments of the case, of the twin (``twin=``) and of `srnn`."""
    own = {k: options.pop(k) for k in tuple(options) if k in Case.__dataclass_fields__}
    return Case(name, Srnn(neuron, tuple(options.items())), **own)


OWN = {"source": "own", "stimulus": ""}
ADAPTING = ("w", "bias", "tau_m", "tau_a", "coupling", "jump")
CASES = (
    # the networks that the package is made for
    _srnn("ALIF layer and readout", slow=False, trials=17, steps=35),
    _srnn("two layers, the same step", hidden=[12, 9], slow=True, options=(("surrogate", "slayer"),)),
    _srnn("two layers, the next step", hidden=[12, 9], transmission="next", slot="before_resets"),
    _srnn("LIF, triangular surrogate", neuron="LIF", options=(("surrogate", "triangular"),), trials=1),
    _srnn("currents that carry a gradient", input="current", stimulus="graded", slow=False),
    _srnn("currents, nothing trained but the stimulus", input="current", stimulus="graded", trainable=()),
    _srnn("currents in finer steps", input="current", stimulus="graded", dt=1 * ms, dt_ref=4 * ms, steps=15),
    _srnn("spikes in finer steps", dt=1 * ms, dt_ref=4 * ms, steps=17, slow=False),
    _srnn("delays of four steps", dt=1 * ms, dt_ref=1 * ms, delay=4 * ms),
    _srnn("CurrentALIF", neuron="CurrentALIF", dt=1 * ms, steps=60, input_gain=6.0),
    _srnn(
        "CurrentALIF, currents",
        neuron="CurrentALIF",
        dt=1 * ms,
        input="current",
        stimulus="graded",
        input_gain=9.0,
    ),
    _srnn(
        "SEAdLIF",
        neuron="SEAdLIF",
        slow=False,
        input_gain=20.0,
        recurrent_gain=3.0,
        steps=60,
        trainable=ADAPTING,
    ),
    _srnn("EFAdLIF", neuron="EFAdLIF", input_gain=20.0, recurrent_gain=3.0, steps=60, trainable=ADAPTING),
    _srnn("one step", steps=1, trials=33, quiet=("hidden1",)),
    _srnn("two steps", steps=2, trials=65, initial=True, quiet=("hidden1",)),
    _srnn("as many steps as a chunk", steps=16, trials=16, options=(("detach_reset", True),)),
    _srnn("a step less than a chunk", steps=15, trials=65),
    _srnn("a step more than a chunk", steps=17, trials=33, spikes=("hidden1",)),
    _srnn("no spikes are kept", spikes=(), steps=100),
    _srnn("wide layer", hidden=[140], steps=30, trials=3),
    _srnn("only w", trainable=("w",)),
    _srnn("only tau_m", trainable=("tau_m",), slot="end"),
    _srnn("values at the start", initial=True, trainable=("tau_a",), steps=20),
    _srnn("trained values at the start", trainable=("hidden1.v", "hidden1.a", "output.v"), steps=20),
    # neuron models, with other things in turn
    _net("LIF", model="LIF", slow=False, delay="each", readout=True),
    _net("LIF, several steps refractory", model="LIF", refractory="several steps", trials=16, connect="all"),
    _net(
        "LIF, held",
        refractory="held",
        slow=False,
        connect="all",
        delay="one",
        options=(("detach_reset", True),),
    ),
    _net("LIF, held for a step", refractory="held for a step", steps=33),
    _net("LIF, one step", refractory="one step", schedule="synapses before thresholds"),
    _net("LIF, each its own period", refractory="each", delay="long", trials=33, readout=True),
    _net("LIF, a condition", refractory="condition", slow=False),
    _net("LIF, delays longer than a chunk", delay="long", steps=100, second=True),
    _net("LIF, delays of the input too", delay="generator's and own", readout=True, schedule="resets first"),
    _net("LIF, several synapses of a pair", connect="multiple", delay="each", slow=True),
    _net("LIF, compressed rows", size=300, connect="large", trials=5, steps=25, slow=False),
    _net("LIF, compressed rows and delays", size=300, connect="large", delay="each", trials=33, steps=20),
    _net("LIF, compressed rows, held", size=300, connect="large", refractory="held", trials=2, steps=20),
    _net(
        "ALIF, synapses before thresholds", model="ALIF", schedule="synapses before thresholds", second=True
    ),
    _net("ALIF, synapses first", model="ALIF", schedule="synapses first", delay="one", slot="thresholds"),
    _net("ALIF, synapses after resets", model="ALIF", schedule="synapses after resets", slot="resets"),
    _net("ALIF, resets first", model="ALIF", schedule="resets first", slow=False, slot="after_thresholds"),
    _net("ALIF, own spikes", model="ALIF", **OWN, second=True, readout=True, slow=True),
    _net("ALIF, own spikes, periodic", model="ALIF", source="periodic", stimulus="", before=13, steps=60),
    _net("ALIF, has run", model="ALIF", before=13, refractory="several steps", steps=30),
    _net("ALIF, own spikes, has run", model="ALIF", **OWN, before=13, trials=1),
    _net("ALIF, runs regularly at the start", model="ALIF", regularly=(("a *= 0.99", "start"),)),
    _net(
        "ALIF, runs regularly anywhere",
        model="ALIF",
        slow=False,
        regularly=(
            ("v += 0.02*a", "before_resets"),
            ("a = a*0.99 + 0.001*v", "end"),
            ("v *= 0.999", "synapses"),
        ),
    ),
    _net("ALIF, one current, its own", model="ALIF", source="timed", stimulus="", initial=True),
    _net("ALIF, currents of its own", model="ALIF", source="timed by neuron", stimulus="", slow=False),
    _net("ALIF, driven currents", model="ALIF", source="timed by neuron", stimulus="graded", trials=33),
    _net(
        "ALIF, one driven current",
        model="ALIF",
        source="timed",
        stimulus="graded",
        slow=False,
        connect="none",
    ),
    _net("ALIF, one driven current, has run", model="ALIF", source="timed", stimulus="graded", before=13),
    _net("ALIF, currents of its own, has run", model="ALIF", source="timed", stimulus="", before=13),
    _net(
        "Izhikevich",
        model="Izhikevich",
        slow=False,
        steps=60,
        options=(("surrogate", "fast_sigmoid"), ("scale", 10.0)),
    ),
    _net(
        "Izhikevich, chaotic", model="Izhikevich", size=60, connect="all", delay="each", steps=300, trials=2
    ),
    _net(
        "Izhikevich, held",
        model="Izhikevich",
        refractory="held",
        steps=60,
        options=(("surrogate", "gaussian"),),
    ),
    _net("AdEx", model="AdEx", steps=120, slow=False, trials=5, options=(("surrogate", "gaussian"),)),
    _net(
        "AdEx, timed, scale",
        model="AdEx",
        source="timed",
        stimulus="",
        options=(("surrogate", "triangular"),),
        steps=100,
    ),
    _net("AdEx, held, delays", model="AdEx", refractory="held", delay="each", steps=100, readout=True),
    _net("Hodgkin-Huxley", model="Hodgkin-Huxley", steps=400, trials=2, options=(("surrogate", "slayer"),)),
)
