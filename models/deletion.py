"""Brian2 warns when an object that never ran is deleted: misleading for networks that run only as copies."""

import weakref

_seen = weakref.WeakSet()


class _Unclaimed:
    """Stands for the id of any network: the object may still run in one, and none is missing on deletion."""

    def __eq__(self, other):
        return True

    __hash__ = None


def expect_copies(net):
    """Let the objects of a network go without Brian2's warning that they were "never included in a network".

    Brian2 says so of objects in a `Network` that did not run. Nothing changes while the network exists.

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
        if obj._network is None:
            obj._network = _Unclaimed()
