"""Several files as one trajectory: what is twice at the seams is dropped, a gap is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.trajectory import Trajectory

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_SEAM_STEP = 0.4
"""Of the cell; more between two unwrapped files means that the second began to count its images anew."""


@dataclass(frozen=True)
class _Joined:
    """Frames of the parts, one part after the other."""

    parts: tuple[Trajectory, ...]

    @property
    def n_frames(self) -> int:
        return sum(part.n_frames for part in self.parts)

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        before = 0
        for part in self.parts:
            first, last = max(start - before, 0), min(stop - before, part.n_frames)
            if first < last:
                offset = part.first_frame
                yield from part.frame_source.read(offset + first, offset + last, per_block)
            before += part.n_frames


def join_parts(parts: Sequence[Trajectory]) -> Trajectory:
    """One trajectory of the parts of a run, given in the order of time.

    By their steps or times (LAMMPS dumps, stores, H5MD, GROMACS, AMBER), frames of a part from the time on at which
    the next one begins are dropped: a run that was restarted left that branch. Files that do not count their frames
    (XDATCAR, extended XYZ, ...) are taken to follow each other; a last frame that is the next file's first is dropped.

    Parameters
    ----------
    parts
        With the same atoms in the same order, and frames equally far apart.

    Raises
    ------
    TrajectoryError
        If they differ in atoms or in the time between frames, are out of order, or frames are missing between two.
    """
    parts = list(parts)
    if not parts:
        raise TrajectoryError("no files given", remedy="give at least one")
    if len(parts) == 1:
        return parts[0]
    kept = []
    is_unwrapped = all(part.is_unwrapped for part in parts)
    for part, following in pairwise(parts):
        _check_alike(part, following)
        part = replace(part, n_frames=_frames_before(part, following))
        is_unwrapped = is_unwrapped and _is_continuous(part, following)
        kept.append(part)
    kept.append(parts[-1])
    first, last = Path(parts[0].source), Path(parts[-1].source)
    joined = _Joined(tuple(kept))
    return replace(
        parts[0],
        n_frames=joined.n_frames,
        source=str(first.with_name(f"{first.name}..{last.name}")),
        frame_source=joined,
        first_frame=0,
        is_unwrapped=is_unwrapped,
        source_energies_eV=_energies(kept),
    )


def _energies(parts: Sequence[Trajectory]) -> NDArray | None:
    told = [energies for part in parts if (energies := part.potential_energies_eV) is not None]
    return np.concatenate(told) if len(told) == len(parts) else None


def _check_alike(part: Trajectory, following: Trajectory) -> None:
    if part.symbols != following.symbols:
        raise TrajectoryError(
            f"has other atoms, or another order of them, than {part.source}",
            where=following.source,
            remedy="give files of one run",
        )
    one, other = part.frame_interval_fs, following.frame_interval_fs
    if one is not None and other is not None and abs(one - other) > 1e-4 * one:
        raise TrajectoryError(
            f"frames are {other:g} fs apart, {one:g} fs in {part.source}",
            where=following.source,
            remedy="give files with the same time between frames",
        )


def _frames_before(part: Trajectory, following: Trajectory) -> int:
    """Number of frames of `part` before `following` begins."""
    mine, other = part.clock, following.clock
    if mine is None or other is None or mine.unit != other.unit or (other.begins_anew and other.first <= mine.first):
        if part.n_frames > 1 and _same(_frame(part, part.n_frames - 1), _frame(following, 0)):
            return part.n_frames - 1
        return part.n_frames
    strides = [clock.stride for clock in (mine, other) if clock.stride is not None]
    if not strides:
        raise TrajectoryError("one frame each: the time between them is not known", where=following.source)
    if max(strides) - min(strides) > 1e-3 * strides[0]:
        raise TrajectoryError(
            f"frames are {strides[1]:g} {mine.unit} apart, {strides[0]:g} in {part.source}",
            where=following.source,
            remedy="give files with the same time between frames",
        )
    frames = (other.first - mine.first) / strides[0] - part.first_frame
    where = f"begins at {other.first:g} {mine.unit}"
    if frames < 0.5:
        raise TrajectoryError(
            f"{where}, not after {part.source} (from {mine.first:g} on)",
            where=following.source,
            remedy="give the files in the order of time; one whose counter was reset cannot be joined",
        )
    if abs(frames - round(frames)) > 0.05:
        raise TrajectoryError(
            f"{where}, between two frames of {part.source} (every {strides[0]:g} from {mine.first:g})",
            where=following.source,
            remedy="give files with frames at the same steps",
        )
    missing = round(frames) - part.n_frames
    if missing > 0:
        end = mine.first + (part.first_frame + part.n_frames - 1) * strides[0]
        raise TrajectoryError(
            f"{where}, {part.source} ends at {end:g}: {missing} frames are missing between them",
            where=following.source,
            remedy="give the file in between, or analyze them apart",
        )
    return round(frames)


def _frame(part: Trajectory, index: int) -> tuple[NDArray, NDArray]:
    index += part.first_frame
    positions, cells = next(part.frame_source.read(index, index + 1, 1))
    return positions[0], cells[0]


def _same(one: tuple[NDArray, NDArray], other: tuple[NDArray, NDArray]) -> bool:
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def _is_continuous(part: Trajectory, following: Trajectory) -> bool:
    (before, cell), (after, next_cell) = _frame(part, part.n_frames - 1), _frame(following, 0)
    steps = after @ np.linalg.pinv(next_cell) - before @ np.linalg.pinv(cell)
    return bool(np.abs(steps).max() <= _LARGEST_SEAM_STEP)
