"""Everything of a NEP4 that does not change while it is trained: the densities of each atom and their derivatives.

The descriptors of NEP4 (Fan et al., J. Chem. Phys. 157, 114801 (2022), doi 10.1063/5.0106617) are polynomials of

    B_ik = sum_j f_k(r_ij)                      radial, k a basis function, j of one species
    B_ick = sum_j Y_c(r_ij/|r_ij|) f_k(r_ij)    angular, c = (l, m)

mixed by the trainable coefficients c_nk. In training the positions are fixed, so both sums, and the derivatives that the
forces need, are constants: they are computed once, and a training step costs a few products of small matrices per
atom, where differentiating twice through every bond costs ten times as much (benchmarks/student_training.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import PotentialError
from paddlewheel.training.student.angular import angular_functions
from paddlewheel.training.student.settings import StudentSettings

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class Bonds:
    """Bonds of the atoms to one species within one cutoff, padded to the same number for each atom.

    Attributes
    ----------
    neighbour
        [n_atoms, n_slots] index of the neighbour; the atom itself in an empty slot.
    direction
        [n_atoms, n_slots, 3] unit vectors from the atom to the neighbour; zero in an empty slot.
    distance_A
        [n_atoms, n_slots]
    slope
        [n_atoms, n_slots, n_basis] df_k/dr of the radial functions (1/A); zero in an empty slot.
    value
        The same for f_k itself; angular bonds only.
    angular, gradient
        [n_atoms, n_slots, n_lm] Y_c, and [n_atoms, n_slots, 3, n_lm] its gradient (1/A); angular bonds only.
    """

    neighbour: np.ndarray
    direction: np.ndarray
    distance_A: np.ndarray
    slope: np.ndarray
    value: np.ndarray | None = None
    angular: np.ndarray | None = None
    gradient: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Geometry:
    """The constants of some frames; atoms are sorted by species, whatever frame they are in.

    Attributes
    ----------
    atom
        [n_atoms] place of each atom among the atoms of all frames, one frame after the other.
    frame
        [n_atoms] frame of each atom.
    n_by_species
        Atoms of each species.
    radial_density
        [n_atoms, n_species, n_basis] B_ik.
    angular_density
        [n_atoms, n_lm, n_species, n_basis] B_ick.
    radial_bonds, angular_bonds
        The bonds to each species.
    most_radial, most_angular
        Largest number of neighbours of an atom within each cutoff.
    """

    atom: np.ndarray
    frame: np.ndarray
    n_by_species: tuple[int, ...]
    radial_density: np.ndarray
    angular_density: np.ndarray
    radial_bonds: tuple[Bonds, ...]
    angular_bonds: tuple[Bonds, ...]
    most_radial: int
    most_angular: int


def radial_functions(distance_A: np.ndarray, *, cutoff_A: float, n_basis: int) -> tuple[np.ndarray, np.ndarray]:
    """The radial functions f_k of NEP and their slopes (1/A), [n, n_basis] each.

    f_0 = fc, f_k = (T_k(2 (r/rc - 1)^2 - 1) + 1) fc / 2, fc = (1 + cos(pi r/rc)) / 2 (Fan et al. 2022, eqs. 5 and 6).
    """
    scaled = np.asarray(distance_A, dtype=float) / cutoff_A
    inside = scaled < 1
    cut = np.where(inside, 0.5 * (1 + np.cos(np.pi * scaled)), 0.0)[:, None]
    cut_slope = np.where(inside, -0.5 * np.pi * np.sin(np.pi * scaled) / cutoff_A, 0.0)[:, None]
    x = 2 * (scaled - 1) ** 2 - 1
    x_slope = 4 * (scaled - 1) / cutoff_A
    chebyshev, slope = [np.ones_like(x), x], [np.zeros_like(x), np.ones_like(x)]
    while len(chebyshev) < n_basis:
        slope.append(2 * chebyshev[-1] + 2 * x * slope[-1] - slope[-2])
        chebyshev.append(2 * x * chebyshev[-1] - chebyshev[-2])
    polynomials = np.stack(chebyshev[:n_basis], axis=1)
    slopes = np.stack(slope[:n_basis], axis=1) * x_slope[:, None]
    return 0.5 * (polynomials + 1) * cut, 0.5 * (slopes * cut + (polynomials + 1) * cut_slope)


def _frame_bonds(atoms: Atoms, cutoff_A: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres, neighbours and vectors (A) of all bonds of a frame."""
    from paddlewheel.potentials.neighbours import NeighbourList

    bonds = NeighbourList(cutoff_A=cutoff_A, skin_A=0.0).update(
        positions_A=atoms.get_positions(), cell_A=atoms.cell.array, pbc=tuple(atoms.pbc)
    )
    return bonds.centre, bonds.neighbour, bonds.vector_A


