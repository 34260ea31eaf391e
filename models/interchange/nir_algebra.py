"""Which NIR neuron the equations of a Brian2 group are, by algebra: whatever its names, with numbers to the bit."""

import re
from dataclasses import dataclass

import numpy as np
import sympy
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_UNITS
from brian2.parsing.sympytools import str_to_sympy

from ..description import Array
from ..errors import UnsupportedModel

REMEDY = (
    "NIR has none of it, and what reads the graph would run another network; export(net, to='brian2') writes a script, "
    "save(net) a file"
)
STEP = sympy.Symbol("dt_ref", real=True)


def symbol(name):
    """The sympy symbol that Brian2 makes of a name."""
    return sympy.Symbol(name, real=True)


def reduced(expression):
    """A quotient without common factors: what is one symbol comes out as that symbol."""
    return sympy.cancel(expression)


def refuse(name, feature, verb="uses"):
    """The error for what NIR cannot say."""
    return UnsupportedModel(name, feature, REMEDY, verb=verb)


class Values:
    """Numbers of the symbols of a group or of synapses, SI.

    Parameters
    ----------
    obj : NeuronGroupDescription or SynapsesDescription
    step : float
        dt_ref (s).

    Raises
    ------
    UnsupportedModel
        A name stands for something else than a number, or dt_ref for another one.
    """

    def __init__(self, obj, step):
        self.name = obj.name
        self.known = {"dt_ref": np.array(step)}
        for external in obj.namespace:
            if not isinstance(external.value, Array):
                raise refuse(obj.name, f"'{external.name}', which is no number")
            value = np.asarray(external.value.values, dtype=float)
            if external.name == "dt_ref" and value != step:
                raise refuse(obj.name, f"another dt_ref ({value:g} s) than its network ({step:g} s)", "has")
            self.known[external.name] = value
        self.known |= {v.name: np.asarray(v.array.values, dtype=float) for v in obj.variables}

    def of(self, expression, more=()):
        """Value of an expression; that of a bare symbol to the bit.

        Parameters
        ----------
        expression : sympy.Expr
        more : dict of str to ndarray
            Of further symbols.
        """
        names = {s.name: s for s in expression.free_symbols}
        known = self.known | dict(more)
        values = {}
        for name in names:
            if name in known:
                values[name] = known[name]
            elif name in DEFAULT_UNITS:
                values[name] = float(DEFAULT_UNITS[name])
            elif name in DEFAULT_CONSTANTS:
                values[name] = float(DEFAULT_CONSTANTS[name].get_value())
            else:
                raise refuse(self.name, f"'{name}', which changes while it runs")
        if expression.is_Symbol:
            return np.asarray(values[expression.name], dtype=float)
        function = sympy.lambdify(list(names.values()), expression, "numpy")
        return np.asarray(function(*(values[name] for name in names)), dtype=float)


@dataclass(frozen=True, eq=False)
class Neuron:
    """A group as a NIR neuron.

    Parameters
    ----------
    kind : str
        Class of the package ``nir``.
    state : str
        Variable that is read and that has the threshold.
    entry : str
        Variable that spikes move: `state`, or the synaptic current.
    fields : dict of str to ndarray, shape (neuron,)
        NIR's parameters.
    per_input : sympy.Expr
        What an input of 1 during dt_ref adds to `entry`, as an impulse: r dt_ref/tau and the like.
    drive : dict of str to sympy.Expr
        Summed variables and biases of the equations: what one unit of each is worth in NIR's input.
    """

    kind: str
    state: str
    entry: str
    fields: dict
    per_input: sympy.Expr
    drive: dict


def expressions_of(obj):
    """Right-hand sides by name with subexpressions written out, those of differential equations among them."""
    subs = {
        symbol(e.name): str_to_sympy(e.expression)
        for e in obj.equations
        if e.type == "subexpression" and not {"summed"} & set(e.flags)
    }
    found = {}
    for e in obj.equations:
        if e.type != "parameter":
            expression = str_to_sympy(e.expression)
            for _ in subs:
                expression = expression.xreplace(subs)
            found[e.name] = expression
    return found


