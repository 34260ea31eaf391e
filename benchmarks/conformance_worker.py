"""One example script of Brian2, run in a process of its own; the twin is held against Brian2 at each of its runs.

Started by ``conformance.py``. The script runs on the runtime device and the numpy target, whatever it asks for. At each
``run`` a twin is made of the network as it then is, and both start from that state and from one seed of numpy's stream.
"""

import argparse
import copy
import functools
import importlib
import importlib.util
import inspect
import json
import multiprocessing
import os
import random
import runpy
import sys
import time
import traceback
from pathlib import Path

import brian2
import brian2.devices
import brian2.devices.device
import brian2.only
import numpy as np
import torch
from brian2.core.magic import MagicNetwork
from brian2.core.network import Network, _get_all_objects
from brian2.core.operations import NetworkOperation
from brian2.core.variables import ArrayVariable
from brian2.groups.neurongroup import Thresholder
from brian2.input.poissoninput import PoissonInput
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.monitors import EventMonitor, PopulationRateMonitor, SpikeMonitor, StateMonitor
from brian2.synapses.synapses import SynapticPathway

SEED = 20240229
MONITORS = (StateMonitor, SpikeMonitor, EventMonitor, PopulationRateMonitor)
WITHOUT_STATE = (*MONITORS, SynapticPathway, PoissonInput, SpikeGeneratorGroup)
STORED = "conformance"


class EnoughRuns(BaseException):
    """As many runs were compared as were asked for: leave the script."""


class SerialPool:
    """Stands in for multiprocessing.Pool, so that the script's runs happen in this process."""

    def __init__(self, *args, **kwds):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def close(self):
        pass

    join = close

    def map(self, function, values):
        return [function(value) for value in values]

    def starmap(self, function, values):
        return [function(*value) for value in values]


class SerialJobs(SerialPool):
    """Stands in for joblib.Parallel, which others derive from."""

    def __call__(self, jobs):
        return [function(*given, **named) for function, given, named in jobs]


def leave_on_runtime():
    """Whatever the script asks for: runtime device, numpy target, one process, fixed seeds."""
    brian2.prefs.codegen.target = "numpy"
    torch.set_num_threads(1)
    brian2.seed(SEED)
    random.seed(SEED)
    torch.manual_seed(SEED)
    for module in (brian2, brian2.devices, brian2.devices.device, brian2.only):
        module.set_device = lambda *args, **kwds: None
    for name in ("build", "reinit", "activate", "insert_code"):
        setattr(type(brian2.devices.device.runtime_device), name, lambda *args, **kwds: None)
    multiprocessing.Pool = SerialPool
    if importlib.util.find_spec("joblib"):
        importlib.import_module("joblib").Parallel = SerialJobs


def states(objects):
    """All state of groups and synapses as arrays in their own type: ``{object: {variable: values}}``."""
    found = {}
    for obj in objects:
        if isinstance(obj, WITHOUT_STATE):
            continue
        for name, variable in getattr(obj, "variables", {}).items():
            own = isinstance(variable, ArrayVariable) and variable.name == name
            if own and not name.startswith("_") and getattr(variable.owner, "name", None) == obj.name:
                found.setdefault(obj.name, {})[name] = (variable.get_value().copy(), variable.read_only)
    return found


class PythonState:
    """What the Python of network operations may change: values of global and enclosing variables, put back later."""

    def __init__(self, operations):
        self.scopes = []
        for operation in operations:
            function = operation.function
            names = {*function.__code__.co_names} & {*function.__globals__}
            kept = {n: function.__globals__[n] for n in names}
            kept = {
                n: v for n, v in kept.items() if isinstance(v, (bool, int, float, list, dict, np.ndarray))
            }
            self.scopes.append((function.__globals__, kept, copy.deepcopy(kept)))

    def restore(self):
        for scope, kept, values in self.scopes:
            for name, value in kept.items():
                if isinstance(value, np.ndarray):
                    value[...] = values[name]
                elif isinstance(value, list):
                    value[:] = copy.deepcopy(values[name])
                elif isinstance(value, dict):
                    value.clear()
                    value.update(copy.deepcopy(values[name]))
                scope[name] = value


def as_network(network, objects):
    """A magic network's objects as the plain network that `Network(collect())` makes of them before their first run."""
    if not isinstance(network, MagicNetwork):
        return network
    plain = Network()
    plain.objects, plain.t_, plain.schedule = set(objects), network.t_, network.schedule
    return plain


