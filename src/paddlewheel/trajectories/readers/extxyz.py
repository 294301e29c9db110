"""Extended XYZ with Lattice and Properties in the comment of every frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.readers.text import Columns, Lines, RawFrame, TextFrames, words
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u, element_symbols

LATTICE = re.compile(rb"""\blattice\s*=\s*["'{\[]([^"'}\]]*)["'}\]]""", re.IGNORECASE)
_PROPERTIES = re.compile(rb"""\bproperties\s*=\s*["']?([^\s"']+)""", re.IGNORECASE)

_MOST_COLUMNS = 1000
_UNWRAPPED = "unwrapped_position"
"""GPUMD's column of positions that no boundary has cut (dump_exyz and dump_xyz)."""


@dataclass(frozen=True)
class _Layout:
    symbol_column: int
    columns: Columns
    is_unwrapped: bool


class _ExtXyz(TextFrames):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.symbols: tuple[str, ...] = ()
        self.symbol_hashes: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)

    def split(self, lines: Lines) -> Iterator[RawFrame]:
        layouts: dict[bytes, _Layout] = {}
        while (line := lines.next_filled()) is not None:
            if not line.strip().isdigit() or int(line) < 1:
                lines.fail(f"the number of atoms expected, not {line[:40].decode('ascii', 'replace').strip()!r}")
            n_atoms = int(line)
            if self.symbols and n_atoms != len(self.symbols):
                lines.fail(f"{n_atoms} atoms, the frames before have {len(self.symbols)}")
            comment = lines.need()
            lattice = LATTICE.search(comment)
            if lattice is None:
                lines.fail("no Lattice in the comment", remedy="write extended XYZ with the lattice vectors")
            cell = np.array([float(word) for word in lattice[1].replace(b",", b" ").split()])
            if cell.shape != (9,):
                lines.fail(f"Lattice has {len(cell)} numbers, not 9")
            found = _PROPERTIES.search(comment)
            properties = found[1] if found else b"species:S:1:pos:R:3"
            if properties not in layouts:
                layouts[properties] = _layout(properties)
                if any(layouts[properties].is_unwrapped != other.is_unwrapped for other in layouts.values()):
                    lines.fail(f"{_UNWRAPPED} is not in every frame", remedy="give the two parts apart")
            yield RawFrame(lines.take(n_atoms), n_atoms, cell.reshape(3, 3), lines.number, layouts[properties])

    def parse(self, raw: RawFrame) -> NDArray[np.float64]:
        layout = raw.layout
        assert isinstance(layout, _Layout)
        table, hashes = layout.columns.parse(raw)
        if not np.array_equal(hashes, self.symbol_hashes):
            raise ValueError("the symbols, or their order, are not those of the first frame")
        return table


def _layout(properties: bytes) -> _Layout:
    fields = properties.decode("ascii", "replace").split(":")
    starts: dict[str, int] = {}
    column = 0
    for name, width in zip(fields[0::3], fields[2::3], strict=True):
        starts[name.lower()] = column
        column += int(width)
    if "species" not in starts or "pos" not in starts or not 4 <= column <= _MOST_COLUMNS:
        raise ValueError(f"Properties without species and pos: {properties.decode('ascii', 'replace')}")
    is_unwrapped = _UNWRAPPED in starts
    first = starts[_UNWRAPPED if is_unwrapped else "pos"]
    # all columns are counted, so that a line cut short is found
    columns = Columns((first, first + 1, first + 2), n_columns=column, text=starts["species"])
    return _Layout(starts["species"], columns, is_unwrapped)


def read_extxyz(path: Path) -> Trajectory:
    """Read an extended XYZ file; its frame interval is not in the file. GPUMD's unwrapped positions are taken first.

    Raises
    ------
    TrajectoryError
        If the file is truncated or damaged, has no lattice, or its atoms change.
    """
    frames = _ExtXyz(path)
    first = frames.first_frame()
    assert isinstance(first.layout, _Layout)
    try:
        frames.symbols = words(first, first.layout.symbol_column)
        frames.symbol_hashes = first.layout.columns.parse(first)[1]
    except ValueError as error:
        raise TrajectoryError(f"frame 0: {error}", where=path, remedy="write it again") from error
    symbols = element_symbols(frames.symbols)
    check_symbols(symbols, where=str(path))
    frames.count()
    return Trajectory(
        symbols, element_masses_u(symbols), frames.n_frames, None, str(path), frames,
        is_unwrapped=first.layout.is_unwrapped,
    )  # fmt: skip
