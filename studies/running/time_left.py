"""How long a sweep will take, and durations in words."""

from __future__ import annotations


def time_left(done, running, *, waiting, workers):
    """Expected time until no job is left.

    Parameters
    ----------
    done : sequence of float
        Time that each job took that is done, s.
    running : sequence of float
        Time for which each job has run that is under way, s.
    waiting : int
        Jobs that are not begun.
    workers : int
        Jobs at a time, >= 1.

    Returns
    -------
    float or None
        Seconds: those that jobs of the mean duration still need, over the workers that are busy with them, and at
        least what the youngest of those that run needs. None: no job is done, and nothing is known.
    """
    if not done:
        return None
    mean = sum(done) / len(done)
    rests = [max(0.0, mean - seconds) for seconds in running]
    if not waiting:
        return max(rests, default=0.0)
    return (sum(rests) + mean * waiting) / min(workers, len(running) + waiting)


def duration(seconds):
    """A duration in words: ``40 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