class Worker:
    """Takes the place of `Network.run` while the script runs."""

    def __init__(self, given):
        self.given = given
        self.result = dict(runs=[], error=None, seconds=0.0)
        self.rows, self.began, self.ended = None, 0.0, 0.0

    def save(self):
        self.given.out.write_text(json.dumps(self.result))

    # ------------------------------------------------------------------ Brian2
    def intercept(self):
        """Keep the spikes of every step, note when the steps of a run begin and end, and take over `run`."""
        worker, brian_run, before_run, after_run = self, Network.run, Network.before_run, Network.after_run

        def keeping(run):
            @functools.wraps(run)
            def wrapped(obj):
                run(obj)
                if worker.rows is not None and getattr(obj, "event", "spike") == "spike":
                    group = obj if isinstance(obj, SpikeGeneratorGroup) else obj.group
                    space = group.variables["_spikespace"].get_value()
                    worker.rows.setdefault(group.name, []).append(space[: space[-1]].copy())

            return wrapped

        def prepare(network, namespace):
            before_run(network, namespace)
            worker.began = time.perf_counter()

        def finish(network):
            worker.ended = time.perf_counter()
            after_run(network)  # a magic network's collects garbage, which takes longer than many a run

        def run(network, duration, report=None, report_period=None, namespace=None, profile=None, level=0):
            if namespace is None:  # the frame of the script, whatever wrappers lie between
                frame = inspect.currentframe().f_back
                while frame.f_globals.get("__name__", "").startswith("brian2"):
                    frame = frame.f_back
                namespace = {**frame.f_globals, **frame.f_locals}
            worker.compare(network, duration, namespace)

        Thresholder.run = keeping(Thresholder.run)
        SpikeGeneratorGroup.run = keeping(SpikeGeneratorGroup.run)
        Network.before_run, Network.after_run, Network.run = prepare, finish, run
        self.brian_run = brian_run

    def run_brian2(self, network, objects, duration, namespace):
        """Run Brian2; returns its spikes (rows of indices by group) and the seconds of its steps."""
        network.objects = set(objects)  # a magic network forgets them after each run
        brian2.seed(SEED)
        self.rows = {}
        self.brian_run(network, duration, namespace=namespace)
        rows, self.rows = self.rows, None
        return rows, self.ended - self.began

    # ------------------------------------------------------------------ the twin
    def make_twin(self, network, objects, namespace, run):
        """Make the twin, or say in `run` why there is none."""
        module, _, name = self.given.twin.partition(":")
        Twin = getattr(importlib.import_module(module), name)
        python = any(isinstance(obj, NetworkOperation) for obj in objects)
        options = dict(namespace=namespace)
        os.environ.setdefault("CHRONAXIE_ENGINE", "reference")  # whose claim it is
        if python:
            try:
                Twin(network, **options)
                run.update(verdict="wrong", why="the network operation was not refused by default")
                return None
            except NotImplementedError as error:
                run["refused_by_default"] = str(error)
            options["python"] = True
        began = time.perf_counter()
        twin = Twin(network, **options)
        run["build_s"] = time.perf_counter() - began
        return twin

    def run_twin(self, twin, duration):
        """Run the twin; returns its recording and the seconds that the call took."""
        brian2.seed(SEED)
        with torch.no_grad():
            began = time.perf_counter()
            recording = twin(duration=duration)
            return recording, time.perf_counter() - began

    # ------------------------------------------------------------------ side by side
    def compare(self, network, duration, namespace):
        """What a call of `run` in the script does: twin and Brian2 from the same state, then on with the script."""
        brian2.prefs.codegen.target = "numpy"  # scripts set others
        objects = list(_get_all_objects(network.objects))
        dt = min((float(obj.clock.dt) for obj in objects), default=float(brian2.defaultclock.dt))
        steps = int(min(round(float(duration) / dt), self.given.steps))
        run = dict(
            start_s=float(network.t_), dt=dt, steps=steps, asked_s=float(duration), verdict="not compared"
        )
        run["float"] = np.dtype(brian2.prefs.core.default_float_dtype).name
        self.result["runs"].append(run)
        duration = steps * dt * brian2.second
        compared = self.given.twin != "none" and steps > 0
        recording = self.twin_first(network, objects, duration, namespace, run) if compared else None
        self.save()
        before = states(objects)
        rows, run["brian2_with_monitors_s"] = self.run_brian2(network, objects, duration, namespace)
        sizes = {obj.name: len(obj) for obj in objects if obj.name in rows}
        run["spikes"] = int(sum(len(events) for group in rows.values() for events in group))
        run["neuron_steps"] = int(sum(len(group) * sizes[name] for name, group in rows.items()))
        if recording is not None:
            judge(run, recording, rows, before, states(objects))
        self.save()
        if sum(r["steps"] > 0 for r in self.result["runs"]) >= self.given.runs:
            raise EnoughRuns

    def twin_first(self, network, objects, duration, namespace, run):
        """Run the twin, then time both; the network is afterwards as it was. Returns the twin's recording."""
        python = PythonState([obj for obj in objects if isinstance(obj, NetworkOperation)])
        Network.store(network, STORED)
        try:
            twin = self.make_twin(as_network(network, objects), objects, namespace, run)
            if twin is None:
                return None
            recording, _ = self.run_twin(twin, duration)
            self.put_back(network, objects, python)
            self.time_both(network, objects, duration, namespace, run, twin, python)
            return recording
        except Exception as error:
            refused = isinstance(error, NotImplementedError)
            run["verdict"] = "refused" if refused else "crash"
            run["why"] = f"{type(error).__name__}: {error}"
            run["trace"] = traceback.format_exc()[-2000:]
            return None
        finally:
            self.put_back(network, objects, python)
            del network._stored_state[STORED]

    def put_back(self, network, objects, python):
        network.objects = set(objects)
        Network.restore(network, STORED)
        python.restore()

    def time_both(self, network, objects, duration, namespace, run, twin, python):
        """Alternate; both keep every spike and neither traces: the script's monitors rest unless Python reads them."""
        reads = any(isinstance(obj, NetworkOperation) for obj in objects)
        resting = [obj for obj in objects if isinstance(obj, MONITORS) and obj.active and not reads]
        run["brian2_s"], run["twin_s"] = [], []
        began = time.perf_counter()
        for _ in range(self.given.rounds):
            for obj in resting:
                obj.active = False
            run["brian2_s"].append(self.run_brian2(network, objects, duration, namespace)[1])
            for obj in resting:
                obj.active = True
            self.put_back(network, objects, python)
            run["twin_s"].append(self.run_twin(twin, duration)[1])
            self.put_back(network, objects, python)
            if time.perf_counter() - began > self.given.timing:
                break

    # ------------------------------------------------------------------ the script
    def main(self):
        script, began = self.given.script.resolve(), time.perf_counter()
        os.chdir(script.parent)
        sys.path.insert(0, str(script.parent))
        sys.argv = [script.name]
        leave_on_runtime()
        self.intercept()
        try:
            runpy.run_path(script.name, run_name="__main__")
        except EnoughRuns:
            pass
        except BaseException as error:  # also SystemExit: the script's own end is what is told
            self.result["error"] = f"{type(error).__name__}: {error}"[:300]
            self.result["trace"] = traceback.format_exc()[-2000:]
        self.result["seconds"] = time.perf_counter() - began
        self.save()
        os._exit(0)  # threads and windows of the script do not hold the process


