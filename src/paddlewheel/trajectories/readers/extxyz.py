"""Extended XYZ with Lattice and Properties in the comment of every frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.clock import EvenFrames, Unit, check_even, even_frames
from paddlewheel.trajectories.readers.text import Columns, Lines, RawFrame, TextFrames, words
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u, element_symbols

LATTICE = re.compile(rb"""\blattice\s*=\s*["'{\[]([^"'}\]]*)["'}\]]""", re.IGNORECASE)
_PROPERTIES = re.compile(rb"""\bproperties\s*=\s*["']?([^\s"']+)""", re.IGNORECASE)

_STEP = re.compile(rb"""(?<!\w)(?:time_?step|md_step|step)\s*=\s*["']?(\d+)(?![\w.])""", re.IGNORECASE)
_TIME = re.compile(rb"""(?<!\w)time(_fs|_ps|)\s*=\s*["']?([-+.\d]+(?:e[-+]?\d+)?)(?![\w.])""", re.IGNORECASE)
_ENERGY = re.compile(
    rb"""(?<![\w.])(?:potential_)?energy\s*=\s*["']?([-+.\d]+(?:e[-+]?\d+)?)(?![\w.])""", re.IGNORECASE
)
_TIME_UNIT_FS = {b"_fs": 1.0, b"_ps": 1000.0}
_REGULAR = 0.5
"""Share of the distances between frames that are the usual one, from which on a time is that of the frames: else it is
what a step took to compute."""

_MOST_COLUMNS = 1000
_UNWRAPPED = "unwrapped_position"
"""GPUMD's column of positions that no boundary has cut (dump_exyz and dump_xyz)."""


@dataclass(frozen=True)
class _Layout:
    symbol_column: int
    columns: Columns
    is_unwrapped: bool


class _ExtXyz(TextFrames):
    def __init__(self, path: Path, *, needs_cell: bool) -> None:
        super().__init__(path)
        self.needs_cell = needs_cell
        self.symbols: tuple[str, ...] = ()
        self.symbol_hashes: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self.steps: list[int | None] = []
        """What the comments of the frames that were gone through say of their steps."""
        self.energies: list[float | None] = []
        """The same of their potential energies, eV."""
        self.times: list[float | None] = []
        """The same of their times, in fs where the key tells the unit."""
        self.time_unit: Unit = "time"

    def split(self, lines: Lines) -> Iterator[RawFrame]:
        self.steps, self.times, self.energies = [], [], []
        layouts: dict[bytes, _Layout] = {}
        while (line := lines.next_filled()) is not None:
            if not line.strip().isdigit() or int(line) < 1:
                lines.fail(f"the number of atoms expected, not {line[:40].decode('ascii', 'replace').strip()!r}")
            n_atoms = int(line)
            if self.symbols and n_atoms != len(self.symbols):
                lines.fail(f"{n_atoms} atoms, the frames before have {len(self.symbols)}")
            comment = lines.need()
            self._read_count(comment)
            lattice = LATTICE.search(comment)
            if lattice is None and self.needs_cell:
                lines.fail("no Lattice in the comment", remedy="write the lattice vectors there, or give --cell")
            words_of = lattice[1].replace(b",", b" ").split() if lattice is not None else [b"0"] * 9
            cell = np.array([float(word) for word in words_of])
            if cell.shape != (9,):
                lines.fail(f"Lattice has {len(cell)} numbers, not 9")
            found = _PROPERTIES.search(comment)
            properties = found[1] if found else b"species:S:1:pos:R:3"
            if properties not in layouts:
                layouts[properties] = _layout(properties)
                if any(layouts[properties].is_unwrapped != other.is_unwrapped for other in layouts.values()):
                    lines.fail(f"{_UNWRAPPED} is not in every frame", remedy="give the two parts apart")
            yield RawFrame(lines.take(n_atoms), n_atoms, cell.reshape(3, 3), lines.number, layouts[properties])

    def even(self, path: Path) -> EvenFrames:
        """The frames that are equally far apart, by their times or steps.

        Raises
        ------
        TrajectoryError
            As `even_frames`, or where the two counts contradict each other.
        """
        steps, times = _told(self.steps), _told(self.times)
        if times is not None and self.time_unit == "time" and not _is_of_frames(times):
            times = None
        if times is None:
            return EvenFrames(None) if steps is None else even_frames(steps, "steps", path=path)
        even = even_frames(times, self.time_unit, path=path)
        if steps is not None:
            kept = steps if even.kept is None else steps[even.kept]
            check_even(kept, "steps", path=path, beside="their times")
        return even

    def _read_count(self, comment: bytes) -> None:
        step, time = _STEP.search(comment), _TIME.search(comment)
        self.steps.append(int(step[1]) if step else None)
        unit_fs = _TIME_UNIT_FS.get(time[1].lower()) if time else None
        if len(self.times) == 0:
            self.time_unit = "time" if unit_fs is None else "fs"
        self.times.append(float(time[2]) * (unit_fs or 1.0) if time else None)
        energy = _ENERGY.search(comment)
        self.energies.append(float(energy[1]) if energy else None)

    def parse(self, raw: RawFrame) -> NDArray[np.float64]:
        layout = raw.layout
        assert isinstance(layout, _Layout)
        table, hashes = layout.columns.parse(raw)
        if not np.array_equal(hashes, self.symbol_hashes):
            raise ValueError("the symbols, or their order, are not those of the first frame")
        return table


def _told(numbers: list[int | None] | list[float | None]) -> NDArray[np.float64] | None:
    """The numbers of all frames; None where a frame has none."""
    told = np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)
    return told if len(told) and np.isfinite(told).all() else None


def _is_of_frames(times: NDArray[np.float64]) -> bool:
    apart = np.diff(times)
    usual = float(np.median(apart)) if len(apart) else 0.0
    return usual > 0 and bool(np.mean(np.abs(apart - usual) <= 0.01 * usual) >= _REGULAR)


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


def read_extxyz(path: Path, *, needs_cell: bool = True) -> Trajectory:
    """Read an extended XYZ file; GPUMD's unwrapped positions are taken first.

    Where the comments count the frames (Time of GPUMD and LAMMPS, Timestep of LAMMPS, step, md_step; time_fs and
    time_ps, which tell the frame interval), that is respected (see `even_frames`).

    Parameters
    ----------
    needs_cell
        Whether a frame without a lattice (plain XYZ) is refused; otherwise its cell is zero.

    Raises
    ------
    TrajectoryError
        If the file is truncated or damaged, has no lattice, or its atoms change.
    """
    frames = _ExtXyz(path, needs_cell=needs_cell)
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
        is_unwrapped=first.layout.is_unwrapped, source_energies_eV=_told(frames.energies),
    ).only(frames.even(path))  # fmt: skip
