"""Names that Brian2 gives itself, made the same for networks that differ in nothing else.

A factory that leaves names to Brian2 gets ``neurongroup``, ``neurongroup_1``, …: without this each of its networks
would be another structure. Objects run in the order of their names, so that order stays.
"""

import re
from dataclasses import replace

_KINDS = ("neurongroup", "synapses", "spikegeneratorgroup", "poissongroup", "poissoninput")
_AUTOMATIC = re.compile(rf"({'|'.join(_KINDS)})(_\d+)?")
_TIMED = re.compile(r"_timedarray(_\d+)?")


def canonical_names(description):
    """Return new names by those that Brian2 gave; names of the user's own are not among them.

    Parameters
    ----------
    description : NetworkDescription

    Returns
    -------
    dict of str to str
        Of groups, synapses and TimedArrays. Empty where a name of the user's own begins like an automatic one.
    """
    objects = [obj.name for obj in (*description.groups, *description.synapses, *description.poisson_inputs)]
    automatic = [name for name in objects if _AUTOMATIC.fullmatch(name)]
    own = set(objects) - set(automatic)
    if any(name.startswith(tuple(f"{kind}_" for kind in _KINDS)) for name in own):
        return {}
    # As the names of what the objects consist of are ordered: neurongroup_1_stateupdater, neurongroup_stateupdater. A
    # PoissonInput runs under its own name.
    automatic.sort(key=lambda name: name if name.startswith("poissoninput") else f"{name}_z")
    names = {name: f"{_AUTOMATIC.fullmatch(name).group(1)}_{k:04d}" for k, name in enumerate(automatic)}
    timed = [t.name for t in description.timed_arrays if _TIMED.fullmatch(t.name)]
    return names | {name: f"_timedarray_{k:04d}" for k, name in enumerate(timed)}


def renamed(description, names):
    """Return the description with other names of its objects and TimedArrays."""

    def externals(obj):
        return tuple(
            replace(e, value=names.get(e.value, e.value)) if isinstance(e.value, str) else e
            for e in obj.namespace
        )

    def operations(obj):
        """What belongs to an object, with its new name in theirs: neurongroup_1_run_regularly."""
        new = names.get(obj.name, obj.name)
        return {
            "regular": tuple(
                replace(r, name=f"{new}{r.name.removeprefix(obj.name)}")
                if r.name.startswith(f"{obj.name}_run_regularly")
                else r
                for r in obj.regular
            )
        }

    def links(obj):
        return {"links": tuple(replace(k, group=names.get(k.group, k.group)) for k in obj.links)}

    def group(g):
        new = {"name": names.get(g.name, g.name)}
        new |= {"namespace": externals(g)} if hasattr(g, "namespace") else {}
        new |= operations(g) if hasattr(g, "regular") else {}
        new |= links(g) if hasattr(g, "links") else {}
        return replace(g, **new)

    def synapses(s):
        return replace(
            s,
            name=names.get(s.name, s.name),
            source=names.get(s.source, s.source),
            target=names.get(s.target, s.target),
            namespace=externals(s),
            **operations(s),
            **links(s),
        )

    return replace(
        description,
        groups=tuple(map(group, description.groups)),
        synapses=tuple(map(synapses, description.synapses)),
        timed_arrays=tuple(replace(t, name=names.get(t.name, t.name)) for t in description.timed_arrays),
        poisson_inputs=tuple(
            replace(p, name=names.get(p.name, p.name), target=names.get(p.target, p.target))
            for p in description.poisson_inputs
        ),
    )
