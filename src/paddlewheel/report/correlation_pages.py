"""What the reports of `van-hove`, `coordination`, `spectra` and `onsager` share: facts, figures, the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.errors import writing
from paddlewheel.records import MotionRecord, write_atomically
from paddlewheel.report.drawing import Drawing, house_style, save_figure
from paddlewheel.report.numbers import ABSENT, interval, kelvin, measured
from paddlewheel.report.page import Page, render_page
from paddlewheel.report.tables import Cell

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


def facts(record: MotionRecord) -> list[tuple[str, str]]:
    """Name and value of what was analysed."""
    runs = record.trajectories
    told = [("Material", record.formula)]
    if record.specie:
        told.append(("Mobile ion", record.specie))
    if record.temperature_K is not None:
        told.append(("Temperature", kelvin(record.temperature_K)))
    told.append(("Trajectories", ", ".join(run.name for run in runs)))
    told.append(("Length", ", ".join(f"{run.length_ps:.4g} ps" for run in runs)))
    told.append(("Frames", f"every {runs[0].frame_interval_fs:g} fs"))
    return told


def value_cell(value: Measured | None, ends_95: tuple[float, float] | None = None) -> Cell:
    """A measured number with its 95 % interval below it."""
    if value is None:
        return Cell(ABSENT)
    return Cell(measured(value), f"95 %: {interval(ends_95)}" if ends_95 else None)
