"""What every analysis of ions chooses: the mobile ion and its charge, and how far to look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import guess_charge, guess_mobile_specie
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.transport.lattice import shortest_vector_A

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.motion.runs import MotionRuns

LONGEST_RANGE_A = 12.0
"""Default end of g(r) and of the distinct part: three shells, more than anions around a cation are asked for."""


def choose_ion(atoms: Atoms, *, specie: str | None, charge: float | None) -> tuple[str, float]:
    """The mobile ion and its charge, as given or as the chemistry leaves no doubt.

    Raises
    ------
    SettingsError
        If it has to be asked for, or is not in the structure.
    """
    specie = choose_specie(atoms, specie)
    charge = guess_charge(atoms, specie) if charge is None else charge
    if charge is None:
        raise SettingsError(f"the charge of {specie} is not obvious here", where="charge", remedy="give --charge")
    if not math.isfinite(charge) or charge == 0:
        raise SettingsError(f"{charge:g} e carries no current", where="charge", remedy="give the ion's charge in e")
    return specie, float(charge)


def choose_specie(atoms: Atoms, specie: str | None) -> str:
    """The mobile ion, as given or as the chemistry leaves no doubt.

    Raises
    ------
    SettingsError
        If it has to be asked for, or is not in the structure.
    """
    symbols = sorted(set(atoms.get_chemical_symbols()))
    specie = specie or guess_mobile_specie(atoms)
    if specie is None:
        raise SettingsError(
            f"the mobile ion among {', '.join(symbols)} is not obvious", where="specie", remedy="give --specie"
        )
    if specie not in symbols:
        raise SettingsError(f"'{specie}' is not in the structure ({', '.join(symbols)})", where="specie",
                            remedy="give one of them")  # fmt: skip
    return specie


def mobile_ion(runs: MotionRuns) -> str:
    """The mobile ion of given runs, as `known_mobile_ion` has it.

    Raises
    ------
    SettingsError
        If it has to be asked for.
    TrajectoryError
        If it is not among the atoms.
    """
    specie = known_mobile_ion(runs)
    if specie is None:
        present = ", ".join(sorted(set(runs.runs[0].symbols)))
        raise SettingsError(f"the mobile ion among {present} is not obvious", where="specie", remedy="give --specie")
    return specie


def known_mobile_ion(runs: MotionRuns) -> str | None:
    """The mobile ion of given runs: as given, or as their directory or the chemistry says; None where neither does.

    Raises
    ------
    TrajectoryError
        If it is not among the atoms.
    """
    specie = runs.specie or guess_mobile_specie(runs.cell)
    present = sorted(set(runs.runs[0].symbols))
    if specie is not None and specie not in present:
        raise TrajectoryError(
            f"no '{specie}' in it (there are {', '.join(present)})",
            where=runs.runs[0].source,
            remedy="name one of them with --specie",
        )
    return specie


def default_range_A(cells_A: Sequence[np.ndarray]) -> float:
    """As far as the smallest of the cells allows, in whole tenths of an A, and no further than three shells."""
    return min(LONGEST_RANGE_A, float(np.floor(10 * min(shortest_vector_A(cell) for cell in cells_A)) / 10))
