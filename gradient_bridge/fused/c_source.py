"""The generated engine as one C source: kernels, and the passes that call them for each block of trials."""

from __future__ import annotations

from pathlib import Path

from .c_backward import Backward
from .c_forward import Forward
from .layout import Fields
from .plan import identifier

HEADER = Path(__file__).with_name("engine.h")


class Source:
    """The C source of an engine.

    Parameters
    ----------
    design : Design
    """

    def __init__(self, design):
        self.design, self.plan = design, design.plan
        self.fields = Fields()
        self.fields.long("steps", "trials", "block", "chunk", "threads", "parts", "first", "keep", "past")
        self._declare()

    def _declare(self):
        add = self.fields
        for name in self.plan.groups:
            g = identifier(name)
            add.pointer("const real", f"coefficients_{g}", f"start_{g}", f"by_end_{g}")
            add.long(f"started_{g}")
            add.pointer(
                "real", f"end_{g}", f"checkpoints_{g}", f"by_start_{g}", f"by_coefficients_{g}", f"kept_{g}"
            )
        for space in self.plan.spaces:
            s = identifier(space)
            if space in self.plan.sources:
                add.pointer("const uint8_t", f"bytes_{s}")
                add.pointer("const int32_t", f"rows_{s}")
                add.long(f"stride_{s}")
            else:
                add.pointer("EVENT", f"list_{s}", f"count_{s}")
                add.pointer("size_t", f"begin_{s}")
                add.pointer("int32_t", f"last_{s}")
                add.pointer("real", f"dense_{s}")
                add.pointer("const real", f"by_dense_{s}")
                add.long(f"by_step_dense_{s}", f"by_trial_dense_{s}")
        for link in self.design.every_link():
            add.pointer("const real", f"w_{link.name}")
            add.pointer("const int32_t", f"first_{link.name}", f"target_{link.name}")
            add.pointer("real", f"by_{link.name}")
        for name in self.design.currents.values():
            add.pointer("const real", f"table_{name}")
            add.pointer("const int32_t", f"rows_{name}", f"column_{name}")
            add.pointer("real", f"by_{name}")
            add.long(f"stride_{name}", f"channels_{name}")
        for name in self.design.traces.values():
            add.pointer("real", f"trace_{name}")
            add.pointer("const real", f"by_trace_{name}")
            add.long(f"by_step_trace_{name}", f"by_trial_trace_{name}")

    def source(self):
        """The whole C source."""
        design = self.design
        forward, kernels = Forward(design), []
        for name, group in self.plan.groups.items():
            kernels.append(f"#undef RN\n#define RN ((size_t){design.layouts[name].repeated})\n")
            for kernel in group.all_kernels():
                own = forward.sources[kernel.name]
                kernels.append(own.forward())
                if design.derivatives:
                    kernels.append(own.adjoint(design.derivatives[kernel.name]))
            if design.derivatives:
                again = enumerate(group.kernels)
                kernels += [forward.sources[k.name].again(design.spared(name, n))[0] for n, k in again]
        widest = max([*self.plan.spaces.values(), 1])
        head = f"#define EVENT {'uint16_t' if widest < 1 << 16 else 'uint32_t'}\n"
        head = ("#define DOUBLE\n" if design.double else "") + head
        body = self._ready() + forward.forward()
        if design.derivatives:
            body += Backward(design).backward()
        return head + HEADER.read_text() + self.fields.in_c() + "".join(kernels) + body

    def _ready(self):
        """Coefficients and weights in the form in which a pass reads them."""
        fields, make, free, ok = [], [], [], []
        for name, layout in self.design.layouts.items():
            g = identifier(name)
            fields.append(f"  real *co_{g};")
            make.append(
                f"  r->co_{g} = repeat(a->coefficients_{g}, {len(layout.coefficients)}, {layout.size}, {layout.repeated});"
            )
            free.append(f"co_{g}")
            ok.append(f"r->co_{g}")
        for link in self.design.every_link():
            if link.dense:
                fields.append(f"  real *w_{link.name}, *p_{link.name};")
                make.append(f"  r->w_{link.name} = pad_rows(a->w_{link.name}, {link.rows}, {link.columns});")
                backwards = (
                    f"back ? panels(a->w_{link.name}, {link.rows}, {link.columns}, a->threads) : NULL"
                    if link.back
                    else "NULL"
                )
                make.append(f"  r->p_{link.name} = {backwards};")
                free += [f"w_{link.name}", f"p_{link.name}"]
                ok += [f"r->w_{link.name}", *([f"(!back || r->p_{link.name})"] if link.back else [])]
        return (
            "typedef struct {\n" + "\n".join([*fields, "  int unused;"]) + "\n} Ready;\n"
            "static int make_ready(const Call *a, Ready *r, int back) {\n  (void)back;\n  (void)a;\n"
            + "\n".join(make)
            + f"\n  return {' && '.join(ok) or '1'};\n}}\n"
            "static void release(Ready *r) {\n  (void)r;\n"
            + "".join(f"  free(r->{n});\n" for n in free)
            + "}\n"
        )
