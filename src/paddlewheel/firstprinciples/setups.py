"""What decides the labels of a calculation: as it is asked for, and as an output says that it was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Engine = Literal["vasp", "gpaw", "castep"]
"""Programs that are asked for labels."""

Smearing = Literal["gaussian", "fermi", "methfessel-paxton", "tetrahedron", "none"]


@dataclass(frozen=True, kw_only=True)
class CalculationSettings:
    """A static calculation as it is asked for, the same for every program.

    Attributes
    ----------
    name
        ``paper``, ``matpes``, ``mp-r2scan``, or that of the file.
    functional
        As `functionals.functional_name` writes it: ``r2SCAN``, ``PBE``.
    cutoff_eV
        Of the plane waves.
    k_spacing_per_A
        Largest distance of neighbouring k-points, 1/A, with the 2 pi (VASP's KSPACING).
    energy_tolerance_eV_per_atom
        Change of the energy at which the electrons count as converged, per atom of the cell.
    energy_tolerance_eV
        The same for the whole cell, where the settings fix that one; exactly one of the two is given.
    spin_polarized
        Whether both spins are there.
    smearing, smearing_width_eV
        Of the occupations.
    most_electronic_steps
        VASP's NELM.
    pseudopotentials
        Name of each element's potential, such as ``Na_pv``; elements that are not named take the program's default.
    pseudopotential_family
        Such as ``PBE_54``, ``gpaw-data``; empty for the program's own.
    tags
        What else the program is told, by its own names (INCAR tags, keywords of CASTEP).
    """

    name: str
    functional: str
    cutoff_eV: float
    k_spacing_per_A: float
    energy_tolerance_eV_per_atom: float | None = None
    energy_tolerance_eV: float | None = None
    spin_polarized: bool = False
    smearing: Smearing = "gaussian"
    smearing_width_eV: float = 0.05
    most_electronic_steps: int = 100
    pseudopotentials: Mapping[str, str] = field(default_factory=dict)
    pseudopotential_family: str = ""
    tags: Mapping[str, Any] = field(default_factory=dict)

    def tolerance_eV(self, n_atoms: int) -> float:
        """Change of the energy of a cell at which its electrons count as converged, eV."""
        if self.energy_tolerance_eV is not None:
            return self.energy_tolerance_eV
        assert self.energy_tolerance_eV_per_atom is not None
        return self.energy_tolerance_eV_per_atom * n_atoms

    def tried_again(self, attempt: int, *, tag: str, first: str, ways: Sequence[str]) -> CalculationSettings:
        """The same label by another way to its electrons, with twice as many steps at every attempt.

        Parameters
        ----------
        attempt
            From 1, the first repetition.
        tag
            The program's word for the way.
        first
            The way of the first run; it is passed over.
        ways
            All of them, in the order in which they are tried.

        Raises
        ------
        SettingsError
            When all have been tried.
        """
        left = [way for way in ways if way != first]
        if attempt > len(left):
            raise SettingsError(
                f"its electrons were tried with {tag} {', '.join([first, *left])}", where="attempt",
                remedy="leave the frame out",
            )  # fmt: skip
        steps = self.most_electronic_steps * 2**attempt
        return replace(self, most_electronic_steps=steps, tags={**self.tags, tag: left[attempt - 1]})


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What an output says of its calculation; None where it does not say.

    Attributes
    ----------
    code
        Program and version: ``vasp 6.4.2``.
    functional
        As `functionals.functional_name` writes it, from all places of the output that say it.
    cutoff_eV
        Of the plane waves; None for a basis of Gaussians (CP2K), whose names stand with the pseudopotentials.
    density_cutoff_eV
        Of the density's plane waves, where the program has its own for it.
    k_mesh
        Divisions along the three reciprocal vectors.
    spin_polarized
        Whether both spins are there.
    smearing
        Method and width in one word: ``gaussian 0.05 eV``.
    energy_tolerance_eV
        Of the electrons, for the whole cell.
    pseudopotentials
        Element and title of each potential, such as ``("Na", "PAW_PBE Na_pv 19Sep2006")``, sorted.
    corrections
        What is added to the functional: ``U``, ``D3(BJ)``, with their numbers.
    """

    code: str
    functional: str | None = None
    cutoff_eV: float | None = None
    density_cutoff_eV: float | None = None
    k_mesh: tuple[int, int, int] | None = None
    spin_polarized: bool | None = None
    smearing: str | None = None
    energy_tolerance_eV: float | None = None
    pseudopotentials: tuple[tuple[str, str], ...] = ()
    corrections: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """The program without its version."""
        return self.code.split()[0].lower() if self.code else ""


def mesh_of_spacing(cell_A: ArrayLike, spacing_per_A: float) -> tuple[int, int, int]:
    """Divisions of a cell's k-points as VASP's KSPACING makes them.

    n_i = max(1, ceil(|b_i| / spacing)) along the reciprocal vectors b_i, which hold their 2 pi.

    Parameters
    ----------
    cell_A
        [3, 3], rows are vectors, A.
    spacing_per_A
        Largest distance of neighbouring k-points, 1/A.
    """
    lengths = reciprocal_lengths_per_A(cell_A)
    # a length that is a whole number of spacings but for rounding takes that number
    n1, n2, n3 = (max(1, math.ceil(length / spacing_per_A - 1e-6)) for length in lengths)
    return n1, n2, n3


def spacing_of_mesh(cell_A: ArrayLike, mesh: tuple[int, int, int]) -> float:
    """The largest distance of neighbouring k-points of a mesh, 1/A, with the 2 pi."""
    return float(np.max(reciprocal_lengths_per_A(cell_A) / np.array(mesh)))


def reciprocal_lengths_per_A(cell_A: ArrayLike) -> np.ndarray:
    """Lengths [3] of the reciprocal vectors, with their 2 pi."""
    return 2 * math.pi * np.linalg.norm(np.linalg.inv(np.asarray(cell_A, dtype=float)).T, axis=1)
