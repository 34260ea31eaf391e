"""Linked variables of a network file: that what they are linked to is there and fits."""

import numpy as np

from . import checking as check
from .decoding import HERTZ
from .description import NeuronGroupDescription, PoissonGroupDescription


def check_links(owner, groups):
    """Refuse links of a group or of synapses that Brian2 could not make.

    Parameters
    ----------
    owner : NeuronGroupDescription, SynapsesDescription or another description
    groups : dict of str to description

    Raises
    ------
    FileRefused
    """
    for link in getattr(owner, "links", ()):
        where = f"{owner.name}: link {link.name}"
        group = groups[check.one_of(where, link.group, groups)]
        dimensions = next(e.dimensions for e in owner.equations if e.name == link.name)
        known = _variables(group)
        if known.get(check.one_of(where, link.variable, sorted(known))) != dimensions:
            check.refuse(where, "a variable of the same dimensions", link.variable)
        size = group.size
        if link.part is not None:
            if link.part.stop > group.size:
                check.refuse(where, f"a subgroup of {group.size} neurons", link.part)
            size = link.part.stop - link.part.start
        if isinstance(link.index, np.ndarray):
            if link.index.size and link.index.max() >= size:
                check.refuse(where, f"indices from 0 to {size - 1}", link.index.max())
        elif link.index is None and isinstance(owner, NeuronGroupDescription):
            shared = any(
                e.name == link.variable and "shared" in e.flags for e in getattr(group, "equations", ())
            )
            if not shared and size not in (1, owner.size):
                check.refuse(where, f"{owner.size} values", size)


def _variables(group):
    """Dimensions by name of what can be linked to."""
    if isinstance(group, NeuronGroupDescription):
        return {e.name: e.dimensions for e in group.equations if "linked" not in e.flags}
    return {"rates": HERTZ} if isinstance(group, PoissonGroupDescription) else {}
