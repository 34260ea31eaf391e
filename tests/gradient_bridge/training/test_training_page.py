"""docs/training_brian2.md names every option with its default, and every loss."""

import dataclasses
from pathlib import Path

from chronaxie import gradient_bridge
from chronaxie.gradient_bridge import LossTraining

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "training_brian2.md").read_text()


def rows():
    """The first two cells of each row of the page's tables."""
    cells = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("| `")]
    return [(first.strip(), second.strip()) for first, second in cells]


def test_every_option_is_there_with_its_default():
    shared = next(first for first, _ in rows() if "schedule" in first)
    described = {first.strip("`"): second for first, second in rows()}
    for field in dataclasses.fields(LossTraining):
        if f"`{field.name}`" in shared:
            continue
        default = f'"{field.default}"' if isinstance(field.default, str) else field.default
        assert described[field.name] == f"`{default}`", field.name


def test_every_loss_is_there():
    losses = {name for name in gradient_bridge.__all__ if name.endswith("Loss")}
    assert len(losses) == 4
    assert losses == {first.strip("`").partition("(")[0] for first, _ in rows() if "Loss(" in first}
