"""What a command would do: units, atoms, time and disk, for ``--dry-run``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paddlewheel.study.progress import duration


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
    directory, state, finished
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

    def of_directory(self, directory: Path | None, *, begun: bool, finished: bool) -> Forecast:
        """The same, with what the run directory holds already."""
        if directory is None:
            return self
        state = (
            "is finished: its record would be returned" if finished else "would be continued" if begun else "is free"
        )
        return replace(self, directory=str(directory), state=state, finished=finished)

    def document(self) -> dict[str, Any]:
        """For ``--json``."""
        return {name: value for name, value in vars(self).items() if value not in (None, ())} | {
            "inputs": dict(self.inputs)
        }

    def lines(self) -> list[str]:
        """For the terminal."""
        said = [f"{name}: {value}" for name, value in self.inputs]
        if self.n_units is not None:
            of = f", the largest of {self.n_atoms} atoms" if self.n_atoms else ""
            said.append(f"units of work: {self.n_units}{of}")
        if self.core_hours is not None:
            wall = f", {duration(3600 * self.wall_hours)} on this machine" if self.wall_hours is not None else ""
            said.append(f"time: {_hours(self.core_hours)} of one core{wall} (measured on a few steps)")
        if self.disk_bytes is not None:
            said.append(f"disk: {_bytes(self.disk_bytes)}")
        said += self.notes
        if self.n_units is None and self.core_hours is None and not self.finished:
            said.append("runs in this process, in one go")
        if self.directory is not None:
            said.append(f"{self.directory} {self.state}")
        return [*said, "nothing was written"]


def _hours(hours: float) -> str:
    return f"{hours:.3g} h" if hours >= 0.1 else duration(3600 * hours)


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
