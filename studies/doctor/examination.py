"""The whole examination, finding by finding."""

from __future__ import annotations

import os
import tempfile
from functools import partial

from .compilers import compiler_findings
from .findings import BROKEN, NOT_HERE, Finding
from .processes import ask
from .surroundings import VARIABLE, cache_findings, data_findings, thread_finding
from .versions import version_findings

IMPORTS, SHORT, LONG = 180, 180, 300  # seconds
# Part, name, question, needs, required, whether something is compiled, seconds.
_TRIED = (
    ("devices", "numpy", ("device", "numpy"), ("brian2",), True, False, SHORT),
    ("devices", "cython", ("device", "cython"), ("brian2",), False, True, SHORT),
    ("devices", "cpp_standalone", ("device", "cpp_standalone"), ("brian2",), False, True, LONG),
    ("devices", "cuda_standalone", ("device", "cuda_standalone"), ("brian2",), False, True, LONG),
    ("engines", "reference", ("engine", "reference"), ("brian2", "torch"), True, False, SHORT),
    ("engines", "fused", ("engine", "fused"), ("brian2", "torch"), False, True, SHORT),
    ("engines", "compiled", ("engine", "compiled"), ("brian2", "torch"), False, True, LONG),
    ("engines", "on cuda", ("engine", "reference", "cuda"), ("brian2", "torch"), False, False, LONG),
)
_GIVES = {
    "cython": "faster simulation of one network, without a build each time",
    "cpp_standalone": "the fastest simulation on CPUs",
    "cuda_standalone": "simulation of large networks on an NVIDIA GPU",
    "fused": "training many times as fast as by the engine reference",
    "compiled": "training by torch.compile",
    "on cuda": "training on an NVIDIA GPU",
}


def examine(*, data=None, quick=False):
    """Look at everything that chronaxie needs or can use here.

    Parameters
    ----------
    data : path-like, optional
        Folder of the data sets; by default as tasks look for it.
    quick : bool
        Leave out the devices and engines that compile.

    Yields
    ------
    Finding
        As soon as it is known.
    """
    with tempfile.TemporaryDirectory(prefix="chronaxie-doctor-") as folder:
        asked = partial(_asked, folder)
        missing = {}
        for finding in version_findings(partial(asked, IMPORTS)):
            if finding.state == BROKEN and finding.required:
                missing[finding.name] = finding
            yield finding
        yield from compiler_findings(folder)
        for tried in _TRIED:
            if not (quick and tried[5]):
                yield _try(tried, missing, asked)
        yield from _data(data, missing)
        yield from _cache(missing)
        yield thread_finding([] if "torch" in missing else asked(SHORT, "threads"))


def _asked(folder, seconds, *question):
    return ask(list(question), seconds=seconds, folder=folder)


def _try(tried, missing, asked):
    part, name, question, needs, required, _, seconds = tried
    lacking = [one for one in needs if one in missing]
    if lacking:
        state = BROKEN if required else NOT_HERE
        return Finding(part, name, state, f"not tried, {lacking[0]} does not work", required=required)
    answer = asked(seconds, *question)[-1]
    state, found, advice = answer["state"], answer["found"], answer["advice"]
    if state == NOT_HERE and not advice:
        advice = f"it gives {_GIVES[name]}"
    if state == BROKEN and not advice:
        advice = (
            "report it with the output of chronaxie doctor --json" if required else f"it gives {_GIVES[name]}"
        )
    return Finding(part, name, state, found, advice, required)


def _data(data, missing):
    if "xarray" in missing or "numpy" in missing:
        return
    from ..data import find_data

    yield from data_findings(find_data(data), named=data is not None or bool(os.environ.get(VARIABLE)))


def _cache(missing):
    if "xarray" in missing or "numpy" in missing:
        return
    from ..data import cache_folder

    yield from cache_findings(cache_folder())
