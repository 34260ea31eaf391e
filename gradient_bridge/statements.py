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
from .program import CLOCK, Access, Array, Line
from .refusals import refuse_function, refuse_type


def register(variable, arrays):
    """Note an array in the program's table; returns its key. All clocks have the same dt and are one."""
    owner = CLOCK if isinstance(variable.owner, Clock) else variable.owner.name
    key = f"{owner}.{variable.name}"
    refuse_type(owner, variable.name, np.dtype(variable.dtype))
    arrays.setdefault(
        key,
        Array(
            key=key,
            size=int(np.size(variable.get_value())),
            dtype=np.dtype(variable.dtype),
            dimension=variable.dim,
            scalar=bool(variable.scalar),
            writable=not variable.read_only,
        ),
    )
    return key


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
    blocks = {"scalar": [], "vector": []}
    for block, text in call["abstract_code"].items():
        scalar, vector = make_statements(
            text, variables, prefs["core.default_float_dtype"], optimise=True, blockname=block
        )
        for kind, statements in (("scalar", scalar), ("vector", vector)):
            if not statements:
                continue
            *_, conditions = generator.arrays_helper(statements)
            blocks[kind] += [_line(s, conditions) for s in statements]
    named = set()
    for line in blocks["scalar"] + blocks["vector"]:
        texts = [line.expression, line.target, line.condition or "", *(line.branches or ())]
        named |= set(get_identifiers(" ".join(texts)))
    accesses, constants, keys, functions = {}, {}, {}, {}
    pending = sorted(named & set(variables))
    while pending:
        name = pending.pop()
        variable = variables[name]
        if isinstance(variable, ArrayVariable):
            if name in accesses:
                continue
            accesses[name] = Access(name=name, array=register(variable, arrays), index=indices[name])
            if indices[name] not in ("_idx", "0"):
                pending.append(indices[name])
        elif isinstance(variable, Constant):
            constants[name] = variable.get_value()
            found = _constant_keys(name, call)
            if found:
                keys[name] = found
        elif isinstance(variable, Function):
            refuse_function(obj, name, variable)
            functions[name] = variable
    return {
        "scalar": tuple(blocks["scalar"]),
        "vector": tuple(blocks["vector"]),
        "accesses": accesses,
        "constants": constants,
        "constant_keys": keys,
        "functions": functions,
    }


def _line(statement, conditions):
    branches = None
    booleans = statement.used_boolean_variables
    if (
        booleans is not None
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
