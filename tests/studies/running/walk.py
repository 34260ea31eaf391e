"""A study of a user's own, in a file of its own: a random walk that leaves a checkpoint after every step."""

import json
import os
import signal
import time
from dataclasses import dataclass

import numpy as np
import xarray as xr

from chronaxie.studies.study import Axis, Study


@dataclass(frozen=True)
class Walk:
    """How to walk; `trouble` is what befalls the walker."""

    steps: int = 4
    drift: float = 0.5
    seed: int = 0
    pause: float = 0.0
    trouble: str | None = None
    label: str = "plain"
    size: tuple[int, ...] = (2,)


def run(config, *, checkpoint=None, resume=False, report=print):
    """Walk, from the checkpoint where there is one."""
    path = [0.0]
    if resume:
        path = json.loads(checkpoint.read_text())
    while len(path) <= config.steps:
        if config.trouble == "chatter":
            print(f"step {len(path)}", flush=True)
        else:
            report(f"step {len(path)}")
        step = np.random.default_rng((config.seed, len(path))).normal(config.drift)
        path.append(float(path[-1] + step))
        if checkpoint is not None:
            beside = checkpoint.with_suffix(".beside")
            beside.write_text(json.dumps(path))
            beside.replace(checkpoint)
        time.sleep(config.pause)
    if config.trouble == "error":
        raise ValueError("stumbled")
    if config.trouble == "memory":
        np.ones(1 << 33)
    if config.trouble == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.trouble == "full":
        raise OSError(28, "No space left on device")
    return xr.Dataset(
        {
            "position": ("step", path, {"units": "m", "long_name": "position"}),
            "last": ((), path[-1], {"units": "m"}),
            "count": ((), len(path)),
            "said": ((), config.label),
            "epoch_seconds": ("step", np.full(len(path), time.time())),
        },
        coords={"parity": ("step", ["even" if k % 2 == 0 else "odd" for k in range(len(path))])},
        attrs={"wall_time_s": time.time(), "source": "a test"},
    ), None


def answer(ds):
    """Where the walks end."""
    end = ds["last"].mean("seed").rename("end")
    return end.to_dataset().assign_attrs(answer=f"They end at {float(end.mean()):.3f} m.")


STUDY = Study(
    name="walk",
    question="Where does a walk end?",
    method="Steps are drawn and added up.",
    config=Walk,
    run=run,
    smoke={"steps": 2},
    axes=(
        Axis("drift", (0.0, 0.5, 1.0), "m", "drift in a step"),
        Axis("gait", ((1, "slow"), (4, "fast")), fields=("steps", "label"), labels=("slow", "fast")),
        Axis("seed", tuple(range(5))),
    ),
    smoke_axes=(Axis("seed", (0, 1)),),
    answer=answer,
)
