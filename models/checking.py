"""Checks of what a network file holds: everything is refused that is not known to be harmless.

Names are identifiers, code is arithmetic on known names and functions, slots, methods and flags come from
known sets. Nothing is evaluated.
"""

import ast
import math
import re

from brian2 import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_CONSTANTS, DEFAULT_UNITS
from brian2.parsing.rendering import NodeRenderer
from brian2.stateupdaters.base import StateUpdateMethod

from .errors import FileRefused

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}\Z")
SLOT = re.compile(r"((?:before|after)_){0,4}([A-Za-z_][A-Za-z0-9_]{0,199})\Z")
TYPES = ("differential equation", "subexpression", "parameter")
KINDS = ("float", "integer", "boolean")
FLAGS = (
    *("constant", "shared", "linked", "unless refractory", "constant over dt"),
    *("summed", "event-driven", "clock-driven"),
)
# Longer than any model met; sympy and compilers slow down far beyond.
LONGEST_CODE = 20_000
LARGEST_POWER = 100
LONGEST_NUMBER = 40
# A queue takes memory for every step of the longest delay.
LONGEST_DELAY = 1_000_000
OF_GROUPS = ("t", "dt", "t_in_timesteps", "i", "N", "lastspike", "not_refractory")
BUILT_IN = (
    *OF_GROUPS,
    *(f"{name}_{side}" for name in OF_GROUPS for side in ("pre", "post")),
    *("j", "lastupdate", "delay", "N_incoming", "N_outgoing", "True", "False"),
)
FUNCTIONS = tuple(DEFAULT_FUNCTIONS)
# Random functions and their numbers of arguments: a further one would be taken for the size of the draw.
DRAWING = {name: len(f._arg_units) for name, f in DEFAULT_FUNCTIONS.items() if not f.stateless}
NOISE = re.compile(r"xi(_[A-Za-z0-9_]{1,190})?\Z")
_NODES = (
    ast.Module,
    ast.Expression,
    ast.Assign,
    ast.AugAssign,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.Call,
    ast.Name,
    ast.Constant,
    ast.Load,
    ast.Store,
    *(ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.USub, ast.UAdd),
    *(ast.And, ast.Or, ast.Not, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
)


def refuse(where, expected, got):
    """Raise FileRefused: where, what was expected, what came."""
    raise FileRefused(
        f"network file: {where}: expected {expected}, got {str(got)[:80]!r}; save the network anew"
    )


def identifier(where, name):
    """Return a name after checking that it is an identifier."""
    if not isinstance(name, str) or not IDENTIFIER.match(name):
        refuse(where, "an identifier", name)
    return name


def one_of(where, value, choices):
    """Return a value after checking that it is one of a known set."""
    if not isinstance(value, str) or value not in choices:
        refuse(where, f"one of {', '.join(choices)}", value)
    return value


def slot(where, name, schedule):
    """Return the name of a slot after checking it against the schedule."""
    match = SLOT.match(name) if isinstance(name, str) else None
    if match is None or not (name in schedule or match.group(2) in schedule):
        refuse(where, "a slot of the schedule", name)
    return name


def method(where, value):
    """Return a state updater, or a tuple of them, after checking that Brian2 has it."""
    known = [name for name in StateUpdateMethod.stateupdaters if not name.startswith("gsl")]
    if isinstance(value, list):
        return tuple(one_of(where, v, known) for v in value)
    return one_of(where, value, known)


def number(where, value, *, least=-math.inf, most=math.inf, finite=True):
    """Return a float after checking its type and range."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse(where, "a number", value)
    if isinstance(value, int) and abs(value) > 2**64:
        refuse(where, "a number of at most 64 bits", "a longer one")
    if (finite and not math.isfinite(value)) or not least <= value <= most:
        refuse(where, f"a number from {least} to {most}", value)
    return float(value)


def whole(where, value, *, least=-1_000_000, most=1_000_000_000):
    """Return an int after checking its type and range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        refuse(where, f"a whole number from {least} to {most}", value)
    return value


def texts(where, value):
    """Return a dict of str to str, of bounded size."""
    if not isinstance(value, dict) or not all(isinstance(v, str) for pair in value.items() for v in pair):
        refuse(where, "texts by name", value)
    if len(value) > 100 or any(len(text) > 100_000 for text in value.values()):
        refuse(where, "at most 100 texts of 100 000 characters", f"{len(value)} of them, or longer ones")
    return dict(value)


def dimensions(where, value):
    """Return seven exponents of SI dimensions as a tuple of float."""
    if not isinstance(value, list) or len(value) != 7:
        refuse(where, "seven exponents of dimensions", value)
    return tuple(number(where, v, least=-100, most=100) for v in value)


def expression(where, code, names, *, noise=False):
    """Return an expression after checking that it is arithmetic on `names`, units, constants and known functions.

    Parameters
    ----------
    where : str
    code : str
    names : set of str
        Variables and externals that it may use.
    noise : bool
        Whether it may use ``xi`` and ``xi_name``: a differential equation of neurons.

    Raises
    ------
    FileRefused
    """
    return _code(where, code, names, "eval", noise=noise)


def statements(where, code, names):
    """Return statements after checking that they assign arithmetic to names; new names may be introduced."""
    return _code(where, code, names, "exec")


def _code(where, code, names, mode, noise=False):
    if not isinstance(code, str) or len(code) > LONGEST_CODE:
        refuse(where, f"code of at most {LONGEST_CODE} characters", code)
    text = code if mode == "eval" else "\n".join(line.strip() for line in code.split("\n"))
    try:
        tree = ast.parse(text.strip(), mode=mode)
        for node in ast.walk(tree):
            _node(where, code, node)
        renderer = NodeRenderer()
        for part in [tree.body] if mode == "eval" else tree.body:
            renderer.render_node(part)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, FileRefused):
            raise
        refuse(where, "code that Brian2 can parse", code)
    assigned = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    known = names | assigned | set(BUILT_IN) | set(DEFAULT_UNITS) | set(DEFAULT_CONSTANTS)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            identifier(where, node.id)
            function = id(node) in called and node.id in FUNCTIONS
            if not (node.id in known or function or (noise and NOISE.match(node.id))):
                refuse(where, f"known names in the code {code[:60]!r}", node.id)
    return code


