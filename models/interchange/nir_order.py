"""When what runs: layers of a graph, and which of its paths close a loop."""


def recurrent_paths(units, paths):
    """Which paths lead back: to the unit itself, or to one that a search from the inputs is still on its way from.

    Parameters
    ----------
    units : sequence of hashable
        Inputs first.
    paths : sequence of (source, target)
        In the order in which they are followed.

    Returns
    -------
    set of int
        Indices of `paths`; the others form no circle.
    """
    leaving = {unit: [] for unit in units}
    for k, (source, _) in enumerate(paths):
        leaving[source].append(k)
    back, done = set(), set()
    for root in units:
        if root in done:
            continue
        on_way, waiting = {root}, [(root, iter(leaving[root]))]
        while waiting:
            unit, rest = waiting[-1]
            for k in rest:
                target = paths[k][1]
                if target in on_way:
                    back.add(k)
                elif target not in done:
                    on_way.add(target)
                    waiting.append((target, iter(leaving[target])))
                    break
            else:
                waiting.pop()
                on_way.discard(unit)
                done.add(unit)
    return back


def layers(units, paths, back):
    """Layer of each unit: one more than the highest of those that lead to it, 0 for those to which none does.

    Parameters
    ----------
    units, paths
        As in `recurrent_paths`.
    back : set of int
        From there.

    Returns
    -------
    dict of unit to int
    """
    forward = [pair for k, pair in enumerate(paths) if k not in back]
    found = dict.fromkeys(units, 0)
    missing = {unit: sum(b == unit for _, b in forward) for unit in units}
    ready = [unit for unit in units if not missing[unit]]
    while ready:
        unit = ready.pop()
        for a, b in forward:
            if a == unit:
                found[b] = max(found[b], found[a] + 1)
                missing[b] -= 1
                if not missing[b]:
                    ready.append(b)
    return found
