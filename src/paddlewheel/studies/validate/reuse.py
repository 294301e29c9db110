"""Units that need not be run: those that are finished in earlier validations, and those that are the same work."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import RunDirectoryError, SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.motion.touched import md_damage

_POTENTIAL = ("identity", "three_body", "dtype")
"""What decides a potential's numbers: its name and the device it ran on do not."""


class FinishedUnits:
    """The finished units of some run directories, by contents.

    Raises
    ------
    SettingsError
        If a directory holds no units.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        self._found: dict[Path, list[Unit]] = {}
        for directory in directories:
            if not (directory / "units").is_dir():
                raise SettingsError(
                    "holds no units of work", where=directory, remedy="give the --out of an earlier validate"
                )
            folders = (path.parent for path in sorted((directory / "units").glob("*/unit.json")))
            self._found[directory] = [unit for folder in folders if (unit := _finished(folder)) is not None]

    @property
    def digests(self) -> list[str]:
        """sha256 over the finished units of each directory."""
        return [
            hashlib.sha256(" ".join(unit.key for unit in units).encode()).hexdigest() for units in self._found.values()
        ]

    def like(self, unit: Unit) -> Unit:
        """A finished unit of the same contents, or `unit` itself where there is none."""
        known = (found for units in self._found.values() for found in units)
        return next((found for found in known if same_contents(found.contents, unit.contents)), unit)


def _finished(folder: Path) -> Unit | None:
    """The unit of a folder; None where it is not finished, or was touched, which is told in one line."""
    try:
        unit = Unit.of_folder(folder)
    except RunDirectoryError as error:
        trouble: str | None = f"{error.where}: {error.problem}"
    else:
        trouble = md_damage(unit)
        if trouble is None:
            return unit if unit.result() is not None else None
    print(f"paddlewheel: {trouble}: {folder.name} is not taken", file=sys.stderr, flush=True)
    return None


def share_units(units: Sequence[Unit], finished: FinishedUnits) -> dict[str, Unit]:
    """By the name of each unit, the one whose results count: finished elsewhere, a like one before it, or itself."""
    shared: dict[str, Unit] = {}
    for unit in units:
        found = finished.like(unit)
        if found is unit:
            found = next((like for like in shared.values() if same_contents(like.contents, unit.contents)), unit)
        shared[unit.name] = found
    return shared


def own_units(shared: Mapping[str, Unit], directory: Path) -> list[Unit]:
    """Those of `shared` that are to be run in `directory`, each once."""
    return list({unit.name: unit for unit in shared.values() if unit.run_directory == directory}.values())


def same_contents(contents: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two units are the same work: the same atoms, potential and settings, whatever they are called."""
    if contents.keys() != other.keys():
        return False
    if any(contents["potential"].get(key) != other["potential"].get(key) for key in _POTENTIAL):
        return False
    if any(contents[key] != other[key] for key in contents if key not in ("potential", "md")):
        return False
    return "md" not in contents or _dynamics(contents["md"]) == _dynamics(other["md"])


def _dynamics(stored: Mapping[str, Any]) -> MDSettings | None:
    """As settings, not as text: a setting that a later version adds has its default in an older unit."""
    try:
        return MDSettings(**stored)
    except TypeError:  # a unit of a version that knew other settings
        return None
