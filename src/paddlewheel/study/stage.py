"""One stage of a study: run its units, show how far they are, and say what went wrong with each."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any

from paddlewheel.errors import ScienceError
from paddlewheel.execution import DriverLock, Resources, Unit, run_units, run_units_here
from paddlewheel.study.progress import UnitTable

_PLAIN_EVERY_S = 15.0
_MOST_ROWS = 6
"""A table with a row for each run of a grid would not fit on a terminal, let alone in a line of a log."""


def run_stage(
    units: Sequence[Unit],
    *,
    task: str,
    title: str,
    driver: DriverLock,
    cores: int | None,
    show_progress: bool,
    here: bool = False,
) -> dict[str, str]:
    """Run the units that are not finished.

    Parameters
    ----------
    title
        What the units do, for the progress: ``labelling``.
    here
        Run them in this process where there is one core or one unit to run: Parsl takes seconds to start.

    Returns
    -------
    What went wrong, by name of the unit; its traceback is in ``error.txt`` in its folder.

    Raises
    ------
    InputError
        Of the kind that a unit met, such as a full disk.
    """
    pending = [unit for unit in units if unit.result() is None]
    if not pending:
        return {}
    for unit in units:
        unit.prepare()
    table = None
    if show_progress:
        few = len(pending) <= _MOST_ROWS
        table = UnitTable(pending) if few and "md" in pending[0].contents else CountProgress(units, title=title)
    with table or nullcontext():
        on_poll: Callable[[], None] = table.update if table else lambda: None
        resources = Resources.share(n_units=len(pending), cores=cores)
        if here and resources.workers == 1:
            outcome = run_units_here(units, task=task, on_poll=on_poll)
        else:
            outcome = run_units(units, task=task, driver=driver, resources=resources, on_poll=on_poll)
    kept = outcome.keep_errors(pending)
    ended = {name: f"{type(outcome.errors[name]).__name__}: {outcome.errors[name]}" for name in kept}
    left = {unit.name: outcome.states[unit.name] for unit in pending if unit.name not in kept and unit.result() is None}
    return ended | left


class CountProgress:
    """How many things of how many are done over all units: a bar on a terminal, plain lines otherwise, on stderr.

    Picoseconds of dynamics; else the `n` of a unit's contents, of which its progress says how many are `done`.
    """

    def __init__(self, units: Sequence[Unit], *, title: str) -> None:
        self._units, self._title = units, title
        self._finished: dict[str, float] = {}
        self._bar: Any = None
        self._task: Any = None
        self._next_plain = 0.0
        self._unit = " ps" if "md" in units[0].contents else ""

    def __enter__(self) -> CountProgress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True))
            self._bar.__enter__()
            self._task = self._bar.add_task(self._title, total=None)
        self.update()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._next_plain = 0.0
        self.update()
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)

    def update(self) -> None:
        """Read the units' progress and show it; may be called often."""
        now = time.monotonic()
        if self._bar is None and now < self._next_plain:
            return
        self._next_plain = now + _PLAIN_EVERY_S
        done, total = self._count()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
        else:
            print(f"{self._title}: {done:g} of {total:g}{self._unit}", file=sys.stderr, flush=True)

    def _count(self) -> tuple[float, float]:
        done = total = 0.0
        for unit in self._units:
            md = unit.contents.get("md")
            size = unit.contents["n"] if md is None else md["equilibrate_ps"] + md["production_ps"]
            total += size
            if unit.name not in self._finished and unit.result() is not None:
                self._finished[unit.name] = size
            done += self._finished.get(unit.name) or unit.progress().get("done" if md is None else "ps", 0)
        return done, total


def failed_units(troubles: dict[str, str], directory: Path) -> ScienceError:
    """The error of one line for units that failed."""
    name, reason = next(iter(troubles.items()))
    others = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    return ScienceError(
        f"{name}{others} failed: {reason}", where=directory, remedy="see units/*/error.txt; the same command goes on"
    )
