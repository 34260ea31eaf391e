"""Protocol: one network on the same trials in the twin, in Brian2, at finer steps and under perturbations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr
from brian2.utils.logger import catch_logs

from ...models import describe, perturb, readout_scores, simulate, start_states
from ..comparison import run_twin
from ..evaluating import start_of
from ..robustness import strength_in_words

TWIN, BRIAN2, FINER, OTHER_TRIAL = "twin", "brian2", "finer_dt", "other_trial"
ORDER = "the outcome may depend on the order of execution"


@dataclass(frozen=True)
class Run:
    """One simulation of all trials.

    Attributes
    ----------
    kind : str
        ``"twin"``, ``"brian2"``, ``"finer_dt"``, ``"other_trial"`` or the name of a perturbation.
    strength : float
        Simulation step (ms) or strength of the perturbation; NaN where there is neither.
    unit, text : str
        Of the strength.
    seed : int
        Of the start and of what is drawn.
    simulation : xarray.Dataset
        As `simulate` returns it.
    scores : numpy.ndarray, shape (trial, time, class) or (trial, class)
    """

    kind: str
    strength: float
    unit: str
    text: str
    seed: int
    simulation: xr.Dataset = field(repr=False)
    scores: np.ndarray = field(repr=False)


def fidelity_runs(
    net,
    stimulus,
    *,
    sweeps,
    dts=(),
    device="numpy",
    start="zero",
    seeds=1,
    workers=1,
    report=lambda line: None,
):
    """Yield each run together with its reference, the float64 twin from the same start.

    First of each start the network as it is: Brian2 at its own step, at finer ones, and the reference itself with the
    spikes of each trial under the name of the next (what two stimuli have in common; with two trials or more). Then the
    perturbations at each strength.

    Parameters
    ----------
    net : brian2.Network
        With a readout.
    stimulus : xarray.DataArray, shape (trial, time, channel)
    sweeps : dict of str to Sweep
        Perturbations by name.
    dts : sequence of float
        Finer steps (s).
    device, workers
        As `simulate` takes them.
    start : {"zero", "random", "given"}
    seeds : int
        Of what is drawn and of random starts. Where the start is the same and nothing is drawn, a run is made once.
    report : callable
        Takes a line of text about what is being done.

    Yields
    ------
    reference, run : Run
    """
    single = describe(net, namespace={})
    options = {"device": device, "workers": workers, "namespace": {}, "progress": False}
    trials, own = stimulus.sizes["trial"], single.dt * 1e3

    def simulated(kind, strength, unit, text, seed, description, **further):
        further |= {"seed": seed, "initial": states} | options
        # Brian2 warns of every random function at a synapse, at each run; what is drawn depends on no order.
        with catch_logs() as logs:
            ds = simulate(description, stimulus, **further)
        for _, _, line in logs:
            if ORDER not in line:
                report(f"Brian2: {line}")
        return Run(kind, strength, unit, text, seed, ds, readout_scores(ds))

    for seed in range(seeds):
        moved = start == "random"
        if seed == 0 or moved:
            states = start_states(single, start_of(single, start, seed), trials)
            report(f"twin and Brian2 ({device}), {start} start, {trials} trials")
            brian2 = simulated(BRIAN2, own, "ms", "simulation step", seed, single)
            twin = run_twin(net, stimulus, initial=states)
            spikes = twin_simulation(twin.spikes, brian2.simulation)
            reference = Run(TWIN, own, "ms", "simulation step", seed, spikes, twin.scores)
            yield reference, brian2
            for dt in dts:
                report(f"dt = {dt * 1e3:.6g} ms")
                yield reference, simulated(FINER, dt * 1e3, "ms", "simulation step", seed, single, dt=dt)
            if trials > 1:
                yield reference, _other_trial(reference)
        for name, sweep in sweeps.items():
            if seed and not (sweep.drawn or moved):
                continue
            for strength in sweep.strengths:
                report(f"{name} {strength_in_words(sweep, strength)}")
                worse = perturb(single, sweep.make(strength), seed=seed)
                yield reference, simulated(name, strength, sweep.unit, sweep.text, seed, worse)


def twin_simulation(spikes, like):
    """Lay the twin's spikes out as those of a simulation.

    Parameters
    ----------
    spikes : dict of str to numpy.ndarray, shape (trial, time, neuron)
        By group, in steps of the simulation `like`.
    like : xarray.Dataset
        A simulation of the same network, trials and step: its coordinates and attributes are taken over.

    Returns
    -------
    xarray.Dataset
        Without traces.
    """
    names = ("dt", "dt_ref", "duration", "trials")
    ds = xr.Dataset(attrs={name: like.attrs[name] for name in names if name in like.attrs})
    kept = [name for name in ("trial", "source", "target") if name in like.coords]
    ds = ds.assign_coords({name: like[name] for name in kept})
    for group, fired in spikes.items():
        trial, step, neuron = np.nonzero(fired)
        dim = f"{group}_spike"
        ds = ds.assign_coords({f"{group}_neuron": like[f"{group}_neuron"]})
        for name, values in (
            ("trial", trial.astype(np.int32)),
            ("neuron", neuron.astype(np.int32)),
            ("time", step * float(like.attrs["dt"])),
        ):
            ds[f"{dim}_{name}"] = (dim, values, dict(like[f"{dim}_{name}"].attrs))
    return ds


def _other_trial(run):
    """The same run with the spikes and scores of each trial under the name of the next."""
    ds, trials = run.simulation.copy(), int(run.simulation.attrs["trials"])
    for name in [n for n in ds.data_vars if str(n).endswith("_spike_trial")]:
        ds[name] = ((ds[name] + 1) % trials).astype(ds[name].dtype).assign_attrs(ds[name].attrs)
    scores = np.roll(run.scores, 1, axis=0)
    return Run(OTHER_TRIAL, np.nan, "1", "the spikes of another trial", run.seed, ds, scores)
