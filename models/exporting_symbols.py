"""What the symbols of a network mean: those of the package's own neurons, and those whose name and unit say it.

A comment that is wrong is worse than none: a neuron is known by its equations, threshold and reset, and any other
symbol by its name together with its unit.
"""

import functools
import re
from dataclasses import dataclass

from brian2 import amp, farad, get_dimensions, second, siemens, volt
from brian2.equations.equations import Equations

from .adlif import EFAdLIF, SEAdLIF
from .current_alif import CurrentALIF, CurrentIntegrator
from .description import DIMENSIONLESS, exponents
from .neurons import ALIF, LIF, LeakyIntegrator


@dataclass(frozen=True)
class Known:
    """What a script says about one of the package's neurons.

    Parameters
    ----------
    title : str
        E.g. ``"adaptive leaky integrate-and-fire neurons (ALIF)"``.
    symbols : tuple of (str, str)
        Meaning by symbol.
    notes : tuple of str
        Paragraphs on what is not obvious in the statements.
    """

    title: str
    symbols: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


_MEMBRANE = (
    ("v", "membrane potential"),
    ("tau_m", "membrane time constant"),
    ("alpha", "what is left of v after dt_ref"),
    ("I", "input that summed synapses write; 0 without them"),
    ("bias", "constant input"),
)
_PHYSICAL = (
    ("v", "membrane potential"),
    ("I_in", "synaptic current: jumps by w at a spike, decays with tau_in"),
    ("I", "current that summed synapses write; 0 without them"),
    ("bias", "constant current"),
    ("C", "membrane capacitance"),
    ("tau_m", "membrane time constant"),
    ("g_L", "leak conductance"),
    ("E_L", "reversal potential of the leak: rest, and reset"),
    ("tau_in", "time constant of the synaptic current"),
)
_STEP = (
    "The statements follow the update rule of Yin, Corradi and Bohté (2020, 2021) for steps of dt_ref: a spike adds "
    "w*(1 - alpha) to v of its target, which is what an input w during one dt_ref leaves behind."
)
_ADLIF = (
    *_MEMBRANE,
    ("a", "adaptation current: follows v, jumps at each spike, decays with tau_a"),
    ("tau_a", "adaptation time constant"),
    ("rho", "what is left of a after dt_ref"),
    ("coupling", "of a to v, in units of q"),
    ("jump", "of a at a spike, in units of q"),
    ("q", "strength of the adaptation"),
    ("theta", "threshold"),
)
_ADLIF_STEP = (
    "The statements follow the update rule of Baronig, Ferrand, Sabathiel and Legenstein (2025) for steps of dt_ref: a "
    "spike adds w*(1 - alpha) to v of its target, which is what an input w during one dt_ref leaves behind."
)
_KNOWN = {
    "ALIF": Known(
        "adaptive leaky integrate-and-fire neurons",
        (
            *_MEMBRANE,
            ("a", "adaptation: jumps at each spike, decays with tau_a"),
            ("tau_a", "adaptation time constant"),
            ("rho", "what is left of a after dt_ref"),
            ("theta", "threshold"),
            ("b0", "threshold without adaptation"),
            ("beta", "strength of the adaptation"),
        ),
        (
            _STEP,
            "Reset: the rule subtracts the threshold one dt_ref after the spike, when v and a have decayed once. Here "
            "it happens at the spike, so that decay is divided out: by alpha for v, by rho for a.",
        ),
    ),
    "LIF": Known(
        "leaky integrate-and-fire neurons",
        (*_MEMBRANE, ("b0", "threshold")),
        (
            _STEP,
            "Reset: the rule subtracts the threshold one dt_ref after the spike, when v has decayed once. Here it "
            "happens at the spike, so that decay is divided out (by alpha).",
        ),
    ),
    "LeakyIntegrator": Known("leaky integrators: they do not spike", _MEMBRANE, (_STEP,)),
    "SEAdLIF": Known(
        "adaptive integrate-and-fire neurons with subthreshold coupling, symplectic Euler (SE-adLIF)",
        _ADLIF,
        (
            _ADLIF_STEP,
            "Reset: the rule adds (1 - rho)*q*jump to a in the step of the spike, after its decay. Here a decays once "
            "more before it is read, so that decay is divided out (by rho).",
        ),
    ),
    "EFAdLIF": Known(
        "adaptive integrate-and-fire neurons with subthreshold coupling, Euler forward (EF-adLIF)",
        _ADLIF,
        (_ADLIF_STEP,),
    ),
    "CurrentALIF": Known(
        "adaptive integrate-and-fire neurons in physical units",
        (
            *_PHYSICAL,
            ("I_rec", "recurrent current: jumps by w at a spike, decays with tau_rec"),
            ("a", "adaptation of the threshold: jumps by b at each spike, decays with tau_a"),
            ("theta", "threshold"),
            ("theta_0", "threshold without adaptation, above rest"),
            ("tau_rec", "time constant of the recurrent current"),
            ("b", "jump of the threshold at a spike"),
            ("tau_a", "adaptation time constant"),
            ("t_ref", "refractory period"),
        ),
        (
            "method: two time constants couple, so exact would divide by their difference; rk2 is of second order, "
            "and a spike brings the same charge at every dt.",
        ),
    ),
    "CurrentIntegrator": Known("membranes that do not spike", _PHYSICAL),
}
_MODELS = (ALIF, LIF, LeakyIntegrator, SEAdLIF, EFAdLIF, CurrentALIF, CurrentIntegrator)
# Name, dimensions → meaning; for neurons of others.
_BY_UNIT = (
    (r"[vV]m?", volt, "membrane potential"),
    (r"tau_m(em(brane)?)?", second, "membrane time constant"),
    (r"tau_a(dp|dapt)?", second, "adaptation time constant"),
    (r"tau_s(yn)?", second, "synaptic time constant"),
    (r"tau_ref|t_ref|refractory", second, "refractory period"),
    (r"tau.*", second, "time constant"),
    (r"C|Cm|C_m", farad, "membrane capacitance"),
    (r"g_?L|gl|gL", siemens, "leak conductance"),
    (r"g(_.*|[a-z])?", siemens, "conductance"),
    (r"E_?L|El", volt, "reversal potential of the leak"),
    (r"E_.*", volt, "reversal potential"),
    (r"V_?T|V_?th|v_?th|theta", volt, "threshold"),
    (r"I(_.*)?", amp, "current"),
)


