"""cuda_standalone: what is asked of the machine, what the compilers are told, what the generated code says.

Most of it needs neither a GPU nor brian2cuda: programs of the toolkit are stood in for. The rest runs in the
environment of `make cuda-env` (`make test-cuda`), and is skipped by name elsewhere.
"""

import logging
import os
import re
from contextlib import ExitStack

import brian2
import numpy as np
import pytest
from brian2 import SpikeMonitor, StateMonitor, ms, prefs, second

from chronaxie.models import Normal, build, describe, simulate, srnn, tile, with_stimulus
from chronaxie.models import cuda as cuda_module
from chronaxie.models.building import with_dt
from chronaxie.models.cuda import (
    BRIAN2,
    BRIAN2CUDA,
    CUDA,
    CudaOptions,
    Toolkit,
    built,
    capability_of_gpu,
    check_cuda,
    cuda_preferences,
    find_toolkit,
    link_curand,
)
from chronaxie.models.devices import using
from chronaxie.models.errors import DeviceError
from chronaxie.models.standalone.program import compile_project

from .test_devices import state
from .test_simulate import STEPS, stimulus

BUILD = CudaOptions(build_only=True)


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with a CUDA toolkit, cuRAND in it, a GPU, and packages that fit."""
    for variable in ("CUDA_PATH", "CUDA_HOME", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(variable, raising=False)
    program(tmp_path / "cuda" / "bin" / "nvcc", "echo 'Cuda compilation tools, release 13.0, V13.0.88'")
    program(tmp_path / "smi" / "nvidia-smi", "echo 9.0; echo 7.5")
    (tmp_path / "cuda" / "include").mkdir()
    (tmp_path / "cuda" / "include" / "curand.h").touch()
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (tmp_path / "cuda" / "bin", tmp_path / "smi"))))
    monkeypatch.setattr(cuda_module, "TOOLKITS", ())
    versions = {"brian2cuda": BRIAN2CUDA, "brian2": BRIAN2}
    monkeypatch.setattr(cuda_module, "_version", versions.get)
    return tmp_path, versions


def test_a_machine_that_has_everything_passes(machine):
    folder, _ = machine
    check_cuda()
    assert find_toolkit() == Toolkit(folder / "cuda", (13, 0))
    assert capability_of_gpu() == 9.0
    assert capability_of_gpu(1) == 7.5


def test_visible_gpus_are_counted_as_cuda_does(machine, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    assert (capability_of_gpu(0), capability_of_gpu(1)) == (7.5, 9.0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with pytest.raises(DeviceError, match=r"needs GPU 1 \(there are 1\)"):
        capability_of_gpu(1)


def test_missing_packages_are_said(machine):
    _, versions = machine
    versions["brian2cuda"] = None
    with pytest.raises(DeviceError, match="needs brian2cuda, which is not installed: make cuda-env"):
        check_cuda(BUILD)


@pytest.mark.parametrize(("package", "other"), [("brian2", "2.9.0"), ("brian2cuda", "1.0a7")])
def test_versions_that_do_not_fit_are_said(machine, package, other):
    _, versions = machine
    versions[package] = other
    with pytest.raises(
        DeviceError, match=f"expected brian2cuda {BRIAN2CUDA} with Brian2 {BRIAN2}, got .*{other}"
    ):
        check_cuda(BUILD)


def test_a_missing_toolkit_is_said(machine):
    folder, _ = machine
    (folder / "cuda" / "bin" / "nvcc").unlink()
    with pytest.raises(
        DeviceError, match="whose compiler nvcc was not found; install it .* or name .* CUDA_PATH"
    ):
        check_cuda(BUILD)


@pytest.mark.parametrize("variable", ["CUDA_PATH", "CUDA_HOME"])
def test_a_toolkit_that_is_not_where_it_was_said_to_be(machine, monkeypatch, variable):
    monkeypatch.setenv(variable, "/nowhere")
    with pytest.raises(DeviceError, match=f"{variable} is /nowhere, but /nowhere/bin/nvcc does not exist"):
        check_cuda(BUILD)


def test_an_old_toolkit_is_said(machine):
    folder, _ = machine
    program(folder / "cuda" / "bin" / "nvcc", "echo 'Cuda compilation tools, release 10.2, V10.2.89'")
    with pytest.raises(DeviceError, match=r"is CUDA 10\.2, expected 11\.0 or later"):
        check_cuda(BUILD)


def test_a_compiler_that_names_no_release_is_said(machine):
    folder, _ = machine
    program(folder / "cuda" / "bin" / "nvcc", "echo hello")
    with pytest.raises(DeviceError, match="--version' names no release: 'hello"):
        check_cuda(BUILD)


def test_curand_comes_from_its_package_where_the_toolkit_has_none(machine, monkeypatch):
    folder, _ = machine
    (folder / "cuda" / "include" / "curand.h").unlink()
    files = [folder / "site" / "include" / "curand.h", folder / "site" / "lib" / "libcurand.so.10"]
    for file in files:
        file.parent.mkdir(parents=True)
        file.touch()

    class File:
        def __init__(self, path):
            self.path, self.name = path, path.name

        def locate(self):
            return self.path

    monkeypatch.setattr("importlib.metadata.files", lambda name: [File(f) for f in files])
    toolkit = find_toolkit()
    assert toolkit.curand == (folder / "site" / "include", files[1])
    links, places = link_curand(toolkit, folder / "project")
    link = folder / "project" / "curand" / "libcurand.so"
    assert (links, places) == ([str(link.parent)], [str(folder / "site" / "lib")])
    assert link.resolve() == files[1]
    assert links == link_curand(toolkit, folder / "project")[0]
    flags = cuda_preferences(BUILD, toolkit, exact=True)[
        "devices.cuda_standalone.cuda_backend.extra_compile_args_nvcc"
    ]
    assert f"-I{folder / 'site' / 'include'}" in flags


def test_missing_curand_is_said(machine, monkeypatch):
    folder, _ = machine
    (folder / "cuda" / "include" / "curand.h").unlink()
    monkeypatch.setattr("importlib.metadata.files", lambda name: None)
    with pytest.raises(
        DeviceError, match="needs cuRAND, which the CUDA toolkit in .* lacks: pip install nvidia-curand"
    ):
        check_cuda(BUILD)


@pytest.mark.parametrize("smi", ["echo 'NVIDIA-SMI has failed'; exit 9", None])
def test_a_missing_gpu_is_said_where_one_is_needed(machine, smi):
    folder, _ = machine
    if smi is None:
        (folder / "smi" / "nvidia-smi").unlink()
    else:
        program(folder / "smi" / "nvidia-smi", smi)
    check_cuda(BUILD)
    with pytest.raises(
        DeviceError, match=r"none was found; .* \(build_only=True\), or use device='cpp_standalone'"
    ):
        check_cuda()


@pytest.mark.parametrize(
    "wrong", [{"gpu": -1}, {"gpu": True}, {"compute_capability": 9}, {"compute_capability": 3.5}]
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=f"CudaOptions: {next(iter(wrong))} must be"):
        CudaOptions(**wrong)


def test_the_compute_capability_is_that_of_the_gpu_where_there_is_one(machine):
    def capability(options):
        chosen = cuda_preferences(options, find_toolkit(), exact=True)
        return chosen["devices.cuda_standalone.cuda_backend.compute_capability"]

    assert capability(CudaOptions()) == 9.0
    assert capability(CudaOptions(gpu=1)) == 7.5
    assert capability(CudaOptions(compute_capability=8.9)) == 8.9
    assert capability(BUILD) == 8.0


def test_exact_flags_and_those_of_brian2cuda(machine):
    exact, fast = (cuda_preferences(BUILD, find_toolkit(), exact=e) for e in (True, False))
    flags = "devices.cuda_standalone.cuda_backend.extra_compile_args_nvcc"
    assert "-fmad=false" in exact[flags]
    assert "-use_fast_math" not in exact[flags]
    assert "-use_fast_math" in fast[flags]
    assert (exact["devices.cuda_standalone.use_atomics"], fast["devices.cuda_standalone.use_atomics"]) == (
        False,
        True,
    )


def test_simulate_says_what_is_missing_before_anything_is_built(machine):
    _, versions = machine
    versions["brian2cuda"] = None
    before = state()
    with pytest.raises(DeviceError, match="make cuda-env"):
        simulate(srnn(4, [6], 3), stimulus(), device=CUDA)
    assert state() == before


# ------------------------------------------------------------------ with brian2cuda
@pytest.fixture
def brian2cuda():
    """Generated code needs brian2cuda, the toolkit, and no GPU."""
    try:
        check_cuda(BUILD)
    except DeviceError as error:
        pytest.skip(str(error))


def two_layers():
    """Delays in a slot before the thresholds of their source, and after."""
    net = srnn(4, [10, 8], 3, transmission="next", bias=Normal(0.02, 0.02))
    single = with_dt(describe(net, namespace={}), 1 * ms)
    return with_stimulus(tile(single, 2), stimulus(2), step=4e-3)


def generate(description, folder, *, compiled=False, **options):
    """Generate the project of a network with monitors, and compile it where that is asked."""
    with ExitStack() as stack:
        stack.enter_context(
            using(CUDA, random_seed=1, cuda=CudaOptions(build_only=True, folder=folder), **options)
        )
        net = build(description)
        net.add(SpikeMonitor(net["hidden1"]), StateMonitor(net["output"], "v", record=True, dt=4 * ms))
        net.run(STEPS * 4e-3 * second, namespace={})
        brian2.get_device().build(directory=str(folder), compile=False, run=False, with_output=False)
        if compiled:
            compile_project(folder)
    return folder


def source(folder, name):
    """Text of a code object; Brian2 numbers them while others of the name live."""
    (path,) = (folder / "code_objects").glob(f"{name}_codeobject*.cu")
    return re.sub(r"_codeobject_\d+", "_codeobject", path.read_text())


@pytest.mark.usefixtures("brian2cuda")
class TestGeneratedCode:
    def test_the_ring_of_spikes_moves_on_when_spikes_are_written(self, tmp_path):
        folder = generate(two_layers(), tmp_path)
        advance = "current_idx_array_hidden1__spikespace = (current_idx_array_hidden1__spikespace + 1) %"
        text = source(folder, "hidden1_spike_thresholder")
        assert text.count(advance) == 1
        host = text.index("void _run_hidden1_spike_thresholder_codeobject()")
        assert host < text.index(advance) < text.index("_reset_hidden1_spike_thresholder_codeobject<<<")
        text = source(folder, "input")
        kept = "previous_idx_array_input__spikespace = current_idx_array_input__spikespace;"
        advance = advance.replace("hidden1", "input")
        assert text.index(kept) < text.index(advance) < text.index("_reset_input_codeobject<<<")
        assert "current_idx" not in (folder / "network.cu").read_text()

    def test_clocks_have_the_names_that_the_program_knows(self, tmp_path):
        folder = generate(two_layers(), tmp_path)
        known = {
            line.split()[2].rstrip(";")
            for line in (folder / "objects.h").read_text().splitlines()
            if line.startswith("extern Clock ")
        }
        assert known
        for path in folder.rglob("*.cu"):
            text = path.read_text()
            assert "defaultclock." not in text
            for name in ("hidden1_hidden1_pre", "statemonitor"):
                if path.name.startswith(name) and ".timestep[0]" in text:
                    assert any(f"{clock}.timestep[0]" in text for clock in known)
            assert " clock.timestep" not in text

    def test_spikes_are_sorted_for_exact_results_alone(self, tmp_path):
        exact = generate(two_layers(), tmp_path / "exact")
        fast = generate(two_layers(), tmp_path / "fast", fast_math=True)
        for name in ("hidden1_spike_thresholder", "input"):
            assert "thrust::sort(_first, _first + _num_events)" in source(exact, name)
            assert "thrust::sort" not in source(fast, name)
        assert "_brian_atomicAdd(&_ptr_array_hidden2_v" in source(fast, "hidden1_hidden2_pre")
        assert "_brian_atomicAdd(&_ptr_array_hidden2_v" not in source(exact, "hidden1_hidden2_pre")

    def test_flags_reach_the_makefile(self, tmp_path):
        text = (generate(two_layers(), tmp_path) / "makefile").read_text()
        assert "-std=c++17" in text.split("-Xcompiler")[0]
        assert "-fmad=false" in text
        assert "-arch=sm_80" in text
        assert "-ffp-contract=off" in text
        assert "-ffast-math" not in text
        assert "-use_fast_math" not in text

    def test_names_of_files_keep_their_capitals(self, tmp_path):
        assert "tolower" not in (generate(two_layers(), tmp_path) / "objects.cu").read_text()

    def test_what_was_built_is_counted(self, tmp_path):
        found = built(generate(two_layers(), tmp_path), 1.5)
        assert found.folder == tmp_path
        assert found.program == tmp_path / "main"
        assert found.lines > 5000

    def test_the_global_state_is_left_alone(self, tmp_path):
        from brian2cuda.codeobject import CUDAStandaloneCodeObject
        from brian2cuda.utils import gputools

        def all_of_it():
            log = logging.getLogger("brian2.brian2cuda").level
            found = dict(gputools._cuda_installation), dict(gputools._gpu_selection)
            return state(), id(CUDAStandaloneCodeObject.templater), log, found

        before = all_of_it()
        generate(two_layers(), tmp_path)
        assert all_of_it() == before

    def test_scratch_folders_are_removed(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with using(CUDA, cuda=BUILD):
            assert len(list(tmp_path.glob("chronaxie-scratch-*/chronaxie_*"))) == 1
            assert prefs["codegen.target"] == "numpy"
        assert list(tmp_path.glob("*/*")) == []

    def test_templates_that_are_not_those_that_are_corrected_are_refused(self, tmp_path, monkeypatch):
        from chronaxie.models import cuda_templates

        monkeypatch.setitem(cuda_templates.ALWAYS, "threshold.cu", [("no such text", "")])
        with pytest.raises(brian2.core.base.BrianObjectException) as caught:
            generate(two_layers(), tmp_path)
        assert "expected once, found 0 times: 'no such text'" in str(caught.value.__cause__)


@pytest.mark.slow
@pytest.mark.usefixtures("brian2cuda")
@pytest.mark.parametrize("exact", [True, False])
def test_a_network_with_delays_is_compiled(tmp_path, exact):
    folder = generate(two_layers(), tmp_path, compiled=True, fast_math=not exact)
    assert os.access(folder / "main", os.X_OK)


@pytest.mark.slow
@pytest.mark.usefixtures("brian2cuda")
def test_a_network_runs_on_a_gpu_as_on_numpy():
    try:
        check_cuda()
    except DeviceError as error:
        pytest.skip(str(error))
    net = srnn(4, [10, 8], 3, transmission="next", bias=Normal(0.02, 0.02))
    options = {"dt": 1 * ms, "seed": 1}
    ours, theirs = (simulate(net, stimulus(2), device=device, **options) for device in (CUDA, "numpy"))
    assert theirs.sizes["hidden1_spike"] > 20
    for group in ("input", "hidden1", "hidden2"):
        for part in ("trial", "neuron", "time"):
            name = f"{group}_spike_{part}"
            assert np.array_equal(ours[name], theirs[name])
