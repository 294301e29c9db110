"""The framework of runs as it is on average: the frame that a density of the mobile ions stands in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.crystals import LARGEST_STRAIN, largest_strain, mean_cell
from paddlewheel.errors import TrajectoryError
from paddlewheel.studies.motion.framework import framework_of
from paddlewheel.trajectories import fractional_paths

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.motion.runs import MotionRuns
    from paddlewheel.trajectories import Trajectory

_LARGEST_MISFIT_A = 2.0
_KEPT_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class MeanFramework:
    """The mean over all frames of all runs, laid over each other.

    Attributes
    ----------
    cell_A
        `[3, 3]`, mean cell.
    atoms
        The framework in it: single atoms at their mean positions; polyanions as they stand in the first frame, in one
        piece, moved to their mean centres (the mean positions of a turning anion's atoms would all be its centre).
        Where all atoms are mobile, those of the first frame.
    centres, kinds
        `[n, 3]`, fractional: mean centres of mass of polyanions and single atoms; and what each is.
    ions
        For each run, a function that iterates over `[n, n_ions, 3]`, fractional coordinates in this frame.
    cell_change
        Largest strain of an eighth of a run against the mean cell.
    """

    cell_A: np.ndarray
    atoms: Atoms
    centres: np.ndarray
    kinds: tuple[str, ...]
    ions: tuple[Callable[[], Iterator[np.ndarray]], ...]
    cell_change: float

    def counted_from(self, origin: np.ndarray) -> MeanFramework:
        """The same with another origin `[3]`, fractional."""
        atoms = self.atoms.copy()
        atoms.positions -= origin @ self.cell_A
        return replace(
            self,
            atoms=atoms,
            centres=self.centres - origin,
            ions=tuple(_moved(ions, -origin) for ions in self.ions),
        )


def mean_framework(runs: MotionRuns, *, specie: str) -> MeanFramework:
    """Read all runs once, and lay them over each other by their frameworks.

    Raises
    ------
    TrajectoryError
        If the cell changes shape without bound, atoms stand in another order, or a framework does not fit the first.
    """
    mobile = np.array([symbol == specie for symbol in runs.runs[0].symbols])
    read = [_read(run, specie, mobile) for run in runs.runs]
    cells = np.concatenate([part.cells_A for part in read])
    mean_cell_A = mean_cell(cells)
    change = _check_cell(read, mean_cell_A, runs.runs)
    moves = [np.zeros(3)]
    for run, part in zip(runs.runs[1:], read[1:], strict=True):
        moves.append(_fit(run, runs.runs[0], part.mean - read[0].mean, ~mobile, mean_cell_A))
    weights = np.array([len(part.cells_A) for part in read], dtype=float)
    steps = [part.mean + move - read[0].mean for part, move in zip(read, moves, strict=True)]
    mean = read[0].mean + np.average([step - np.rint(step) for step in steps], axis=0, weights=weights)

    framework, shifts = framework_of(runs.cell, mobile=specie)
    masses, first = runs.runs[0].masses_u, runs.cell.positions
    shown, centres, kinds = runs.cell.copy(), [], []
    shown.set_cell(mean_cell_A)
    for group in framework.groups:
        members = list(group)
        share = masses[members] / masses[members].sum()
        centre = share @ (mean[members] + shifts[members])
        whole = first[members] + shifts[members] @ runs.cell.cell.array
        shown.positions[members] = whole - share @ whole + centre @ mean_cell_A
        centres.append(centre)
        kinds.append(kind_of([runs.runs[0].symbols[i] for i in members]))
    return MeanFramework(
        cell_A=mean_cell_A,
        atoms=shown[~mobile] if len(centres) else shown,
        centres=np.array(centres).reshape(-1, 3),
        kinds=tuple(kinds),
        ions=tuple(_moved(part.ions, move) for part, move in zip(read, moves, strict=True)),
        cell_change=change,
    )


@dataclass(frozen=True)
class _Read:
    """What one reading of a run leaves: `mean` `[n_atoms, 3]`, `cells_A` `[n_frames, 3, 3]`, and the ions again."""

    mean: np.ndarray
    cells_A: np.ndarray
    ions: Callable[[], Iterator[np.ndarray]]


def _read(run: Trajectory, specie: str, mobile: np.ndarray) -> _Read:
    total, cells, kept = np.zeros((run.n_atoms, 3)), [], []
    fits = run.n_frames * int(mobile.sum()) * 24 <= _KEPT_BYTES
    for block in fractional_paths(run, specie=specie):
        total += block.fractional.sum(axis=0)
        cells.append(block.cell_A)
        if fits:
            kept.append(block.fractional[:, mobile])

    def again() -> Iterator[np.ndarray]:
        for block in fractional_paths(run, specie=specie):
            yield block.fractional[:, mobile]

    return _Read(total / run.n_frames, np.concatenate(cells), (lambda: iter(kept)) if fits else again)


def _moved(ions: Callable[[], Iterator[np.ndarray]], move: np.ndarray) -> Callable[[], Iterator[np.ndarray]]:
    return lambda: (block + move for block in ions())


def _check_cell(read: Sequence[_Read], mean_cell_A: np.ndarray, runs: Sequence[Trajectory]) -> float:
    """Largest strain (Green and Lagrange) of an eighth of a run; a cell that turns as a whole has none."""
    largest = 0.0
    for whole, run in zip(read, runs, strict=True):
        strain = largest_strain(whole.cells_A, mean_cell_A)
        if strain > LARGEST_STRAIN:
            first, last = _shape_of(whole.cells_A[0]), _shape_of(whole.cells_A[-1])
            raise TrajectoryError(
                f"the cell changes shape without bound: strained by {100 * strain:.0f} % against the mean cell in an "
                f"eighth of the run (at most {100 * LARGEST_STRAIN:.0f} %): {first} at its start, {last} at its end",
                where=run.source,
                remedy="leave out the stretch in which it changes (--skip-ps), or run at constant volume",
            )
        largest = max(largest, strain)
    return largest


def _shape_of(cell_A: np.ndarray) -> str:
    from ase.geometry import cell_to_cellpar

    a, b, c, alpha, beta, gamma = cell_to_cellpar(cell_A)
    return f"{a:.2f} x {b:.2f} x {c:.2f} A, {alpha:.0f} {beta:.0f} {gamma:.0f} degrees"


def kind_of(symbols: Sequence[str]) -> str:
    """Formula of a group of atoms: what tells the points of a framework apart."""
    counts = Counter(symbols)
    return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in sorted(counts))


def _fit(
    run: Trajectory, first: Trajectory, difference: np.ndarray, framework: np.ndarray, mean_cell_A: np.ndarray
) -> np.ndarray:
    """The move `[3]`, fractional, that lays the mean framework of `run` over that of `first`."""
    if run.symbols != first.symbols:
        raise TrajectoryError(
            f"its atoms stand in another order than in {Path(first.source).name}",
            where=run.source, remedy="analyze it apart",
        )  # fmt: skip
    if not framework.any():
        return np.zeros(3)
    difference, masses = difference[framework], run.masses_u[framework]
    reference = difference[int(np.argmax(masses))]
    difference = difference - np.rint(difference - reference)
    move = -np.average(difference, axis=0, weights=masses)
    off = (difference + move) @ mean_cell_A
    misfit = float(np.sqrt(np.average(np.square(off).sum(axis=1), weights=masses)))
    if misfit > _LARGEST_MISFIT_A:
        raise TrajectoryError(
            f"its framework does not lie on that of {Path(first.source).name} ({misfit:.1f} A apart, rms)",
            where=run.source,
            remedy="analyze it apart",
        )
    return move
