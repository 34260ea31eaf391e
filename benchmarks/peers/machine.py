"""On what a benchmark ran: versions, processor, load, and how fast it multiplies.

``python -m peers.machine THREADS`` in the folder ``benchmarks`` prints the last of these (GFLOP/s).
"""

import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]


def versions(competitors):
    """Versions of the distributions of all competitors that are installed."""
    found = {"python": platform.python_version()}
    for name in sorted({"numpy", *(d for c in competitors.values() for d in c.versions)}):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def processor():
    """Name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def compiler():
    """First line of what the C compiler says about itself, or that there is none."""
    try:
        done = subprocess.run([os.environ.get("CC", "cc"), "--version"], capture_output=True, text=True)
    except OSError as error:
        return f"none ({error.strerror})"
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


def sgemm_rate(threads):
    """GFLOP/s of a product of two float32 matrices of 2048 x 2048, median of 5, in a process of its own."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "peers.machine", str(threads)]
    done = subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def about(competitors, threads):
    """All of it as a dict.

    Parameters
    ----------
    competitors : dict of str to Competitor
    threads : int
    """
    return {
        "versions": versions(competitors),
        "processor": processor(),
        "processors": os.cpu_count(),
        "threads": threads,
        "compiler": compiler(),
        "load": os.getloadavg()[0],
        "sgemm_gflops": sgemm_rate(threads),
    }


def in_words(found):
    """One paragraph about where it ran."""
    listed = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return (
        f"{found['processor']}, {found['processors']} processors, {found['threads']} threads, load "
        f"{found['load']:.1f}, sgemm {found['sgemm_gflops']:.0f} GFLOP/s; {found['compiler']}; {listed}"
    )


def _measure_sgemm(threads, size=2048, rounds=5):
    import torch

    torch.set_num_threads(threads)
    a, b, c = (torch.randn(size, size) for _ in range(3))
    seconds = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        torch.mm(a, b, out=c)
        seconds.append(time.perf_counter() - began)
    return 2 * size**3 / statistics.median(seconds[1:]) / 1e9


if __name__ == "__main__":
    print(_measure_sgemm(int(sys.argv[1])))
