"""Perturbations of synapses: failure of transmission, longer delays, lesion."""

import re
from dataclasses import dataclass, field, replace

import numpy as np
from brian2 import Quantity, ms

from .checking import LONGEST_DELAY
from .description import Array
from .errors import UnsupportedModel
from .perturbing import (
    Perturbation,
    chosen,
    new_name,
    number,
    patterns,
    read_only,
    replaced,
    size_of,
    synapses_of,
    time,
    with_shared,
)
from .step_distributions import gamma_steps, least_deviation
from .times import whole_steps

_STATEMENT = re.compile(r"\s*(\w+)\s*([-+*/%^]{0,2}=)(?!=)\s*(.*?)\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class SpikeLoss(Perturbation):
    """Transmission failure: a spike reaches the target of a synapse with probability 1 - p, each synapse for itself.

    ``v_post += w`` becomes ``v_post += transmitted*w`` with ``transmitted = int(rand() >= p)``, drawn once for each
    spike and synapse. In biology a vesicle is not released; in hardware an event is lost on the way.

    Parameters
    ----------
    probability : float
        Of failure, 0 to 1. Cortical synapses fail with 0.1 to 0.9.
    synapses : str or tuple of str, optional
        Names or patterns; by default all that add to their target at presynaptic spikes, those of the input too.

    Notes
    -----
    What a presynaptic spike does to variables of the synapse itself stays: the terminal has been reached. The
    numbers are drawn while the network runs, from the seed of `simulate`; each trial has its own.

    References
    ----------
    Allen and Stevens 1994, PNAS 91:10380. Branco and Staras 2009, Nat Rev Neurosci 10:373.
    """

    probability: float
    synapses: tuple[str, ...] | None = None

    def __post_init__(self):
        number("SpikeLoss, probability", self.probability, low=0, high=1)
        object.__setattr__(self, "synapses", patterns("SpikeLoss, synapses", self.synapses))

    def _targets(self, description):
        having, others = {}, {}
        for s in description.synapses:
            if any(_to_target(description, s, p) for p in s.pathways):
                having[s.name] = s
            else:
                others[s.name] = "adds nothing to its target at a presynaptic spike"
        found = chosen("SpikeLoss, synapses", self.synapses, having, others, "synapses that transmit spikes")
        for s in found:
            for p in s.pathways:
                _check_additions(s, p, _to_target(description, s, p))
        return [s.name for s in found]

    def _apply(self, description, target, rng):
        s = synapses_of(description, target)
        probability = new_name(s, description, "loss")
        transmitted = new_name(s, description, "transmitted")
        pathways = []
        for p in s.pathways:
            added = _to_target(description, s, p)
            if added:
                lines = [
                    f"{name} {sign} {transmitted}*({code})" if line in added else line
                    for line in _lines(p.code)
                    for name, sign, code in [_STATEMENT.match(line).groups()]
                ]
                code = "\n".join([f"{transmitted} = int(rand() >= {probability})", *lines])
                p = replace(p, code=code)
            pathways.append(p)
        # A parameter, no constant of the code: networks at several probabilities are one program.
        s = with_shared(s, probability, float(self.probability))
        return replaced(description, replace(s, pathways=tuple(pathways)))


@dataclass(frozen=True)
class SynapticDelay(Perturbation):
    """Longer delays: each synapse gets a further one, drawn once, of a mean and (jitter) a standard deviation.

    Longer or thinner axons, slower release; routing in a chip. Without jitter all delays grow by `mean`; with it they
    follow a gamma distribution, never below 0, rounded at random to steps so that mean and deviation are what was
    asked for.

    Parameters
    ----------
    mean : Quantity
        0 to 10 s. Without jitter a whole number of steps.
    jitter : Quantity
        Standard deviation between synapses, 0 to `mean`. Whole steps have at least sqrt(f(1 - f)) steps, f the fraction
        of a step in the mean; less is refused.
    synapses : str or tuple of str, optional
        Names or patterns; by default all with a presynaptic pathway.

    Notes
    -----
    Steps are those of the description (4 ms for a network that was made so), and delays stay what they are at a finer
    step. For finer delays make the step finer first: ``perturb(with_dt(describe(net), 0.5*ms), SynapticDelay(1*ms))``.
    Delays that share a step with their slot (`Annotations.step_delays`) keep doing so.
    """

    mean: Quantity
    jitter: Quantity = field(default_factory=lambda: 0 * ms)
    synapses: tuple[str, ...] | None = None

    def __post_init__(self):
        mean = time("SynapticDelay, mean", self.mean, high=10)
        time("SynapticDelay, jitter", self.jitter, high=mean)
        object.__setattr__(self, "synapses", patterns("SynapticDelay, synapses", self.synapses))

    def _targets(self, description):
        having, others = {}, {}
        for s in description.synapses:
            if any(p.prepost == "pre" for p in s.pathways):
                having[s.name] = s
            else:
                others[s.name] = "has no presynaptic pathway"
        where, what = "SynapticDelay, synapses", "synapses with a presynaptic pathway"
        found = chosen(where, self.synapses, having, others, what)
        for s in found:
            if not self.is_zero:
                self._check_steps(s.name, *self._steps(description, s))
        return [s.name for s in found]

    def _steps(self, description, s):
        dt = description.dt if s.dt is None else s.dt
        return float(self.mean) / dt, float(self.jitter) / dt, dt

    def _check_steps(self, name, mean, jitter, dt):
        if mean > LONGEST_DELAY:
            raise ValueError(
                f"SynapticDelay, mean: expected at most {LONGEST_DELAY} steps of '{name}', got {mean:g}; "
                "use a longer dt"
            )
        remedy = "perturb(with_dt(describe(net), …), …) has finer steps"
        if jitter == 0:
            try:
                whole_steps(float(self.mean), dt, f"the mean of SynapticDelay, of '{name}',")
            except ValueError as error:
                raise ValueError(f"{error}; {remedy}") from None
        elif jitter < least_deviation(mean) * (1 - 1e-9):
            raise ValueError(
                f"SynapticDelay, jitter: in steps of {dt * 1e3:g} ms delays of the mean {self.mean} deviate by "
                f"at least {least_deviation(mean) * dt * 1e3:.4g} ms, got {self.jitter} for '{name}'; {remedy}"
            )

    def _apply(self, description, target, rng):
        s = synapses_of(description, target)
        mean, jitter, dt = self._steps(description, s)
        pathways = []
        for p in s.pathways:
            if p.prepost == "pre":
                further = round(mean)
                if jitter:
                    further = gamma_steps(rng(f"{s.name}_{p.name}"), size_of(s), mean=mean, sd=jitter)
                p = replace(p, delay=read_only(p.delay + further * dt))
            pathways.append(p)
        return replaced(description, replace(s, pathways=tuple(pathways)))


@dataclass(frozen=True)
class SynapseLesion(Perturbation):
    """Loss of synapses: of each Synapses object a fraction, chosen at random, is taken out.

    Parameters
    ----------
    fraction : float
        0 to 1; of n synapses ``round(fraction*n)`` go, exactly.
    synapses : str or tuple of str, optional
        Names or patterns; all by default, those of the input too.
    """

    fraction: float
    synapses: tuple[str, ...] | None = None

    def __post_init__(self):
        number("SynapseLesion, fraction", self.fraction, low=0, high=1)
        object.__setattr__(self, "synapses", patterns("SynapseLesion, synapses", self.synapses))

    def _targets(self, description):
        having = {s.name: s.name for s in description.synapses if size_of(s)}
        return chosen("SynapseLesion, synapses", self.synapses, having, {}, "synapses")

    def _apply(self, description, target, rng):
        s = synapses_of(description, target)
        onto = [o.name for o in description.synapses if s.name in (o.source, o.target)]
        if onto:
            raise UnsupportedModel(
                s.name,
                f"a lesion of synapses that '{onto[0]}' is connected to",
                "name other synapses: SynapseLesion(…, synapses=…)",
            )
        n = size_of(s)
        kept = np.ones(n, dtype=bool)
        kept[rng(s.name).permutation(n)[: round(float(self.fraction) * n)]] = False
        shared = {e.name for e in s.equations if "shared" in e.flags}
        variables = tuple(
            v if v.name in shared else replace(v, array=Array(v.array.values[kept], v.array.dimensions))
            for v in s.variables
        )
        pathways = tuple(
            replace(p, delay=read_only(p.delay[kept])) if p.delay.ndim else p for p in s.pathways
        )
        cut = replace(
            s,
            pre=read_only(s.pre[kept]),
            post=read_only(s.post[kept]),
            variables=variables,
            pathways=pathways,
        )
        return replaced(description, cut)


# ------------------------------------------------------------------ statements at spikes
def _lines(code):
    lines = (line.split("#")[0].strip() for line in re.split(r"[\n;]", code))
    return [line for line in lines if line]


def _to_target(description, s, pathway):
    """The statements of a presynaptic pathway that change variables of the target."""
    if pathway.prepost != "pre":
        return []
    end = next(obj for obj in (*description.groups, *description.synapses) if obj.name == s.target)
    target = {e.name for e in getattr(end, "equations", ())}
    own = {e.name for e in s.equations}
    found, assigned = [], set()
    for line in _lines(pathway.code):
        name, _, _ = _STATEMENT.match(line).groups()
        with_suffix = name.endswith("_post") and name.removesuffix("_post") in target
        # Brian2 takes a bare name for one of the target's, unless the synapse or an earlier line defines it.
        if with_suffix or (name in target and name not in own | assigned):
            found.append(line)
        else:
            assigned.add(name)
    return found


def _check_additions(s, pathway, lines):
    """Refuse what changes the target otherwise than by adding."""
    for line in lines:
        if _STATEMENT.match(line).group(2) not in ("+=", "-="):
            raise UnsupportedModel(
                f"{s.name}_{pathway.name}",
                f"'{line}' with loss of spikes, which can only leave out what is added",
                "write it as an addition (+=), or name other synapses: SpikeLoss(…, synapses=…)",
            )
