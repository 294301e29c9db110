"""The framework of a structure, and where its points are during a trajectory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import find_polyanions, mean_cell
from paddlewheel.dynamics import Framework

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.trajectories import Trajectory


def framework_of(atoms: Atoms, *, mobile: str) -> tuple[Framework, np.ndarray]:
    """The framework of a structure, and the lattice shifts [n_atoms, 3] that put each polyanion together.

    Polyanions are looked for among the atoms that are not `mobile`: what moves is not bonded for good. A reference
    length is the bond's own, or the sum of the covalent radii where the structure has it shorter.
    """
    from ase.data import covalent_radii

    still = np.array([i for i, symbol in enumerate(atoms.get_chemical_symbols()) if symbol != mobile], dtype=int)
    polyanions = find_polyanions(atoms[still]) if len(still) else []
    inside = {index for anion in polyanions for index in anion.indices}
    shifts = np.zeros((len(atoms), 3))
    for anion in polyanions:
        shifts[still[list(anion.indices)]] = anion.shifts
    groups = [tuple(int(index) for index in still[list(anion.indices)]) for anion in polyanions]
    singles = [(int(index),) for i, index in enumerate(still) if i not in inside]
    bonds = np.concatenate([np.empty((0, 2), dtype=int), *(still[anion.bonds] for anion in polyanions)])
    lengths_A = np.concatenate([np.empty(0), *(anion.bond_lengths_A for anion in polyanions)])
    radii_A = covalent_radii[atoms.get_atomic_numbers()]
    framework = Framework(
        bonds=bonds,
        reference_lengths_A=np.maximum(lengths_A, radii_A[bonds].sum(axis=1)),
        groups=(*groups, *singles),
        symbols=tuple(atoms.get_chemical_symbols()),
    )
    return framework, shifts


def framework_centres(
    trajectory: Trajectory, framework: Framework, shifts: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray]:
    """Centres of mass of the framework points in the mean cell, without their common drift.

    Increments of the fractional coordinates are accumulated (by minimum image where the trajectory may be wrapped), so
    that wrapped and unwrapped trajectories give the same.

    Parameters
    ----------
    trajectory, framework
        The frames, and the points to follow.
    shifts
        [n_atoms, 3] lattice translations that put the polyanions of the first frame together.

    Returns
    -------
    Centres [n_frames, n_groups, 3] (A), None where there is no framework, and the mean cell [3, 3] (A).
    """
    weights = np.zeros((len(framework.groups), trajectory.n_atoms))
    for row, group in enumerate(framework.groups):
        weights[row, list(group)] = trajectory.masses_u[list(group)] / trajectory.masses_u[list(group)].sum()
    centres, cells = [], []
    last = path = np.empty(0)
    for block in trajectory.blocks():
        cells.append(block.cell_A)
        fractional = block.positions_A @ np.linalg.inv(block.cell_A)
        if block.start == 0:
            last, path = fractional[0], fractional[0] + shifts
        steps = np.diff(fractional, axis=0, prepend=last[None])
        if not trajectory.is_unwrapped:
            steps -= np.round(steps)
        paths = path + np.cumsum(steps, axis=0)
        last, path = fractional[-1], paths[-1]
        centres.append(np.einsum("ga,nax->ngx", weights, paths, optimize=True))
    mean_cell_A = mean_cell(np.concatenate(cells))
    if not framework.groups:
        return None, mean_cell_A
    together = np.concatenate(centres)
    drift = (together - together[0]).mean(axis=1, keepdims=True)
    return (together - drift) @ mean_cell_A, mean_cell_A
