"""The anions of a structure, polyatomic and single ones, and where their centres and atoms are during a trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import find_polyanions
from paddlewheel.crystals.anions import BONDING_ELEMENTS
from paddlewheel.errors import InputError
from paddlewheel.trajectories import Trajectory, displacements

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Anion:
    """One anion: its kind (BH4, B12H12, Cl), its atoms with the lattice translations that put them together, and the
    atom that is its centre (None: the centroid of its atoms is)."""

    kind: str
    indices: tuple[int, ...]
    shifts: np.ndarray
    hub: int | None


@dataclass(frozen=True, kw_only=True)
class AnionMotion:
    """Mobile ions and anions of one run, in the same mean cell.

    Attributes
    ----------
    ions_A, centres_A
        `[n_frames, n_ions, 3]` and `[n_frames, n_anions, 3]`, A, unwrapped.
    bonds_A
        By kind of polyatomic anion, `[n_frames, n_vectors, 3]`: from the centre to the outer atoms.
    cell_A
        `[3, 3]`, the mean cell.
    """

    ions_A: np.ndarray
    centres_A: np.ndarray
    bonds_A: dict[str, np.ndarray]
    cell_A: np.ndarray


def find_anions(cell: Atoms, *, mobile: str) -> list[Anion]:
    """Polyanions among the atoms that are not mobile, and single atoms of non-metals that are in none of them.

    Raises
    ------
    InputError
        If there is none.
    """
    symbols = cell.get_chemical_symbols()
    still = np.array([i for i, symbol in enumerate(symbols) if symbol != mobile], dtype=int)
    found = []
    for anion in find_polyanions(cell[still]) if len(still) else []:
        hub = None if anion.centre is None else int(still[anion.centre])
        found.append(Anion(anion.formula, tuple(int(i) for i in still[list(anion.indices)]), anion.shifts, hub))
    inside = {index for anion in found for index in anion.indices}
    found += [
        Anion(symbols[i], (int(i),), np.zeros((1, 3)), int(i))
        for i in still
        if i not in inside and symbols[i] in BONDING_ELEMENTS
    ]
    if not found:
        raise InputError(f"no anion around {mobile} among {', '.join(sorted(set(symbols)))}",
                         remedy="give a trajectory of a salt")  # fmt: skip
    return found


def anion_motion(run: Trajectory, anions: Sequence[Anion], *, specie: str) -> AnionMotion:
    """Follow the mobile ions and the anions; no drift is taken off, it is the same for both.

    Raises
    ------
    TrajectoryError
        As `displacements`.
    """
    mobile = [i for i, symbol in enumerate(run.symbols) if symbol == specie]
    atoms = [*mobile, *(index for anion in anions for index in anion.indices)]
    paths = displacements(run, specie=np.array(atoms), drift="none")
    row = {int(index): number for number, index in enumerate(paths.indices)}
    centres = np.empty((paths.n_frames, len(anions), 3))
    bonds: dict[str, list[np.ndarray]] = {}
    for number, anion in enumerate(anions):
        whole = paths.positions_A[:, [row[index] for index in anion.indices]] + anion.shifts @ paths.mean_cell_A
        hub = None if anion.hub is None else anion.indices.index(anion.hub)
        centres[:, number] = whole.mean(axis=1) if hub is None else whole[:, hub]
        if len(anion.indices) > 1:
            outer = [k for k, index in enumerate(anion.indices) if index != anion.hub]
            bonds.setdefault(anion.kind, []).append(whole[:, outer] - centres[:, number, None])
    return AnionMotion(
        ions_A=paths.positions_A[:, [row[index] for index in mobile]],
        centres_A=centres,
        bonds_A={kind: np.concatenate(vectors, axis=1) for kind, vectors in bonds.items()},
        cell_A=paths.mean_cell_A,
    )
