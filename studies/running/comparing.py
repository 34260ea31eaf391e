"""Two results of one configuration: are they the same to the bit, and where not, by how much do they differ."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

# Attributes that say where and when a result was made, not what it is.
ABOUT = ("chronaxie_version", "commit", "package_versions", "python", "machine", "wall_time_s", "study_file")


@dataclass(frozen=True)
class Comparison:
    """What a repeated result has in common with the first one.

    Parameters
    ----------
    same : int
        Variables that are the same to the bit.
    differing : dict of str to str
        Variables and attributes that differ, and how.
    origins : dict of str to str
        Attributes of the origin that differ: then and now. They are no difference of the result.
    """

    same: int
    differing: dict
    origins: dict

    def text(self):
        """All of it in lines."""
        lines = [f"{name}: {how}" for name, how in self.differing.items()]
        if lines:
            lines.insert(
                0, f"not the same: {len(lines)} differ, {self.same} variables are the same to the bit"
            )
        else:
            lines.append(
                f"the same to the bit: {self.same} variables, and all attributes beside where it was made"
            )
        lines += [f"made with other {name}: {change}" for name, change in self.origins.items()]
        return "\n".join(lines)


def compare_results(first, second, *, clock=()):
    """Compare two results, without what a clock said and where they were made.

    Parameters
    ----------
    first, second : xarray.Dataset
        What was, and what is now.
    clock : collection of str
        Variables that hold what a clock said.

    Returns
    -------
    Comparison
    """
    differing, same = {}, 0
    for name in dict.fromkeys([*first.variables, *second.variables]):
        if name in clock:
            continue
        if name not in first.variables or name not in second.variables:
            differing[name] = "is new" if name in second.variables else "is missing now"
            continue
        hows = [
            _difference(first[name].variable, second[name].variable),
            *_about(first[name].attrs, second[name].attrs),
        ]
        if (name in first.coords) != (name in second.coords):
            hows.append("is a coordinate" + (" now" if name in second.coords else " no more"))
        if any(hows):
            differing[name] = "; ".join(filter(None, hows))
        else:
            same += 1
    origins = {}
    for name in dict.fromkeys([*first.attrs, *second.attrs]):
        was, now = (ds.attrs.get(name) for ds in (first, second))
        if _plain(was) == _plain(now):
            continue
        if name in ABOUT:
            if name not in ("wall_time_s", "study_file"):
                origins[name] = f"{was}; now {now}"
        else:
            differing[f"attribute {name}"] = f"was {was}, is {now}"
    return Comparison(same, differing, origins)


def _about(was, now):
    """How the attributes of a variable differ, in words, one by one."""
    for name in dict.fromkeys([*was, *now]):
        if _plain(was.get(name)) != _plain(now.get(name)):
            yield f"its {name} was {was.get(name, 'missing')}, is {now.get(name, 'missing')}"


def _plain(value):
    """An attribute as something to compare: JSON as what it says, arrays as lists."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _difference(was, now):
    """How two variables differ, in words; empty where they do not."""
    if was.dims != now.dims or was.shape != now.shape:
        return f"was {_shape(was)}, is {_shape(now)}"
    a, b = was.values, now.values
    if a.dtype.kind in "OUST" or b.dtype.kind in "OUST":
        count = int((a.astype(object) != b.astype(object)).sum())
        return f"{count} of {a.size} texts differ" if count else ""
    if a.dtype != b.dtype:
        return f"was {a.dtype}, is {b.dtype}"
    if a.tobytes() == b.tobytes():
        return ""
    bits = a.view(f"V{a.itemsize}") if a.ndim else a.reshape(1).view(f"V{a.itemsize}")
    other = b.view(f"V{b.itemsize}") if b.ndim else b.reshape(1).view(f"V{b.itemsize}")
    count = int((bits != other).sum())
    if a.dtype.kind not in "fiu":
        return f"{count} of {a.size} values differ"
    x, y = a.astype(float), b.astype(float)
    both = np.isfinite(x) & np.isfinite(y)
    far = np.abs(x[both] - y[both]).max(initial=0)
    scale = np.abs(x[both]).max(initial=0)
    largest = f"{count} of {a.size} values differ, at most by {far:.3g}" + (
        f" ({far / scale:.2g} of the largest)" if scale else ""
    )
    odd = int((np.isfinite(x) != np.isfinite(y)).sum())
    return largest + (f"; {odd} are finite in one of them only" if odd else "")


def _shape(variable):
    return "(" + ", ".join(f"{name} {size}" for name, size in variable.sizes.items()) + ")"
