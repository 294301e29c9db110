"""How far a work is: a live display of rich on a terminal, a plain line now and then otherwise; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paddlewheel.execution import Unit

_PLAIN_EVERY_S = 15.0
_MOST_ROWS = 6
"""A row for each run of a grid would not fit on a terminal, let alone in a line of a log: then there is one sum."""


@dataclass(frozen=True)
class Row:
    """One thing that is worked on: `done` of `total` (in `unit`), and a note such as its speed."""

    name: str
    done: float
    total: float
    unit: str = ""
    note: str = ""


class Progress:
    """Shows rows, as a context manager; `update` may be called often.

    Parameters
    ----------
    title
        What is done: ``labelling``.
    rows
        Gives the rows as they are now; it is asked no more often than they are shown.
    shown
        Whether anything is shown at all.
    short
        Whether the first plain line waits: short work then says nothing in a log.
    """

    def __init__(
        self, title: str, rows: Callable[[], Sequence[Row]], *, shown: bool = True, short: bool = False
    ) -> None:
        self._title, self._rows, self._shown = title, rows, shown
        self._live: Any = None
        self._next = time.monotonic() + _PLAIN_EVERY_S if short else 0.0
        self._waits = short

    def __enter__(self) -> Progress:
        if self._shown and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=2, transient=self._waits)
            self._live.__enter__()
        self.update()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._waits:
            self._next = 0.0
        self.update()
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def update(self) -> None:
        """Show the rows as they are now, if it is time."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + (0.4 if self._live is not None else _PLAIN_EVERY_S)
        rows = list(self._rows())
        if len(rows) > _MOST_ROWS:
            rows = [self._sum(rows)]
        if self._live is not None:
            self._live.update(_table(self._title, rows))
        else:
            print(" | ".join(_line(row) for row in rows), file=sys.stderr, flush=True)

    def _sum(self, rows: Sequence[Row]) -> Row:
        units = {row.unit for row in rows}
        done, total = sum(row.done for row in rows), sum(row.total for row in rows)
        return Row(self._title, done, total, units.pop() if len(units) == 1 else "")


def unit_rows(units: Sequence[Unit]) -> Callable[[], list[Row]]:
    """The rows of units of work: ps of dynamics, or how many of the `n` of a unit's contents are done."""
    finished: dict[str, Row] = {}

    def rows() -> list[Row]:
        for unit in units:
            if unit.name not in finished and unit.result() is not None:
                finished[unit.name] = _unit_row(unit)
        return [finished.get(unit.name) or _unit_row(unit) for unit in units]

    return rows


def _unit_row(unit: Unit) -> Row:
    result, told, dynamics = unit.result(), unit.progress(), unit.contents.get("md")
    if dynamics is None:
        total, done, what = float(unit.contents.get("n", told.get("of", 1))), told.get("done", 0), ""
    else:
        steps = told.get("n_steps", 0)
        asked_ps = dynamics["equilibrate_ps"] + dynamics["production_ps"]
        total, what = (steps * dynamics["timestep_fs"] / 1000 if steps else asked_ps), "ps"
        done = told.get("ps", 0.0)
    status = str(result.get("status", "done")) if result is not None else told.get("status", "waiting")
    notes = [status]
    if result is None and "eta_s" in told:
        notes = [f"{told['temperature_K']:.0f} K"] if told.get("temperature_K") else []
        notes += [f"{told['ns_per_day']:.3f} ns/day"] if "ns_per_day" in told else []
        notes += [f"{duration(told['eta_s'])} left"]
    return Row(unit.name, total if result is not None and status != "broken" else done, total, what, ", ".join(notes))


def duration(seconds: float) -> str:
    """A time as people say it: 12 s, 3 min 05 s, 2 h 10 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _line(row: Row) -> str:
    unit = f" {row.unit}" if row.unit else ""
    return f"{row.name}: {row.done:.6g} of {row.total:.6g}{unit}" + (f", {row.note}" if row.note else "")


def _table(title: str, rows: Sequence[Row]) -> Any:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table(title, "done", "", "", box=None, header_style="bold")
    for row in rows:
        share = f"{row.done:.6g} of {row.total:.6g} {row.unit}"
        table.add_row(row.name, share, ProgressBar(total=row.total or 1, completed=row.done, width=24), row.note)
    return table
