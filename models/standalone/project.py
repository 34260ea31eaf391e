"""The C++ project of a structure: Brian2's own code objects, with a main of ours that runs trials (`trials.h`)."""

import json
import shutil
from pathlib import Path

import numpy as np
from brian2 import SpikeMonitor, StateMonitor, Synapses, TimedArray, prefs, second
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.clocks import Clock
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from ..building import build
from ..devices import compiler_command
from ..recordings import spiking
from .values import write_records

HEADER = Path(__file__).with_name("trials.h")
# Never the state of a trial, whatever Brian2 says about it: who connects to whom.
_CONNECTIVITY = ("_synaptic_pre", "_synaptic_post", "N", "N_incoming", "N_outgoing", "delay")

# Of Brian2's objects.cpp: setting arrays from the command line and writing all of them, which take long to compile.
_UNUSED = (
    ("void set_variable_by_name(", "//////////////// arrays ///////////////////", ""),
    ("void _write_arrays()", "void _dealloc_arrays()", "void _write_arrays() {}\n"),
)
# What every file of the project includes.
_PREFIX = """#include "objects.h"
#include "tables.h"
#include "brianlib/common_math.h"
#include "brianlib/stdint_compat.h"
#include <climits>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
"""


class TrialsDevice(CPPStandaloneDevice):
    """Brian2's C++ device, generating a program that takes values, inputs, duration and seeds when it runs."""

    def __init__(self):
        super().__init__()
        self.known, self.monitors, self.tables, self.network, self.base = {}, [], [], None, None

    def fill_with_array(self, var, arr):
        """Keep a value that Brian2 sets, instead of generating code that sets it."""
        arr = np.asarray(arr)
        if arr.size:
            self.known[var] = np.broadcast_to(arr.astype(var.dtype), var.size).copy()
            cached = None if isinstance(var, DynamicArrayVariable) else self.known[var].copy()
            self.array_cache[var] = cached

    def resize(self, var, new_size):
        """Sizes are those of the values that the program gets."""

    def seed(self, seed=None):
        """Seeds are those that the program gets."""

    def generate(self, network, monitors, *, base, tables, folder):
        """Write the project of a network that has been run on this device.

        Parameters
        ----------
        network : brian2.Network
        monitors : sequence of SpikeMonitor or StateMonitor
            In the order in which the program writes their results.
        base : Clock
            Counts the steps of a run.
        tables : dict of str to TimedArray
            By name.
        folder : Path
            Empty. ``internals`` there holds the values that every run has, ``layout.json`` what the arrays are.
        """
        self.network, self.monitors, self.tables = network, list(monitors), sorted(tables)
        self.base = base
        for codeobj in self._only_once():
            del self.code_objects[codeobj.name]
        self.timed_arrays = {}
        (folder / "tables.h").write_text(_tables_header(self.tables))
        shutil.copy(HEADER, folder)
        self.build(directory=str(folder), compile=False, run=False, with_output=False)
        for name in ("results", "static_arrays"):
            shutil.rmtree(folder / name)
        write_records(folder / "internals", [("V", name, a) for name, a in self._internals().items()])
        (folder / "layout.json").write_text(json.dumps(self._layout()))

    def _only_once(self):
        """Code objects that create synapses: their result is among the values that a run gets."""
        return [args[0] for kind, args in self.main_queue if kind == "run_code_object"]

    def _arrays(self):
        """Yield (name, variable) of every array of one dimension, ``hidden1.v``."""
        # Brian2 counts the delays of all pathways among the variables of their synapses.
        delays = {p.variables["delay"]: f"{p.name}.delay" for s in self.synapses for p in s._pathways}
        for var in self.arrays:
            if var in self.dynamic_arrays_2d or isinstance(var.owner, Clock):
                continue
            try:
                yield delays.get(var, f"{var.owner.name}.{var.name}"), var
            except ReferenceError:  # its owner is gone, as of a subgroup
                continue

    def _internals(self):
        """What Brian2 sets itself, such as the time of the last spike."""
        return {
            name: self.known[var]
            for name, var in self._arrays()
            if var in self.known and var.name not in _CONNECTIVITY
        }

    def _state(self):
        """Names of the arrays that a trial may change."""
        owners = {obj.name for obj in self.network.sorted_objects} - {m.name for m in self.monitors}
        names = []
        for name, var in self._arrays():
            inner = var.name in ("_spikespace", "_lastindex", "lastspike", "not_refractory")
            # Statements may change what the user calls constant.
            changes = (not var.read_only or inner) and var.name not in _CONNECTIVITY
            if var.owner.name in owners and changes:
                names.append(name)
        return sorted(names)

    def _clocks(self):
        """The clocks, that which counts the steps first."""
        return sorted(self.network._clocks, key=lambda clock: (clock is not self.base, clock.name))

    def _layout(self):
        arrays = {name: np.dtype(var.dtype).str for name, var in self._arrays()}
        owners = {obj.name: obj.clock.name for obj in self.network.sorted_objects}
        order = [clock.name for clock in self._clocks()]
        return {
            "arrays": arrays,
            "clocks": {owner: order.index(clock) for owner, clock in owners.items()},
            "synapses": {s.name: _own_variables(s) for s in self.network.objects if isinstance(s, Synapses)},
            "recorded": [None if isinstance(m, SpikeMonitor) else _recorded(m)[1] for m in self.monitors],
        }

    def generate_main_source(self, writer):
        writer.write("main.cpp", "\n".join(self._main()) + "\n")

    def generate_objects_source(self, writer, arange, synapses, static, networks, timed):
        super().generate_objects_source(writer, arange, synapses, static, networks, {})
        path = Path(self.project_dir, "objects.cpp")
        text = path.read_text()
        for begin, end, instead in _UNUSED:
            if begin in text and end in text:
                text = text[: text.index(begin)] + instead + text[text.index(end) :]
        path.write_text(text)

    def generate_makefile(self, writer, compiler, compiler_flags, linker_flags, nb_threads, debug):
        """A makefile that parses the headers once; Brian2's own finds out dependencies that never matter here."""
        openmp = "-fopenmp" if nb_threads else ""
        objects = " ".join(sorted(f"{name[:-4]}.o" for name in writer.source_files))
        Path(self.project_dir, "prefix.h").write_text(_PREFIX)
        Path(self.project_dir, "makefile").write_text(
            f"""CXX = {compiler_command().replace("$", "$$")}
FLAGS = -w {compiler_flags} {openmp} -I.
main: {objects}
\t$(CXX) {objects} -o main {openmp} {linker_flags}
prefix.h.gch: prefix.h
\t$(CXX) -x c++-header -c $(FLAGS) prefix.h -o prefix.h.gch
%.o: %.cpp prefix.h.gch
\t$(CXX) -c $(FLAGS) -include prefix.h $< -o $@
"""
        )

    def _main(self):
        names = sorted(self.code_objects)
        blocks = [(c.name, block) for c in self.code_objects.values() for block in c.before_after_blocks]
        yield '#include "objects.h"\n#include "run.h"\n#include "brianlib/common_math.h"\n#include "tables.h"'
        for name in names:
            yield f'#include "code_objects/{name}.h"'
        for name, block in sorted(blocks):
            yield f'#include "code_objects/{block}_{name}.h"'
        yield "namespace trials { namespace inputs {"
        yield from (f"Table {name};" for name in self.tables)
        yield "} }\nnamespace {\nusing namespace brian;\nusing namespace trials;"
        yield from self._objects()
        yield "void fill(Program &net)\n{"
        for name, var in self._arrays():
            kind, c_name = c_data_type(var.dtype), self.get_array_name(var, access_data=False)
            if var in self.dynamic_arrays:
                yield f'    net.arrays["{name}"].reset(new Dynamic<{kind}>({c_name}));'
            else:
                yield f'    net.arrays["{name}"].reset(new Fixed<{kind}>({c_name}, _num_{c_name}));'
        yield from (f'    net.tables["{name}"] = &inputs::{name};' for name in self.tables)
        yield from (f"    net.monitors.emplace_back({self._monitor(m)});" for m in self.monitors)
        yield from (f'    net.state.push_back("{name}");' for name in self._state())
        for clock in self._clocks():
            found = [self.get_array_name(clock.variables[v]) for v in ("dt", "t", "timestep")]
            yield f"    net.clocks.push_back(Clocked{{{', '.join('&' + name for name in found)}}});"
        yield "    net.seed = [](uint32_t seed) {"
        yield "        for (size_t k = 0; k < _random_generators.size(); k++)"
        yield "            _random_generators[k].seed(seed + k);\n    };"
        yield "    net.clear_queues = []() {"
        for s in sorted(self.synapses, key=lambda s: s.name):
            for path in s._pathways:
                yield f"        for (auto queue : {path.name}.queue)"
                yield "        {\n            for (auto &slot : queue->queue)\n                slot.clear();"
                yield "            queue->offset = 0;\n        }"
        yield "    };\n    net.prepare = []() {"
        yield from (f"        _{block}_{name}();" for name, block in sorted(blocks) if block == "before_run")
        yield "    };"
        yield from self._schedule()
        yield "}\n}\nint main(int argc, char **argv)\n{\n    brian_start();"
        threads = prefs.devices.cpp_standalone.openmp_threads
        if threads:
            yield f"    omp_set_dynamic(0);\n    omp_set_num_threads({threads});"
        yield "    fill(trials::program());\n    return trials::main(argc, argv);\n}"

    def _objects(self):
        """Functions that sample traces only where a sample is due."""
        sampled = [m for m in self.monitors if not isinstance(m, SpikeMonitor)]
        for k, monitor in enumerate(sampled):
            step = self.get_array_name(monitor.clock.variables["timestep"])
            for codeobj in monitor._code_objects:
                yield f"void sampled_{codeobj.name}()\n{{\n    if (due({k}, {step}[0]))"
                yield f"        _run_{codeobj.name}();\n}}"

    def _schedule(self):
        steps = []
        for obj in self.network.sorted_objects:
            if not obj.active:
                continue
            sampled = obj in self.monitors and not isinstance(obj, SpikeMonitor)
            for codeobj in obj._code_objects:
                steps.append((obj.clock.name, f"{'sampled_' if sampled else '_run_'}{codeobj.name}"))
        if len(self._clocks()) == 1:
            yield from (f"    net.step.push_back({function});" for _, function in steps)
            yield "    net.step.push_back(after_step);"
            return
        net = self.network.name
        yield from (f"    {net}.add(&{clock}, {function});" for clock, function in steps)
        used = {clock for clock, _ in steps}
        yield from (f"    {net}.add(&{c.name}, NULL);" for c in self._clocks() if c.name not in used)
        yield f"    {net}.add(&{self.base.name}, after_step);"
        yield f"    net.run = [](double duration) {{ {net}.t = 0.0; {net}.run(duration, NULL, 10.0); }};"

    def _monitor(self, monitor):
        def name(variable):
            return self.get_array_name(monitor.variables[variable], access_data=False)

        if isinstance(monitor, SpikeMonitor):
            neurons = monitor.variables["count"].size
            return f"new Spikes({name('i')}, {name('t')}, {name('N')}, {name('count')}, {neurons})"
        variable, dtype = _recorded(monitor)
        return f"new Samples<{c_data_type(np.dtype(dtype))}>({name(variable)}, {name('t')}, {name('N')})"


