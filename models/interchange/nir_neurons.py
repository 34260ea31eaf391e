"""NIR's neurons as Brian2 equations, said once: for networks that come from a graph and for `srnn`.

The equations are those of NIR (Pedersen et al. 2024, Nat Commun 15:8122; docstrings of the package ``nir``), in its
names; times are in seconds, all else has no unit. ``I`` is a current of the user's own, 0 otherwise. A spike is an
impulse of the area dt_ref (docs/interchange.md): it brings what an input of 1 during dt_ref brings.
"""

from dataclasses import dataclass

from brian2 import Hz, Unit, second

from ..initials import Normal
from ..neurons import NeuronModel, Parameter

NIR = "Pedersen et al. 2024, Nat Commun 15:8122, and the package nir"
_CHOICE = f"{NIR}; the value is a choice"


@dataclass(frozen=True)
class Kind:
    """One neuron of NIR.

    Parameters
    ----------
    name : str
        Class of the package ``nir``.
    equations : tuple of str
        Differential equations, with ``{drive}`` where the input goes.
    jump : str
        What a spike does, with ``{w}`` for its weight.
    units : tuple of (str, Unit)
        Parameters, NIR's names.
    method : str
        State updater of Brian2.
    spikes : bool
    """

    name: str
    equations: tuple[str, ...]
    jump: str
    units: tuple[tuple[str, Unit], ...]
    method: str
    spikes: bool

    def text(self, drive):
        """Brian2 equations with the input `drive`, its terms in order."""
        lines = [line.format(drive=" + ".join(drive)) for line in self.equations]
        lines += ["I : 1", *(f"{name} : {_UNITS[unit]} (constant)" for name, unit in self.units)]
        return "\n".join(lines)

    @property
    def threshold(self):
        """Condition for a spike, or None."""
        return "v > v_threshold" if self.spikes else None

    @property
    def reset(self):
        """Statement at a spike, or None."""
        return "v = v_reset" if self.spikes else None


_ONE = Unit(1)
_UNITS = {_ONE: "1", second: "second", Hz: "Hz"}
_LEAKY = ("dv/dt = (v_leak - v + r*({drive}))/tau : 1",)
# i_syn is I of NIR; Brian2 keeps `i` for the index.
_CURRENT = ("dv/dt = (v_leak - v + r*i_syn)/tau_mem : 1", "di_syn/dt = (w_in*({drive}) - i_syn)/tau_syn : 1")
_PLAIN = ("dv/dt = r*({drive}) : 1",)
_JUMP = "v_post += r_post*{w}*dt_ref/tau_post"
_CURRENT_JUMP = "i_syn_post += w_in_post*{w}*dt_ref/tau_syn_post"
_PLAIN_JUMP = "v_post += r_post*{w}*dt_ref"
_OF_SPIKES = (("v_threshold", _ONE), ("v_reset", _ONE))
_OF_LEAKY = (("tau", second), ("r", _ONE), ("v_leak", _ONE))
_OF_CURRENT = (("tau_syn", second), ("tau_mem", second), ("r", _ONE), ("v_leak", _ONE))
# exact divides by tau_mem - tau_syn, which graphs have equal and training brings close; the error of rk4 in a step is
# (dt/tau)^5/120, 3e-6 of the state at a fifth of the shortest time constant.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("LIF", _LEAKY, _JUMP, _OF_LEAKY + _OF_SPIKES, "exact", True),
        Kind("LI", _LEAKY, _JUMP, _OF_LEAKY, "exact", False),
        Kind(
            "CubaLIF",
            _CURRENT,
            _CURRENT_JUMP,
            (*_OF_CURRENT, *_OF_SPIKES, ("w_in", _ONE)),
            "rk4",
            True,
        ),
        Kind("CubaLI", _CURRENT, _CURRENT_JUMP, (*_OF_CURRENT, ("w_in", _ONE)), "rk4", False),
        Kind("IF", _PLAIN, _PLAIN_JUMP, (("r", Hz), *_OF_SPIKES), "exact", True),
        Kind("I", _PLAIN, _PLAIN_JUMP, (("r", Hz),), "exact", False),
    )
}

_TIMES = {"tau": (20, Normal(20, 5)), "tau_mem": (20, Normal(20, 5)), "tau_syn": (10, Normal(10, 2))}
_NUMBERS = {"r": 1.0, "v_leak": 0.0, "v_threshold": 0.1, "v_reset": 0.0, "w_in": 1.0}


def _model(kind):
    """The `NeuronModel` of a kind, for `srnn`; v_leak is its bias."""
    times = [Parameter(n, second, *_TIMES[n], source=_CHOICE) for n, _ in kind.units if n in _TIMES]
    numbers = [Parameter(n, _ONE, _NUMBERS[n], source=_CHOICE) for n, _ in kind.units if n in _NUMBERS]
    return NeuronModel(
        name=f"NIR {kind.name}",
        equations=kind.text(["I"]),
        threshold=kind.threshold,
        reset=kind.reset,
        method=kind.method,
        refractory=None,
        synapse=kind.jump.format(w="w"),
        parameters=(*times, *numbers),
        source=NIR,
        start=(("v", "v_leak"),),
    )


# For srnn(neuron=NIR_LIF, readout=NIR_LI): what is trained so can be said in NIR, all of it.
NIR_LIF, NIR_LI = _model(KINDS["LIF"]), _model(KINDS["LI"])
NIR_CubaLIF, NIR_CubaLI = _model(KINDS["CubaLIF"]), _model(KINDS["CubaLI"])
