"""The one place that touches Brian2's global state: device, preferences, random numbers, default clock.

All is put back on leaving, after errors too. Compiled code is made without ``-ffast-math`` and with
``-ffp-contract=off``: otherwise the compiled targets round differently from NumPy, and chaotic networks part
company with it.
"""

import importlib
import os
from contextlib import ExitStack, contextmanager
from typing import Literal

import numpy as np
from brian2 import Network, prefs, seed
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from .. import _compilers
from .cuda import CUDA, CudaOptions, check_cuda, cuda_preferences, find_toolkit, link_curand
from .cython_modules import own_modules
from .errors import DeviceError
from .scratch import scratch_folder

# `brian2.devices.device` as an attribute is a proxy of the same name; the module is meant.
brian2_device = importlib.import_module("brian2.devices.device")

Device = Literal["numpy", "cython", "cpp_standalone", "cuda_standalone"]
DEVICES = ("numpy", "cython", "cpp_standalone", CUDA)
INEXACT_FLAGS = (
    "-ffast-math",
    "-Ofast",
    "-funsafe-math-optimizations",
    "-fassociative-math",
    "-freciprocal-math",
    "-ffinite-math-only",
    "-ffp-contract=fast",
)
RUNTIME = brian2_device.runtime_device
_FLAGS = "codegen.cpp.extra_compile_args_gcc"
_PREFERENCES = (
    "codegen.target",
    "codegen.cpp.extra_compile_args",
    "codegen.cpp.include_dirs",  # a list that Brian2's cython target appends to
    _FLAGS,
    "codegen.runtime.cython.cache_dir",
    "core.default_float_dtype",
    "devices.cpp_standalone.openmp_threads",
    "devices.cpp_standalone.extra_make_args_unix",
)
# Memory that cython code draws random numbers from: ours, so that the user's numbers stay where they are.
_buffers = {"rand_buffer": 0, "randn_buffer": 0}


@contextmanager
def using(name, *, random_seed=None, cuda=None, device=None, threads=1, fast_math=False):
    """Run the body on a Brian2 device of its own; Brian2's global state is as before afterwards.

    On ``cpp_standalone`` and ``cuda_standalone`` code is only generated (see `models.standalone`, `cuda_engine`). The
    scratch folder of the latter is removed on leaving: read the results inside.

    Parameters
    ----------
    name : {"numpy", "cython", "cpp_standalone", "cuda_standalone"}
    random_seed : int, optional
        In [0, 2**32); fresh entropy by default.
    cuda : CudaOptions, optional
        For ``cuda_standalone`` alone.
    device : CPPStandaloneDevice, optional
        Generates the code of ``cpp_standalone``.
    threads : int
        OpenMP threads of ``cpp_standalone``.
    fast_math : bool
        Leave the compiler's flags as Brian2 has them, ``-ffast-math`` among them: not equal to the bit.

    Yields
    ------
    int
        The seed in use.

    Raises
    ------
    DeviceError
        Unknown device, or a compiler or header that it needs is missing.
    """
    check_device(name, cuda=cuda)
    if random_seed is None:
        random_seed = int(np.random.SeedSequence().generate_state(1)[0])
    with ExitStack() as stack:
        stack.enter_context(_preferences())
        stack.enter_context(_random_state())
        stack.enter_context(_active(RUNTIME))
        prefs["core.default_float_dtype"] = np.float64
        prefs["devices.cpp_standalone.openmp_threads"] = threads if threads > 1 else 0
        if prefs["devices.cpp_standalone.extra_make_args_unix"] == [
            "-j"
        ]:  # Brian2's default: no limit at all
            prefs["devices.cpp_standalone.extra_make_args_unix"] = [f"-j{os.cpu_count() or 1}"]
        prefs["codegen.target"] = "cython" if name == "cython" else "numpy"
        if name != "numpy" and not fast_math:
            _exact_flags()
        if name == "cython":
            prefs["codegen.runtime.cython.cache_dir"] = str(stack.enter_context(own_modules(prefs[_FLAGS])))
        if name == "cpp_standalone":
            # A device of our own: the registered one may hold what the user has queued on it.
            device = CPPStandaloneDevice() if device is None else device
            stack.enter_context(_active(device))
            device.activate(build_on_run=False)
        if name == CUDA:
            _use_cuda(stack, cuda or CudaOptions(), exact=not fast_math)
        seed(random_seed)
        yield random_seed