def _own_variables(synapses):
    """Names of the variables that grow with the synapses; delays, which may be among them, are those of pathways."""
    delays = [pathway.variables["delay"] for pathway in synapses._pathways]
    return sorted(
        v.name for v in synapses._registered_variables if not v.scalar and not any(v is d for d in delays)
    )


def _recorded(monitor):
    """Name and type of the one variable that a StateMonitor records."""
    (variable,) = monitor.record_variables
    return variable, np.dtype(monitor.variables[variable].dtype).str


def _tables_header(names):
    lines = ["#ifndef CHRONAXIE_TABLES_H", "#define CHRONAXIE_TABLES_H", '#include "trials.h"']
    lines += ["namespace trials { namespace inputs {"]
    lines += [f"extern Table {name};" for name in names]
    return "\n".join([*lines, "} }", "#endif", ""])


def read_from_table(timed, device):
    """Let a TimedArray read its rows, their number and step from a table that each trial loads.

    Parameters
    ----------
    timed : TimedArray
        Freshly made, on the active device.
    device : TrialsDevice
    """
    name = timed.name
    two = timed.values.ndim == 2

    def code(owner):
        dt = device.get_array_name(owner.clock.variables["dt"])
        return f"""
        static inline double {name}(const double t{", const int i" if two else ""})
        {{
            static const double dt = trials::inputs::{name}.dt;
            static const int64_t factor = trials::upsampling(brian::{dt}[0], dt);
            static const double epsilon = dt / factor;
            return trials::at(trials::inputs::{name}, t, epsilon, factor, {"i" if two else "0"});
        }}
        """

    timed.implementations.add_dynamic_implementation("cpp", code, namespace=lambda owner: {}, name=name)


