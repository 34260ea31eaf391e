"""The generated C as an autograd function: its arrays, its memory, its two calls."""

from __future__ import annotations

import ctypes
import math
import weakref
from contextlib import suppress

import torch

from ..program import owner_of
from ..stimuli import check_currents
from .layout import VECTOR
from .plan import identifier

# steps between checkpoints, and trials that one thread takes through time together: what they keep of a few hundred
# neurons fits a processor's own cache; the tiles of a product have up to 8 rows
CHUNK, BLOCK = 16, 16
RECENT = 4  # passes whose memory is kept for later ones
PAST = 1 << 22  # bytes of an output from which on it is written past the caches, which it would empty
LENT = 1 << 17  # bytes from which on what a pass returns is taken from there, too
PARTS = 16  # sums of derivatives of their own, at most, whatever the number of threads


class Pool:
    """Memory that passes hand on to each other: fresh memory costs page faults. What no recent pass took is let go."""

    def __init__(self):
        self.free, self.taken, self.passes = {}, {}, 0

    def begin(self):
        """A pass begins."""
        self.passes += 1
        for kind, last in list(self.taken.items()):
            if last < self.passes - RECENT:
                self.taken.pop(kind, None)
                self.free.pop(kind, None)

    def take(self, shape, dtype):
        """An array with any contents."""
        kind = (tuple(shape), dtype)
        self.taken[kind] = self.passes
        with suppress(KeyError, IndexError):  # asked for and taken at once: several threads may run passes
            return self.free[kind].pop()
        return torch.empty(shape, dtype=dtype)

    def give(self, tensor):
        """An array that nobody uses any more."""
        kind = (tuple(tensor.shape), tensor.dtype)
        if kind in self.taken:
            held = self.free.setdefault(kind, [])
            if len(held) < 2:
                held.append(tensor)

    def lend(self, shape, dtype):
        """An array to be returned to the user; its memory comes back when the last tensor on it is gone."""
        size = math.prod(shape) * dtype.itemsize
        if size < LENT:
            return torch.empty(shape, dtype=dtype)
        own = self.take(shape, dtype)
        lent = (ctypes.c_char * size).from_address(own.data_ptr())
        weakref.finalize(lent, self.give, own).atexit = False
        return torch.frombuffer(lent, dtype=dtype).view(shape)


