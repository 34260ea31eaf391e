"""The sharp networks are sharp: Brian2 itself, started from values changed by 1e-12, ends elsewhere."""

import numpy as np
import pytest
from brian2 import NeuronGroup

from .brian2_runs import Reference
from .cases import CHAOTIC, QUIET
from .comparison import same
from .table import CASES


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if CHAOTIC in case.tags])
def test_a_change_of_the_last_digits_changes_everything(name):
    made = Reference(CASES[name])

    def changed(objects):
        group = next(o for o in objects.values() if isinstance(o, NeuronGroup))
        variable = group.variables["x" if "x" in group.variables else "v"]
        values = variable.get_value()
        variable.set_value(values + 1e-12 * np.random.default_rng(0).normal(size=len(values)))

    last, other = made.runs[-1], made.again(changed)[-1]
    if QUIET in made.case.tags:
        (owner,) = made.sizes
        assert not same(last.final[owner]["x"], other.final[owner]["x"]).any()
    else:
        ((step, neuron), *_), ((step2, neuron2), *_) = last.spikes.values(), other.spikes.values()
        ours, theirs = set(zip(step, neuron, strict=True)), set(zip(step2, neuron2, strict=True))
        assert len(ours ^ theirs) > 0.1 * len(ours)
