"""The suite's count of what was compared."""

from collections import Counter

import pytest

COMPARED = pytest.StashKey[Counter]()


@pytest.fixture(scope="session")
def compared(pytestconfig):
    """Neuron-steps compared so far, by kind; the sum is printed at the end."""
    return pytestconfig.stash.setdefault(COMPARED, Counter())


def pytest_terminal_summary(terminalreporter, config):
    """Say how much was compared with Brian2."""
    counts = config.stash.get(COMPARED, {})
    if counts:
        parts = ", ".join(f"{kind} {count:.3g}" for kind, count in sorted(counts.items()))
        terminalreporter.write_line(
            f"neuron-steps compared with Brian2 to the bit: {sum(counts.values()):.4g} ({parts})"
        )
