"""Study `fit_neuron`: which parameters of an adaptive threshold neuron can be identified from a recording.

One question: from a membrane and its spikes under a known current, which parameters come back, by gradient and by a
search without one, at an equal number of simulations?
"""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ...analyses.drawing.identification import IDENTIFICATION
from ...analyses.identification import identification_answer
from ...analyses.spike_fidelity.coincidence import coincidence_kernel
from ...analyses.spike_fidelity.trains import Trains
from ...models.devices import using
from ..field_checks import NOT_NEGATIVE, Check, check_fields, one_of, whole
from ..provenance import provenance
from ..study import Axis, Study, without_model
from .fit_methods import METHODS, Fit, slices
from .fit_model import NAMES, currents, model, record, start_of, truth_of
from .variants import by_variant

FACTORS = (0.8, 0.9, 1.1, 1.25)
WINDOW = 2e-3  # s, within which spikes coincide
# Of the 234 accepted GLIF cells whose threshold jumps by 0.7 to 8 mV and decays with more than 2 ms, those in the
# middle of each eighth of the decay times.
CELLS = (
    "486108147",
    "477490421",
    "475895240",
    "501895840",
    "520462275",
    "313862167",
    "322246422",
    "527890930",
)
MODELS = ("alif", "adex")
_CHECKS = {
    "truth": Check(lambda v: v in MODELS or v.isdigit(), f"{', '.join(MODELS)} or a specimen id", MODELS),
    "fitting": one_of(METHODS),
    "simulations": Check(lambda v: whole(60).holds(v), "a whole number >= 60, two generations of the search"),
    "duration": Check(lambda v: 50 <= v < float("inf"), "a finite number >= 50 (ms)"),
    "noise": NOT_NEGATIVE,
    "seed": whole(0),
}


@dataclass(frozen=True)
class FitNeuronConfig:
    """Everything that decides the result of a job.

    Parameters
    ----------
    truth : str
        ``"alif"``: the model itself with values of its own; ``"adex"``: an adaptive exponential neuron, another model;
        a specimen id: the model with the values of that published GLIF cell.
    fitting : {"gradient", "search"}
    simulations : int
        Passes of all sweeps that a method has; those of a gradient take about three times as long.
    duration : float
        Of a sweep, ms.
    noise : float
        Standard deviation of what is added to the recorded membrane, mV.
    data : str or None
        Folder of the data sets, for a cell.
    seed : int
        Of stimulus, noise, start and search.
    """

    truth: str = "alif"
    fitting: str = "gradient"
    simulations: int = 300
    duration: float = 300.0
    noise: float = 0.2
    data: str | None = None
    seed: int = 0

    def __post_init__(self):
        check_fields(self, "fit_neuron", _CHECKS)


def run(config, *, report=print):
    """Record a neuron, fit the model to the recording, and test it on another one.

    Parameters
    ----------
    config : FitNeuronConfig
    report : callable

    Returns
    -------
    xarray.Dataset
        On ``parameter``: ``true_value`` (NaN where the neuron has no such parameter), ``start_value``, ``found_value``
        in the unit of the coordinate ``parameter_unit``, and ``error``: found over true less 1, of E_L their difference
        over the distance from rest to threshold. ``slice_loss (parameter, factor)``: how much larger the deviation is
        where that parameter alone is off. ``fit_loss``, ``start_loss``, ``true_loss``; ``held_out_coincidence``: share
        of spikes within 2 ms under other currents; ``simulations_used``, ``fit_seconds``.
    """
    began = time.perf_counter()
    truth = truth_of(config.truth, data=config.data)
    rng = np.random.default_rng(config.seed)
    with using("numpy"):
        stimulus = currents(truth, rng, duration=config.duration)
        v, spikes = record(model(stimulus, truth.values, truth.t_ref, adex=truth.adex), config.duration)
        v = v + config.noise * rng.standard_normal(v.shape)
        start = start_of(rng)
        fitted = Fit(stimulus, v, spikes, truth.t_ref)
        report(f"{config.truth}: {sum(map(len, spikes))} spikes in {len(spikes)} sweeps; {config.fitting}")
        before = time.perf_counter()
        found = METHODS[config.fitting](fitted, start, config.simulations, config.seed)
        seconds, used = time.perf_counter() - before, fitted.simulations
        at, moved = slices(fitted, found, FACTORS)
        twin, net = fitted.twin(start)
        losses = {"fit_loss": at, "start_loss": fitted.loss(twin, net, start)}
        known = set(NAMES) <= set(truth.values)
        losses["true_loss"] = fitted.loss(twin, net, truth.values) if known else np.nan
        share = _held_out(config, truth, found, rng)
    report(f"deviation {losses['start_loss']:.3g} → {at:.3g} in {used} simulations, {seconds:.0f} s")
    result = _parameters(truth.values, start, found)
    result["slice_loss"] = (
        ("parameter", "factor"),
        moved - at,
        {"units": "1", "long_name": "larger deviation where the parameter alone is off"},
    )
    numbers = {
        **{
            name: (value, "1", f"deviation from the recording, {name.split('_')[0]}")
            for name, value in losses.items()
        },
        "held_out_coincidence": (share, "1", "share of spikes within 2 ms under other currents"),
        "recorded_spikes": (sum(map(len, spikes)), "1", "spikes in the recording"),
        "simulations_used": (used, "1", "simulations that the fit took"),
        "fit_seconds": (seconds, "s", "wall time of the fit"),
    }
    for name, (value, units, text) in numbers.items():
        result[name] = ((), float(value), {"units": units, "long_name": text})
    factors = ("factor", np.array(FACTORS), {"units": "1", "long_name": "factor on the fitted value"})
    result = result.assign_coords(factor=factors)
    result.attrs |= provenance() | {
        "study": "fit_neuron",
        "seed": config.seed,
        "configuration": json.dumps(dataclasses.asdict(config)),
        "data_source": "published GLIF cells" if config.truth.isdigit() else f"simulated ({config.truth})",
        "wall_time_s": time.perf_counter() - began,
    }
    return result


