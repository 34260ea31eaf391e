"""What the parts of an exported script share: names, imports, quantities, stored values, equations, slots."""

import re

import brian2

from .exporting_symbols import meaning
from .exporting_text import (
    WIDTH,
    Names,
    comment,
    mapping,
    quantity_code,
    string,
    unit_code,
    unit_names,
    values_comment,
    with_remark,
    wrapped,
)
from .exporting_values import SECOND, equation_code, zero

COLUMN = 44  # of comments behind equations, at most
# Names that a script uses itself.
OWN_NAMES = frozenset(
    """
    argparse os Path np HERE DT DT_REF STEP parser options inexact flags dt stored example trials chosen steps duration
    tiled shifted rest_of rows set_input spikes values net monitors readout result name monitor size trial neuron time
    order step scores classes counts every given decision kept k sympy str_to_sympy sympy_to_str
    get_conditionally_linear_system extract_method_options StateUpdateMethod UnsupportedEquationsException
    SYMPLECTIC SymplecticExponentialEuler
    """.split()  # noqa: SIM905 - a list of one name a line tells no more
)


class Writer:
    """Writes the objects of one network and gathers what the script needs for them.

    Parameters
    ----------
    description : NetworkDescription
    side_by_side : bool
        Whether trials are copies side by side in one network; else there is one trial.
    starts : dict of str to dict of str to ndarray
        Values at the start of each trial (trial, neuron) in place of those of the network.

    Attributes
    ----------
    names : Names
        Of the objects as Python variables.
    imports : set of str
        From brian2.
    equations : dict of str to (Known or None, str)
        By the name of their constant: what is known of the neuron, and the source.
    late : bool
        Whether the delay of a pathway depends on dt, so that ``rest_of`` is used.
    """

    def __init__(self, description, *, side_by_side, starts):
        self.description, self.side_by_side, self.starts = description, side_by_side, starts
        self.names = Names([*OWN_NAMES, *(n for n in dir(brian2) if not n.startswith("_"))])
        self.imports, self.late = set(), False
        self.equations, self._constants = {}, {}

    @property
    def step_name(self):
        """The script's name for the step of inputs."""
        return "STEP" if self.description.annotations.dt_ref is None else "DT_REF"

    # ------------------------------------------------------------------ numbers
    def quantity(self, value, dimensions):
        """Code of a number with its unit."""
        code = quantity_code(value, dimensions)
        self.imports |= unit_names(code) - {"float", "True", "False"}
        return code

    def time(self, seconds, *, step=False):
        """Code of a time; ``DT_REF`` where it is a `step` and that of dt_ref: another time may be as long by chance."""
        dt_ref = self.description.annotations.dt_ref
        if step and dt_ref is not None and seconds == float(dt_ref):
            return "DT_REF"
        return self.quantity(float(seconds), SECOND)

    def unit_factor(self, dimensions):
        """Code that gives values their unit: ``" * volt"``, or nothing."""
        unit = unit_code(dimensions)
        if unit == "1":
            return ""
        self.imports |= unit_names(unit)
        return f" * {unit}"

    def size(self, n):
        """Code of the size of a group."""
        return f"{n} * trials" if self.side_by_side else str(n)

    def stored(self, key, dimensions, *, tiled=True):
        """Code of an array of the file, repeated for every trial, with its unit."""
        code = f'stored["{key}"]'
        if tiled and self.side_by_side:
            code = f"tiled({code})"
        return code + self.unit_factor(dimensions)

    def index(self, key, size):
        """Code of an array of indices into a group of this size."""
        return f'shifted(stored["{key}"], {size})' if self.side_by_side else f'stored["{key}"]'

    def end(self, name, part):
        """Code of a group or synapses, or of the subgroup of it."""
        return self.names[name] if part is None else self.names[f"{name}[{part.name}]", part.name]

    # ------------------------------------------------------------------ arguments and lines
    def namespace(self, externals):
        """The argument ``namespace=…``, as a list of none or one."""
        items = []
        for e in externals:
            if isinstance(e.value, str):
                items.append((e.name, self.names[e.value]))
            elif e.value.dimensions == SECOND:
                items.append((e.name, self.time(e.value.values, step=e.name == "dt_ref")))
            else:
                items.append((e.name, self.quantity(e.value.values, e.value.dimensions)))
        return [f"namespace={mapping(items, used=11)}"] if items else []

    def last_arguments(self, d):
        """The arguments that all objects share: step, order, name."""
        found = [] if d.dt is None else [f"dt={self.quantity(d.dt, SECOND)}"]
        found += [f"order={d.order}"] if getattr(d, "order", 0) else []
        return [*found, f'name="{d.name}"']

    def slot_lines(self, target, slot, default):
        """Lines that put an operation into its slot, where that is not Brian2's own."""
        lines = [] if slot.when == default.when else [f'{target}.when = "{slot.when}"']
        return lines + ([] if slot.order == default.order else [f"{target}.order = {slot.order}"])

    def value_lines(self, d, *, given=()):
        """Lines that set the variables of an object, but those that are zero or `given` otherwise."""
        flags = {e.name: e.flags for e in d.equations}
        lines = []
        for v in d.variables:
            # What is constant over dt is computed before it is read.
            if zero(v.array.values) or v.name in given or "constant over dt" in flags[v.name]:
                continue
            code = self.stored(f"{d.name}.{v.name}", v.array.dimensions, tiled="shared" not in flags[v.name])
            remark = values_comment(v.array.values, v.array.dimensions)
            lines.append(with_remark(f"{self.names[d.name]}.{v.name} = {code}", remark))
        return lines

    # ------------------------------------------------------------------ equations
    def equations_code(self, name, equations, *, known=None, synapse=False):
        """Code of equations: the name of a constant, or the text itself where synapses have nothing but a weight.

        Parameters
        ----------
        name : str
            Of the object.
        equations : tuple of Equation
        known : (str, Known), optional
            What neuron it is.
        synapse : bool
        """
        label, known = known or (None, None)
        texts = [
            (equation_code(e), meaning(e.name, e.dimensions, known=known, synapse=synapse)) for e in equations
        ]
        if synapse and len(texts) == 1 and texts[0][0].startswith("w :"):
            return string(texts[0][0])
        body = "\n".join(_equation_lines(texts))
        if body not in self._constants:
            label = label and re.sub(r"(?<=[a-z])(?=[A-Z])", "_", label).upper()
            free = label and label not in self.equations
            constant = self.names.free(label if free else f"{name.upper()}_EQUATIONS")
            self._constants[body] = constant
            self.equations[constant] = known, f'{constant} = """\n{body}\n"""'
        return self._constants[body]


def _equation_lines(texts):
    """Equations with their comments in one column; long ones run over it."""
    column = max((len(code) for code, said in texts if said and len(code) <= COLUMN), default=0)
    for code, said in texts:
        parts = wrapped(code, WIDTH - 4)
        if len(parts) > 1 or (said and max(column, len(code)) + len(said) + 4 > WIDTH):
            yield from [comment(said)] * bool(said)
            yield from [parts[0], *(f"    {part}" for part in parts[1:])]
        else:
            yield f"{code:<{column}}  # {said}" if said else code
