"""The statements of one request for code, and what they name."""

from __future__ import annotations

import numpy as np
from brian2.codegen.generators.numpy_generator import NumpyCodeGenerator
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.codegen.translation import make_statements
from brian2.core.clocks import Clock
from brian2.core.functions import Function
from brian2.core.preferences import prefs
from brian2.core.variables import ArrayVariable, Constant, Subexpression
from brian2.parsing.bast import brian_dtype_from_dtype
from brian2.utils.stringtools import get_identifiers

from ..models.errors import UnsupportedModel
from .masks import without_masked_quotients
from .program import Access, Array, Line

NEVER_RUNS = "Brian2's numpy target cannot run it either"


class ArrayTable(dict):
    """Arrays by key, as they are met. Clocks of one step are one; the finest has the key `CLOCK`.

    Parameters
    ----------
    clocks : dict of str to str
        Key of each clock, by its name.
    """

    def __init__(self, clocks):
        super().__init__()
        self.clocks = clocks

    def key(self, variable):
        """Note an array; returns its key."""
        owner, name = place_of(variable)
        owner = self.clocks[owner] if isinstance(variable.owner, Clock) else owner
        key = f"{owner}.{name}"
        known = self.get(key)
        if known is None:
            self[key] = Array(
                key=key,
                size=int(np.size(variable.get_value())),
                dtype=np.dtype(variable.dtype),
                dimension=variable.dim,
                scalar=bool(variable.scalar),
                writable=not variable.read_only,
                variable=variable,
            )
        elif known.variable is not variable and not isinstance(variable.owner, Clock):
            raise UnsupportedModel(
                owner,
                "the name of two objects",
                "give each object of the network its own: name=...",
                verb="is",
            )
        return key


def place_of(variable):
    """Names of an array's owner and of the array; a delay is its pathway's ``delay``.

    Up to Brian2 2.10 the pathway owns it, from 2.11 on the synapses do, as ``_pre_delay``.
    """
    owner = variable.owner
    for pathway in getattr(owner, "_pathways", ()):
        if pathway._delays is variable:
            return pathway.name, "delay"
    return owner.name, variable.name


def statements_of(obj, call, arrays):
    """The statements of one request and what they name."""
    variables, indices = call["variables"], call["variable_indices"]
    template = getattr(NumpyCodeObject.templater, call["template_name"])
    wanted = getattr(obj, "codeobj_class", None)
    if wanted not in (None, NumpyCodeObject):
        raise UnsupportedModel(obj.name, f"code of class {wanted.__name__}", "leave codeobj_class out")
    generator = NumpyCodeGenerator(
        variables,
        indices,
        call["owner"],
        template.iterate_all,
        NumpyCodeObject,
        call["name"],
        call["template_name"],
        call["override_conditional_write"],
        template.allows_scalar_write,
    )
    blocks, mode = {"scalar": [], "vector": []}, "together"
    for block, text in call["abstract_code"].items():
        scalar, vector = make_statements(
            text, variables, prefs["core.default_float_dtype"], optimise=True, blockname=block
        )
        conditions = generator.get_conditional_write_vars()
        if vector:
            mode = _mode(generator, vector)
            _refuse_unread_masks(obj.name, generator, vector, mode)
        blocks["scalar"] += [_line(s, {}) for s in scalar]
        for statement in vector:
            kept = mode != "scatter" or (statement.inplace and indices.get(statement.var, "_idx") != "_idx")
            blocks["vector"].append(
                _line(statement, conditions if kept else {}, simplified=mode != "scatter")
            )
    if mode == "together":
        blocks["vector"] = without_masked_quotients(blocks["vector"])
    named = set()
    for line in blocks["scalar"] + blocks["vector"]:
        texts = [line.expression, line.target, line.condition or "", *(line.branches or ())]
        named |= set(get_identifiers(" ".join(texts)))
    accesses, constants, keys, functions, implementations = {}, {}, {}, {}, {}
    pending = sorted(named & set(variables))
    while pending:
        name = pending.pop()
        variable = variables[name]
        if isinstance(variable, ArrayVariable):
            if name in accesses:
                continue
            accesses[name] = Access(name=name, array=arrays.key(variable), index=indices[name])
            if indices[name] not in ("_idx", "0"):
                pending.append(indices[name])
        elif isinstance(variable, Constant):
            constants[name] = variable.get_value()
            found = _constant_keys(name, call)
            if found:
                keys[name] = found
        elif isinstance(variable, Function):
            functions[name] = variable
            implementations[name] = in_numpy(variable).get_code(call["owner"])
    return {
        "mode": mode,
        "elements": _elements(variables),
        "scalar": tuple(blocks["scalar"]),
        "vector": tuple(blocks["vector"]),
        "accesses": accesses,
        "constants": constants,
        "constant_keys": keys,
        "functions": functions,
        "implementations": implementations,
    }


