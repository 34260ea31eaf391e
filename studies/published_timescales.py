"""Study `published`: what training did to the time constants of the five published networks.

One question: which of their arrays were trained, which differ from what they were initialised with, and how near are
they to what is measured in neurons?
"""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass

import numpy as np
import xarray as xr

from .. import analyses
from ..analyses.statistics.intervals import bootstrap_kernel
from ..analyses.statistics.multiple import holm_kernel
from ..analyses.time_constants.theoretical import displacement_from
from .data import find_data
from .field_checks import FRACTION, check_fields, whole
from .provenance import provenance
from .published_arrays import ARRAYS
from .results import ResultError

MEASURES = ("shift", "spread", "wasserstein")
BOUND = ("bound",)


@dataclass(frozen=True)
class PublishedConfig:
    """Everything that decides the result of the study.

    Parameters
    ----------
    data : str or None
        Folder of the data sets, with ``checkpoints/`` and ``biology/``; None: CHRONAXIE_DATA.
    resamples : int
        Of all intervals and tests.
    level : float
        Of the intervals.
    seed : int
        Of the resamples.
    """

    data: str | None = None
    resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self):
        check_fields(self, "published", {"resamples": whole(1), "level": FRACTION, "seed": whole(0)})

    @property
    def stem(self):
        """Beginning of the names of the files that the study writes."""
        return "published"


def run(config, *, report=print):
    """Read the arrays, hold them against their starts and beside the biological tables.

    Parameters
    ----------
    config : PublishedConfig
    report : callable
        Takes a line of text about what is being done.

    Returns
    -------
    xarray.Dataset
        On ``array``: ``network``, ``quantity``, ``start``, ``note``; ``count``, ``left_out``; ``median`` and
        ``quantile`` (ms); ``trained``; ``displacement_from_shift`` (ms), ``…_spread``, ``…_wasserstein`` (ms) with
        intervals, ``…_p`` and ``…_p_holm``; ``differs`` (1 yes, 0 not shown, -1 not asked of an array that was never
        trained). ``membrane_…`` and ``adaptation_…``: what `compare` returns for the trained arrays beside the cells.
    """
    began = time.perf_counter()
    folder = find_data(config.data)
    if folder is None:
        raise ResultError("published: no data folder: give --data DIR, or set CHRONAXIE_DATA to it")
    arrays, left_out = {}, []
    for spec in ARRAYS:
        arrays[spec], odd = _read(folder, spec)
        left_out.append(len(odd))
        if odd:
            report(f"{spec.label}: left out, not positive numbers: {', '.join(odd)}")
    options = {"resamples": config.resamples, "level": config.level, "seed": config.seed}
    report(f"{len(arrays)} arrays of {len({spec.network for spec in ARRAYS})} networks against their starts")
    result = _against_starts(arrays, **options)
    result["left_out"] = (
        "array",
        left_out,
        {"units": "1", "long_name": "values that are no time constants: not positive, or not numbers"},
    )
    trained = {spec: v for spec, v in arrays.items() if spec.used and np.ptp(v) > 0}
    for prefix, quantity, cells in (
        ("membrane", "tau_m", _membranes(folder)),
        ("adaptation", "tau_a", _slow(folder)),
    ):
        report(f"{prefix}: beside {', '.join(cells.attrs['groups'])}")
        result = result.merge(
            _beside(trained, quantity, cells, prefix, **options), combine_attrs="no_conflicts"
        )
    result.attrs |= provenance() | {
        "study": "published",
        "configuration": json.dumps(dataclasses.asdict(config)),
        "data_source": "networks of Yin, Corradi and Bohté 2020 and 2021",
        "wall_time_s": time.perf_counter() - began,
    }
    return result


