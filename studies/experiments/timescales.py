"""Study `timescales`: where learned time constants come from.

One question: do they leave their initial values, do they follow the pace of the task, do they look like those of
neurons, and from which initial values is learned best?
"""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ... import analyses
from ...analyses.drawing.timescale_study import TIMESCALE_STUDY
from ...analyses.time_constants.study import timescale_answer
from ...models import annotations, network_values, simulate
from ..comparison import differences, run_twin
from ..field_checks import DEVICE, POSITIVE, check_fields
from ..provenance import provenance, remember_task
from ..scoring import accuracies, decisions
from ..study import Axis, Study
from ..tasks import load_task, reads_data
from ..testing_networks import origin, scalars, sizes_in_words, time_constants
from ..train_config import TrainConfig
from .alif_training import train_alif
from .stretching import stretched
from .variants import beside_results, by_variant

# Resamples of the comparison with cells within a job: only its distances are used, whose intervals are over seeds.
_RESAMPLES = 100
BROAD = ("normal(20, 15)", "normal(150, 80)")
# As measured, in steps of 4 ms: 2333 cells of the Allen Cell Types Database have a median membrane time constant of
# 17.7 ms and a log-sd of 0.56; the thresholds of 288 GLIF cells decay with a median of 8.4 ms, log-sd 1.25.
CORTEX = ("lognormal(4.4, 0.56, 1, 44)", "lognormal(2.1, 1.25, 1, 23)")
STARTS = {
    "broad": BROAD,
    "narrow": ("normal(20, 2)", "normal(150, 10)"),
    "log-normal": ("lognormal(20, 0.7, 2, 200)", "lognormal(150, 0.5, 15, 1500)"),
    "cortex": CORTEX,
}


@dataclass(frozen=True)
class TimescalesConfig:
    """Everything that decides the result of a job.

    Parameters
    ----------
    task : str
        A task of spikes with a recipe.
    data : str or None
        Folder of the data sets, for the task and for the table of cells.
    seed : int
    tau_m, tau_a : str
        Initial time constants of the hidden neurons in steps, as `models.initial_from` reads them.
    stretch : float
        How many times longer everything in the task lasts.
    hidden : tuple of int or None
        None, here and below: the recipe's.
    epochs, batch_size : int or None
    options : pairs of (str, object)
        Of the task's own function.
    device : str
        Brian2 device of the comparison with the twin.
    engine : str or None
        What runs the twin.
    """

    task: str = "ecg"
    data: str | None = None
    seed: int = 0
    tau_m: str = BROAD[0]
    tau_a: str = BROAD[1]
    stretch: float = 1.0
    hidden: tuple[int, ...] | None = None
    epochs: int | None = None
    batch_size: int | None = None
    options: tuple[tuple[str, object], ...] = ()
    device: str = "numpy"
    engine: str | None = None

    def __post_init__(self):
        self.training_config  # noqa: B018  what it refuses is refused before the first job begins
        check_fields(self, "timescales", {"stretch": POSITIVE, "device": DEVICE})

    @property
    def training_config(self):
        """The `TrainConfig` of the job."""
        names = (
            "task",
            "data",
            "seed",
            "tau_m",
            "tau_a",
            "hidden",
            "epochs",
            "batch_size",
            "options",
            "engine",
        )
        return TrainConfig(model="alif", **{name: getattr(self, name) for name in names})


def run(config, *, checkpoint=None, resume=False, report=print):
    """Train a network from the initial time constants on the stretched task, and test it.

    Parameters
    ----------
    config : TimescalesConfig
    checkpoint, resume, report
        As `Study` has it.

    Returns
    -------
    result : xarray.Dataset
        ``tau_m``, ``tau_a`` (ms) on ``neuron`` with their ``…_initial``; ``test_accuracy``, ``test_accuracy_yin`` where
        the task has it; ``spike_mismatches`` of the test set; ``time_stretch``, ``merged_spikes``, ``start``. Where a
        table of cells is found, of hidden membranes before and after training: ``cells_distance_scaled``,
        ``cells_median_ratio``, ``cells_spread_ratio``, each also ``…_initial``.
    net : brian2.Network
    """
    began = time.perf_counter()
    chosen = config.training_config
    options = dict(chosen.task_options)
    if config.data is not None and reads_data(config.task):
        options["data"] = config.data
    task = load_task(config.task, seed=config.seed, **options)
    task, merged = stretched(task, config.stretch)
    report(f"data: {task.source}, {config.stretch:g} times as long")
    report(f"      {sizes_in_words(task)}; {100 * merged:.1f} % of the spikes fell on others")
    net, initial, history = train_alif(chosen, task, checkpoint=checkpoint, resume=resume, report=report)
    if config.stretch != 1:
        _rename_task(net, task)
    numbers = {
        "time_stretch": (config.stretch, "how many times longer the task lasts"),
        "merged_spikes": (merged, "share of the training spikes that fell on another one"),
    }
    parts = [history, time_constants(net, initial), scalars(numbers), _tested(config, net, task)]
    parts.append(_beside_cells(config, net, initial, report))
    result = xr.merge(parts, compat="no_conflicts", combine_attrs="drop_conflicts")
    result["start"] = (
        (),
        f"{config.tau_m}; {config.tau_a}",
        {"units": "1", "long_name": "initial time constants"},
    )
    result.attrs |= provenance() | {
        "study": "timescales",
        "task": config.task,
        "seed": config.seed,
        "configuration": json.dumps(dataclasses.asdict(config)),
        "best_epoch": history.attrs["best_epoch"],
        **origin(task),
        "wall_time_s": time.perf_counter() - began,
    }
    result.attrs.pop("options", None)
    return result, net


