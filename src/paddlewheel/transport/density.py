"""Probability density of the mobile ions on a grid in the mean cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.msd import checked_positions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paddlewheel.transport.density_symmetry import Orbits

DEFAULT_SPACING_A = 0.2
MAX_VOXELS = 6_000_000
"""The counters of the parts (of time and of ions) take 100 to 150 bytes a voxel: 0.9 GB at this size."""
N_BLOCKS = 10
N_GROUPS = 12
_CHECKED_TOTAL = 1e-9


@dataclass(frozen=True)
class IonDensity:
    """Counts of ions in voxels, kept apart by stretches of time and by groups of ions.

    A voxel is the parallelepiped of one grid step **centred** on the grid point `(i, j, k) / shape` of the cell, as
    cube and CHGCAR files have it: the first one reaches half a step to either side of the origin. All voxels are equal.

    Attributes
    ----------
    by_block
        `[n_blocks, *shape]`, counts in stretches of equal length; several runs are cut one after the other.
    by_group
        `[n_groups, *shape]`, the same counts by groups of ions.
    cell_A
        `[3, 3]`, rows are the vectors of the mean cell.
    n_frames, n_ions
        Frames of all runs together, ions of one frame.
    frames_by_block
        `[n_blocks]`, frames in each stretch.
    ions_by_group
        `[n_groups]`, ions in each group.
    rms_step_A
        Root mean square of an ion's step between frames.
    orbits
        The symmetry that the density has been given, None without.
    """

    by_block: np.ndarray
    by_group: np.ndarray
    cell_A: np.ndarray
    n_frames: int
    n_ions: int
    frames_by_block: np.ndarray
    ions_by_group: np.ndarray
    rms_step_A: float
    orbits: Orbits | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along a, b and c."""
        return self.by_block.shape[1:]  # type: ignore[return-value]

    @property
    def voxel_A3(self) -> float:
        """Volume of a voxel."""
        return abs(float(np.linalg.det(self.cell_A))) / float(np.prod(self.shape))

    def total(self, *, smoothing_A: float = 0.0) -> np.ndarray:
        """Density `[*shape]`, 1/A^3; its integral over the cell is the number of ions."""
        return self._finished(self.by_block.sum(axis=0, dtype=np.float64) / self.n_frames, smoothing_A)

    def without_block(self, block: int, *, smoothing_A: float = 0.0) -> np.ndarray:
        """The density without one stretch of time."""
        counts = self.by_block.sum(axis=0, dtype=np.float64) - self.by_block[block]
        return self._finished(counts / (self.n_frames - self.frames_by_block[block]), smoothing_A)

    def without_group(self, group: int, *, smoothing_A: float = 0.0) -> np.ndarray:
        """The density without one group of ions, scaled to all of them."""
        counts = self.by_group.sum(axis=0, dtype=np.float64) - self.by_group[group]
        share = 1.0 - self.ions_by_group[group] / self.n_ions
        return self._finished(counts / (self.n_frames * share), smoothing_A)

    def std(self) -> np.ndarray:
        """Standard error of `total` `[*shape]`, 1/A^3, from the scatter of the stretches of time."""
        mean, spread = self.total() * self.voxel_A3, np.zeros(self.shape)
        for counts, frames in zip(self.by_block, self.frames_by_block, strict=True):
            part = counts / frames
            part = part if self.orbits is None else self.orbits.average(part)
            spread += frames / self.n_frames * np.square(part - mean)
        return np.sqrt(spread / max(1, len(self.by_block) - 1)) / self.voxel_A3

    def symmetrized(self, orbits: Orbits) -> IonDensity:
        """The same counts, whose densities are averaged over the orbits of a space group."""
        if orbits.shape != self.shape:
            raise InputError(f"orbits of a grid {orbits.shape} for a density on {self.shape}")
        return replace(self, orbits=orbits)

    def _finished(self, counts_per_frame: np.ndarray, smoothing_A: float) -> np.ndarray:
        if self.orbits is not None:
            counts_per_frame = self.orbits.average(counts_per_frame)
        return smoothed(counts_per_frame / self.voxel_A3, cell_A=self.cell_A, smoothing_A=smoothing_A)


