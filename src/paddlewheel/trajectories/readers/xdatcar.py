"""VASP XDATCAR: one header (NVT), or one before every frame (NPT)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.clock import even_frames
from paddlewheel.trajectories.readers.text import Columns, Lines, RawFrame, TextFrames, cartesian, numbers
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u

_FRACTIONS = Columns((0, 1, 2), n_columns=3)


class _Xdatcar(TextFrames):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.species: tuple[str, ...] = ()
        """Names in the header; empty where it has none (VASP 4)."""
        self.counts: tuple[int, ...] = ()
        self.steps: list[int | None] = []
        """The number of each frame in its line ``Direct configuration=``, None where it has none."""

    def split(self, lines: Lines) -> Iterator[RawFrame]:
        cell: NDArray[np.float64] | None = None
        after_header = False
        self.steps = []
        while (line := lines.next()) is not None:
            if not line.strip():  # at the end of the file, before a frame (VASP 4), or the comment of a header
                line = lines.next_filled()
                if line is None:
                    break
                if not _starts_frame(line):
                    cell, after_header = self._header(lines, line), True
                    continue
            if not _starts_frame(line):
                cell, after_header = self._header(lines, lines.need()), True
                continue
            if cell is None:
                lines.fail("a frame before the header", remedy="give the whole XDATCAR")
            n_atoms = sum(self.counts)
            self.steps.append(_step(line))
            yield RawFrame(lines.take(n_atoms), n_atoms, cell, lines.number)
            after_header = False
        if after_header and lines.frame:
            lines.fail_truncated()

    def parse(self, raw: RawFrame) -> NDArray[np.float64]:
        return cartesian(_FRACTIONS.parse(raw)[0], raw.cell_A)

    def _header(self, lines: Lines, scale_line: bytes) -> NDArray[np.float64]:
        scale = numbers(scale_line, 1)[0]
        cell = np.array([numbers(lines.need(), 3) for _ in range(3)])
        if scale == 0 or not np.linalg.det(cell):
            lines.fail("the cell has no volume")
        cell *= scale if scale > 0 else (-scale / abs(np.linalg.det(cell))) ** (1 / 3)
        names = lines.need().split()
        has_names = not all(name.isdigit() for name in names)
        counts = tuple(int(word) for word in (lines.need().split() if has_names else names))
        # POTCAR names such as Li_sv, or Li/5f2a... of VASP 6.4
        species = tuple(name.decode("ascii", "replace").split("_")[0].split("/")[0] for name in names)
        species = species if has_names else ()
        if (has_names and len(species) != len(counts)) or sum(counts) < 1:
            lines.fail(f"{len(species)} species with the numbers of atoms {counts}")
        if self.counts and (species, counts) != (self.species, self.counts):
            lines.fail("the atoms are not those of the first frame", remedy="give files of one composition apart")
        self.species, self.counts = species, counts
        return cell


def _step(line: bytes) -> int | None:
    words = line.replace(b"=", b" ").split()
    return int(words[-1]) if words[-1].isdigit() else None


def _starts_frame(line: bytes) -> bool:
    return line.split()[0].lower().startswith((b"direct", b"konfig"))


def read_xdatcar(path: Path, *, symbols: Sequence[str] | None = None) -> Trajectory:
    """Read an XDATCAR; its frame interval is not in the file.

    The numbers in ``Direct configuration=`` count steps (see `even_frames`).

    Parameters
    ----------
    symbols
        One symbol per atom; needed only for VASP 4 files, which do not name the species.

    Raises
    ------
    TrajectoryError
        If the file is truncated or damaged, or the composition changes.
    """
    frames = _Xdatcar(path)
    frames.count()
    if frames.species:
        pairs = zip(frames.species, frames.counts, strict=True)
        symbols = [name for name, count in pairs for _ in range(count)]
    elif symbols is None:
        raise TrajectoryError("does not name its species (VASP 4)", where=path, remedy="give symbols, one per atom")
    names = tuple(symbols)
    if len(names) != sum(frames.counts):
        raise TrajectoryError(f"{len(names)} symbols for {sum(frames.counts)} atoms", where=path)
    check_symbols(names, where=str(path))
    trajectory = Trajectory(names, element_masses_u(names), frames.n_frames, None, str(path), frames)
    steps = [step for step in frames.steps if step is not None]
    if len(steps) < frames.n_frames:
        return trajectory
    return trajectory.only(even_frames(steps, "steps", path=path, what="configurations", begins_anew=True))