def judge(run, recording, rows, before, after):
    """Count what differs between twin and Brian2: spikes, elements of states; to the bit, NaN equal to NaN."""
    run.update(wrong_spikes=0, wrong_values=0, first_step=None, differs=[], values=0)
    for group, events in rows.items():
        want = np.zeros((len(events), 0), bool)
        if group not in recording.spikes:
            run["differs"].append(f"spikes of {group}: none in the recording")
            continue
        got = recording.spikes[group].detach().cpu().numpy()[0]
        want = np.zeros((len(events), got.shape[1]), got.dtype)
        for step, indices in enumerate(events):
            want[step, indices] = 1
        if got.shape != want.shape:
            run["differs"].append(f"spikes of {group}: {got.shape[0]} steps, Brian2 has {want.shape[0]}")
            continue
        wrong = got != want
        if wrong.any():
            first = int(np.nonzero(wrong.any(1))[0][0])
            run["wrong_spikes"] += int(wrong.sum())
            run["first_step"] = first if run["first_step"] is None else min(first, run["first_step"])
            run["differs"].append(f"{int(wrong.sum())} spikes of {group}, first at step {first}")
    for name, variables in after.items():
        for variable, (want, read_only) in variables.items():
            got = recording.final.get(name, {}).get(variable)
            changed = not same(want, before[name][variable][0]).all()
            if got is None:
                if changed or not read_only:
                    run["differs"].append(f"{name}.{variable}: not in the recording")
                continue
            compare_values(run, f"{name}.{variable}", got, want)
    run["verdict"] = "wrong" if run["differs"] else "exact"


def compare_values(run, key, got, want):
    """Hold one variable's final values against Brian2's, in type, number and bits."""
    got = got.detach().cpu().numpy() if hasattr(got, "detach") else np.asarray(got)
    got, want = got.reshape(-1), np.asarray(want).reshape(-1)
    run["values"] += want.size
    if got.shape != want.shape or got.dtype.kind != want.dtype.kind:
        run["differs"].append(f"{key}: {got.dtype} {got.shape}, Brian2 has {want.dtype} {want.shape}")
        return
    if want.dtype.kind == "f" and got.dtype != want.dtype:
        run["differs"].append(f"{key}: {got.dtype}, Brian2 has {want.dtype}")
        return
    wrong = ~same(got, want)
    if wrong.any():
        run["wrong_values"] += int(wrong.sum())
        gap = np.abs(got[wrong].astype(float) - want[wrong].astype(float)).max()
        run["differs"].append(f"{key}: {int(wrong.sum())} of {want.size} values, by up to {gap:.3g}")


def same(a, b):
    """Where two arrays hold the same bits, NaN counted as one value and -0 apart from 0."""
    if a.shape != b.shape:
        return np.zeros(1, bool)
    if a.dtype.kind != "f":
        return a == b
    nan = np.isnan(a) & np.isnan(b)
    return nan | ((a == b) & (np.signbit(a) == np.signbit(b)))


def main():
    """Run the script that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("script", type=Path)
    parser.add_argument("--out", type=lambda path: Path(path).resolve(), required=True)
    parser.add_argument("--twin", default="chronaxie:Twin")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--timing", type=float, required=True)
    Worker(parser.parse_args()).main()


if __name__ == "__main__":
    main()