class DensityCounter:
    """Counts positions frame by frame, so that a run need not fit in memory.

    Parameters
    ----------
    cell_A
        `[3, 3]`, mean cell.
    shape
        Voxels along a, b, c (see `grid_shape`).
    n_frames, n_ions
        Of all runs together, and of one frame.
    """

    def __init__(self, *, cell_A: np.ndarray, shape: tuple[int, int, int], n_frames: int, n_ions: int) -> None:
        self._cell_A, self._shape = np.asarray(cell_A, dtype=np.float64), shape
        self._n_ions, self._n_frames = n_ions, n_frames
        n_blocks, n_groups = min(N_BLOCKS, n_frames), min(N_GROUPS, n_ions)
        self._block_of_frame = np.arange(n_frames) * n_blocks // n_frames
        self._group_of_ion = np.arange(n_ions) * n_groups // n_ions
        self._by_block = np.zeros((n_blocks, int(np.prod(shape))), np.uint32)
        self._by_group = np.zeros((n_groups, int(np.prod(shape))), np.uint32)
        self._last = np.full((n_ions, 3), np.nan)
        self._steps, self._n_steps, self._seen = np.zeros((3, 3)), 0, 0

    def start_run(self) -> None:
        """The next frames follow none before them."""
        self._last[:] = np.nan

    def add(self, fractional: np.ndarray, *, shift: np.ndarray | None = None) -> None:
        """Count fractional coordinates `[n, n_ions, 3]`, wrapped or not, moved by `shift` `[3]`."""
        self._count(fractional, np.eye(3), np.zeros(3) if shift is None else shift)

    def add_cartesian(self, positions_A: np.ndarray) -> None:
        """Count Cartesian positions `[n, n_ions, 3]` in the mean cell, A."""
        self._count(positions_A, np.linalg.inv(self._cell_A), np.zeros(3))

    def finish(self) -> IonDensity:
        """The density of what was counted.

        Raises
        ------
        InputError
            If fewer or more frames were counted than were announced.
        """
        if self._seen != self._n_frames:
            raise InputError(f"{self._seen} frames were counted of {self._n_frames}")
        square = self._steps + np.triu(self._steps, 1).T
        step2_A2 = float(np.einsum("ij,ij->", square, self._cell_A @ self._cell_A.T)) / max(1, self._n_steps)
        return IonDensity(
            by_block=self._by_block.reshape(-1, *self._shape),
            by_group=self._by_group.reshape(-1, *self._shape),
            cell_A=self._cell_A,
            n_frames=self._n_frames,
            n_ions=self._n_ions,
            frames_by_block=np.bincount(self._block_of_frame),
            ions_by_group=np.bincount(self._group_of_ion),
            rms_step_A=float(np.sqrt(step2_A2)),
        )

    def _count(self, positions: np.ndarray, to_fractional: np.ndarray, shift: np.ndarray) -> None:
        from paddlewheel.transport._density_kernels import bin_positions

        frames = self._block_of_frame[self._seen : self._seen + len(positions)]
        if len(frames) < len(positions):
            raise InputError(f"more than the announced {self._n_frames} frames")
        started = not np.isnan(self._last[0, 0])
        bin_positions(
            np.ascontiguousarray(positions, dtype=np.float64), to_fractional, np.asarray(shift, dtype=np.float64),
            self._shape, frames, self._group_of_ion, self._by_block, self._by_group, self._last, self._steps,
        )  # fmt: skip
        self._seen += len(positions)
        self._n_steps += self._n_ions * (len(positions) - (not started))


def ion_density(
    positions_A: np.ndarray | Sequence[np.ndarray],
    *,
    cell_A: np.ndarray,
    spacing_A: float = DEFAULT_SPACING_A,
    shape: tuple[int, int, int] | None = None,
) -> IonDensity:
    """Density of the ions of one or several runs in the mean cell.

    Parameters
    ----------
    positions_A
        `[n_frames, n_ions, 3]`, A, in the mean cell and free of drift (wrapped or not), or several of them.
    cell_A
        `[3, 3]`, the mean cell, rows are its vectors.
    spacing_A, shape
        Largest grid step along each vector, or the number of voxels itself.

    Raises
    ------
    InputError
        Positions of another shape or not finite, or runs of different numbers of ions.
    SettingsError
        A spacing that is not positive, larger than the cell, or too fine for the memory.

    Examples
    --------
    >>> import numpy as np
    >>> still = np.full((10, 1, 3), 2.0)
    >>> found = ion_density(still, cell_A=4 * np.eye(3), spacing_A=1.0)
    >>> float(found.total()[2, 2, 2]), float(found.total().sum() * found.voxel_A3)
    (1.0, 1.0)
    """
    given: Iterable[np.ndarray] = [positions_A] if isinstance(positions_A, np.ndarray) else positions_A
    runs = [checked_positions(paths) for paths in given]
    if not runs:
        raise InputError("no positions given")
    if len({run.shape[1] for run in runs}) > 1:
        raise InputError(f"runs of {', '.join(str(run.shape[1]) for run in runs)} ions", remedy="take them apart")
    counter = DensityCounter(
        cell_A=cell_A,
        shape=shape or grid_shape(cell_A, spacing_A=spacing_A),
        n_frames=sum(len(run) for run in runs),
        n_ions=runs[0].shape[1],
    )
    for run in runs:
        counter.start_run()
        counter.add_cartesian(run)
    return counter.finish()


