"""Frames that a file holds twice, found by their positions: not every format numbers its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import TrajectoryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from paddlewheel.trajectories.trajectory import Frames

_VIBRATING = 0.9
"""Share of the atoms that move from a frame to the next, from which on two equal frames are one and the same: in
molecular dynamics all move. Fewer do in runs of hops between sites (kinetic Monte Carlo) or in a framework that is
held, where equal frames may be no fault."""
_SEAMS = 0.02
"""Share of frames that may be equal to the one before: the last of a run, written again by the next as its first."""


class RepeatWatch:
    """Looks for equal frames, block by block in their order."""

    def __init__(self) -> None:
        self._last: NDArray[np.float64] | None = None
        self._first_of: dict[int, int] = {}
        """Frame by the hash of its positions."""
        self._moved: list[NDArray[np.float64]] = []
        """Share of the atoms that moved since the frame before."""
        self._repeats: list[tuple[int, int]] = []
        """An earlier frame, and the equal one."""

    def look_at(self, block: Frames) -> None:
        """Take the next frames."""
        positions = block.positions_A
        if self._last is not None:
            self._moved.append(np.any(positions[:1] != self._last, axis=2).mean(axis=1))
        self._moved.append(np.any(positions[1:] != positions[:-1], axis=2).mean(axis=1))
        for index, frame in enumerate(positions, start=block.start):
            first = self._first_of.setdefault(hash(frame.tobytes()), index)
            if first != index:
                self._repeats.append((first, index))
        self._last = positions[-1].copy()

    def found(self, *, source: str) -> str | None:
        """What has to be said of repeated frames; None where there are none, or hops alone move the atoms.

        Raises
        ------
        TrajectoryError
            Where more than the seams of restarted runs repeat, so that the time between frames is not what it seems.
        """
        moved = np.concatenate(self._moved) if self._moved else np.empty(0)
        moving = moved[moved > 0]
        if not self._repeats or not len(moving) or moving.mean() < _VIBRATING:
            return None
        first, again = self._repeats[0]
        n_frames = len(moved) + 1
        at_seams = all(index == earlier + 1 for earlier, index in self._repeats)
        if len(self._repeats) == 1 and not at_seams:  # a few atoms that come back to the same rounded place
            return None
        what = f"{len(self._repeats)} of {n_frames} frames repeat an earlier one (frame {again} is frame {first})"
        if at_seams and len(self._repeats) <= max(1, _SEAMS * n_frames):
            return f"{source}: {what}, as where runs were put together: each counts as an interval without motion"
        raise TrajectoryError(
            f"{what}: the time between frames is not what it seems", where=source,
            remedy="write each frame once, or give the parts as files of their own, each once",
        )  # fmt: skip