def _node(where, code, node):
    if not isinstance(node, _NODES):
        refuse(where, f"arithmetic (no {type(node).__name__})", code)
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, (bool, int, float)):
            refuse(where, "numbers as constants", node.value)
        if isinstance(node.value, int) and abs(node.value) >= 10**LONGEST_NUMBER:
            refuse(where, f"numbers of at most {LONGEST_NUMBER} digits", "a longer one")
    if isinstance(node, ast.Call) and (not isinstance(node.func, ast.Name) or node.keywords):
        refuse(where, "calls of functions by name", code)
    if isinstance(node, ast.Call) and node.func.id in DRAWING and len(node.args) != DRAWING[node.func.id]:
        refuse(where, f"{node.func.id}() with {DRAWING[node.func.id]} arguments", code)
    if isinstance(node, ast.Assign) and len(node.targets) > 1:
        refuse(where, "one name for each assignment", code)
    # Brian2 and sympy compute powers of numbers exactly: 9**9**9 would not end.
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and _numbers_only(node):
        exponent = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        plain = isinstance(exponent, ast.Constant) and abs(exponent.value) <= LARGEST_POWER
        if not plain or any(isinstance(n, ast.Pow) for n in ast.walk(node.left)):
            refuse(where, f"powers of numbers up to {LARGEST_POWER}, none of a power", code)


def _numbers_only(node):
    return not any(isinstance(n, (ast.Name, ast.Call)) for n in ast.walk(node))