# ------------------------------------------------------------------ arrays and their starts
def _read(folder, spec):
    """Values in ms that are positive numbers, and those that are not, in words."""
    path = folder / spec.file
    if not path.is_file():
        raise ResultError(f"published: {path} is not there; put the published networks below the data folder")
    with np.load(path, allow_pickle=False) as file:
        name = spec.like or spec.array
        if name not in file:
            raise ResultError(f"published: {path} has no array {name!r}; it has {', '.join(file)}")
        steps = file[name].astype(float)
    if spec.like:
        steps = np.full(steps.shape, float(spec.start[0][0]))
    good = np.isfinite(steps) & (steps > 0)
    odd = [f"[{k}] {steps[k]:.4g}" for k in np.flatnonzero(~good)]
    return steps[good] * spec.dt, odd


def _against_starts(arrays, *, resamples, level, seed):
    rows = [
        _row(spec, values, resamples=resamples, level=level, seed=seed) for spec, values in arrays.items()
    ]
    p = np.array([row["p"] for row in rows])
    corrected = holm_kernel(p)
    differs = [
        -1 if not spec.used else int(spec.constant or corrected[k] < 1 - level)
        for k, (spec, row) in enumerate(zip(arrays, rows, strict=True))
    ]
    what = {
        "count": ("neurons with a time constant", "1"),
        "median": ("median time constant", "ms"),
        "start_median": ("median of the distribution at the start", "ms"),
        "trained": ("1: used by the network and not constant; 0: never trained", "1"),
        "displacement_from_shift": ("median less that at the start", "ms"),
        "displacement_from_spread": ("standard deviation over that at the start", "1"),
        "displacement_from_wasserstein": ("Wasserstein distance from the start", "ms"),
        "p": ("p value of values drawn from the start", "1"),
    }
    ds = {
        name: ("array", [row[name] for row in rows], {"units": units, "long_name": text})
        for name, (text, units) in what.items()
    }
    ds["displacement_from_p"] = ds.pop("p")
    for measure in MEASURES:
        name = f"displacement_from_{measure}"
        ds[f"{name}_interval"] = (
            ("array", "bound"),
            [row[f"{name}_interval"] for row in rows],
            {**ds[name][2], "long_name": f"interval of the {ds[name][2]['long_name']}", "level": level},
        )
    ds["displacement_from_p_holm"] = (
        "array",
        corrected,
        {"units": "1", "long_name": "the p value, corrected over the arrays (Holm)"},
    )
    ds["differs"] = (
        "array",
        differs,
        {"units": "1", "long_name": "1: differs from its start; 0: not shown; -1: never trained"},
    )
    shares = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    for name, text, found in (
        ("quantile", "quantiles of the time constants", [np.quantile(v, shares) for v in arrays.values()]),
        (
            "start_quantile",
            "quantiles of the start",
            [_start_quantiles(spec, shares) for spec in arrays],
        ),
    ):
        ds[name] = (("array", "share"), found, {"units": "ms", "long_name": text})
    texts = {
        "array": [spec.label for spec in arrays],
        "network": [spec.network for spec in arrays],
        "quantity": [spec.quantity for spec in arrays],
        "start": [spec.start_text for spec in arrays],
        "note": [spec.note for spec in arrays],
    }
    coords = {name: ("array", values, {"units": "1", "long_name": name}) for name, values in texts.items()}
    coords["step"] = ("array", [spec.dt for spec in arrays], {"units": "ms", "long_name": "step"})
    coords |= {"bound": ["low", "high"], "share": shares}
    return xr.Dataset(ds, coords=coords)


def _start_quantiles(spec, shares):
    law = spec.law()
    return np.full(len(shares), spec.start[0][0] * spec.dt) if law is None else law.ppf(shares)


