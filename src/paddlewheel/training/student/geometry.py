"""Everything of a NEP4 that does not change while it is trained: the densities of each atom and their derivatives.

The descriptors of NEP4 (Fan et al., J. Chem. Phys. 157, 114801 (2022), doi 10.1063/5.0106617) are polynomials of

    B_ik = sum_j f_k(r_ij)                      radial, k a basis function, j of one species
    B_ick = sum_j Y_c(r_ij/|r_ij|) f_k(r_ij)    angular, c = (l, m)

mixed by the trainable coefficients c_nk. In training the positions are fixed, so both sums, and the derivatives that
the forces need, are constants: they are computed once, and a training step costs a few products of small matrices per
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
    """All bonds within one cutoff, in the order of their centres; single precision.

    Attributes
    ----------
    centre, neighbour, kind
        [n_bonds] the atoms i and j, and the species of j.
    direction
        [n_bonds, 3] unit vectors from i to j.
    distance_A
        [n_bonds]
    slope
        [n_bonds, n_basis] df_k/dr of the radial functions (1/A).
    value
        [n_bonds, n_basis] f_k; without columns for radial bonds, which do not need it.
    angular, gradient
        [n_bonds, n_lm] Y_c, and [n_bonds, 3, n_lm] its gradient (1/A); without columns for radial bonds.
    """

    centre: np.ndarray
    neighbour: np.ndarray
    kind: np.ndarray
    direction: np.ndarray
    distance_A: np.ndarray
    slope: np.ndarray
    value: np.ndarray
    angular: np.ndarray
    gradient: np.ndarray


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
    radial, angular
        The bonds within each cutoff.
    """

    atom: np.ndarray
    frame: np.ndarray
    n_by_species: tuple[int, ...]
    radial_density: np.ndarray
    angular_density: np.ndarray
    radial: Bonds
    angular: Bonds

    @property
    def most_neighbours(self) -> tuple[int, int]:
        """Most neighbours of an atom within the radial and the angular cutoff."""
        radial, angular = (int(np.bincount(bonds.centre, minlength=1).max()) for bonds in (self.radial, self.angular))
        return radial, angular


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
    centre, neighbour, vector = place[np.concatenate(centres)], place[np.concatenate(neighbours)], np.vstack(vectors)
    order = np.argsort(centre, kind="stable")
    centre, neighbour, vector = centre[order], neighbour[order], vector[order]
    distance = np.linalg.norm(vector, axis=1)
    kind = kinds[atom][neighbour]
    near = distance < settings.angular_cutoff_A
    n_species = len(settings.elements)
    radial, radial_density = _radial(centre, neighbour, kind, vector, distance, (len(atom), n_species), settings)
    angular, angular_density = _angular(
        centre[near], neighbour[near], kind[near], vector[near], distance[near], (len(atom), n_species), settings
    )
    return Geometry(
        atom=atom,
        frame=np.array(frame_of)[atom],
        n_by_species=tuple(int((kinds == s).sum()) for s in range(n_species)),
        radial_density=radial_density,
        angular_density=angular_density,
        radial=radial,
        angular=angular,
    )


def _summed(values: np.ndarray, centre: np.ndarray, kind: np.ndarray, sizes: tuple[int, int]) -> np.ndarray:
    """[n_atoms, n_species, ...] sums of `values` [n_bonds, ...] over the bonds of each atom to each species."""
    place = centre * sizes[1] + kind
    order = np.argsort(place, kind="stable")
    first = np.flatnonzero(np.diff(place[order], prepend=-1))
    sums = np.zeros((sizes[0] * sizes[1], *values.shape[1:]))
    if len(order):
        sums[place[order][first]] = np.add.reduceat(values[order], first, axis=0)
    return sums.reshape(*sizes, *values.shape[1:])


def _radial(
    centre: np.ndarray, neighbour: np.ndarray, kind: np.ndarray, vector_A: np.ndarray, distance_A: np.ndarray,
    sizes: tuple[int, int], settings: StudentSettings,
) -> tuple[Bonds, np.ndarray]:  # fmt: skip
    value, slope = radial_functions(
        distance_A, cutoff_A=settings.radial_cutoff_A, n_basis=settings.radial_basis_size + 1
    )
    n = len(centre)
    none = np.zeros((n, 0))
    direction = vector_A / distance_A[:, None]
    bonds = _single(centre, neighbour, kind, direction, distance_A, slope, none, none, np.zeros((n, 3, 0)))
    return bonds, _summed(value, centre, kind, sizes)


def _angular(
    centre: np.ndarray, neighbour: np.ndarray, kind: np.ndarray, vector_A: np.ndarray, distance_A: np.ndarray,
    sizes: tuple[int, int], settings: StudentSettings,
) -> tuple[Bonds, np.ndarray]:  # fmt: skip
    direction = vector_A / distance_A[:, None]
    value, slope = radial_functions(
        distance_A, cutoff_A=settings.angular_cutoff_A, n_basis=settings.angular_basis_size + 1
    )
    angular, gradient = angular_functions(direction, l_max=settings.l_max)
    bonds = _single(
        centre, neighbour, kind, direction, distance_A, slope, value, angular, gradient / distance_A[:, None, None]
    )
    # [n_atoms, n_species, n_lm, n_basis]
    density = _summed(angular[:, :, None] * value[:, None, :], centre, kind, sizes)
    return bonds, np.moveaxis(density, 1, 2)


def _single(*columns: np.ndarray) -> Bonds:
    kinds = (np.int32,) * 3 + (np.float32,) * 6
    return Bonds(*(np.ascontiguousarray(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True)))
