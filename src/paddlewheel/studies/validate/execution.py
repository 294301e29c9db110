"""Run the units of a validation that are not finished here or elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from paddlewheel.execution import DriverLock, Resources, Unit, run_units
from paddlewheel.studies.validate.reuse import (
    FinishedUnits,
    same_contents,
)
from paddlewheel.study.progress import UnitTable

_PLAIN_EVERY_S = 15.0


def share_units(units: Sequence[Unit], finished: FinishedUnits) -> dict[str, Unit]:
    """By the name of each unit, the one whose results count: finished elsewhere, a like one before it, or itself."""
    shared: dict[str, Unit] = {}
    for unit in units:
        found = finished.like(unit)
        if found is unit:
            found = next((one for one in shared.values() if same_contents(one.contents, unit.contents)), unit)
        shared[unit.name] = found
    return shared


def run_shared(
    shared: Mapping[str, Unit],
    *,
    task: str,
    driver: DriverLock,
    directory: Path,
    cores: int | None,
    show_progress: bool,
) -> dict[str, str]:
    """Run those of `shared` that live in `directory` and are not finished.

    Returns
    -------
    What went wrong, by name of the unit: errors a user can mend are raised instead.

    Raises
    ------
    InputError
        Of the kind that a unit met.
    """
    own = list({unit.name: unit for unit in shared.values() if unit.run_directory == directory}.values())
    pending = [unit for unit in own if unit.result() is None]
    if not pending:
        return {}
    for unit in pending:
        unit.prepare()
    on_poll: Callable[[], None] = lambda: None  # noqa: E731
    table = None
    if show_progress:
        if "md" in pending[0].contents:
            table = UnitTable(pending)
            on_poll = table.update
        else:
            on_poll = _PlainProgress(pending).update
    with table or nullcontext():
        outcome = run_units(
            pending, task=task, driver=driver, resources=Resources.share(n_units=len(pending), cores=cores),
            on_poll=on_poll,
        )  # fmt: skip
    kept = outcome.keep_errors(pending)
    ended = {
        name: f"{type(outcome.errors[name]).__name__}: {outcome.errors[name]}; see {path.relative_to(directory)}"
        for name, path in kept.items()
    }
    left = {unit.name: outcome.states[unit.name] for unit in pending if unit.name not in kept and unit.result() is None}
    return ended | left


class _PlainProgress:
    """A line on stderr now and then: units without dynamics have no temperature to show."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units, self._next = units, 0.0

    def update(self) -> None:
        """Print where each unit is, at most every 15 s."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PLAIN_EVERY_S
        print(" | ".join(f"{unit.name} {_state(unit)}" for unit in self._units), file=sys.stderr, flush=True)


def _state(unit: Unit) -> str:
    if unit.result() is not None:
        return "done"
    progress = unit.progress()
    return f"{progress['done']}/{progress['of']}" if "done" in progress else "waiting"
