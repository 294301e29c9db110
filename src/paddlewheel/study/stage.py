"""One stage of a study: run its units, show how far they are, and say what went wrong with each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from paddlewheel.errors import ScienceError
from paddlewheel.execution import DriverLock, Resources, Unit, run_units, run_units_here
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.study.progress import Progress, unit_rows


def run_stage(
    units: Sequence[Unit],
    *,
    task: str,
    title: str,
    driver: DriverLock,
    cores: int | None,
    show_progress: bool,
    here: bool = False,
    is_short: bool = False,
    check: Callable[[Unit], str | None] = Unit.damage,
) -> dict[str, str]:
    """Run the units that are not finished.

    Parameters
    ----------
    title
        What the units do, for the progress: ``labelling``.
    here
        Run them in this process where there is one core or one unit to run: Parsl takes seconds to start.
    is_short
        Whether all units together take no longer than that start: then they run here one after the other.
    check
        Why what is there of a unit cannot be taken: then a line says it, and the unit is computed anew.

    Returns
    -------
    What went wrong, by name of the unit; its traceback is in ``error.txt`` in its folder.

    Raises
    ------
    InputError
        Of the kind that a unit met, such as a full disk.
    """
    stop_if_requested()
    for unit in units:
        _mend(unit, check)
    pending = [unit for unit in units if unit.result() is None]
    if not pending:
        return {}
    for unit in units:
        unit.prepare()
    with Progress(title, unit_rows(units if "md" not in units[0].contents else pending), shown=show_progress) as shown:
        resources = Resources.share(n_units=len(pending), cores=cores)
        if here and (is_short or resources.workers == 1):
            outcome = run_units_here(units, task=task, on_poll=shown.update)
        else:
            outcome = run_units(units, task=task, driver=driver, resources=resources, on_poll=shown.update)
    kept = outcome.keep_errors(pending)
    ended = {name: f"{type(outcome.errors[name]).__name__}: {outcome.errors[name]}" for name in kept}
    left = {unit.name: outcome.states[unit.name] for unit in pending if unit.name not in kept and unit.result() is None}
    return ended | left


def _mend(unit: Unit, check: Callable[[Unit], str | None]) -> None:
    """Take nothing that was touched, and say so in one line."""
    if not unit.folder.exists():
        return
    if trouble := unit.prepare():
        print(f"paddlewheel: {trouble}: it is written again", file=sys.stderr, flush=True)
    if trouble := check(unit):
        print(f"paddlewheel: {trouble}: {unit.name} is computed again", file=sys.stderr, flush=True)
        unit.discard()


def failed_units(troubles: dict[str, str], directory: Path) -> ScienceError:
    """The error of one line for units that failed."""
    name, reason = next(iter(troubles.items()))
    others = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    return ScienceError(
        f"{name}{others} failed: {reason}", where=directory, remedy="see units/*/error.txt; the same command goes on"
    )
