"""A large network, 1e5 neurons and 1e7 synapses, beside the same written by hand for Brian2's C++ device.

``python benchmarks/scale.py [--neurons 100000] [--fan-out 100] [--seconds 1] [--dt 0.1] [--repeats 2]``

Both with Brian2's own compiler flags, and the package's exact ones. Each run is a process of its own; prints wall times
and the largest memory of Python and of the compiled program.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

EQUATIONS = """
dv/dt = (drive - v)/tau : 1 (unless refractory)
drive : 1 (constant)
tau : second (constant)
"""


def parts(neurons, fan_out):
    """Who connects to whom, weights, drives and time constants (s) of the network."""
    rng = np.random.default_rng(0)
    pre = np.repeat(np.arange(neurons, dtype=np.int32), fan_out)
    post = rng.integers(0, neurons, size=len(pre), dtype=np.int32)
    w = rng.normal(0.002, 0.02, size=len(pre))
    return pre, post, w, rng.uniform(0.8, 1.1, neurons), rng.uniform(0.01, 0.03, neurons)


def network(given, monitored):
    """The network as one writes it with Brian2; returns its objects."""
    from brian2 import NeuronGroup, SpikeMonitor, Synapses, ms, second

    pre, post, w, drive, tau = parts(given.neurons, given.fan_out)
    cells = NeuronGroup(
        given.neurons,
        EQUATIONS,
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        method="exact",
        dt=given.dt * ms,
        name="cells",
    )
    cells.drive, cells.tau = drive, tau * second
    cells.v = np.random.default_rng(1).random(given.neurons)
    synapses = Synapses(
        cells, cells, "w : 1 (constant)", on_pre="v_post += w", delay=1.5 * ms, name="synapses"
    )
    synapses.connect(i=pre, j=post)
    synapses.w = w
    return [cells, synapses, *([SpikeMonitor(cells, name="spikes")] if monitored else [])]


def by_hand(given):
    """Brian2 alone, on its C++ device."""
    from brian2 import Network, device, second, set_device

    with tempfile.TemporaryDirectory() as folder:
        set_device("cpp_standalone", directory=folder, build_on_run=False)
        objects = network(given, monitored=True)
        net = Network(objects)
        net.run(given.seconds * second, namespace={})
        device.build(directory=folder, with_output=False)
        counts = len(objects[2].t)
        return {"spikes": counts, "program": device.timers["run_binary"]}


def by_package(given):
    """The same network, simulated by this package on the same device."""
    from brian2 import Network

    from chronaxie.models import simulate

    net = Network(network(given, monitored=False))
    out = os.path.join(given.folder, f"result_{os.getpid()}.nc")
    ds = simulate(
        net,
        duration=given.seconds,
        device="cpp_standalone",
        seed=0,
        to=out,
        fast_math=given.kind == "fast",
        namespace={},
    )
    return {"spikes": ds.sizes["cells_spike"], "program": ds.attrs["binary_time_s"]}


def measured(kind, arguments, folder):
    """Run one kind in a process of its own."""
    command = [sys.executable, __file__, "--kind", kind, "--folder", folder, *arguments]
    environment = os.environ | {"XDG_CACHE_HOME": os.path.join(folder, "cache")}
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]) | {"wall": time.perf_counter() - began}


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100_000)
    parser.add_argument("--fan-out", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--dt", type=float, default=0.1, help="ms")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--kind", choices=("hand", "fast", "package"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.kind:
        found = (by_hand if given.kind == "hand" else by_package)(given)
        for name, who in (("python", resource.RUSAGE_SELF), ("child", resource.RUSAGE_CHILDREN)):
            found[name] = resource.getrusage(who).ru_maxrss / 2**20  # KiB on Linux
        print(json.dumps(found))
        return
    arguments = [
        f"--{k.replace('_', '-')}={v}" for k, v in vars(given).items() if k not in ("kind", "folder")
    ]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows.append(("package, Brian2's flags, with the build", measured("fast", arguments, folder)))
        rows.append(("package, exact, with the build", measured("package", arguments, folder)))
        for _ in range(given.repeats):
            rows.append(("by hand, Brian2's flags, with its build", measured("hand", arguments, folder)))
            rows.append(("package, Brian2's flags, built before", measured("fast", arguments, folder)))
            rows.append(("package, exact, built before", measured("package", arguments, folder)))
    print(
        f"{given.neurons} neurons, {given.neurons * given.fan_out} synapses, {given.seconds} s at {given.dt} ms"
    )
    print(f"{'':40}wall (s)  program (s)  Python (GiB)  children (GiB)  spikes")
    for text, row in rows:
        print(
            f"{text:40}{row['wall']:8.1f}  {row['program']:11.1f}  {row['python']:12.2f}  {row['child']:14.2f}"
            f"  {row['spikes']}"
        )


if __name__ == "__main__":
    main()
