"""Single frames of a run of our own, as structures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.execution import Unit
from paddlewheel.studies.simulation.md_unit import store_path, unit_atoms
from paddlewheel.trajectories import open_store

if TYPE_CHECKING:
    from ase import Atoms

_FRAMES_READ_TOGETHER = 64


class TrajectoryFrames:
    """Single frames of a unit's trajectory as Atoms; neighbouring ones are read together."""

    def __init__(self, unit: Unit, path: Path | None = None) -> None:
        self._template = unit_atoms(unit)
        self._trajectory = open_store(path or store_path(unit))
        self._first, self._positions_A, self._cells_A = 0, np.empty((0, 0, 3)), np.empty((0, 3, 3))

    def atoms(self, frame: int) -> Atoms:
        """Frame `frame`, positions as stored (unwrapped, to 0.001 A)."""
        if not self._first <= frame < self._first + len(self._positions_A):
            self._load(frame)
        atoms = self._template.copy()
        atoms.set_cell(self._cells_A[frame - self._first])
        atoms.set_positions(self._positions_A[frame - self._first])
        return atoms

    def _load(self, frame: int) -> None:
        stop = min(frame + _FRAMES_READ_TOGETHER, self._trajectory.n_frames)
        positions, cells = next(iter(self._trajectory.frame_source.read(frame, stop, _FRAMES_READ_TOGETHER)))
        self._first = frame
        self._positions_A, self._cells_A = np.asarray(positions, np.float64), np.asarray(cells, np.float64)
