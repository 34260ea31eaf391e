"""Brian2's own example scripts: twin against Brian2's numpy target, every spike and all final states to the bit.

``python benchmarks/conformance.py [--only CUBA,STDP] [--steps 1000] [--runs 3] [--json FILE] [--docs FILE]``

Fetches the source distribution of the installed Brian2, runs each example without compartments in a process of its own,
and at each of its runs compares the twin with Brian2. Prints a line for each; exit status 1 where one is wrong.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from conformance_examples import make_inputs, prepare, scripts
from conformance_report import FAILED, line, page, summary, verdict

ROOT = Path(__file__).resolve().parents[1]


def arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "out" / "conformance", help="examples and what they need"
    )
    parser.add_argument(
        "--examples", type=Path, help="a folder of scripts that is already there: nothing is fetched"
    )
    parser.add_argument("--only", default="", help="parts of names, separated by commas")
    parser.add_argument(
        "--steps", type=int, default=1000, help="steps compared of each run, at most (default 1000)"
    )
    parser.add_argument(
        "--runs", type=int, default=3, help="runs compared of each script, at most (default 3)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often both are timed, in turn (default 3)")
    parser.add_argument(
        "--timing", type=float, default=20, help="seconds after which no further round begins"
    )
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one script")
    parser.add_argument("--at-least", type=int, default=0, help="fail where fewer scripts are exact")
    parser.add_argument("--json", type=Path, help="where the results go (default: FOLDER/conformance.json)")
    parser.add_argument("--docs", type=Path, help="where the page with the table goes; needs all scripts")
    parser.add_argument("--twin", default="chronaxie:Twin", help="module:class; none: only run the scripts")
    given = parser.parse_args()
    if given.docs and given.only:
        parser.error("--docs writes the whole table: leave --only out")
    return given


def run(python, path, given, out):
    """Run one script in a process of its own; returns what its worker has written.

    Returns
    -------
    dict
        ``runs``: one entry for each call of run; ``error``: how the script ended, None where it went well.
    """
    out.unlink(missing_ok=True)
    command = [python, "-W", "ignore", Path(__file__).with_name("conformance_worker.py"), path, "--out", out]
    command += ["--twin", given.twin, "--steps", given.steps, "--runs", given.runs]
    command += ["--rounds", given.rounds, "--timing", given.timing]
    env = dict(os.environ, MPLBACKEND="Agg", OMP_NUM_THREADS="1")
    ended = None
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=env,
            timeout=given.timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            ended = f"died with status {done.returncode}: {done.stderr[-300:]}"
    except subprocess.TimeoutExpired:
        ended = f"longer than {given.timeout:g} s"
    result = json.loads(out.read_text()) if out.is_file() else dict(runs=[], error=None)
    result["error"] = ended or result["error"]
    return result


def main():
    """Compare all, print, write the table."""
    given = arguments()
    folder = given.folder.resolve()
    if given.examples:
        folder.mkdir(parents=True, exist_ok=True)
        examples, python = given.examples.resolve(), Path(sys.executable)
    else:
        examples, python = prepare(folder, version("brian2"))
        make_inputs(examples, python)
    chosen = {n: p for n, p in scripts(examples).items() if any(part in n for part in given.only.split(","))}
    if not chosen:
        sys.exit(f"no script in {examples} has {given.only!r} in its name")
    about = dict(
        versions={name: version(name) for name in ("chronaxie", "brian2", "numpy", "torch")},
        python=platform.python_version(),
        options={name: getattr(given, name) for name in ("steps", "runs", "rounds", "twin")},
    )
    table, out = {}, folder / "worker.json"
    for name, path in chosen.items():
        began = time.perf_counter()
        table[name] = run(python, path, given, out)
        table[name] |= verdict(table[name], compared=given.twin != "none")
        print(line(name, table[name], time.perf_counter() - began), flush=True)
        target = given.json or folder / "conformance.json"
        target.write_text(json.dumps(dict(about, examples=table), indent=1))
    print(summary(table))
    if given.docs:
        given.docs.write_text(page(dict(about, examples=table)))
    failed = [name for name, result in table.items() if result["verdict"] in FAILED]
    exact = sum(result["verdict"] == "exact" for result in table.values())
    if failed:
        sys.exit(f"not as Brian2: {', '.join(failed)}")
    if exact < given.at_least:
        sys.exit(f"{exact} scripts are exact, expected at least {given.at_least}")


if __name__ == "__main__":
    main()