def make_geometry(frames: Sequence[Atoms], settings: StudentSettings) -> Geometry:
    """The constants of some frames.

    Parameters
    ----------
    frames
        Periodic structures.
    settings
        Elements, cutoffs and basis sizes.

    Raises
    ------
    PotentialError
        If a frame has an element that the student lacks.
    """
    order = {symbol: index for index, symbol in enumerate(settings.elements)}
    species, frame_of, centres, neighbours, vectors, first = [], [], [], [], [], 0
    for number, atoms in enumerate(frames):
        strange = sorted(set(atoms.get_chemical_symbols()) - set(order))
        if strange:
            raise PotentialError(
                f"frame {number} ({atoms.get_chemical_formula()}) holds {', '.join(strange)}, the student has "
                f"{', '.join(settings.elements)}",
                remedy="name these elements for the student, or leave the frame out",
            )
        species += [order[symbol] for symbol in atoms.get_chemical_symbols()]
        frame_of += [number] * len(atoms)
        centre, neighbour, vector = _frame_bonds(atoms, settings.radial_cutoff_A)
        centres.append(centre + first)
        neighbours.append(neighbour + first)
        vectors.append(vector)
        first += len(atoms)
    kinds = np.array(species)
    atom = np.argsort(kinds, kind="stable")
    place = np.empty_like(atom)
    place[atom] = np.arange(len(atom))
    bonds = _Vectors(
        place[np.concatenate(centres)], place[np.concatenate(neighbours)], np.concatenate(vectors), kinds[atom]
    )
    near = bonds.shorter_than(settings.angular_cutoff_A)
    n_species = len(settings.elements)
    radial = [_radial(bonds.to_species(s), settings) for s in range(n_species)]
    angular = [_angular(near.to_species(s), settings) for s in range(n_species)]
    return Geometry(
        atom=atom,
        frame=np.array(frame_of)[atom],
        n_by_species=tuple(int((kinds == s).sum()) for s in range(n_species)),
        radial_density=np.stack([density for _, density in radial], axis=1),
        angular_density=np.stack([density for _, density in angular], axis=2),
        radial_bonds=tuple(one for one, _ in radial),
        angular_bonds=tuple(one for one, _ in angular),
        most_radial=int(bonds.count().max()),
        most_angular=int(near.count().max()),
    )


@dataclass(frozen=True, eq=False)
class _Vectors:
    """Bonds as they are found: centre and neighbour [n_bonds], vector [n_bonds, 3], species of the atoms [n_atoms]."""

    centre: np.ndarray
    neighbour: np.ndarray
    vector_A: np.ndarray
    species: np.ndarray

    @property
    def distance_A(self) -> np.ndarray:
        return np.linalg.norm(self.vector_A, axis=1)

    def shorter_than(self, cutoff_A: float) -> _Vectors:
        return self._only(self.distance_A < cutoff_A)

    def to_species(self, species: int) -> _Vectors:
        return self._only(self.species[self.neighbour] == species)

    def count(self) -> np.ndarray:
        return np.bincount(self.centre, minlength=len(self.species))

    def _only(self, keep: np.ndarray) -> _Vectors:
        return _Vectors(self.centre[keep], self.neighbour[keep], self.vector_A[keep], self.species)

    def slot(self) -> np.ndarray:
        """[n_bonds] place of each bond among those of its centre (bonds are put in the order of their centres)."""
        order = np.argsort(self.centre, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.count())[:-1]])
        slots = np.empty(len(self.centre), dtype=np.int64)
        slots[order] = np.arange(len(order)) - starts[self.centre[order]]
        return slots

    def pad(self, values: np.ndarray) -> np.ndarray:
        """[n_atoms, n_slots, ...] float32 from [n_bonds, ...], zero in empty slots."""
        most = max(1, int(self.count().max(initial=0)))
        padded = np.zeros((len(self.species), most, *values.shape[1:]), dtype=np.float32)
        padded[self.centre, self.slot()] = values
        return padded

    def pad_neighbours(self) -> np.ndarray:
        """[n_atoms, n_slots] neighbours, the atom itself in empty slots."""
        most = max(1, int(self.count().max(initial=0)))
        padded = np.repeat(np.arange(len(self.species))[:, None], most, axis=1)
        padded[self.centre, self.slot()] = self.neighbour
        return padded


def _radial(bonds: _Vectors, settings: StudentSettings) -> tuple[Bonds, np.ndarray]:
    distance = bonds.distance_A
    value, slope = radial_functions(distance, cutoff_A=settings.radial_cutoff_A, n_basis=settings.radial_basis_size + 1)
    padded = Bonds(
        neighbour=bonds.pad_neighbours(),
        direction=bonds.pad(bonds.vector_A / distance[:, None]),
        distance_A=bonds.pad(distance),
        slope=bonds.pad(slope),
    )
    return padded, bonds.pad(value).sum(axis=1)


def _angular(bonds: _Vectors, settings: StudentSettings) -> tuple[Bonds, np.ndarray]:
    distance = bonds.distance_A
    direction = bonds.vector_A / distance[:, None]
    value, slope = radial_functions(
        distance, cutoff_A=settings.angular_cutoff_A, n_basis=settings.angular_basis_size + 1
    )
    angular, gradient = angular_functions(direction, l_max=settings.l_max)
    padded = Bonds(
        neighbour=bonds.pad_neighbours(),
        direction=bonds.pad(direction),
        distance_A=bonds.pad(distance),
        slope=bonds.pad(slope),
        value=bonds.pad(value),
        angular=bonds.pad(angular),
        gradient=bonds.pad(gradient / distance[:, None, None]),
    )
    return padded, np.einsum("imk,imc->ick", padded.value, padded.angular, optimize=True)
