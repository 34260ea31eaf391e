"""Annotations from the plain data of a file; every value is checked on the way (inverse: `encoding`)."""

from brian2 import Quantity, second

from . import checking as check
from .annotations import FRACTIONAL, INITIALS, PHASES, REDUCTIONS, Annotations, Initial, Jitter, Readout
from .decoding_parts import fields, items, optional


def decode_annotations(data, schedule):
    where = "annotations"
    if isinstance(data, dict):
        data = {"about": {}, "growing": [], "jitter": []} | data  # the first files have none
    names = ("dt_ref", "readout", "initial", "step_delays", "about", "growing", "jitter")
    dt_ref, readout, initial, step_delays, about, growing, jitter = fields(where, data, *names)
    if readout is not None:
        names = ("group", "variable", "slot", "reduce", "skip", "phase")
        group, variable, slot, reduce, skip, phase = fields(where, readout, *names)
        readout = Readout(
            check.identifier(where, group),
            check.identifier(where, variable),
            slot=check.slot(where, slot, schedule),
            reduce=check.one_of(where, reduce, REDUCTIONS),
            skip=check.whole(where, skip, least=0),
            phase=check.one_of(where, phase, PHASES),
        )
    dt_ref = optional(check.number, where, dt_ref, least=1e-12, most=1e6)
    return Annotations(
        dt_ref=None if dt_ref is None else Quantity(dt_ref, dim=second.dim),
        readout=readout,
        initial=decode_initial(initial),
        step_delays=tuple(check.identifier(where, name) for name in items(where, step_delays)),
        about=check.texts(where, about),
        growing=tuple(_variable_name(where, name) for name in items(where, growing)),
        jitter=tuple(_jitter(f"{where}: jitter", j) for j in items(where, jitter)),
    )


def _jitter(where, data):
    group, sd, seed = fields(where, data, "group", "sd", "seed")
    return Jitter(
        check.identifier(where, group),
        check.number(where, sd, least=1e-12, most=1e6),
        check.whole(where, seed, least=0, most=2**64),
    )


def _variable_name(where, name):
    group, _, variable = name.partition(".") if isinstance(name, str) else (name, "", "")
    return f"{check.identifier(where, group)}.{check.identifier(where, variable)}"


def decode_initial(data):
    where = "annotations, initial"
    if isinstance(data, dict) and set(data) <= {"kind", "seed"}:
        # Files of the first days: a kind, and a seed of no effect, since no kind was random.
        optional(check.whole, where, data.get("seed"), least=0, most=2**64)
        (kind,) = fields(where, {"kind": data.get("kind")}, "kind")
        return Initial(check.one_of(where, kind, ("given", "zero")))
    kind, seed, membrane, spike, adaptation = fields(
        where, data, "kind", "seed", "membrane", "spike", "adaptation"
    )
    return Initial(
        kind=check.one_of(where, kind, INITIALS),
        seed=check.whole(where, seed, least=0, most=2**64),
        membrane=check.number(where, membrane, least=0),
        spike=check.one_of(where, spike, FRACTIONAL),
        adaptation=optional(check.number, where, adaptation),
    )
