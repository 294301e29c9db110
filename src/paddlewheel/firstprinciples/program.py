"""What the writing of jobs has to know of a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.firstprinciples.setups import CalculationSettings


@dataclass(frozen=True, kw_only=True)
class SharedFile:
    """A large file that many folders have in common: written once, a link in each.

    Attributes
    ----------
    name
        In the folder of a frame: ``POTCAR``.
    path
        Below the directory of the jobs: ``potcars/H-B-Na_pv/POTCAR``.
    text
        Its content.
    """

    name: str
    path: str
    text: str


def _as_they_are(settings: CalculationSettings, symbols: Sequence[str]) -> CalculationSettings:
    return settings


def _nothing(files: Mapping[str, str], settings: CalculationSettings) -> tuple[None, str]:
    return None, ""


@dataclass(frozen=True, kw_only=True)
class Program:
    """How the jobs of a program are written, run, and written again.

    Attributes
    ----------
    title
        ``VASP``.
    files
        Names and texts of the input files of a frame, whose atoms are sorted by atomic number.
    again
        The settings of the repetition of a number, from 1 (SettingsError when all were tried).
    check
        Refuses a frame that the program cannot label with these settings (StructureError), or the settings.
    completed
        The settings with the names of the potentials of these elements, where the program takes them from a table.
    shared
        What the folder with these input files has in common with others, and what a user should know of it.
    beside
        Names and texts of files beside submit.sh.
    variable, command
        Environment variable that holds the command, and the command without it.
    functions
        Of bash, called in the folder of a frame: ``finished`` (is its output whole), ``prepare`` and ``calculate``;
        ``$command`` is the command, ``$root`` the directory of the jobs.
    """

    title: str
    files: Callable[[Atoms, CalculationSettings], Mapping[str, str]]
    again: Callable[[CalculationSettings, int], CalculationSettings]
    check: Callable[[Atoms, CalculationSettings], None]
    completed: Callable[[CalculationSettings, Sequence[str]], CalculationSettings] = _as_they_are
    shared: Callable[[Mapping[str, str], CalculationSettings], tuple[SharedFile | None, str]] = _nothing
    beside: Mapping[str, str] = field(default_factory=dict)
    variable: str
    command: str
    functions: str