def neuron_of(group, summed, biases, step):
    """Recognise a group.

    Parameters
    ----------
    group : NeuronGroupDescription
    summed : set of str
        Its variables that synapses sum up.
    biases : set of str
        Its parameters that are the bias of an Affine.
    step : float
        dt_ref (s).

    Returns
    -------
    Neuron

    Raises
    ------
    UnsupportedModel
        It is none of NIR's neurons; the message says what it has that NIR has not.
    """
    values = Values(group, step)
    expressions = expressions_of(group)
    states = [e.name for e in group.equations if e.type == "differential equation"]
    threshold, reset = _threshold(group, expressions, states)
    _check_group(group)
    for name in states:
        _check_symbols(group, expressions[name])
    state = _membrane(group, states, expressions, threshold)
    others = [name for name in states if name != state]
    if len(others) > 1:
        raise refuse(group.name, f"{len(states)} differential equations ({', '.join(states)})", "has")
    drive = {name: symbol(name) for name in (*sorted(summed), *sorted(biases))}
    read = _Reading(group, values, drive, step)
    if others:
        return read.with_current(state, others[0], expressions, threshold, reset)
    return read.alone(state, expressions, threshold, reset)


class _Reading:
    def __init__(self, group, values, drive, step):
        self.group, self.values, self.drive, self.step = group, values, drive, step
        self.parameters = {e.name for e in group.equations if e.type == "parameter"}

    def field(self, expression):
        """Numbers of an expression, one for each neuron."""
        return np.array(np.broadcast_to(self.values.of(expression), self.group.size), dtype=float)

    def linear(self, expression, name):
        """Slope and rest of an equation that is linear in its own variable."""
        x = symbol(name)
        expression = sympy.expand(expression)
        slope = reduced(expression.diff(x))
        if x in slope.free_symbols:
            raise refuse(self.group.name, f"an equation of '{name}' that is not linear", "has")
        return slope, sympy.expand(reduced(expression - slope * x))

    def inputs(self, rest, gain):
        """What the drive is worth by name, and the rest without it; `gain` of NIR's input."""
        found = {}
        for name, x in self.drive.items():
            slope = reduced(rest.diff(x))
            if slope == 0:
                continue
            found[name] = reduced(slope / gain)
            rest = sympy.expand(rest - slope * x)
        own = symbol("I")
        # An input of the user's own: nothing where it is 0.
        if "I" in self.parameters and own in rest.free_symbols and not self.field(own).any():
            rest = rest.subs(own, 0)
        return found, reduced(rest)

    def gain(self, name, rest, default):
        """NIR's r or w_in: the parameter of that name where the equation has it, else `default`."""
        own = symbol(name)
        if name not in self.parameters:
            return default
        used = any(own in rest.diff(x).free_symbols for x in (*self.drive.values(), symbol("I")))
        return own if used else default

    def alone(self, state, expressions, threshold, reset):
        """LIF, LI, IF, I."""
        slope, rest = self.linear(expressions[state], state)
        spikes = threshold is not None
        if slope == 0:
            gain = self.gain("r", rest, sympy.Integer(1) / STEP)
            drive, rest = self.inputs(rest, gain)
            if rest != 0 and self.field(rest).any():
                raise refuse(self.group.name, f"a constant drive of '{state}', which has no leak", "has")
            fields, per_input = {"r": gain}, gain * STEP
        else:
            tau = reduced(-1 / slope)
            self._check_tau(tau, state)
            rest = sympy.expand(reduced(rest * tau))
            gain = self.gain("r", rest, tau / STEP)
            drive, rest = self.inputs(rest, gain)
            fields, per_input = {"tau": tau, "r": gain, "v_leak": rest}, gain * STEP / tau
        kind = ("IF" if spikes else "I") if slope == 0 else ("LIF" if spikes else "LI")
        return self.neuron(kind, state, state, fields, per_input, drive, threshold, reset)

    def with_current(self, state, current, expressions, threshold, reset):
        """CubaLIF, CubaLI."""
        name = self.group.name
        if symbol(state) in expressions[current].free_symbols:
            raise refuse(name, f"'{current}', which is coupled to '{state}' below threshold", "has")
        slope, rest = self.linear(expressions[state], state)
        if slope == 0:
            raise refuse(name, f"a synaptic current onto '{state}', which has no leak", "has")
        tau = reduced(-1 / slope)
        self._check_tau(tau, state)
        rest = sympy.expand(reduced(rest * tau))
        r = reduced(rest.diff(symbol(current)))
        if symbol(current) in r.free_symbols:
            raise refuse(name, f"'{current}', which acts on '{state}' not in proportion", "has")
        leak = reduced(rest - r * symbol(current))
        if set(self.drive) & {s.name for s in leak.free_symbols}:
            raise refuse(name, f"both a synaptic current '{current}' and inputs straight to '{state}'", "has")
        slope, drive = self.linear(expressions[current], current)
        if slope == 0:
            raise refuse(name, f"'{current}', which does not decay", "has")
        tau_syn = reduced(-1 / slope)
        self._check_tau(tau_syn, current)
        drive = sympy.expand(reduced(drive * tau_syn))
        w_in = self.gain("w_in", drive, tau_syn / STEP)
        found, drive = self.inputs(drive, w_in)
        if drive != 0 and self.field(drive).any():
            raise refuse(name, f"a constant drive of the synaptic current '{current}'", "has")
        fields = {"tau_syn": tau_syn, "tau_mem": tau, "r": r, "v_leak": leak, "w_in": w_in}
        kind = "CubaLI" if threshold is None else "CubaLIF"
        return self.neuron(kind, state, current, fields, w_in * STEP / tau_syn, found, threshold, reset)

    def neuron(self, kind, state, entry, fields, per_input, drive, threshold, reset):
        """The `Neuron` with its numbers."""
        if threshold is not None:
            fields = fields | {"v_threshold": threshold, "v_reset": reset}
        numbers = {name: self.field(expression) for name, expression in fields.items()}
        return Neuron(kind, state, entry, numbers, per_input, drive)

    def _check_tau(self, tau, state):
        values = self.field(tau)
        if not (values > 0).all():
            raise refuse(self.group.name, f"'{state}', which grows (tau = {values.min():g} s)", "has")


