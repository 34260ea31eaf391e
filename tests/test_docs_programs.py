"""Every program of the pages runs, each page's in one process with Brian2's default settings, as a reader runs them.

A block of Python that is not run says so in the page, by a first line `# not run by the tests: REASON`.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chronaxie.studies.cli import make_parser

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = {str(page.relative_to(ROOT)): page.read_text() for page in [ROOT / "README.md", *DOCS.rglob("*.md")]}
TUTORIALS = sorted((DOCS / "tutorials").glob("*.py"))
NOT_RUN = "# not run by the tests: "

MAIN = "from chronaxie.studies.cli import main\n"
STIMULUS = """
import numpy as np, xarray as xr
stimulus = xr.DataArray(np.random.default_rng(0).random((20, 250, 4)) < 0.3, dims=("trial", "time", "channel"),
                        coords={"time": 0.004*np.arange(250)})
"""
IMPORTED = (
    MAIN
    + 'assert main(["import", "DIR/checkpoints/ecg_icons2020_36.npz", "--kind", "ecg", "--out", "net.nc"]) == 0\n'
)
MEASURED = (
    STIMULUS
    + """
net = cx.srnn(4, [36], 6, seed=0, input_gain=2)
out = cx.simulate(net, stimulus, device="numpy")
found = measure(out, xr.DataArray(np.arange(20) % 3, dims="trial", attrs={"units": "1"}))
print(advantage([found, found]).sizes)
"""
)
LESIONED = """
import chronaxie as cx
from chronaxie.studies.tasks import load_task
task = load_task("synthetic_ecg", seed=0)
net = cx.srnn(4, [3], 6, seed=0, input_gain=2)
start = cx.models.network_values(net)
start = start.rename(tau_m="tau_m_initial", tau_a="tau_a_initial")
print(what_matters(net, task, start))
"""
WALKED = """
if __name__ == "__main__":
    from chronaxie.studies.running.runner import run_sweep
    from chronaxie.studies.running.sweep import make_sweep
    outcome = run_sweep(make_sweep(__file__, smoke=True), "out/walk", workers=1)
    assert outcome.answer and not outcome.failed, outcome
