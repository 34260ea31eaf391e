"""Tasks so small that training on them takes seconds, and one run of the study `train` for every model."""

import dataclasses

import numpy as np
import xarray as xr

from chronaxie import analyses
from chronaxie.studies import recipes, training
from chronaxie.studies.result_folder import run_to_folder
from chronaxie.studies.task import Task, make_split
from chronaxie.studies.train_config import TrainConfig

DT, STEPS, CHANNELS = 0.004, 24, 3
SIZES = {"train": 16, "valid": 8, "test": 8}


def make_task(name, classes, of_trials, graded):
    """Which channel was active last (of steps), or was active most (of trials)."""
    rng, splits, first = np.random.default_rng(7), {}, 0
    for split, trials in SIZES.items():
        rates = rng.dirichlet(np.full(CHANNELS, 0.3), trials)[:, None, :]
        spikes = rng.random((trials, STEPS, CHANNELS)) < 0.5 * rates
        active = np.cumsum(spikes, axis=1)
        label = active[:, -1].argmax(-1) % len(classes)
        if not of_trials:
            last = np.where(spikes.any(-1), spikes.argmax(-1), -1)
            for t in range(1, STEPS):
                last[:, t] = np.where(last[:, t] < 0, last[:, t - 1], last[:, t])
            label = np.where(last < 0, -1, last % len(classes))
        stimulus = spikes * rng.uniform(0.5, 1, spikes.shape) if graded else spikes.astype(np.int8)
        splits[split] = make_split(
            stimulus,
            label.astype(np.int8),
            dt=DT,
            trial=np.arange(first, first + trials),
            channel=["a", "b", "c"],
        )
        first += trials
    return Task(
        name, **splits, classes=classes, dt=DT, source=f"made up: {name}", licence="CC0", hash="sha256:0",
        description="a test", unlabelled_class=None if of_trials else classes[0]
    )  # fmt: skip


# Task of the study → the small one that stands in its place; the recipe stays the task's own.
TASKS = {
    "synthetic_ecg": make_task("steps", ("P", "Q"), of_trials=False, graded=False),
    "digits": make_task("currents", ("zero", "one"), of_trials=True, graded=True),
    "spoken_digits": make_task("trials", ("zero", "one", "two"), of_trials=True, graded=False),
}
CASES = {
    "alif": TrainConfig("synthetic_ecg", hidden=(6,), epochs=2, batch_size=8, seed=3),
    "lif": TrainConfig("digits", "lif", hidden=(6,), epochs=2, batch_size=8, brian2_trials=5),
    "se_adlif": TrainConfig(
        "synthetic_ecg", "se_adlif", hidden=(6,), tau_m="loguniform(2, 8)", epochs=2, batch_size=8
    ),
    "lstm": TrainConfig("synthetic_ecg", "lstm", hidden=(6,), epochs=2, batch_size=8, seed=3),
    "gru": TrainConfig("spoken_digits", "gru", match="parameters", hidden=(6,), epochs=2, batch_size=8),
    "rnn": TrainConfig("digits", "rnn", hidden=(6, 4), epochs=2, batch_size=8),
}
SPIKING = ("alif", "lif", "se_adlif")
DRAWN = ("alif", "gru")  # figures take the longest


def shrink(patch):
    patch.setattr(training, "load_task", lambda name, **options: TASKS[name])
    # The recipe leaves steps out that the small task does not have.
    for name, recipe in recipes.RECIPES.items():
        network = dataclasses.replace(recipe.network, skip=2)
        start = recipes.ADLIF_START | {"input_gain": 20.0}  # 24 steps are few to reach a threshold of 1
        adlif = dataclasses.replace(network, **start)
        patch.setitem(
            recipes.RECIPES, name, dataclasses.replace(recipe, network=network, adlif_network=adlif)
        )


@dataclasses.dataclass(frozen=True)
class Trained:
    config: TrainConfig
    result: xr.Dataset
    folder: object
    files: tuple

    @property
    def task(self):
        return TASKS[self.config.task]

    @property
    def network(self):
        return self.files[1]


def train_all(patch, make_folder):
    """Every case, run once, as a dict of `Trained`."""
    shrink(patch)
    found = {}
    for name, config in CASES.items():
        folder = make_folder(name)
        with patch.context() as without:
            if name not in DRAWN:
                without.setattr(analyses, "figures", lambda *arguments, **options: [])
            result, files = run_to_folder(training.run, config, folder, report=lambda line: None)
        found[name] = Trained(config, result, folder, tuple(files))
    return found
