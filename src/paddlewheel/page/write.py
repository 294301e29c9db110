"""What the reports of `van-hove`, `coordination`, `spectra` and `onsager` share: facts, figures, the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.errors import writing
from paddlewheel.page.drawing import (
    Drawing,
    house_style,
    save_figure,
)
from paddlewheel.page.numbers import (
    ABSENT,
    interval,
    measured,
)
from paddlewheel.page.page import (
    Page,
    render_page,
)
from paddlewheel.page.tables import Cell
from paddlewheel.records import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from paddlewheel.records import Measured

Figures = Mapping[str, tuple["Figure", str]]
"""Each figure with its text alternative, by the name of its file."""


def write_page(directory: Path, figures: Callable[[], Figures], page: Callable[[dict[str, Drawing]], Page]) -> Path:
    """Draw and save the figures, then write `report.html`.

    Raises
    ------
    RunDirectoryError
        If the directory cannot be written.
    """
    path = directory / "report.html"
    with writing(path), house_style():
        drawings = {
            name: save_figure(figure, directory / "figures", name, alt) for name, (figure, alt) in figures().items()
        }
        write_atomically(path, render_page(page(drawings)))
    return path


def value_cell(value: Measured | None, ends_95: tuple[float, float] | None = None) -> Cell:
    """A measured number with its 95 % interval below it."""
    if value is None:
        return Cell(ABSENT)
    return Cell(measured(value), f"95 %: {interval(ends_95)}" if ends_95 else None)
