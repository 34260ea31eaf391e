"""What the fused engine is held to."""

from .rounds import ratio
from .sizes import SIZES

LONG, MIDDLE, WIDE, SHORT = SIZES
OWN = "fused"
# At least so many times as fast as a peer, by size.
TRAIN = {
    LONG: {"norse": 40, "jax": 6},
    MIDDLE: {"norse": 13, "jax": 5},
    WIDE: {"norse": 6, "jax": 4},
    SHORT: {"norse": 3.5, "jax": 3},
}
INFER = {LONG: {"norse": 60, "jax": 3}}
PROTOTYPE = 1 / 1.05  # at most a twentieth slower
MEMORY = 1 / 3  # of what an eager step adds, at most
WHOLE_STEP = 1.6  # of the time of the hidden layer alone, at most
ANY_EQUATIONS = 20  # times as fast as the reference engine, at least


def verdict(name, found, wanted, *, at_most=False):
    """One line: what was found, what is wanted, whether it holds."""
    holds = found <= wanted if at_most else found >= wanted
    sign = "≤" if at_most else "≥"
    return f"{'holds' if holds else 'FAILS'}: {name}: {found:.3g} ({sign} {wanted:.3g})"


def layer_verdicts(result, size):
    """Lines about the fused engine at one size, for the peers that are there."""
    rows = result["rows"]
    if OWN not in rows:
        return []
    own, lines = rows[OWN], []
    for action, word, bars in (("train", "training", TRAIN), ("infer", "inference", INFER)):
        for peer, wanted in bars.get(size, {}).items():
            if peer in rows:
                name = f"{size}, {word}, {peer} over {OWN}"
                lines.append(verdict(name, ratio(rows[peer][action], own[action]), wanted))
    if "prototype" in rows:
        name = f"{size}, training, prototype over {OWN}"
        lines.append(verdict(name, ratio(rows["prototype"]["train"], own["train"]), PROTOTYPE))
    if "eager" in rows and own["step_mib"] is not None:
        share = own["step_mib"] / rows["eager"]["step_mib"]
        lines.append(verdict(f"{size}, memory, {OWN} over eager", share, MEMORY, at_most=True))
    return lines