def _rename_task(net, task):
    """Write the stretched task's name into a network, so that nobody tests it on the task as it was."""
    about = annotations(net).about
    options = json.loads(about["options"])
    remember_task(net, task.name, options=options, classes=task.classes, seed=int(about["seed"]))


def _tested(config, net, task):
    """The whole test set in the float64 twin and in Brian2."""
    test = task.test
    run_all = run_twin(net, test.stimulus, engine=config.engine)
    same = simulate(net, test.stimulus, device=config.device, namespace={})
    found = accuracies(decisions(run_all.scores, test), test, unlabelled_class=task.unlabelled_class)
    numbers = {f"test_{name}": (value, f"{text}; test set, twin") for name, (value, text) in found.items()}
    rate = float(analyses.firing_rates(same).firing_rate.mean())
    parts = scalars(numbers).merge(differences(run_all, same, readout=annotations(net).readout))
    parts["hidden_rate"] = ((), rate, {"units": "Hz", "long_name": "mean rate of the hidden neurons"})
    return parts


def _beside_cells(config, net, initial, report):
    """Hidden membranes beside those of cells, before and after training; nothing where there is no table."""
    try:
        cells = analyses.biology.load("allen", data=config.data)
    except analyses.DataNotFound as missing:
        report(f"no comparison with biology: {missing}")
        return xr.Dataset()
    found = {}
    for values, suffix, when in ((network_values(net), "", "after"), (initial, "_initial", "before")):
        tau = values.tau_m[values.layer != "output"]
        tau = tau.assign_coords(layer=("neuron", np.full(tau.sizes["neuron"], "hidden")))
        beside = analyses.compare(tau, cells, resamples=_RESAMPLES, seed=config.seed)
        beside = beside.sel(biology_group="all cells", biology_layer="hidden")
        for name in ("distance_scaled", "median_ratio", "spread_ratio"):
            text = beside[f"biology_{name}"].attrs["long_name"]
            found[f"cells_{name}{suffix}"] = (
                (),
                float(beside[f"biology_{name}"]),
                {"units": "1", "long_name": f"{text}; hidden membranes {when} training and all cells"},
            )
    return xr.Dataset(found)


def answer(gathered):
    """What the gathered jobs say; see `timescale_answer`."""
    return beside_results(timescale_answer(by_variant(gathered)), gathered)


def _variants(starts, stretches):
    """Every start at the task's own pace, and the first one at the others."""
    first = next(iter(starts))
    rows = [(name, 1.0) for name in starts] + [(first, s) for s in stretches if s != 1]
    labels = tuple(name if s == 1 else f"{name} ×{s:g}" for name, s in rows)
    return Axis(
        "variant",
        tuple((*starts[name], s) for name, s in rows),
        fields=("tau_m", "tau_a", "stretch"),
        labels=labels,
        text="initial time constants and pace of the task",
    )


STUDY = Study(
    name="timescales",
    question="Where do learned time constants come from: their start, the pace of the task, or what neurons have?",
    method="Adaptive networks are trained from broad, narrow, log-normal and cortical initial time constants, and from "
    "the broad ones on the same task played at half and at twice the duration at the same time step. The exponent is "
    "the slope of the logarithm of a layer's median time constant against that of the task's duration: 1 where time "
    "constants follow the task, 0 where they do not. Beside biology stands the distance of the hidden membranes' "
    "distribution from that of cortical cells, each over its own median, before and after training. Accuracies of "
    "starts are compared seed by seed. Intervals are Student's over seeds; displacements are tested by exchange of "
    "whole networks.",
    config=TimescalesConfig,
    run=run,
    smoke={
        "task": "synthetic_ecg",
        "hidden": (12,),
        "epochs": 2,
        "batch_size": 16,
        "options": (("config", {"train": 32, "valid": 8, "test": 8, "steps": 200}),),
    },
    axes=(_variants(STARTS, (0.5, 2.0)), Axis("seed", (0, 1, 2, 3, 4))),
    smoke_axes=(_variants({"broad": BROAD, "cortex": CORTEX}, (2.0,)), Axis("seed", (0, 1))),
    answer=answer,
    figures=TIMESCALE_STUDY,
)
