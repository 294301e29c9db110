"""ASE .traj files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals.ulm import read_ulm_description, read_ulm_frames
from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.trajectory import Trajectory

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray


@dataclass(frozen=True)
class _AseFrames:
    path: Path
    numbers: NDArray
    n_frames: int

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        for first in range(start, stop, per_block):
            frames = _load(self.path, range(first, min(first + per_block, stop)))[0]
            for index, atoms in enumerate(frames, start=first):
                if not np.array_equal(atoms.numbers, self.numbers):
                    raise TrajectoryError(
                        f"the atoms of frame {index} are not those of the first frame",
                        where=self.path,
                        remedy="give a trajectory whose atoms stay the same",
                    )
            yield np.array([atoms.positions for atoms in frames]), np.array([atoms.cell.array for atoms in frames])


def read_ase_traj(path: Path) -> Trajectory:
    """Read an ASE .traj file. Its frame interval is known where ASE's dynamics wrote it (since 3.23).

    Raises
    ------
    TrajectoryError
        If the file is truncated or damaged, or its atoms change.
    """
    from ase.data import chemical_symbols

    (first, _), n_frames = _load(path, (0, -1))  # the last one too: there a truncated file shows
    frames = _AseFrames(path, first.numbers, n_frames)
    if first.numbers.min(initial=1) < 1 or first.numbers.max(initial=1) >= len(chemical_symbols):
        raise TrajectoryError("an atomic number is that of no element", where=path, remedy="copy the file again")
    return Trajectory(tuple(first.symbols), first.get_masses(), n_frames, _interval_fs(path), str(path), frames)


def _interval_fs(path: Path) -> float | None:
    """Time step of the dynamics times the steps between frames, where the header holds both.

    Frames of a simulation that was given a trajectory that was open already, or attached by hand, have no interval.
    """
    from ase import units

    told = read_ulm_description(path, TrajectoryError)
    if told.get("type") != "molecular-dynamics":
        return None
    timestep, interval = told.get("timestep"), told.get("interval")
    if not isinstance(timestep, int | float) or not isinstance(interval, int) or timestep <= 0 or interval < 1:
        return None
    return float(f"{timestep / units.fs * interval:.9g}")


def _load(path: Path, indices: range | tuple[int, ...]) -> tuple[list[Atoms], int]:
    frames, n_frames = read_ulm_frames(path, TrajectoryError, indices)
    if n_frames == 0:
        raise TrajectoryError("no frames", where=path, remedy="give a trajectory with at least one frame")
    return frames, n_frames
