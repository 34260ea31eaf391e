"""Brian2 warns when an object that never ran is deleted: misleading for networks that run only as copies."""

import weakref

_seen = weakref.WeakSet()


class DeletedNetwork:
    """Stands where Brian2 looks whether an object is part of another one, which keeps it from warning."""

    name = "a network that was deleted"


def expect_copies(net):
    """Let the objects of a network go without Brian2's warning that they were "never included in a network".

    Brian2 says so of objects in a `Network` that did not run. Nothing changes while the network exists, and the
    objects can be put into another one afterwards.

    Parameters
    ----------
    net : brian2.Network

    Returns
    -------
    brian2.Network
        `net` itself.
    """
    if net not in _seen:
        _seen.add(net)
        weakref.finalize(net, _release, list(net.objects))
    return net


def _release(objects):
    for obj in objects:
        if getattr(obj, "group", None) is None:
            # Past Brian2's own __setattr__, which takes names for state variables.
            object.__setattr__(obj, "group", DeletedNetwork())
