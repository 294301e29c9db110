"""The frames to be labelled: read, checked, and known by their content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.formats import read_frames
from paddlewheel.errors import DatasetError
from paddlewheel.execution import array_digest
from paddlewheel.training.dataset import Dataset

if TYPE_CHECKING:
    from ase import Atoms


def given_frames(frames: str | Path | Sequence[Atoms] | Dataset) -> list[Atoms]:
    """Frames of a file in any format that ASE reads, of a data set, or as given; each checked.

    Raises
    ------
    DatasetError
        For no frames, and frames that are not periodic or finite.
    """
    if getattr(frames, "get_positions", None) is not None:
        raise DatasetError("is one structure", where="frames", remedy="give a list of structures")
    if isinstance(frames, Dataset):
        listed = list(frames.frames)
    elif isinstance(frames, str | Path):
        listed = read_frames(Path(frames))
    else:
        listed = list(frames)
    where = str(frames) if isinstance(frames, str | Path) else "frames"
    if not listed:
        raise DatasetError("holds no frames", where=where, remedy="give at least one")
    for index, frame in enumerate(listed):
        at = f"{where}, frame {index}"
        if not (len(frame) and all(frame.pbc) and abs(frame.cell.volume) > 0):
            remedy = "give it a cell and periodicity along all three vectors"
            raise DatasetError("has no atoms or is not periodic in three directions", where=at, remedy=remedy)
        if not (np.isfinite(frame.positions).all() and np.isfinite(np.array(frame.cell)).all()):
            raise DatasetError("has positions or a cell that are not finite", where=at, remedy="remove the frame")
    return listed


def left_aside(frames: Sequence[Atoms]) -> list[str]:
    """What frames say that inputs of a program do not take over, a line each."""
    charged = [index for index, frame in enumerate(frames) if _charge(frame)]
    if not charged:
        return []
    which = f"frame {charged[0]}" if len(charged) == 1 else f"{len(charged)} frames, the first of them {charged[0]},"
    return [f"{which} {'has' if len(charged) == 1 else 'have'} a charge, which is left aside: cells are neutral"]


def _charge(frame: Atoms) -> bool:
    told = frame.info.get("charge", 0)
    return isinstance(told, int | float) and bool(told)


def source_of(frames: str | Path | Sequence[Atoms] | Dataset) -> str:
    """What the frames are called."""
    return Path(frames).name if isinstance(frames, str | Path) else "frames given"


def frames_document(source: str, frames: Sequence[Atoms]) -> dict[str, Any]:
    """The frames by their content."""
    return {"name": source, "n_frames": len(frames), "sha256": frames_digest(frames)}


def frames_digest(frames: Sequence[Atoms]) -> str:
    """sha256 over species, positions and cells."""
    return array_digest(
        *(part for f in frames for part in (f.numbers.astype(np.int64), f.get_positions(), np.array(f.cell)))
    )


def frame_names(source: str, frames: Sequence[Atoms]) -> list[str]:
    """Where each frame comes from: what it says itself, or its number in the file."""
    return [str(frame.info.get("source", f"{source} frame {index}")) for index, frame in enumerate(frames)]