def generate_project(bare, traces, device, folder):
    """Generate the project of a structure on the active device.

    Parameters
    ----------
    bare : NetworkDescription
        From `skeleton`.
    traces : sequence of Trace
        Sampled after every so many steps of the network; how many is told when the program runs.
    device : TrialsDevice
        Active.
    folder : Path
        Empty.
    """
    network = build(bare)
    objects = {obj.name: obj for obj in network.objects}
    tables = {
        f.name: f
        for obj in objects.values()
        for f in (getattr(obj, "namespace", None) or {}).values()
        if isinstance(f, TimedArray)
    }
    for timed in tables.values():
        read_from_table(timed, device)
    base = next(objects[d.name].clock for d in (*bare.groups, *bare.synapses) if d.dt is None)
    spikes = [SpikeMonitor(objects[g.name], name=f"{g.name}_spikes") for g in bare.groups if spiking(g)]
    sampled = [
        StateMonitor(
            objects[t.group],
            t.variable,
            record=True,
            when=t.slot,
            clock=base,
            name=f"{t.group}_trace_{k}",
        )
        for k, t in enumerate(traces)
    ]
    network.add(*spikes, *sampled)
    network.run(1 * second, namespace={})  # makes the code objects; how long it is means nothing
    device.generate(network, [*spikes, *sampled], base=base, tables=tables, folder=folder)
