"""`cuda_standalone`: Brian2 networks on an NVIDIA GPU, through brian2cuda; without one they are built all the same.

What is asked of the machine, what the compilers are told, and what is made. Brian2's globals are set in `devices`.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import DeviceError

CUDA = "cuda_standalone"
# brian2cuda is bound to one version of Brian2, and the corrections of its templates to one version of it.
BRIAN2CUDA, BRIAN2 = "1.0b1", "2.10.1"
LEAST_CUDA = (11, 0)  # nvcc before that knows no C++17
# Where no GPU is there to ask: every release of the toolkit from 11 on knows it, and the driver makes code for later
# GPUs from it.
WITHOUT_GPU = 8.0
TOOLKITS = (Path("/usr/local/cuda"), Path("/opt/cuda"))
CURAND = "nvidia-curand"  # its packages on PyPI: nvidia-curand for CUDA 13, nvidia-curand-cu12 before
INSTALL = (
    "make cuda-env in a checkout of chronaxie, or pip install 'chronaxie[cuda]' with Python 3.12 or later"
)


@dataclass(frozen=True)
class CudaOptions:
    """How a network is built for `cuda_standalone`.

    Parameters
    ----------
    build_only : bool
        Generate and compile, run nothing: needs the CUDA toolkit, but no GPU.
    folder : path-like, optional
        Of the generated project, which stays; by default a scratch folder that is removed.
    compute_capability : float, optional
        Of the GPU, such as 9.0; by default asked of the GPU, 8.0 where there is none.
    gpu : int
        Which of the visible GPUs, >= 0.
    """

    build_only: bool = False
    folder: str | os.PathLike | None = None
    compute_capability: float | None = None
    gpu: int = 0

    def __post_init__(self):
        if isinstance(self.gpu, bool) or not isinstance(self.gpu, int) or self.gpu < 0:
            raise ValueError(f"CudaOptions: gpu must be a whole number >= 0, got {self.gpu!r}")
        capability = self.compute_capability
        if capability is not None and not (isinstance(capability, float) and 5.0 <= capability < 100):
            raise ValueError(
                f"CudaOptions: compute_capability must be a float >= 5.0, such as 9.0, got {capability!r}"
            )


@dataclass(frozen=True)
class Toolkit:
    """The CUDA toolkit of this machine.

    Parameters
    ----------
    path : Path
        ``path/bin/nvcc`` is its compiler.
    version : tuple of int
        Release, such as (13, 0).
    curand : tuple of Path, optional
        Folder of ``curand.h`` and library ``libcurand.so.10`` of the Python package, where the toolkit has neither.
    """

    path: Path
    version: tuple[int, int]
    curand: tuple[Path, Path] | None = None


@dataclass(frozen=True)
class Built:
    """What a build left.

    Parameters
    ----------
    folder : Path
        Of the generated project.
    program : Path
        The compiled program. It reads its input from `folder` and is run there.
    time_s : float
        Wall time of generating and compiling.
    lines : int
        Of generated CUDA and C++ source.
    """

    folder: Path
    program: Path
    time_s: float
    lines: int


def check_cuda(options=None):
    """Raise DeviceError unless this environment and machine can build, and run where that is asked, on a GPU.

    Parameters
    ----------
    options : CudaOptions, optional

    Raises
    ------
    DeviceError
        brian2cuda is missing or of another version, so is Brian2, or nvcc, cuRAND or the GPU is missing; the message
        says what to do.
    """
    options = options or CudaOptions()
    _check_packages()
    find_toolkit()
    if not options.build_only:
        capability_of_gpu(options.gpu)


def _check_packages():
    versions = {name: _version(name) for name in ("brian2cuda", "brian2")}
    if versions["brian2cuda"] is None:
        raise DeviceError(f"device {CUDA!r} needs brian2cuda, which is not installed: {INSTALL}")
    if versions != {"brian2cuda": BRIAN2CUDA, "brian2": BRIAN2}:
        raise DeviceError(
            f"device {CUDA!r}: expected brian2cuda {BRIAN2CUDA} with Brian2 {BRIAN2}, got brian2cuda "
            f"{versions['brian2cuda']} with Brian2 {versions['brian2']}: {INSTALL}"
        )


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def find_toolkit():
    """Return the `Toolkit` that CUDA_PATH or CUDA_HOME names, else that of nvcc on the PATH or in the usual places.

    Raises
    ------
    DeviceError
        There is none, it is too old, or cuRAND is neither in it nor a Python package.
    """
    path = _toolkit_path()
    version = _release(path / "bin" / "nvcc")
    if version < LEAST_CUDA:
        raise DeviceError(
            f"device {CUDA!r}: {path} is CUDA {version[0]}.{version[1]}, expected "
            f"{LEAST_CUDA[0]}.{LEAST_CUDA[1]} or later; install a newer CUDA toolkit or name it in CUDA_PATH"
        )
    return Toolkit(path, version, _curand(path, version))


def _toolkit_path():
    for variable in ("CUDA_PATH", "CUDA_HOME"):
        named = os.environ.get(variable)
        if named:
            if not Path(named, "bin", "nvcc").is_file():
                raise DeviceError(
                    f"device {CUDA!r}: {variable} is {named}, but {named}/bin/nvcc does not exist"
                )
            return Path(named)
    found = shutil.which("nvcc")
    paths = [Path(found).parent.parent] if found else []
    for path in (*paths, *TOOLKITS):
        if (path / "bin" / "nvcc").is_file():
            return path
    raise DeviceError(
        f"device {CUDA!r} needs the CUDA toolkit, whose compiler nvcc was not found; install it "
        "(https://developer.nvidia.com/cuda-downloads) or name its folder in CUDA_PATH"
    )


def _release(nvcc):
    output = _output(nvcc, "--version")
    found = re.search(r"release (\d+)\.(\d+)", output or "")
    if found is None:
        raise DeviceError(f"device {CUDA!r}: '{nvcc} --version' names no release: {output!r}")
    return int(found[1]), int(found[2])


def _curand(path, version):
    headers = [path / "include", *path.glob("targets/*/include")]
    nvcc = path / "bin" / "nvcc"
    if nvcc.is_file():  # a script or a link may stand for the toolkit
        told = re.search(
            r"^#\$ TOP=(.*)$", _output(nvcc, "--dryrun", "-x", "cu", os.devnull) or "", re.MULTILINE
        )
        headers += [Path(told[1].strip()) / "include"] if told else []
    if any((folder / "curand.h").is_file() for folder in headers):
        return None
    for name in (CURAND, f"{CURAND}-cu{version[0]}"):
        try:
            files = importlib.metadata.files(name) or ()
        except importlib.metadata.PackageNotFoundError:
            continue
        header = next((f.locate() for f in files if f.name == "curand.h"), None)
        library = next((f.locate() for f in files if f.name.startswith("libcurand.so")), None)
        if header and library:
            return Path(header).resolve().parent, Path(library).resolve()
    package = CURAND if version >= (13, 0) else f"{CURAND}-cu{version[0]}"
    raise DeviceError(
        f"device {CUDA!r} needs cuRAND, which the CUDA toolkit in {path} lacks: pip install {package}"
    )


def capability_of_gpu(gpu=0):
    """Return the compute capability of a GPU, such as 9.0, as nvidia-smi tells it.

    Parameters
    ----------
    gpu : int
        Which of the visible ones.

    Raises
    ------
    DeviceError
        No driver, or no such GPU.
    """
    output = _output("nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader")
    found = re.findall(r"^\s*(\d+\.\d+)\s*$", output or "", re.MULTILINE)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        found = [found[int(k)] for k in re.findall(r"\b\d+\b", visible) if int(k) < len(found)]
    if len(found) <= gpu:
        what = f"GPU {gpu} (there are {len(found)})" if found else "an NVIDIA GPU, and none was found"
        raise DeviceError(
            f"device {CUDA!r} needs {what}; see that nvidia-smi lists it, build without running "
            "(build_only=True), or use device='cpp_standalone'"
        )
    return float(found[gpu])


def _output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return None
    return done.stdout + done.stderr


def cuda_preferences(options, toolkit, *, exact):
    """Return Brian2's preferences for a build as a dict by name.

    Parameters
    ----------
    options : CudaOptions
    toolkit : Toolkit
    exact : bool
        Round as NumPy does and add in its order: no fused or fast mathematics, no atomic additions. The same run then
        gives the same bits again. False is brian2cuda's own choice: faster where many neurons spike at once, but sums
        are taken in an order that changes from run to run.
    """
    capability = options.compute_capability
    if capability is None:
        capability = WITHOUT_GPU if options.build_only else capability_of_gpu(options.gpu)
    flags = ["-w", "-fmad=false" if exact else "-use_fast_math"]
    if toolkit.curand:
        flags.append(f"-I{toolkit.curand[0]}")
    backend = {
        "detect_gpus": False,
        "gpu_id": options.gpu,
        "compute_capability": capability,
        "detect_cuda": False,
        "cuda_path": str(toolkit.path),
        "cuda_runtime_version": float("{}.{}".format(*toolkit.version)),
        "extra_compile_args_nvcc": flags,
    }
    return {
        "devices.cuda_standalone.use_atomics": not exact,
        **{f"devices.cuda_standalone.cuda_backend.{name}": value for name, value in backend.items()},
    }


def link_curand(toolkit, folder):
    """Make cuRAND's library of the Python package one that the linker finds: it lacks the name without a version.

    Parameters
    ----------
    toolkit : Toolkit
    folder : path-like
        Gets a folder ``curand``.

    Returns
    -------
    tuple of list of str
        Folders to link with, folders where the program looks for it.
    """
    if toolkit.curand is None:
        return [], []
    library = toolkit.curand[1]
    links = Path(folder).resolve() / "curand"
    links.mkdir(parents=True, exist_ok=True)
    link = links / "libcurand.so"
    link.unlink(missing_ok=True)
    link.symlink_to(library)
    return [str(links)], [str(library.parent)]


def built(folder, time_s):
    """Return what a build left in a folder, as `Built`."""
    folder = Path(folder)
    sources = [path for pattern in ("*.cu", "*.cpp", "*.h") for path in folder.rglob(pattern)]
    lines = sum(len(path.read_text().splitlines()) for path in sources)
    return Built(folder, folder / "main", time_s, lines)
