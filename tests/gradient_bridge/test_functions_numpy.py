"""Functions that Brian2's present target has, but that nobody has asked of its numpy target yet."""

import subprocess
import sys

SCRIPT = """
from brian2 import Network, NeuronGroup, ms, prefs

from chronaxie import Twin

prefs.codegen.target = "cython"
group = NeuronGroup(2, "dv/dt = -v*exprel(v)/(10*ms) : 1", method="euler")
group.v = [0.5, -0.25]
twin = Twin(Network(group), engine="reference")
prefs.codegen.target = "numpy"
out = twin(duration=1 * ms)
network = Network(group)
network.run(1 * ms)
assert (out.final[group.name]["v"][0].numpy() == group.v[:]).all()
"""


def test_exprel_in_a_process_that_has_not_used_the_numpy_target():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
