"""The symmetry of a framework at rest: of the mean positions of its polyanions and single atoms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.studies.motion.framework import framework_centres, framework_of
from paddlewheel.studies.motion.runs import MotionRuns

TOLERANCE_A = 0.4
"""Mean positions from a run of 20 ps are uncertain by 0.1 A, and the disorder of the ions displaces them by as much."""


@dataclass(frozen=True)
class Symmetry:
    """Operations in the basis of the simulated cell, `[n, 3, 3]` and `[n, 3]`, and the space group's symbol."""

    rotations: np.ndarray
    translations: np.ndarray
    space_group: str

    @classmethod
    def absent(cls) -> Symmetry:
        """That of a framework without any."""
        return cls(np.eye(3, dtype=int)[None], np.zeros((1, 3)), "P1")


def framework_symmetry(runs: MotionRuns, *, mobile: str, cell_A: np.ndarray) -> Symmetry | None:
    """Space group of the mean centres of the framework in the first run, by spglib.

    A polyanion counts as one point of its kind, so that its turns do not matter. None where there is no framework, or
    spglib finds no group.

    Parameters
    ----------
    mobile
        What does not belong to the framework.
    cell_A
        The mean cell, `[3, 3]`.
    """
    import spglib

    framework, shifts = framework_of(runs.cell, mobile=mobile)
    centres, mean_cell = framework_centres(runs.runs[0], framework, shifts)
    if centres is None:
        return None
    symbols = np.array(runs.cell.get_chemical_symbols())
    kinds = ["".join(sorted(symbols[list(group)])) for group in framework.groups]
    numbers = [sorted(set(kinds)).index(kind) + 1 for kind in kinds]
    points = centres.mean(axis=0) @ np.linalg.inv(mean_cell)
    found = spglib.get_symmetry_dataset((cell_A.tolist(), (points % 1.0).tolist(), numbers), symprec=TOLERANCE_A)
    if found is None:
        return None
    return Symmetry(np.asarray(found.rotations), np.asarray(found.translations), str(found.international))
