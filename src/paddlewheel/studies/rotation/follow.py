"""The rigid polyanions of one trajectory: found in its first frame, and followed through all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import find_polyanions
from paddlewheel.errors import TrajectoryError
from paddlewheel.records import Citation
from paddlewheel.studies.motion.runs import first_atoms
from paddlewheel.transport import rotation as physics

if TYPE_CHECKING:
    from paddlewheel.trajectories import Trajectory

_BLOCK_BYTES = 8 * 1024 * 1024
CITATIONS = (
    Citation(
        what="best rotation between two sets of atoms",
        reference="Kabsch, Acta Cryst. A 32, 922 (1976)",
        doi="10.1107/S0567739476001873",
    ),
    Citation(
        what="the same by quaternions",
        reference="Theobald, Acta Cryst. A 61, 478 (2005)",
        doi="10.1107/S0108767305015266",
    ),
    Citation(
        what="rotation of a body that vibrates",
        reference="Eckart, Phys. Rev. 47, 552 (1935)",
        doi="10.1103/PhysRev.47.552",
    ),
    Citation(
        what="rotation speed (eq. 5), o-NBH",
        reference="Oh, Yu, Huang et al., Joule 9, 102130 (2025)",
        doi="10.1016/j.joule.2025.102130",
    ),
)
"""Of following anions and of how fast they turn."""


def follow_anions(run: Trajectory, mobile: str | None) -> tuple[physics.CageMotion, Sequence[str]]:
    """The motion of the rigid anions of one run, and the formulas of the linear ones.

    Raises
    ------
    InputError
        Where there is none, one breaks, or one is not rigid.
    """
    cell = first_atoms(run)
    still = np.array([i for i, symbol in enumerate(run.symbols) if symbol != mobile], dtype=int)
    atoms = cell[still]
    cages, linear = physics.cages_of(
        find_polyanions(atoms),
        symbols=atoms.get_chemical_symbols(),
        masses_u=run.masses_u[still],
        positions_A=atoms.get_positions(),
        cell_A=cell.cell.array,
    )
    if not cages:
        what = f"its only polyanions are linear ({', '.join(linear)})" if linear else "no polyanions in the first frame"
        remedy = "a rotation needs a molecule of three or more atoms that are not on one line"
        raise TrajectoryError(what, where=run.source, remedy=remedy)
    assert run.frame_interval_fs is not None  # open_runs refuses runs without
    motion = physics.track_cages(
        lambda: ((block.positions_A, block.cell_A) for block in run.blocks(max_bytes=_BLOCK_BYTES)),
        [replace(cage, indices=still[cage.indices]) for cage in cages],
        n_frames=run.n_frames,
        frame_interval_fs=run.frame_interval_fs,
        where=run.source,
    )
    return motion, linear
