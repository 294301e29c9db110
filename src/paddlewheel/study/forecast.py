"""What a command would do: units, atoms, time and disk, for ``--dry-run``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paddlewheel.execution import Resources
from paddlewheel.study.progress import duration

_MOST_SHOWN = 8
"""Of a list of inputs."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What would be run.

    Attributes
    ----------
    inputs
        What was read, in words: name and value.
    n_units, n_atoms
        Independent pieces of work, and atoms of the largest cell; None where the study has none.
    core_hours
        Of the processor, measured on a few steps; None where it was not measured.
    wall_hours
        Of the clock, on the cores of this machine.
    disk_bytes
        That the run directory will take.
    notes
        What a reader should know of these numbers.
    directory, state, finished, n_finished, n_begun
        The run directory, and what it holds already.
    """

    inputs: tuple[tuple[str, str], ...] = ()
    n_units: int | None = None
    n_atoms: int | None = None
    core_hours: float | None = None
    wall_hours: float | None = None
    disk_bytes: float | None = None
    notes: tuple[str, ...] = ()
    directory: str | None = None
    state: str = "nothing is written"
    finished: bool = False
    n_finished: int | None = None
    n_begun: int | None = None
    _hours_of_unit: Mapping[str, float] = field(default_factory=dict, repr=False)
    _cores: int | None = field(default=None, repr=False)

    @classmethod
    def of_units(cls, core_hours: Mapping[str, float], *, cores: int | None = None, **told: Any) -> Forecast:
        """The forecast of units of work, of each of which the core-hours are known by its name; that of a unit of a
        stage in a folder of its own (`Run.within`) begins with the folder: ``second-opinion/T=600K_r0``.

        Parameters
        ----------
        cores
            To use; all of this machine by default.
        told
            The other attributes.
        """
        return cls(
            n_units=len(core_hours),
            core_hours=sum(core_hours.values()),
            wall_hours=wall_hours(core_hours.values(), cores),
            _hours_of_unit=dict(core_hours),
            _cores=cores,
            **told,
        )

    def of_directory(self, directory: Path | None, *, begun: bool, finished: bool) -> Forecast:
        """The same, with what the run directory holds already: what is finished there is not run again."""
        if directory is None:
            return self
        if finished:
            state = "is finished: its record would be returned"
            return replace(self, directory=str(directory), state=state, finished=True)
        if not begun:
            return replace(self, directory=str(directory), state="is free")
        return replace(self._left_in(directory), directory=str(directory), state="would be continued")

    def _left_in(self, directory: Path) -> Forecast:
        if not self._hours_of_unit:
            return self
        folders = {name: directory / Path(name).parent / "units" / Path(name).name for name in self._hours_of_unit}
        done = {name for name, folder in folders.items() if (folder / "result.json").is_file()}
        begun = {name for name, folder in folders.items() if (folder / "checkpoint.npz").is_file()} - done
        left = {name: hours for name, hours in self._hours_of_unit.items() if name not in done}
        return replace(
            self,
            core_hours=sum(left.values()),
            wall_hours=wall_hours(left.values(), self._cores),
            n_finished=len(done),
            n_begun=len(begun),
        )

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        public = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        told = {name: value for name, value in public.items() if value is not None and value != ()}
        return told | {"inputs": dict(self.inputs)}

    def lines(self) -> list[str]:
        """For the terminal."""
        said = [f"{name}: {value}" for name, value in self.inputs]
        if self.n_units is not None:
            of = f", the largest of {self.n_atoms} atoms" if self.n_atoms else ""
            done = f", {self.n_finished} of them finished" if self.n_finished is not None else ""
            begun = f", {self.n_begun} begun" if self.n_begun else ""
            said.append(f"units of work: {self.n_units}{of}{done}{begun}")
        if self.core_hours:
            wall = f", {_hours(self.wall_hours)} on this machine" if self.wall_hours is not None else ""
            said.append(f"time: {_hours(self.core_hours)} of one core{wall} (measured on a few steps)")
        if self.disk_bytes is not None:
            said.append(f"disk: {_bytes(self.disk_bytes)}")
        said += self.notes
        if self.n_units is None and self.core_hours is None and not self.finished:
            said.append("runs in this process, in one go")
        if self.directory is not None:
            said.append(f"{self.directory} {self.state}")
        return [*said, "nothing was written"]


def in_words(contents: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the document of a run resolves and reads, as far as a line for each tells it."""
    told = ((name, _told(value)) for name, value in contents.items() if name != "command" and "sha256" not in name)
    return tuple((name, text) for name, text in told if text)


def _told(value: Any) -> str:
    """A value in a line; of what has a name, or is of a file, that; nothing for the rest."""
    if isinstance(value, Mapping):
        if value.keys() == {"value", "std"}:
            return f"{value['value']:g} +- {value['std']:g}"
        return str(value.get("file") or value.get("name") or "")
    if isinstance(value, list):
        shown = [text for text in map(_told, value[:_MOST_SHOWN]) if text]
        return ", ".join(shown) + (f", ... ({len(value)})" if shown and len(value) > _MOST_SHOWN else "")
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def wall_hours(core_hours: Iterable[float], cores: int | None) -> float:
    """The clock of units that share the cores (all of this machine by default), the longest first, each on one core."""
    hours = sorted(core_hours, reverse=True)
    workers = [0.0] * Resources.share(n_units=max(1, len(hours)), cores=cores or len(os.sched_getaffinity(0))).workers
    for each in hours:
        workers[workers.index(min(workers))] += each
    return max(workers)


def _hours(hours: float) -> str:
    if 3600 * hours < 1:
        return "under a second"
    return f"{hours:.3g} h" if hours >= 0.1 else duration(3600 * hours)


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