"""
RECORDINGS = """
rng = np.random.default_rng(0)
unit, times = rng.integers(0, 3, 60_000), np.sort(rng.uniform(0, 3600, 60_000))
"""
SMALL_ECG = '"run", "ecg", "--seed", "0", "--epochs", "1", "--device", "numpy", "--out", "out/ecg"'


@dataclass(frozen=True)
class Run:
    """Blocks of a page that make one program; what stands before a block, what after all, what is made smaller."""

    blocks: tuple
    before: dict = field(default_factory=dict)
    after: str = ""
    smaller: dict = field(default_factory=dict)
    data: bool = False


RUNS = {
    "docs/baselines.md": [
        Run(
            (0,),
            {0: MAIN + 'assert main("train digits --model lstm --epochs 1 --out out/train".split()) == 0\n'},
        )
    ],
    "docs/biology.md": [Run((0,), data=True)],
    "docs/continuous.md": [
        Run((0,), smaller={"(4, 2, 1, 0.5, 0.25, 0.1)": "(4, 2)", "cpp_standalone": "numpy"}, data=True)
    ],
    "docs/data.md": [Run((0,))],
    "docs/description.md": [Run((0,))],
    "docs/digits.md": [Run((0,))],
    "docs/ecg.md": [
        Run((0,), data=True),
        Run((2, 3), after="import chronaxie as cx\nas_reported(cx.srnn(4, [36], 6, seed=0))\n"),
        Run(
            (4,),
            {
                4: IMPORTED
                + 'assert main("simulate net.nc --wfdb DIR/wfdb/mitdb/100 --seconds 30 --device numpy".split()) == 0\n'
            },
            data=True,
        ),
    ],
    "docs/effective_timescales.md": [Run((0, 1, 2, 3), {1: STIMULUS.replace("250", "1000"), 3: RECORDINGS})],
    "docs/fidelity.md": [
        Run(
            (0, 2, 1),
            {
                1: IMPORTED
                + "from glob import glob\nimport os\n"
                + 'assert main("run fidelity --network net.nc --data DIR --trials 2 --dt 2 --device numpy '
                + '--perturbations spike_loss --out made".split()) == 0\n'
                + 'os.rename(glob("made/*.nc")[0], "fidelity_NAME.nc")\n'
            },
            data=True,
        )
    ],
    "docs/index.md": [Run((0,)), Run((1,)), Run((2,)), Run((3,))],
    "docs/interchange.md": [Run((0,)), Run((1,)), Run((2,))],
    "docs/neurons.md": [Run((0,)), Run((1,)), Run((2,), data=True)],
    "docs/how_to/scripts.md": [Run((0,))],
    "docs/reference/migration.md": [Run((0,))],
    "docs/reports.md": [Run((0,), {0: MAIN + f'assert main([{SMALL_ECG}, "--synthetic"]) == 0\n'})],
    "docs/robustness.md": [
        Run((0,), {0: 'import chronaxie as cx\ncx.save(cx.srnn(4, [36], 6, seed=0), "net.nc")\n'})
    ],
    "docs/sparsity_energy.md": [Run((0,), after=MEASURED)],
    "docs/sweeps.md": [
        Run((2,), after=WALKED),
        Run((3, 0), smaller={'"epochs": 3': '"epochs": 1, "task": "synthetic_ecg", "device": "numpy"'}),
    ],
    "docs/tasks.md": [Run((0,), smaller={"path/to/data": "DIR"}, data=True)],
    "docs/time.md": [
        Run(
            (0,),
            {0: MAIN + f'assert main([{SMALL_ECG}, "--data", "DIR"]) == 0\n'},
            smaller={"(4, 2, 1, 0.5)": "(4,)"},
            data=True,
        )
    ],
    "docs/time_constants.md": [
        Run((0,)),
        Run((1,), after=LESIONED, smaller={"trials=50": "trials=4", "cpp_standalone": "numpy"}),
    ],
}
# Blocks that a test of their own runs, since what they print is held against the page.
ELSEWHERE = {
    "README.md": {0: "test_docs.py", 1: "test_docs.py"},
    "docs/data.md": {1: "studies/test_qtdb_raw.py"},
    "docs/results.md": {0: "studies/test_documentation.py"},
    "docs/speech.md": {0: "models/test_hair_cells.py"},
    "docs/tasks.md": {1: "studies/test_documentation.py", 2: "studies/test_documentation.py"},
    "docs/training.md": {0: "studies/test_documentation.py"},
    "docs/training_brian2.md": dict.fromkeys(range(3), "gradient_bridge/training/test_examples.py"),
}
CASES = [pytest.param(page, run, id=f"{page}-{run.blocks[0]}") for page, runs in RUNS.items() for run in runs]


def programs(page):
    """Return the page's Python blocks."""
    return re.findall(r"^```python\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE)


def commands(page):
    """Return the commands of the page's shell blocks that are ours, without comments and what comes after a pipe."""
    blocks = re.findall(r"^```(?:sh|bash)\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [shlex.split(line.partition("|")[0], comments=True) for line in lines]
    return [words[1:] for words in found if words[:1] == ["chronaxie"] and "…" not in " ".join(words)]


def execute(source, folder, **environment):
    """Run a program in a folder, in the engine that a reader gets; return what it prints."""
    (folder / "program.py").write_text(source)
    inherited = {key: value for key, value in os.environ.items() if key != "CHRONAXIE_ENGINE"}
    inherited["PATH"] = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # as where it is active
    )
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        env=inherited | {"MPLBACKEND": "agg"} | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_program_is_run_or_says_that_it_is_not(page):
    here = [block for run in RUNS.get(page, ()) for block in run.blocks]
    for k, source in enumerate(programs(page)):
        ways = here.count(k) + (k in ELSEWHERE.get(page, ())) + source.startswith(NOT_RUN)
        assert ways == 1, f"{page}, block {k}: give it a Run here, or the first line '{NOT_RUN}REASON'"
    for name in ELSEWHERE.get(page, {}).values():
        assert Path(page).name in (ROOT / "tests" / name).read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("page", "run"), CASES)
def test_the_programs_of_a_page_run(page, run, tmp_path, request):
    parts = [run.before.get(k, "") + programs(page)[k] for k in run.blocks]
    source = "\n".join([*parts, run.after])
    for words, others in run.smaller.items():
        assert words in source
        source = source.replace(words, others)
    environment = {}
    if run.data:
        folder = str(request.getfixturevalue("data_dir"))
        source, environment = source.replace("DIR", folder), {"CHRONAXIE_DATA": folder}
    execute(source, tmp_path, **environment)


@pytest.mark.slow
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_from_a_file_of_the_user_s(tutorial, tmp_path):
    inherited = {key: value for key, value in os.environ.items() if key != "CHRONAXIE_DATA"}
    environment = inherited | {"MPLBACKEND": "agg", "CHRONAXIE_ENGINE": "auto"}
    mine = tmp_path / tutorial.name
    mine.write_text(tutorial.read_text())
    done = subprocess.run(
        [sys.executable, mine.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
        env=environment,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_the_commands_of_a_page_are_ones_that_there_are(page):
    for words in commands(page):
        given = make_parser().parse_args(words)
        assert given.command is not None
