"""Runs of rigid anions with known rotations: what the tests of the rotation analysis are measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.spatial.transform import Rotation

from paddlewheel.crystals import find_polyanions
from paddlewheel.trajectories.trajectory import element_masses_u
from paddlewheel.transport.rotation import CageMotion, cages_of, track_cages

R_H_A = 1.22
SPACING_A = 7.0


def tetrahedron() -> tuple[list[str], np.ndarray]:
    """BH4: B at the centre and four H at 1.22 A."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    return ["B", "H", "H", "H", "H"], np.concatenate([np.zeros((1, 3)), R_H_A * corners])


def icosahedron() -> tuple[list[str], np.ndarray]:
    """B12H12: B at 1.70 A and H at 2.90 A, no atom at the centre."""
    golden = (1 + np.sqrt(5)) / 2
    corners = np.array([[0, a, b * golden] for a in (-1, 1) for b in (-1, 1)])
    corners = np.concatenate([np.roll(corners, shift, axis=1) for shift in range(3)]) / np.sqrt(1 + golden**2)
    return ["B"] * 12 + ["H"] * 12, np.concatenate([1.70 * corners, 2.90 * corners])


@dataclass
class Run:
    """Positions `[n_frames, n_atoms, 3]` and cells `[n_frames, 3, 3]`, A, with what else an analysis needs."""

    positions: np.ndarray
    cells: np.ndarray
    symbols: list[str]
    masses: np.ndarray
    interval_fs: float = 10.0

    def track(self) -> CageMotion:
        """Find the polyanions of the first frame and follow them, in blocks of 300 frames."""
        atoms = Atoms(self.symbols, positions=self.positions[0], cell=self.cells[0], pbc=True)
        cages, _ = cages_of(
            find_polyanions(atoms), symbols=self.symbols, masses_u=self.masses, positions_A=self.positions[0],
            cell_A=self.cells[0],
        )  # fmt: skip
        n = len(self.positions)

        def blocks():
            for start in range(0, n, 300):
                yield self.positions[start : start + 300], self.cells[start : start + 300]

        return track_cages(blocks, cages, n_frames=n, frame_interval_fs=self.interval_fs)


def run_of(
    rotations: list[Rotation], body: tuple[list[str], np.ndarray], *, cells: np.ndarray | None = None, offset=0.0,
    noise_A: float = 0.0, mass_factor: float = 1.0, interval_fs: float = 10.0, seed: int = 0,
) -> Run:  # fmt: skip
    """One anion for each entry of `rotations` (each of n_frames), on a simple cubic lattice, wrapped into the cell."""
    symbols, places = body
    n = len(rotations)
    side = int(np.ceil(n ** (1 / 3)))
    grid = np.stack(np.unravel_index(np.arange(n), (side,) * 3), axis=1) / side
    n_frames = len(rotations[0])
    if cells is None:
        cells = np.broadcast_to(np.eye(3) * side * SPACING_A, (n_frames, 3, 3)).copy()
    rng = np.random.default_rng(seed)
    positions = np.empty((n_frames, n, len(places), 3))
    for g, rotation in enumerate(rotations):
        positions[:, g] = np.einsum("tab,jb->tja", rotation.as_matrix(), places) + (grid[g] @ cells)[:, None]
    positions = positions.reshape(n_frames, -1, 3) + offset
    if noise_A:
        positions += noise_A * rng.standard_normal(positions.shape)
    fractional = positions @ np.linalg.inv(cells)
    positions = (fractional - np.floor(fractional)) @ cells
    names = symbols * n
    return Run(positions, cells, names, element_masses_u(names) * mass_factor, interval_fs)


def diffusing(n: int, n_frames: int, step_variance: float, seed: int = 0) -> list[Rotation]:
    """Rotational diffusion: random turns about each axis of the body with this variance (rad^2) per frame, 2 D_r dt."""
    rng = np.random.default_rng(seed)
    found = []
    for start in Rotation.random(n, random_state=seed):
        turns = Rotation.from_rotvec(np.sqrt(step_variance) * rng.standard_normal((n_frames, 3))).as_quat()
        path = np.empty((n_frames, 4))
        q = start.as_quat()
        for t in range(n_frames):
            x1, y1, z1, w1 = q
            x2, y2, z2, w2 = turns[t]
            q = np.array([
                w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2, w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
                w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2, w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
            ])  # fmt: skip
            path[t] = q
        found.append(Rotation.from_quat(path))
    return found
