"""A study in a file: a number that grows with the gain, and one job that fails with markup in its error."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from chronaxie.analyses.drawing.figure_files import FigureSpec, Panel
from chronaxie.studies.study import Axis, Study


@dataclass(frozen=True)
class Config:
    """Gain, and what else may change."""

    gain: float = 1.0
    kind: str = "plain"
    sizes: tuple[int, ...] = (2,)
    seed: int = 0


def run(config, *, checkpoint=None, resume=False, report=print):
    """Draw a number of the gain."""
    if config.gain == 4 and config.seed == 1:
        raise ValueError("a gain of <b>4</b> & the seed 1\n<script>document.title = 'injected'</script>")
    noise = np.random.default_rng(config.seed).standard_normal()
    text = {"units": "Hz", "long_name": "rate of <i>all</i> neurons"}
    return xr.Dataset(
        {"rate": ((), 10 * config.gain + noise, text), "neurons": ((), 36, {"units": "1"})}
    ), None


def answer(ds):
    """What the largest gain adds."""
    mean = ds["rate"].mean("seed").assign_attrs(units="Hz", long_name="mean rate")
    added = float(mean[-1] - mean[0])
    found = xr.Dataset({"mean_rate": mean, "added": ((), added, {"units": "Hz", "count": "3 paired seeds"})})
    found["added_interval"] = ("bound", [added - 1, added + 1])
    return found.assign_attrs(answer=f"Yes, by {added:.1f} Hz ({added - 1:.1f} to {added + 1:.1f}).")


def draw(ds, ax):
    """Draw the mean rate against the gain."""
    ax.plot(ds["gain"], ds["mean_rate"])
    ax.set(xlabel="Gain", ylabel="Mean rate (Hz)", title="Rates")
    return ax


STUDY = Study(
    name="gains",
    question="Does a gain add to the rate, where 1 < 2?",
    method="A number is drawn.",
    config=Config,
    run=run,
    axes=(Axis("gain", (1.0, 2.0, 4.0), text="gain"), Axis("seed", (0, 1, 2, 3))),
    smoke_axes=(Axis("gain", (1.0, 2.0)),),
    smoke={"kind": "quick"},
    answer=answer,
    figures=(FigureSpec("gains", (Panel(draw, ("mean_rate",)),), width=5.0, height=3.0),),
)
