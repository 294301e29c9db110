"""What every analysis of ions chooses: the mobile ion and its charge, and how far to look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import cation_charge, conducting_cations, guess_charge, guess_mobile_specie, known_charges
from paddlewheel.crystals.supercell import image_distance_A
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.studies.motion.record import UNCHECKED_CHARGE

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.motion.runs import MotionRuns

LONGEST_RANGE_A = 12.0
"""Default end of g(r) and of the distinct part: three shells, more than anions around a cation are asked for."""


@dataclass(frozen=True, kw_only=True)
class ChosenIon:
    """The mobile ion, its charge, and why chemistry doubts that charge; None where it does not."""

    specie: str
    charge_e: float
    doubt: str | None = None

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What nobody could check of it, as records name it."""
        return () if self.doubt is None else (UNCHECKED_CHARGE,)


def choose_ion(atoms: Atoms, *, specie: str | None, charge: float | None, anyway: bool) -> ChosenIon:
    """The mobile ion and its charge, as given or as the chemistry leaves no doubt.

    Parameters
    ----------
    anyway
        Keep a charge that chemistry excludes, with a doubt.

    Raises
    ------
    SettingsError
        If it has to be asked for, is not in the structure, or has a charge that chemistry excludes.
    """
    specie = choose_specie(atoms, specie)
    if charge is not None:
        return ChosenIon(
            specie=specie, charge_e=float(charge), doubt=doubt_of_charge(specie, charge, where="charge", anyway=anyway)
        )
    charge = guess_charge(atoms, specie)
    if charge is None:
        raise SettingsError(f"the charge of {specie} is not obvious here", where="charge", remedy="give --charge")
    return ChosenIon(specie=specie, charge_e=float(charge))


def doubt_of_charge(specie: str, charge_e: float, *, where: str, anyway: bool) -> str | None:
    """Why a charge that was given is doubtful; None for an oxidation state that the element is known in.

    A fraction of a known state is an effective charge, which some use; nothing else is one.

    Parameters
    ----------
    where
        The setting that gave it, for messages.
    anyway
        Keep what chemistry excludes, but for 0, which carries no current.

    Raises
    ------
    SettingsError
        For a charge that chemistry excludes.
    """
    if not math.isfinite(charge_e) or charge_e == 0:
        raise SettingsError(
            f"{specie} of charge {charge_e:g} e carries no current", where=where,
            remedy="give the charge of the ion in e",
        )  # fmt: skip
    if charge_e == cation_charge(specie):
        return None
    states = known_charges(specie)
    if charge_e in states:
        return None
    known = f"{specie} is known as {' and '.join(f'{state:+d}' for state in states)}" if states else (
        f"{specie} is known in no oxidation state"
    )  # fmt: skip
    if any(0 < charge_e / state < 1 for state in states):
        return f"{charge_e:g} e is an effective charge ({known}): the conductivity goes with its square"
    if not anyway:
        raise SettingsError(
            f"{specie} of charge {charge_e:g} e is unknown to chemistry ({known})", where=where,
            remedy="correct it, or keep it with --charge-anyway",
        )  # fmt: skip
    return f"{specie} of charge {charge_e:g} e is unknown to chemistry ({known}); kept as asked"


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
        raise _not_obvious(atoms.get_chemical_symbols())
    if specie not in symbols:
        raise SettingsError(f"'{specie}' is not in the structure ({', '.join(symbols)})", where="specie",
                            remedy="give one of them")  # fmt: skip
    return specie


def _not_obvious(symbols: Sequence[str]) -> SettingsError:
    """What may be mobile, with how many atoms, so that the answer can be copied."""
    cations = conducting_cations(symbols)
    if len(cations) > 1:
        numbers = {symbol: symbols.count(symbol) for symbol in cations}
        counted = [f"{symbol} ({n} atom{'s' if n > 1 else ''})" for symbol, n in numbers.items()]
        told = f"{', '.join(counted[:-1])} and {counted[-1]}"
        options = " or ".join(f"--specie {symbol}" for symbol in cations)
        return SettingsError(f"{told} may all be mobile, and one is followed", where="specie", remedy=f"give {options}")
    if cations:
        problem = f"{cations[0]} is in a metal, where it is no ion"
    else:
        present = ", ".join(sorted(set(symbols)))
        problem = f"the mobile ion among {present} is not obvious: there is no Li, Na, K, Rb, Cs or Ag in it"
    return SettingsError(problem, where="specie", remedy="look whether the file lacks it, or give --specie")


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
        raise _not_obvious(list(runs.runs[0].symbols))
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
    return min(LONGEST_RANGE_A, float(np.floor(10 * min(image_distance_A(cell) for cell in cells_A)) / 10))