def _use_cuda(stack, options, *, exact):
    """Activate a device of our own of brian2cuda, which is imported here and nowhere before."""
    from brian2cuda.device import CUDAStandaloneDevice

    from .cuda_templates import corrected_templates

    toolkit = find_toolkit()
    chosen = cuda_preferences(options, toolkit, exact=exact)
    stack.enter_context(_preferences(chosen))
    for key, value in chosen.items():
        prefs[key] = value
    # Host code includes Thrust too; the last of two standards counts.
    prefs[_FLAGS] = [*prefs[_FLAGS], "-std=c++17"]
    folder = options.folder
    if folder is None:
        folder = stack.enter_context(scratch_folder())
    stack.enter_context(corrected_templates(exact=exact))
    device = CUDAStandaloneDevice()
    stack.enter_context(_active(device))
    device.activate(build_on_run=False, directory=str(folder))
    links, places = link_curand(toolkit, folder)
    device.library_dirs += links
    device.runtime_library_dirs += places


@contextmanager
def making():
    """Make Brian2 objects without compiling: creating synapses is a code object of its own, compiled by default."""
    before = prefs["codegen.target"]
    prefs["codegen.target"] = "numpy"
    try:
        yield
    finally:
        prefs["codegen.target"] = before


def check_device(name, *, cuda=None):
    """Raise DeviceError unless the device is known and this machine has what it needs."""
    if name not in DEVICES:
        raise DeviceError(f"unknown device {name!r}; choose one of {', '.join(DEVICES)}")
    if name == CUDA:
        check_cuda(cuda)
    if name == "numpy" or os.name != "posix":
        return
    needed = {"C++ compiler": _compiler(name, "CXX", _compilers.CXX)}
    if name in ("cpp_standalone", CUDA):
        needed["make"] = _compilers.find_program("make")
    else:
        needed["C compiler"] = _compiler(name, "CC", _compilers.C)
        needed["header Python.h"] = _compilers.find_python_header()
    missing = [what for what, where in needed.items() if where is None]
    if missing:
        raise DeviceError(
            f"device {name!r} needs a {' and a '.join(missing)}, which this machine lacks; install it "
            "(Debian, Ubuntu: apt-get install g++ make python3-dev) or use device='numpy'"
        )


def _compiler(device, variable, names):
    try:
        return _compilers.find_command(variable, *names)
    except ValueError as error:
        raise DeviceError(
            f"device {device!r} needs a compiler, and {error}; correct it, unset it or use device='numpy'"
        ) from error


def compiler_command():
    """Return the command of the C++ compiler: ``CXX``, else the first of g++, c++ and clang++ that is found."""
    return os.environ.get("CXX", "").strip() or _compilers.find_program(*_compilers.CXX)


@contextmanager
def _preferences(names=_PREFERENCES):
    before = {name: prefs[name] for name in names}
    try:
        for name, value in before.items():
            if isinstance(value, list):
                prefs[name] = list(value)
        yield
    finally:
        for name, value in before.items():
            prefs[name] = value


@contextmanager
def _active(device):
    """Make a device the active one; set_device would activate the user's device anew on the way back."""
    before = brian2_device.active_device
    flags = Network._globally_running, Network._globally_stopped
    brian2_device.active_device = device
    try:
        yield
    finally:
        brian2_device.active_device = before
        Network._globally_running, Network._globally_stopped = flags


@contextmanager
def _random_state():
    """Put back NumPy's legacy generator and the buffers that cython code draws from."""
    before = RUNTIME.get_random_state()
    for name, address in _buffers.items():
        getattr(RUNTIME, name)[:] = address
    try:
        yield
    finally:
        for name in _buffers:
            _buffers[name] = int(getattr(RUNTIME, name)[0])
        RUNTIME.set_random_state(before)


def _exact_flags():
    flags = prefs["codegen.cpp.extra_compile_args"]
    flags = list(prefs[_FLAGS] if flags is None else flags)
    # Both names, since one overrides the other.
    exact = [flag for flag in flags if flag not in INEXACT_FLAGS] + ["-ffp-contract=off"]
    prefs["codegen.cpp.extra_compile_args"] = None
    prefs[_FLAGS] = exact
