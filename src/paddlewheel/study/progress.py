"""The live table of the units: rich on a terminal, plain lines otherwise; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from paddlewheel.execution import Unit

_PLAIN_EVERY_S = 15.0


class UnitTable:
    """Shows how far the units are, as a context manager; `update` may be called often."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        self._live: Any = None
        self._next_plain = 0.0

    def __enter__(self) -> UnitTable:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=2, transient=False)
            self._live.__enter__()
        self.update()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next_plain = 0.0
        self.update()
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def update(self) -> None:
        """Read the units' progress and show it."""
        if self._live is not None:
            self._live.update(self._table())
        elif time.monotonic() >= self._next_plain:
            self._next_plain = time.monotonic() + _PLAIN_EVERY_S
            print(" | ".join(_plain(unit.name, _row(unit)) for unit in self._units), file=sys.stderr, flush=True)

    def _table(self) -> Any:
        from rich.table import Table

        table = Table(
            "unit", "T now (K)", "ps done", "of", "ns/day", "time left", "status", box=None, header_style="bold"
        )
        for unit in self._units:
            row = _row(unit)
            table.add_row(unit.name, row["temperature"], row["ps"], row["of"], row["rate"], row["left"], row["status"])
        return table


def _row(unit: Unit) -> dict[str, str]:
    settings = unit.contents["md"]
    result, progress = unit.result(), unit.progress()
    n_steps = progress.get("n_steps", 0)
    total_ps = (
        n_steps * settings["timestep_fs"] / 1000 if n_steps else settings["equilibrate_ps"] + settings["production_ps"]
    )
    status = result["status"] if result else progress.get("status", "waiting")
    done_ps = total_ps if result and status != "broken" else progress.get("ps", 0.0)
    running = not result and "eta_s" in progress
    temperature = progress.get("temperature_K")
    return {
        "temperature": f"{temperature:.0f}" if temperature else "-",
        "ps": f"{done_ps:.2f}",
        "of": f"{total_ps:.2f}",
        "rate": f"{progress['ns_per_day']:.3f}" if "ns_per_day" in progress else "-",
        "left": _duration(progress["eta_s"]) if running else "-",
        "status": status,
    }


def _plain(name: str, row: dict[str, str]) -> str:
    left = f", {row['left']} left" if row["left"] != "-" else ""
    return f"{name} {row['ps']}/{row['of']} ps {row['status']}{left}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