def grid_shape(
    cell_A: np.ndarray, *, spacing_A: float, multiples: Sequence[int] = (1, 1, 1), equal: Sequence[int] = (0, 1, 2)
) -> tuple[int, int, int]:
    """Voxels along each cell vector: the least number whose steps are at most `spacing_A`.

    Parameters
    ----------
    cell_A
        `[3, 3]`.
    spacing_A
        Largest step along each vector.
    multiples
        Numbers that the counts are to be divisible by (of a space group's translations).
    equal
        Axes with the same label get the same count (of a space group's rotations).

    Raises
    ------
    SettingsError
        A spacing that is not positive, larger than half of the cell, or too fine for the memory.
    """
    lengths = np.linalg.norm(cell_A, axis=1)
    if not (np.isfinite(spacing_A) and spacing_A > 0):
        raise SettingsError(f"{spacing_A:g} A", where="spacing_A", remedy="give a length above 0")
    if spacing_A > lengths.min() / 2:
        raise SettingsError(
            f"{spacing_A:g} A is more than half of the cell ({lengths.min():.3g} A)",
            where="spacing_A",
            remedy=f"give at most {lengths.min() / 2:.2g}",
        )
    shape = np.ones(3, dtype=int)
    for label in set(equal):
        axes = [k for k in range(3) if equal[k] == label]
        step = int(np.lcm.reduce([multiples[k] for k in axes]))
        # the small number keeps 12 / 0.2 at 60
        shape[axes] = step * max(int(np.ceil(lengths[k] / spacing_A / step - 1e-9)) for k in axes)
    if float(np.prod(shape.astype(float))) > MAX_VOXELS:
        least = float((np.prod(lengths) / MAX_VOXELS) ** (1 / 3))
        raise SettingsError(
            f"{spacing_A:g} A makes {np.prod(shape.astype(float)):.3g} voxels (at most {MAX_VOXELS:.3g})",
            where="spacing_A",
            remedy=f"give about {1.02 * least:.2g} A or more",
        )
    return (int(shape[0]), int(shape[1]), int(shape[2]))


def smoothed(density: np.ndarray, *, cell_A: np.ndarray, smoothing_A: float) -> np.ndarray:
    """A density convolved with a periodic Gaussian of standard deviation `smoothing_A`; its integral stays.

    Raises
    ------
    SettingsError
        A negative width.
    """
    if not (np.isfinite(smoothing_A) and smoothing_A >= 0):
        raise SettingsError(f"{smoothing_A:g} A", where="smoothing_A", remedy="give a length of 0 or more")
    if smoothing_A == 0:
        return density
    from scipy import fft

    reciprocal = 2 * np.pi * np.linalg.inv(cell_A)  # columns are the reciprocal vectors
    n0, n1, n2 = density.shape
    a = np.fft.fftfreq(n0, 1 / n0)[:, None, None, None] * reciprocal[:, 0]
    b = np.fft.fftfreq(n1, 1 / n1)[None, :, None, None] * reciprocal[:, 1]
    c = np.fft.rfftfreq(n2, 1 / n2)[None, None, :, None] * reciprocal[:, 2]
    square = np.zeros((n0, n1, c.shape[2]))
    for axis in range(3):  # by component: a third of the memory
        square += np.square(a[..., axis] + b[..., axis] + c[..., axis])
    spectrum = np.asarray(fft.rfftn(density)) * np.exp(-0.5 * smoothing_A**2 * square)
    result = np.maximum(np.asarray(fft.irfftn(spectrum, s=density.shape)), 0.0)  # rounding leaves -1e-18
    return result * (density.sum() / result.sum())


def check_counts(density: IonDensity) -> None:
    """Assert that the integral is the number of ions; a failure is a defect of this package."""
    integral = float(density.total().sum()) * density.voxel_A3
    if abs(integral - density.n_ions) > _CHECKED_TOTAL * density.n_ions:
        raise AssertionError(f"density integrates to {integral}, not {density.n_ions}")
