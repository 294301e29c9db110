"""The frames in which a run left the domain of its potential, as extended XYZ beside the trajectories.

They are what the next round of labels and training starts from.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.errors import RunDirectoryError

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.dynamics import ExtrapolatingFrame

FOLDER = "extrapolating"


class ExtrapolatingFrames:
    """The file of one run; made with its first frame.

    It only grows, and a checkpoint knows its length: a continued run cuts it there, so that no frame is doubled.

    Parameters
    ----------
    path
        `extrapolating/NAME.extxyz` in the run directory.
    atoms
        Species and boundary conditions of the frames.
    """

    def __init__(self, path: Path, atoms: Atoms) -> None:
        self.path = path
        self._atoms = atoms.copy()
        self._atoms.set_constraint()
        self._atoms.calc = None
        self._atoms.info.clear()

    @property
    def n_bytes(self) -> int:
        """Length of the file; 0 where there is none."""
        return self.path.stat().st_size if self.path.exists() else 0

    def cut(self, n_bytes: int) -> None:
        """Drop what was written after a checkpoint.

        Raises
        ------
        RunDirectoryError
            If the file is shorter than the checkpoint knows.
        """
        if self.n_bytes < n_bytes:
            raise RunDirectoryError(
                f"holds {self.n_bytes} bytes, the checkpoint knows of {n_bytes}",
                where=self.path,
                remedy="restore the file, or start again in another folder",
            )
        if n_bytes == 0:
            self.path.unlink(missing_ok=True)
        elif self.n_bytes > n_bytes:
            os.truncate(self.path, n_bytes)

    def append(self, frames: Sequence[ExtrapolatingFrame]) -> None:
        """Write frames with `extrapolation_grade`, `step` and `temperature_K` in their info; on disk on return."""
        if not frames:
            return
        from ase.io.extxyz import write_extxyz

        buffer = io.StringIO()
        for frame in frames:
            atoms = self._atoms.copy()
            atoms.set_cell(frame.cell_A)
            atoms.set_positions(frame.positions_A)
            atoms.info = {
                "extrapolation_grade": frame.grade, "step": frame.step, "temperature_K": frame.temperature_K,
            }  # fmt: skip
            write_extxyz(buffer, [atoms], columns=["symbols", "positions"])
        self.path.parent.mkdir(exist_ok=True)
        with open(self.path, "a", encoding="utf-8") as stream:
            stream.write(buffer.getvalue())
            stream.flush()
            os.fsync(stream.fileno())