def _check_group(group):
    for feature, found in (
        ("a refractory period", group.refractory is not None),
        ("events of its own", group.events),
        ("linked variables", group.links),
        ("run_regularly", group.regular),
        ("a step of its own", group.dt is not None),
    ):
        if found:
            raise refuse(group.name, feature, "has")
    for e in group.equations:
        if e.type != "differential equation" and e.kind != "float":
            raise refuse(group.name, f"the {e.kind} variable '{e.name}'", "has")


def _check_symbols(group, expression):
    names = {s.name for s in expression.free_symbols}
    for name in sorted(names):
        if name == "xi" or name.startswith("xi_"):
            raise refuse(group.name, "noise")
        if name in ("t", "dt", "lastspike", "i", "N"):
            raise refuse(group.name, f"'{name}' in its equations")
    functions = {str(f.func) for f in expression.atoms(sympy.core.function.AppliedUndef)}
    if functions:
        raise refuse(group.name, f"the function {min(functions)}")


def _membrane(group, states, expressions, threshold):
    if not states:
        raise refuse(group.name, "no differential equation", "has")
    if group.threshold is not None:
        return threshold_state(group, states)
    read = {s.name for name in states for s in expressions[name].free_symbols if s.name != name}
    last = [name for name in states if name not in read]
    if len(last) != 1:
        raise refuse(group.name, f"the differential equations of {', '.join(states)}", "has")
    return last[0]


def threshold_state(group, states):
    """The variable that the threshold is of."""
    found = re.match(r"\s*([A-Za-z_]\w*)\s*>(?!=)", group.threshold.condition)
    if not found or found[1] not in states:
        raise refuse(
            group.name, f"the threshold {group.threshold.condition!r}; NIR's is a state above a value", "has"
        )
    return found[1]


def _threshold(group, expressions, states):
    """Expressions of threshold and reset value, None and None where there is no threshold."""
    if group.threshold is None:
        return None, None
    state = threshold_state(group, states)
    level = group.threshold.condition.split(">", 1)[1]
    subs = {symbol(name): e for name, e in expressions.items() if name not in states}
    found = []
    reset = [line for line in re.split(r"[\n;]", group.threshold.reset or "") if line.strip()]
    to = [re.fullmatch(rf"\s*{state}\s*=(?!=)\s*(.+?)\s*", line) for line in reset]
    try:
        found = [str_to_sympy(level), *(str_to_sympy(match[1]) for match in to if match)]
    except (SyntaxError, ValueError) as error:
        raise refuse(group.name, f"the threshold {group.threshold.condition!r} ({error})", "has") from error
    found = [e.xreplace(subs) for e in found]
    moving = sorted({s.name for s in found[0].free_symbols} & set(states))
    if moving:
        raise refuse(group.name, f"an adaptive threshold, which depends on '{moving[0]}'", "has")
    if len(reset) != 1 or to[0] is None or {s.name for s in found[1].free_symbols} & set(states):
        said = (group.threshold.reset or "none").replace("\n", "; ")
        raise refuse(group.name, f"the reset {said!r}; NIR's sets the state to a value, v = v_reset", "has")
    return found


def in_target(expression, obj):
    """An expression of a group's names in the words of synapses onto it: ``tau`` becomes ``tau_post``."""
    own = {e.name for e in obj.equations}
    return expression.xreplace(
        {s: symbol(f"{s.name}_post") for s in expression.free_symbols if s.name in own}
    )
