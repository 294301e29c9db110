"""Weight fractions by diffraction beside those by NMR: as lines, and as a table of a report."""

from __future__ import annotations

from collections.abc import Sequence

from paddlewheel.lab.phase_amounts import PhaseAmount
from paddlewheel.page.numbers import ABSENT, plain
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import value_cell
from paddlewheel.records import Measured


def amounts_lines(rows: Sequence[PhaseAmount]) -> list[str]:
    """A line for each phase, where there are any."""
    return ["XRD beside NMR, of one sample:", *(f"  {row.says} ({row.verdict})" for row in rows)] if rows else []


def amounts_table(rows: Sequence[PhaseAmount]) -> Table | None:
    """The table; None where there is nothing to show."""
    if not rows:
        return None
    table = Table(
        "Weight fractions of one sample by XRD, which weighs crystals, and by NMR, which counts the nuclei of all"
        " (± is the 68 % standard uncertainty)",
        [("Phase", ""), ("XRD", "wt%"), ("XRD detects", "wt%"), ("NMR", "wt%"), ("Together", "")],
    )
    for row in rows:
        limit = ABSENT if row.detection_limit is None else plain(100 * row.detection_limit, 2)
        why = None if row.verdict == "agree" else row.says.removeprefix(f"{row.name}: ").rpartition("; ")[2]
        status = {"agree": "ok", "contradict": "broken"}.get(row.verdict)
        table.rows.append(
            [
                Cell(row.name), _percent_cell(row.by_diffraction), Cell(limit), _percent_cell(row.by_nmr),
                Cell(row.verdict, why, status),
            ]
        )  # fmt: skip
    return table


def _percent_cell(part: Measured | None) -> Cell:
    if part is None:
        return Cell(ABSENT)
    ends = part.interval_95 and (100 * part.interval_95[0], 100 * part.interval_95[1])
    return value_cell(Measured(value=100 * part.value, std=100 * part.std), ends)
