"""Finished units of earlier validations, found by what is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paddlewheel.dynamics import MDSettings
from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit

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
        self._found: list[Unit] = []
        for directory in directories:
            if not (directory / "units").is_dir():
                raise SettingsError(
                    "holds no units of work", where=directory, remedy="give the --out of an earlier validate"
                )
            for path in sorted((directory / "units").glob("*/unit.json")):
                if not (path.parent / "result.json").exists():
                    continue
                stored = json.loads(path.read_text(encoding="utf-8"))
                self._found.append(Unit(path.parent.name, stored["contents"], directory))

    def like(self, unit: Unit) -> Unit:
        """A finished unit of the same contents, or `unit` itself where there is none."""
        return next((one for one in self._found if same_contents(one.contents, unit.contents)), unit)


def same_contents(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two units are the same work: the same atoms, potential and settings, whatever they are called."""
    if one.keys() != other.keys():
        return False
    if any(one["potential"].get(key) != other["potential"].get(key) for key in _POTENTIAL):
        return False
    if any(one[key] != other[key] for key in one if key not in ("potential", "md")):
        return False
    return "md" not in one or _settings(one["md"]) == _settings(other["md"])


def _settings(stored: Mapping[str, Any]) -> MDSettings | None:
    """As settings, not as text: a setting that a later version adds has its default in an older unit."""
    try:
        return MDSettings(**stored)
    except TypeError:  # a unit of a version that knew other settings
        return None