def known_neuron(group):
    """Return the name and `Known` of a described group that is one of the package's neurons, else None."""
    own = _written(
        [(e.type, e.name, e.expression, e.dimensions) for e in group.equations],
        None if group.threshold is None else (group.threshold.condition, group.threshold.reset),
    )
    for name, known in _KNOWN.items():
        if own == _model(name):
            return name, known
    return None


def meaning(name, dimensions, *, known=None, synapse=False):
    """Return what a symbol means, or an empty text.

    Parameters
    ----------
    name : str
    dimensions : tuple of 7 float
    known : Known, optional
        Of its group.
    synapse : bool
        Whether it belongs to synapses.
    """
    if known is not None:
        return dict(known.symbols).get(name, "")
    if synapse and name in ("w", "weight"):
        return "weight"
    for pattern, unit, text in _BY_UNIT:
        if exponents(get_dimensions(unit)) == tuple(dimensions) and re.fullmatch(pattern, name):
            return text
    return ""


@functools.cache
def _model(name):
    model = next(m for m in _MODELS if m.name == name)
    equations = [
        (e.type, e.varname, None if e.expr is None else e.expr.code, exponents(e.dim))
        for e in Equations(model.equations).values()
    ]
    return _written(equations, None if model.threshold is None else (model.threshold, model.reset))


def _written(equations, event):
    """Equations and event without regard to order and blanks."""
    plain = frozenset((t, n, _tight(code), tuple(d) or DIMENSIONLESS) for t, n, code, d in equations)
    return plain, None if event is None else tuple(map(_tight, event))


def _tight(code):
    return None if code is None else re.sub(r"\s+", "", code.strip().replace("\n", ";"))
