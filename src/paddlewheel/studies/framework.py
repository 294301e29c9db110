"""The framework of a structure, and where its points are during a trajectory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import find_polyanions
from paddlewheel.dynamics import Framework

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.trajectories import Trajectory


def framework_of(atoms: Atoms, *, mobile: str) -> tuple[Framework, np.ndarray]:
    """The framework of a structure, and the lattice shifts [n_atoms, 3] that put each polyanion together."""
    polyanions = find_polyanions(atoms)
    inside = {index for anion in polyanions for index in anion.indices}
    symbols = atoms.get_chemical_symbols()
    shifts = np.zeros((len(atoms), 3))
    for anion in polyanions:
        shifts[list(anion.indices)] = anion.shifts
    singles = [(i,) for i, symbol in enumerate(symbols) if i not in inside and symbol != mobile]
    groups = [anion.indices for anion in polyanions if mobile not in {symbols[i] for i in anion.indices}]
    framework = Framework(
        bonds=np.concatenate([np.empty((0, 2), dtype=int), *(anion.bonds for anion in polyanions)]),
        reference_lengths_A=np.concatenate([np.empty(0), *(anion.bond_lengths_A for anion in polyanions)]),
        groups=(*groups, *singles),
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
    mean_cell_A = np.concatenate(cells).mean(axis=0)
    if not framework.groups:
        return None, mean_cell_A
    together = np.concatenate(centres)
    drift = (together - together[0]).mean(axis=1, keepdims=True)
    return (together - drift) @ mean_cell_A, mean_cell_A