class Call:
    """Everything that a pass hands to C, and what C hands back.

    Parameters
    ----------
    run : Run
    design : Design
    library : ctypes.CDLL
    structure : type
        The C structure of a call.
    sources : dict of str to (torch.Tensor, numpy.ndarray)
        Bytes and rows of spikes that come from outside.
    currents : dict of str to (torch.Tensor, numpy.ndarray, numpy.ndarray or None)
        By name in C; see `Run.currents`.
    coefficients : dict of str to torch.Tensor, shape (coefficient, neuron)
        By group.
    started : dict of str to int
        By group: trials that the states at the start are given for, all or one.
    keep : bool
        Whether events are kept.
    """

    def __init__(self, run, design, library, structure, sources, currents, coefficients, started, *, keep):
        self.last, self.held, self._common, self._alive = {}, {}, None, None
        self.run, self.design, self.library, self.structure = run, design, library, structure
        self.sources, self.currents, self.coefficients, self.keep = sources, currents, coefficients, keep
        self.started = started
        self.dtype, self.trials, self.steps = run.dtype, run.trials, run.steps
        self.pool = run.engine.pool
        self.chunk = CHUNK
        self.block = min(BLOCK, self.trials)
        self.blocks = -(-self.trials // self.block)
        self.spaces = [s for s in design.plan.spaces if s not in design.plan.sources]
        self.dense = [s for s in self.spaces if s in design.wanted.dense]
        self.links = design.every_link()

    def __del__(self):
        for tensor in self.held.values():
            self.pool.give(tensor)

    # -------------------------------------------------------------- memory
    @staticmethod
    def pointer(address):
        """An address for C."""
        return ctypes.c_void_p(address)

    def threads(self):
        """Threads that take part."""
        return max(1, min(torch.get_num_threads(), self.blocks))

    def sizes(self, neurons):
        """Steps, trials, trials in a block, neurons, threads, for C."""
        return [ctypes.c_long(n) for n in (self.steps, self.trials, self.block, neurons, self.threads())]

    def event_type(self):
        """Type of a neuron's number."""
        return torch.int16 if max([*self.design.plan.spaces.values(), 1]) < 1 << 16 else torch.int32

    def prepare(self):
        """Memory for the events and checkpoints of a pass that is kept."""
        self.pool.begin()
        if not self.keep:
            return
        for space in self.spaces:
            size, s = self.design.plan.spaces[space], identifier(space)
            kind = self.event_type()
            self.held[f"list_{s}"] = self.pool.take((self.trials * self.steps * size,), kind)
            self.held[f"count_{s}"] = self.pool.take((self.trials * self.steps,), kind)
            self.held[f"begin_{s}"] = self.pool.take((self.blocks * self.steps,), torch.int64)
        if self.design.wanted.back:
            chunks = -(-self.steps // self.chunk)
            for name, layout in self.design.layouts.items():
                count = len(layout.states) * self.trials * layout.size * chunks
                self.held[f"checkpoints_{identifier(name)}"] = self.pool.take((count,), self.dtype)
                count = len(self.design.kept[name]) * self.trials * self.steps * layout.size
                self.held[f"kept_{identifier(name)}"] = self.pool.take((count,), self.dtype)

    def fill(self, structure, named):
        """A copy of a structure of C in which the addresses of further tensors, and further numbers, stand."""
        filled = type(structure).from_buffer_copy(structure)
        known = structure.names
        for name, value in named.items():
            if name in known:
                setattr(filled, name, value.data_ptr() if isinstance(value, torch.Tensor) else value)
        return filled

    def common(self):
        """What both calls of a pass are given, by name in C, but for the tensors that go in."""
        named = {
            "steps": self.steps,
            "trials": self.trials,
            "block": self.block,
            "chunk": self.chunk,
            "threads": self.threads(),
            "parts": min(self.blocks, PARTS),
            "first": self.run.clock.start,
            "keep": int(self.keep),
            "dt": self.run.clock.dt,
            **self.held,
        }
        for space, values in self.last.items():
            named[f"last_{identifier(space)}"] = values
        for name, rows in self.started.items():
            named[f"started_{identifier(name)}"] = rows
        for space, (table, rows) in self.sources.items():
            s = identifier(space)
            named |= {f"bytes_{s}": table, f"rows_{s}": torch.from_numpy(rows)}
            named[f"stride_{s}"] = 0 if len(table) == 1 else table.stride(0)
        for link, (first, target) in self.synapses().items():
            named |= {f"first_{link}": first, f"target_{link}": target}
        for name, values in self.coefficients.items():
            named[f"coefficients_{identifier(name)}"] = values
        for name, (table, rows, column) in self.currents.items():
            named[f"rows_{name}"] = torch.from_numpy(rows)
            if column is not None:
                named[f"column_{name}"] = torch.from_numpy(column)
            named[f"stride_{name}"] = 0 if len(table) == 1 else table.shape[1] * table.shape[2]
            named[f"channels_{name}"] = table.shape[2]
        return named

    def synapses(self):
        """Where the synapses of each neuron begin, and their targets, by name of a link that is not a matrix."""
        found = {}
        for step in self.design.plan.steps:
            if isinstance(step, tuple):
                continue
            for link, wiring in zip(self.design.links[id(step)], self.design.wirings[id(step)], strict=True):
                if not link.dense:
                    found[link.name] = wiring.compressed
        return found

    def outputs(self):
        """What comes out, by name in C."""
        found = {}
        for name, layout in self.design.layouts.items():
            rows = len(layout.states) + len(layout.last)
            found[f"end_{identifier(name)}"] = torch.empty(rows, self.trials, layout.size, dtype=self.dtype)
        for space in self.dense:
            shape = (self.steps, self.trials, self.design.plan.spaces[space])
            found[f"dense_{identifier(space)}"] = self.pool.lend(shape, self.dtype)
        for (key, _), name in self.design.traces.items():
            size = self.design.layouts[owner_of(key)].size
            found[f"trace_{name}"] = self.pool.lend((self.steps, self.trials, size), self.dtype)
        return found

    # -------------------------------------------------------------- the two calls
    def forward(self, tensors):
        """Run; the outputs in order."""
        self.prepare()
        for space in self.design.noted:
            shape = (self.trials, self.design.plan.spaces[space])
            self.last[space] = torch.full(shape, -1, dtype=torch.int32)
        outputs = self.outputs()
        past = int(any(value.nbytes >= PAST for value in outputs.values()))
        self._alive = self.common()  # as long as C may read it
        inputs = dict(zip(self.design.inputs, tensors, strict=True))
        self._common = self.fill(self.structure(), self._alive | inputs)
        call = self.fill(self._common, outputs | {"past": past})
        failed = self.library.forward(ctypes.byref(call))
        self.check(failed & 1)
        if failed & 2:  # some current is not finite: that of a stimulus is refused
            check_currents(self.run.program, self.run.request.stimulus)
        return tuple(outputs.values())

    @staticmethod
    def check(failed):
        if failed:
            raise MemoryError("fused engine: not enough memory for a pass; take fewer trials at a time")

    def backward(self, tensors, needed, grads):
        """Derivatives by the tensors that went in."""
        names, given = self.design.inputs, dict(self.outputs_of(grads))
        by = {}
        for name, layout in self.design.layouts.items():
            g = identifier(name)
            rows = torch.zeros(max(len(layout.graded), 1), layout.size, dtype=self.dtype)
            given[f"by_coefficients_{g}"] = rows
            by |= {f"coefficient_{g}_{k}": row for k, row in enumerate(rows.unbind())}
        graded = {f"w_{link.name}": link for link in self.links if link.graded}  # C writes all of them
        for name, tensor, want in zip(names, tensors, needed, strict=True):
            if name in graded:
                given[self.by(name)] = torch.empty_like(tensor)
            elif want and name not in by:
                given[self.by(name)] = torch.zeros_like(tensor)
            if want and name not in by:
                by[name] = given[self.by(name)]
        inputs = dict(zip(names, tensors, strict=True))  # hooks of saved tensors may have put them elsewhere
        call = self.fill(self._common, inputs | given)
        self.check(self.library.backward(ctypes.byref(call)))
        return [by.get(name) for name in names]

    @staticmethod
    def by(name):
        """Name in C of the derivatives by something that went in."""
        kind, _, rest = name.partition("_")
        return f"by_{rest}" if kind in ("w", "table") else f"by_{name}"

    def outputs_of(self, grads):
        """Derivatives by the outputs, by name in C; what is the same everywhere, or in all steps, is held once."""
        grads = list(grads)
        for name in self.design.layouts:
            grad = grads.pop(0)
            if grad is not None:
                yield f"by_end_{identifier(name)}", grad.contiguous()
        widths = {f"dense_{identifier(s)}": self.design.plan.spaces[s] for s in self.dense}
        for (key, _), name in self.design.traces.items():
            widths[f"trace_{name}"] = self.design.layouts[owner_of(key)].size
        for name, size in widths.items():
            grad = grads.pop(0)
            one = grad is None or not any(grad.stride())
            if one:
                value = 0.0 if grad is None or not grad.numel() else grad.as_strided((), ()).item()
                grad = torch.full(((self.block + VECTOR) * size,), value, dtype=self.dtype)
            elif grad.stride(2) != 1 or (grad.stride(0) == 0 and grad.stride(1) != size):
                grad = grad.contiguous()
            yield f"by_{name}", grad
            yield f"by_step_{name}", 0 if one else grad.stride(0)
            yield f"by_trial_{name}", 0 if one else grad.stride(1)


class Fused(torch.autograd.Function):
    """A pass, and its adjoint."""

    @staticmethod
    def forward(ctx, call, *tensors):
        tensors = tuple(t.contiguous() for t in tensors)
        ctx.call = call
        ctx.save_for_backward(*tensors)
        ctx.set_materialize_grads(False)
        return call.forward(tensors)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *grads):
        needed = ctx.needs_input_grad[1:]
        return None, *ctx.call.backward(ctx.saved_tensors, needed, grads)
