"""Installs the peers into the environment that runs this, one after the other: ``python benchmarks/peers/install.py``.

Some of them ask for packages that bring another PyTorch and that the layer never imports (torchvision, torchaudio,
tensorboard, plotting styles): they go in without what they ask for, beside what is imported. One that cannot be
installed is named, with the reason, and left out.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"


@dataclass(frozen=True)
class Peer:
    """What one peer needs.

    Parameters
    ----------
    requirements : tuple of str
        With versions: those that were measured.
    module : str
        Imported to see that it works.
    complete : bool
        Whether `requirements` is all: nothing that the packages ask for is added.
    """

    requirements: tuple[str, ...]
    module: str
    complete: bool = True


PEERS = {
    "Norse": Peer(("norse==1.1.0", "nir==1.0.8", "nirtorch==2.6"), "norse.torch"),
    "snnTorch": Peer(("snntorch==1.0.0",), "snntorch"),
    "SpikingJelly": Peer(("spikingjelly==2.0.0", "loguru==0.7.3"), "spikingjelly.activation_based.layer"),
    "JAX": Peer(("jax==0.10.2", "jaxlib==0.10.2"), "jax", complete=False),
}


def last_line(text):
    """The last line of a text that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def install(peer):
    """Install and import one peer; returns why that failed, or None."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps"] if peer.complete else ["-c", str(CONSTRAINTS)]
    for command in (
        [*pip, *options, *peer.requirements],
        [sys.executable, "-W", "ignore", "-c", f"import {peer.module}"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return last_line(done.stderr)
    return None


def main():
    """Install all and say what is missing."""
    for name, peer in PEERS.items():
        failed = install(peer)
        print(f"{name}: {'ready' if failed is None else f'left out: {failed}'}", flush=True)


if __name__ == "__main__":
    main()