def in_numpy(function):
    """A function's implementation for the numpy target; where it has none, its Python function is one, as in Brian2."""
    try:
        return function.implementations[NumpyCodeObject]
    except KeyError:
        function.implementations.add_numpy_implementation(function.pyfunc)
        return function.implementations[NumpyCodeObject]


def _elements(variables):
    """How many elements the statements run over."""
    size = variables.get("N")
    return 0 if size is None else int(np.asarray(size.get_value()).reshape(-1)[0])


def _mode(generator, statements):
    """How numpy's target runs the vector statements (`Operation.mode`)."""
    if not generator.has_repeated_indices(statements):
        return "together"
    indices, used = generator.variable_indices, set()
    for statement in statements:
        used |= {
            name
            for name in get_identifiers(statement.expr)
            if name in generator.variables and name in indices and indices[name] != "_idx"
        }
        if statement.var in used:
            return "one by one"
        if statement.op == ":=" or indices[statement.var] == "_idx" or not statement.inplace:
            continue
        if statement.op not in ("+=", "-=", "*=", "/="):
            return "one by one"
    return "scatter"


def _refuse_unread_masks(name, generator, statements, mode):
    """Two groups with refractoriness are written: Brian2 masks both by one ``not_refractory``, through one index.

    Its numpy target loads that index only for a variable that is read or written through it, and otherwise ends in a
    NameError.
    """
    loaded = {"_idx", "0"}
    for block in [[s] for s in statements] if mode == "scatter" else [statements]:
        _, written, indices, masks = generator.arrays_helper(block)
        loaded |= indices
        for target in sorted(written & masks.keys()):
            mask = masks[target]
            if generator.variable_indices[mask] in loaded:
                continue
            raise UnsupportedModel(
                name,
                f"to two groups with refractoriness: {target} would be masked by {mask} of the other ({NEVER_RUNS})",
                "give each group a pathway of its own: on_pre={'to_post': ..., 'to_pre': ...}",
                verb="writes",
            )


def _line(statement, conditions, simplified=True):
    branches = None
    booleans = statement.used_boolean_variables
    if (
        simplified
        and booleans is not None
        and len(booleans) == 1
        and brian_dtype_from_dtype(statement.dtype) == "float"
        and statement.complexity_std > sum(statement.complexities.values())
    ):
        simplified = {
            assigned[0][1]: text for assigned, text in statement.boolean_simplified_expressions.items()
        }
        branches = (booleans[0], simplified[True], simplified[False])
    return Line(
        target=statement.var,
        op=statement.op,
        expression=str(statement.expr),
        boolean=brian_dtype_from_dtype(statement.dtype) == "boolean",
        condition=conditions.get(statement.var),
        branches=branches,
    )


def _constant_keys(name, call):
    """Where an external constant may live: ``group.name`` for each namespace that the statements take it from.

    A name that the statements themselves use comes from the owner's namespace; one that a subexpression
    brought in (``alpha_post``) from that of the subexpression's group.
    """
    owners = {}
    if name in get_identifiers(" ".join(call["abstract_code"].values())):
        owners[call["owner"].name] = call["owner"]
    for variable in call["variables"].values():
        if isinstance(variable, Subexpression) and name in get_identifiers(variable.expr):
            owners[variable.owner.name] = variable.owner
    return tuple(
        f"{n}.{name}" for n, owner in sorted(owners.items()) if name in getattr(owner, "namespace", {})
    )
