"""What a figure is made of: its panels, the variables that they need, its size."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """One axis: the function that draws it, the variables it needs, its share of the figure.

    `shown`, where there is one, says of a dataset that has the variables whether they hold what the panel shows.
    """

    draw: Callable
    needs: tuple[str, ...]
    weight: float = 1.0
    shown: Callable | None = None


@dataclass(frozen=True)
class FigureSpec:
    """One figure: panels in a row or a column; width (in a row: of one panel) and height in inches.

    `title` makes the line above the first panel from the dataset (None: no line). With several `rows` the panels fill a
    grid, row by row; `legend` puts one legend, that of the first panel, above all.
    """

    name: str
    panels: tuple[Panel, ...]
    width: float
    height: float
    column: bool = False
    share_y: bool = False
    essential: tuple[str, ...] = ()
    title: Callable | None = None
    rows: int = 1
    legend: bool = False
