"""Chunks of steps under torch.compile."""

from __future__ import annotations

import contextlib
import logging
import re
import time

import torch

from ..models.errors import BuildError
from .compiled_step import run_chunk

OTHERS = (
    "engine='reference' runs the same program without a compiler, and so does engine='fused' with one for C"
)
_log = logging.getLogger("chronaxie")


def _damaged(error):
    """What to do where the loader refuses a library in PyTorch's cache, which keeps what a killed build left."""
    found = re.search(r"(/\S+\.so): (?:file too short|invalid ELF header|file truncated)", str(error))
    return f"\n{found[1]} is damaged: delete it, and it is built anew" if found else ""


def _backward_at_once():
    """The backward pass is compiled with the forward one, so that what fails fails here; older torch always does so."""
    from torch._functorch import config  # here, as torch._dynamo below: they take two seconds to import

    option = "force_non_lazy_backward_lowering"
    return config.patch(**{option: True}) if hasattr(config, option) else contextlib.nullcontext()


class Chunk:
    """Some steps of a pass as one compiled function.

    Parameters
    ----------
    plan : Plan
    steps : dict of str to callable
        The step of each operation.
    places : dict of tuple to int
        Which of the tensors that it is called with is which; two names can stand for one tensor.
    single : frozenset of int
        Tensors without a dimension, which come with one: torch.compile takes others for numbers that it may know.
    backend : str
        Of torch.compile.

    Attributes
    ----------
    graphs : int
        How many graphs torch.compile has made of it.
    """

    def __init__(self, plan, steps, places, single, backend):
        self.graphs, self.plan, self.backend = 0, plan, backend
        self.names = plan.outcome()

        def run(*tensors):
            given = {name: tensors[k][0] if k in single else tensors[k] for name, k in places.items()}
            return run_chunk(plan, steps, given)

        run.__code__ = run.__code__.replace()  # torch.compile keeps what it has made by code object
        self.compiled = torch.compile(run, backend=self._build, fullgraph=True, dynamic=False)

    def _build(self, graph, inputs):
        from torch._dynamo.backends.registry import lookup_backend

        self.graphs += 1
        return lookup_backend(self.backend)(graph, inputs)

    def __call__(self, tensors):
        """The outcome by name, of the tensors in their places.

        Raises
        ------
        BuildError
            torch.compile fails, or compiles nothing.
        """
        if self.graphs:
            return dict(zip(self.names, self.compiled(*tensors), strict=True))
        import torch._dynamo

        begun = time.perf_counter()
        with torch._dynamo.config.patch(suppress_errors=False), _backward_at_once():
            try:
                found = self.compiled(*tensors)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:
                raise BuildError(
                    f"engine='compiled': torch.compile failed: {error}{_damaged(error)}\n{OTHERS}"
                ) from error
        if not self.graphs:
            raise BuildError(
                "engine='compiled': torch.compile compiled nothing; is it switched off (TORCHDYNAMO_DISABLE, "
                f"TORCH_COMPILE_DISABLE, torch.compiler.set_stance)? {OTHERS}"
            )
        _log.info("compiled %d steps in %.1f s", self.plan.count, time.perf_counter() - begun)
        return dict(zip(self.names, found, strict=True))
