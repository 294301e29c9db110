"""From a record to its report: the figures drawn and saved, the page written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from paddlewheel.records import StudyRecord, write_atomically
from paddlewheel.records.tables import Beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from paddlewheel.records import Measured

Figures = Mapping[str, tuple["Figure", str]]
"""Each figure with its text alternative, by the name of its file."""


def write_report(
    record: StudyRecord,
    figures: Callable[[Any, Beside], Figures],
    page: Callable[[Any, Beside, dict[str, Drawing]], Page],
) -> Path:
    """Draw and save the figures of a record, then write `report.html` into its run directory.

    Parameters
    ----------
    record
        In a run directory.
    figures, page
        Of the study's page: the figures with their text alternatives, and the page around the saved ones. Both get
        the record and what lies beside it.

    Raises
    ------
    InputError
        If a table beside the record is missing or damaged.
    RunDirectoryError
        If the directory cannot be written.
    """
    assert record.directory is not None
    beside, path = record.lying_beside, record.directory / "report.html"
    with writing(path), house_style():
        drawings = {
            name: save_figure(figure, path.parent / "figures", name, alt)
            for name, (figure, alt) in figures(record, beside).items()
        }
        drawn = page(record, beside, drawings)
        remarks = (*record.said_first, *drawn.remarks, *record.said_last)
        write_atomically(path, render_page(replace(drawn, remarks=remarks)))
    return path


def value_cell(value: Measured | None, ends_95: tuple[float, float] | None = None) -> Cell:
    """A measured number with its 95 % interval below it: the one that is given, or its own where it has one."""
    if value is None:
        return Cell(ABSENT)
    ends = ends_95 or value.interval_95
    return Cell(measured(value), f"95 %: {interval(ends)}" if ends else None)
