"""What decides about compiled code beside its source: the compiler and the processor that it compiles for."""

import platform
import shlex
import subprocess
from functools import cache
from pathlib import Path

# Lines of a compiler's output that an error quotes.
QUOTED = 40
_OF_LINUX = ("model name", "flags", "Features", "CPU part")
_OF_MACOS = ("machdep.cpu.brand_string", "machdep.cpu.features", "machdep.cpu.leaf7_features")


@cache
def compiler_version(command):
    """Return the command of a compiler and what it says about its version."""
    asked = [*shlex.split(command), "--version"]
    try:
        return [command, subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout]
    except (OSError, subprocess.SubprocessError) as error:
        return [command, str(error)]


@cache
def processor():
    """Return lines that name the processor, since code is compiled for the one that compiles it (``-march=native``)."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return [platform.machine(), platform.processor(), *_sysctl()]
    return sorted({line for line in lines if line.startswith(_OF_LINUX)})


def _sysctl():
    try:
        said = subprocess.run(["sysctl", "-n", *_OF_MACOS], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return said.splitlines()


def first_errors(said):
    """Return the lines of a compiler's output from its first error on, at most `QUOTED`."""
    lines = said.splitlines()
    errors = [k for k, line in enumerate(lines) if "error" in line.lower()]
    first = errors[0] if errors else max(len(lines) - QUOTED, 0)
    return "\n".join(lines[first : first + QUOTED])