def _row(spec, values, *, resamples, level, seed):
    law = spec.law()
    start = float(np.median(_start_quantiles(spec, [0.5])))
    row = {"count": len(values), "median": np.median(values), "start_median": start, "p": np.nan}
    empty = {f"displacement_from_{m}": np.nan for m in MEASURES}
    empty |= {f"displacement_from_{m}_interval": np.full(2, np.nan) for m in MEASURES}
    row |= empty | {"trained": int(spec.used and np.ptp(values) > 0)}
    if not np.ptp(values) > 0:
        return row
    if law is None:
        # from one value, the distance is the mean of how far each value has moved
        rng = np.random.default_rng(seed)
        for name, statistic in (("shift", np.median), ("wasserstein", np.mean)):
            moved = values - start if name == "shift" else np.abs(values - start)
            row[f"displacement_from_{name}"] = statistic(moved)
            row[f"displacement_from_{name}_interval"] = bootstrap_kernel(
                moved, statistic, rng=rng, resamples=resamples, level=level
            )
        return row
    ds = xr.Dataset(
        {spec.quantity: ("neuron", values, {"units": "ms"})},
        coords={"layer": ("neuron", [spec.label] * len(values))},
    )
    found = displacement_from(
        ds, **{spec.quantity: law}, resamples=resamples, draws=max(resamples, 4999), level=level, seed=seed
    )
    found = found.isel(timescale_quantity=0, timescale_layer=0)
    for name in empty:
        row[name] = found[name].values
    row["p"] = float(found["displacement_from_p"].squeeze())
    return row


# ------------------------------------------------------------------ beside biology
def _membranes(folder):
    """Membrane time constants of all tables that have them."""
    return _joined(
        (
            ("Allen", analyses.biology.load("allen", data=folder), "tau_m", "species"),
            ("GLIF", analyses.biology.load("allen_glif", data=folder), "tau_m", "species"),
            ("NeuroElectro", analyses.biology.load("neuroelectro", data=folder), "tau_m", None),
        ),
        "membrane time constant",
    )


def _slow(folder):
    """What is slow in neurons: decay of the threshold after a spike, and of the autocorrelation of spiking in vivo."""
    return _joined(
        (
            ("GLIF threshold", analyses.biology.load("allen_glif", data=folder), "tau_a", None),
            (
                "in vivo",
                analyses.biology.load("intrinsic_timescales", data=folder),
                "tau_intrinsic",
                "species",
            ),
        ),
        "slow time constant",
    )


def _joined(tables, what):
    values, group, about = [], [], []
    for name, cells, quantity, by in tables:
        part = cells.isel(cell=cells[quantity].notnull().values)
        values.append(part[quantity].values)
        group += [f"{name} {kind}" for kind in part[by].values] if by else [name] * part.sizes["cell"]
        about.append(f"{cells.attrs['title']} ({cells.attrs['citation']}; {cells.attrs['licence']})")
    return xr.Dataset(
        {"tau": ("cell", np.concatenate(values), {"units": "ms", "long_name": what})},
        coords={"group": ("cell", group)},
        attrs={
            "quantity": "tau",
            "groups": sorted(dict.fromkeys(group), key=_place),
            "citation": "; ".join(about),
        },
    )


def _place(group):
    """Where a group stands: tables in their order, in each mouse, monkey, human."""
    tables = ("Allen", "GLIF", "NeuroElectro", "in vivo")
    species = ("mouse", "monkey", "human")
    table = next(k for k, name in enumerate(tables) if group.startswith(name))
    return table, next((k for k, name in enumerate(species) if group.endswith(name)), len(species))


def _beside(trained, quantity, cells, prefix, *, resamples, level, seed):
    """`compare` of the trained arrays of one quantity, its names beginning with `prefix`."""
    chosen = {spec: values for spec, values in trained.items() if spec.quantity == quantity}
    tau = xr.DataArray(
        np.concatenate(list(chosen.values())),
        dims="neuron",
        coords={"layer": ("neuron", np.repeat([s.label for s in chosen], [len(v) for v in chosen.values()]))},
        attrs={"units": "ms"},
    )
    laws = {spec.label: spec.law() for spec in chosen if not spec.constant}
    found = analyses.compare(tau, cells, initial=laws, resamples=resamples, level=level, seed=seed)
    # all cells together would be a mixture of different measurements
    found = found.isel(biology_group=slice(None, -1))
    names = {name: name.replace("biology_", f"{prefix}_", 1) for name in (*found.variables, *found.dims)}
    found = found.rename({name: new for name, new in names.items() if name != new})
    found.attrs = {key.replace("biology_", f"{prefix}_", 1): value for key, value in found.attrs.items()}
    return found
