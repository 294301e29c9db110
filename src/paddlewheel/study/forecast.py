"""What a command would do: units, atoms, speed, time and disk, for ``--dry-run`` and in a line before long work."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paddlewheel.execution import Resources
from paddlewheel.study.progress import duration

_MOST_SHOWN = 8
"""Of a list of inputs."""
ANNOUNCED_S = 20.0
"""Of the clock: what takes longer says so before it begins."""
MEASURED_S: ContextVar[float] = ContextVar("MEASURED_S", default=2.0)
"""How long the speed of a potential may be measured; less where the work itself follows."""
_BEFORE_WORK_S = 0.5
_BUSY = 1.3
"""Times as long as on an idle machine, from which it is said."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What would be run.

    Attributes
    ----------
    inputs
        What was read, in words: name and value.
    cell
        The supercell that was chosen, and what nearly did, in words.
    n_units, n_atoms
        Independent pieces of work, and atoms of the largest cell; None where the study has none.
    steps_per_s
        Of dynamics, or evaluations of another kind, of the largest cell on one core; None where it was not measured.
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
    cell: str | None = None
    n_units: int | None = None
    n_atoms: int | None = None
    steps_per_s: float | None = None
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

    def announced(self, *, wall_s: float) -> list[str]:
        """Before long work: the cell, and in a line what is done and what it takes; `wall_s` is of this machine now."""
        said = [f"cell: {self.cell}"] if self.cell is not None else []
        work = [f"{self.n_units} units of work" if self.n_units is not None else "this work"]
        work += [f"up to {self.n_atoms} atoms"] if self.n_atoms else []
        work += [f"{self.steps_per_s:.3g} steps/s a core"] if self.steps_per_s else []
        disk = f", {_bytes(self.disk_bytes)} of disk" if self.disk_bytes is not None else ""
        return [*said, f"{', '.join(work)}: about {_hours(wall_s / 3600)}{disk}"]

    def lines(self) -> list[str]:
        """For the terminal."""
        said = [f"{name}: {value}" for name, value in self.inputs]
        if self.cell is not None:
            said.append(f"cell: {self.cell}")
        if self.n_units is not None:
            of = f", the largest of {self.n_atoms} atoms" if self.n_atoms else ""
            done = f", {self.n_finished} of them finished" if self.n_finished is not None else ""
            begun = f", {self.n_begun} begun" if self.n_begun else ""
            said.append(f"units of work: {self.n_units}{of}{done}{begun}")
        if self.core_hours:
            wall = f", {_hours(self.wall_hours)} on this machine" if self.wall_hours is not None else ""
            speed = f", {self.steps_per_s:.3g} steps/s" if self.steps_per_s else ""
            said.append(f"time: {_hours(self.core_hours)} of one core{wall} (measured on a few steps{speed})")
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


class Announcement:
    """Says before long work what it is and takes, and after it what it took; on stderr.

    Parameters
    ----------
    measure
        Gives the forecast.
    """

    def __init__(self, measure: Callable[[], Forecast]) -> None:
        token, began, spent = MEASURED_S.set(_BEFORE_WORK_S), time.monotonic(), time.process_time()
        try:
            forecast = measure()
        finally:
            MEASURED_S.reset(token)
        self._began, self._wall_s = time.monotonic(), 0.0
        if forecast.wall_hours is None:
            return
        # other work on this machine, as the last minute had it, takes its share of the cores: a larger one than its
        # number tells where we are nice, which the measurement felt
        n_cores = len(os.sched_getaffinity(0))
        workers = min(forecast.n_units or 1, n_cores)
        busy = max(1.0, (os.getloadavg()[0] + workers) / n_cores)
        if busy > _BUSY:
            spent, waited = time.process_time() - spent, time.monotonic() - began
            busy = max(busy, waited / max(spent, _BEFORE_WORK_S) + (workers - 1) / n_cores)
        self._wall_s = 3600 * forecast.wall_hours * busy
        if self.is_long:
            *cell, work = forecast.announced(wall_s=self._wall_s)
            others = " (other work on this machine counted)" if busy > _BUSY else ""
            for line in [*cell, work + others]:
                print(f"paddlewheel: {line}", file=sys.stderr, flush=True)

    @property
    def is_long(self) -> bool:
        """Whether the work was announced."""
        return self._wall_s > ANNOUNCED_S

    def ended(self) -> None:
        """Say what it took beside what was said."""
        if self.is_long:
            took, said = time.monotonic() - self._began, self._wall_s
            print(
                f"paddlewheel: took {_hours(took / 3600)}, {_hours(said / 3600)} were expected",
                file=sys.stderr,
                flush=True,
            )


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
