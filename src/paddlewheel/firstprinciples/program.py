"""What the writing of jobs has to know of a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class Program:
    """How the jobs of a program are written, run, and written again.

    Attributes
    ----------
    title
        ``VASP``.
    completed
        The settings with the names of the potentials of these elements, where the program takes them from a table.
    check
        Refuses a frame that the program cannot label with these settings (StructureError).
    files
        Names and texts of the input files of a frame, whose atoms are sorted by atomic number.
    shared
        What the folder with these input files has in common with others, and what a user should know of it.
    again
        The settings of the repetition of a number, from 1 (SettingsError when all were tried).
    beside
        Names and texts of files beside submit.sh.
    variable, command
        Environment variable that holds the command, and the command without it.
    functions
        Of bash, called in the folder of a frame: ``finished`` (is its output whole), ``prepare`` and ``calculate``;
        ``$command`` is the command, ``$root`` the directory of the jobs.
    """

    title: str
    completed: Callable[[CalculationSettings, Sequence[str]], CalculationSettings]
    check: Callable[[Atoms, CalculationSettings], None]
    files: Callable[[Atoms, CalculationSettings], Mapping[str, str]]
    shared: Callable[[Mapping[str, str], CalculationSettings], tuple[SharedFile | None, str]]
    again: Callable[[CalculationSettings, int], CalculationSettings]
    beside: Mapping[str, str]
    variable: str
    command: str
    functions: str
