"""Run the units of a validation that are not finished here or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from paddlewheel.execution import DriverLock, Unit
from paddlewheel.studies.validate.reuse import (
    FinishedUnits,
    same_contents,
)
from paddlewheel.study.stage import run_stage


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
    return run_stage(own, task=task, title="validation", driver=driver, cores=cores, show_progress=show_progress)