def _held_out(config, truth, found, rng):
    """Share of the spikes that coincide under currents that the fit has not seen; NaN where neither spikes."""
    stimulus = currents(truth, rng, duration=config.duration, held_out=True)
    networks = (
        model(stimulus, truth.values, truth.t_ref, adex=truth.adex),
        model(stimulus, found, truth.t_ref),
    )
    trains = []
    for net in networks:
        times = record(net, config.duration)[1]
        trains.append(Trains(np.concatenate(times), np.r_[0, np.cumsum([len(t) for t in times])]))
    total = sum(len(t.time) for t in trains)
    return 2 * coincidence_kernel(*trains, window=WINDOW).sum() / total if total else np.nan


def _parameters(true, start, found):
    names = list(NAMES)
    true = {name: true.get(name, np.nan) for name in names}
    error = {n: found[n] / true[n] - 1 for n in names if n != "E_L"}
    # Where the threshold has no counterpart, its distance is that of the fit.
    reach = found["theta_0"] if np.isnan(true["theta_0"]) else true["theta_0"]
    error["E_L"] = (found["E_L"] - true["E_L"]) / reach
    rows = (
        ("true_value", true, "unit of the parameter", "value of the recorded neuron"),
        ("start_value", start, "unit of the parameter", "value at which the fit began"),
        ("found_value", found, "unit of the parameter", "fitted value"),
        ("error", error, "1", "relative error of the fitted value"),
    )
    return xr.Dataset(
        {
            name: ("parameter", [values[n] for n in names], {"units": units, "long_name": text})
            for name, values, units, text in rows
        },
        {"parameter": names, "parameter_unit": ("parameter", list(NAMES.values()))},
    )


def answer(gathered):
    """What the gathered jobs say; see `identification_answer`."""
    return identification_answer(by_variant(gathered, dim="truth", keep=("fitting",)))


STUDY = Study(
    name="fit_neuron",
    question="Which parameters of an adaptive threshold neuron come back from its membrane and spikes, by gradient and "
    "by a search without one?",
    method="A neuron is recorded in six noisy sweeps of current, two of them below threshold, with noise on the "
    "membrane. Six parameters of an adaptive threshold neuron (capacitance, leak, rest, threshold, its jump and decay) "
    "are fitted to membrane and spike times, starting at the medians of published cells with random factors: by "
    "gradient through the twin, first the membrane up to the first spike, then threshold and adaptation with the van "
    "Rossum distance (10 ms) added; and by differential evolution (scipy, 30 members, logarithmic coordinates) of the "
    "sum of both, within the same bounds, at an equal number of simulations. Recorded are the model itself, "
    "also with the values of published GLIF cells (Teeter et al. 2018), whose true values are known, and an adaptive "
    "exponential neuron, which has no such threshold: only its membrane is known. A parameter counts as identified "
    "where the upper end of the interval of its median relative error is below 10 %. Intervals are bootstrapped over "
    "neurons.",
    config=FitNeuronConfig,
    run=without_model(run),
    smoke={"simulations": 60, "duration": 100.0},
    axes=(
        Axis("truth", ("alif", "adex", *CELLS), text="recorded neuron"),
        Axis("fitting", tuple(METHODS), text="method"),
        Axis("seed", (0, 1, 2, 3, 4)),
    ),
    smoke_axes=(
        Axis("truth", ("alif", "adex"), text="recorded neuron"),
        Axis("fitting", tuple(METHODS), text="method"),
        Axis("seed", (0,)),
    ),
    answer=answer,
    figures=IDENTIFICATION,
    clock=("fit_seconds",),
)
