"""Brian2's example scripts, and all that they need to run: fetched into one folder, beside the environment in use."""

import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import numpy as np

# What needs cables is no network of points: the twin refuses it by name.
COMPARTMENTS = ("SpatialNeuron", "Morphology")
# Brian2's sdist is unpacked by pip, which asks its build system for the name and version.
BUILD_TOOLS = ("wheel", "setuptools", "setuptools_scm", "cython")
# Packages that scripts import and chronaxie does not: frompapers/Diehl_Cook_2015.py, advanced/opencv_movie.py,
# advanced/modelfitting_sbi.py.
PACKAGES = ("progressbar2", "opencv-python-headless", "sbi", "six")
SEED = 0


def prepare(folder, version):
    """Fetch the examples of a version of Brian2 and what they import, once.

    Parameters
    ----------
    folder : pathlib.Path
        Where the sdist, an environment with the scripts' packages, and the scripts lie.
    version : str
        Of Brian2: the one that is installed.

    Returns
    -------
    examples : pathlib.Path
        Folder of the scripts.
    python : pathlib.Path
        Interpreter that sees this environment's packages and the scripts' own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    python = environment(folder / "env")
    install(python, *BUILD_TOOLS, *PACKAGES)
    examples = folder / f"brian2-{version}" / "examples"
    if not examples.is_dir():
        command = [
            *pip(python),
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--no-build-isolation",
        ]
        subprocess.run([*command, "--dest", folder, f"brian2=={version}"], check=True)
        with tarfile.open(folder / f"brian2-{version}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return examples, python


def environment(folder):
    """An environment on top of this one: what is installed there leaves this one as it is."""
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, symlinks=True)
        (site,) = folder.glob("lib/python*/site-packages")
        own = [path for path in sys.path if path.endswith("site-packages")]
        lines = [f"import site; site.addsitedir({path!r})" for path in own]
        (site / "below.pth").write_text("\n".join(lines) + "\n")
    return python


def pip(python):
    """This environment's pip, at work for another interpreter."""
    return [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]


def install(python, *packages):
    """Install what is missing, at the versions that this environment's packages ask for."""
    subprocess.run([*pip(python), "install", "--quiet", *packages], check=True)


def scripts(examples):
    """The example scripts without compartments, by their path in the folder."""
    found = {str(path.relative_to(examples)): path for path in sorted(examples.rglob("*.py"))}
    return {
        name: path for name, path in found.items() if not any(w in path.read_text() for w in COMPARTMENTS)
    }


# ---------------------------------------------------------------------- files that scripts read and the sdist lacks
def make_inputs(examples, python):
    """Make stand-ins for the files that scripts would load or download; their networks stay as they are."""
    digits(examples / "mnist")
    trained(examples / "frompapers" / "data")
    film(examples / "advanced" / "Megamind.avi", python)


def digits(folder, count=20):
    """Pictures of noise in MNIST's format, for frompapers/Diehl_Cook_2015.py."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(SEED)
    pictures = np.where(rng.random((count, 28, 28)) < 0.2, rng.integers(100, 256, (count, 28, 28)), 0)
    labels = np.arange(count) % 10
    for tag in ("train", "t10k"):
        header = np.array([2051, *pictures.shape], ">i4").tobytes()
        (folder / f"{tag}-images-idx3-ubyte").write_bytes(header + pictures.astype(np.uint8).tobytes())
        header = np.array([2049, count], ">i4").tobytes()
        (folder / f"{tag}-labels-idx1-ubyte").write_bytes(header + labels.astype(np.uint8).tobytes())


def trained(folder, inputs=784, neurons=400):
    """Random weights in place of trained ones, normalised as the script of frompapers/Diehl_Cook_2015.py does."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(SEED)
    w = (rng.random((inputs, neurons)) + 0.01) * 0.3
    np.save(folder / "weights.npy", (w * 78 / w.sum(0)).ravel())
    np.save(folder / "theta.npy", np.full(neurons, 0.02))
    np.save(folder / "assign.npy", rng.integers(0, 10, neurons))


def film(path, python, frames=600, width=32, height=24):
    """A film for advanced/opencv_movie.py: one picture of noise without loss, the same for every run of its reader."""
    if path.is_file():
        return
    source = (
        "import sys, cv2, numpy as np\n"
        f"picture = np.random.default_rng({SEED}).integers(0, 256, ({height}, {width}, 3)).astype(np.uint8)\n"
        f"out = cv2.VideoWriter(sys.argv[1], cv2.VideoWriter_fourcc(*'FFV1'), 24, ({width}, {height}))\n"
        f"for _ in range({frames}):\n"
        "    out.write(picture)\n"
        "out.release()\n"
        "film = cv2.VideoCapture(sys.argv[1])\n"
        f"if not all((film.read()[1] == picture).all() for _ in range({frames})):\n"
        "    sys.exit('the film does not show the same picture all the time')\n"
    )
    subprocess.run([Path(python), "-c", source, path], check=True)
