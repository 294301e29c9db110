"""LAMMPS text dumps: `dump custom` (and `dump atom`) with ids in any order.

Formats of the box: https://docs.lammps.org/Howto_triclinic.html (restricted and general triclinic).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories.clock import EvenFrames, check_even, even_frames
from paddlewheel.trajectories.readers.text import Columns, Lines, RawFrame, TextFrames, cartesian, numbers, words
from paddlewheel.trajectories.trajectory import Trajectory, check_symbols, element_masses_u, element_symbols

_COORDINATES = ((b"xu", b"yu", b"zu"), (b"x", b"y", b"z"), (b"xsu", b"ysu", b"zsu"), (b"xs", b"ys", b"zs"))
"""In the order of preference."""
_FLAGS = (b"ix", b"iy", b"iz")
_KINDS = (b"element", b"type")
"""Columns that say what an atom is, in the order of preference."""
_TIME_UNIT_FS = {b"metal": 1000.0, b"real": 1.0}


@dataclass(frozen=True)
class _Layout:
    """What the line ITEM: ATOMS says.

    Attributes
    ----------
    names
        All columns.
    coordinates
        The three to read.
    has_images
        Whether image flags that belong to them are there.
    columns
        id, coordinates and image flags; the text is the kind of the atom, if any.
    """

    names: tuple[bytes, ...]
    coordinates: tuple[bytes, ...]
    has_images: bool
    columns: Columns

    @property
    def is_unwrapped(self) -> bool:
        return self.has_images or self.coordinates in _COORDINATES[0::2]


@dataclass(frozen=True)
class _Placed:
    """A layout, and where the box of the frame has its corner."""

    layout: _Layout
    origin_A: NDArray[np.float64]


class _Dump(TextFrames):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.ids: NDArray[np.float64] = np.empty(0)
        """Sorted ids of the first frame."""
        self.kinds: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        """Hashes of what the atoms of the first frame are, in the order of the ids."""
        self._last_ids: NDArray[np.float64] = np.empty(0)
        self._last_order: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.steps: list[int] = []
        """Of the frames that were gone through."""
        self.times: list[float | None] = []
        """The same, in the unit of the dump."""
        self.time_unit_fs: float | None = None

    def split(self, lines: Lines) -> Iterator[RawFrame]:
        self.steps, self.times = [], []
        layouts: dict[bytes, _Layout] = {}
        while (line := lines.next_filled()) is not None:
            step, time, n_atoms, box = None, None, None, None
            while not line.startswith(b"ITEM: ATOMS"):
                if line.startswith(b"ITEM: UNITS"):
                    units = lines.need().strip()
                    if units not in _TIME_UNIT_FS:
                        lines.fail(f"units {units.decode('ascii', 'replace')}", remedy="write in metal or real units")
                    self.time_unit_fs = _TIME_UNIT_FS[units]
                elif line.startswith(b"ITEM: TIMESTEP"):
                    step = int(lines.need())
                elif line.startswith(b"ITEM: TIME"):
                    time = numbers(lines.need(), 1)[0]
                elif line.startswith(b"ITEM: NUMBER OF ATOMS"):
                    n_atoms = int(lines.need())
                elif line.startswith(b"ITEM: BOX BOUNDS"):
                    box = _box(line, [lines.need() for _ in range(3)])
                else:
                    lines.fail(f"ITEM: expected, not {line[:40].decode('ascii', 'replace').strip()!r}")
                line = lines.need()
            if step is None or n_atoms is None or box is None:
                lines.fail("TIMESTEP, NUMBER OF ATOMS or BOX BOUNDS is missing before ATOMS")
            if n_atoms < 1 or (len(self.ids) and n_atoms != len(self.ids)):
                lines.fail(f"{n_atoms} atoms, the frames before have {len(self.ids)}")
            self.steps.append(step)
            self.times.append(time)
            cell, origin = box
            if line not in layouts:
                layouts[line] = _layout(tuple(line.split()[2:]))
                if any(layouts[line].is_unwrapped != other.is_unwrapped for other in layouts.values()):
                    lines.fail("its coordinates are unwrapped, or wrapped, unlike those before",
                               remedy="give the two parts apart")  # fmt: skip
            yield RawFrame(lines.take(n_atoms), n_atoms, cell, lines.number, _Placed(layouts[line], origin))

    def parse(self, raw: RawFrame) -> NDArray[np.float64]:
        placed = raw.layout
        assert isinstance(placed, _Placed)
        layout = placed.layout
        table, kinds = layout.columns.parse(raw)
        if not np.array_equal(table[:, 0], self._last_ids):  # LAMMPS keeps an order for many frames
            order = np.argsort(table[:, 0])
            if not np.array_equal(table[order, 0], self.ids):
                raise ValueError("the ids are not those of the first frame")
            self._last_ids, self._last_order = table[:, 0].copy(), order
        if not np.array_equal(kinds[self._last_order], self.kinds):
            raise ValueError("an atom has another element or type than in the first frame")
        table = table[self._last_order]
        positions = table[:, 1:4]
        is_scaled = layout.coordinates[0].startswith(b"xs")
        # an NPT box moves its origin
        positions = cartesian(positions, raw.cell_A) if is_scaled else positions - placed.origin_A
        return positions + cartesian(table[:, 4:7], raw.cell_A) if layout.has_images else positions

    def even(self, path: Path) -> EvenFrames:
        """The frames that are equally far apart, by their steps.

        Raises
        ------
        TrajectoryError
            As `even_frames`, or where the times of the dump are not as even as its steps.
        """
        even = even_frames(self.steps, "steps", path=path)
        if times := self._times(even):
            check_even(times, "time", path=path, beside="their steps")
        return even

    def interval_fs(self, even: EvenFrames) -> float | None:
        """Time between those frames, where the dump says it (dump_modify time yes, units yes)."""
        times = self._times(even)
        if len(times) < 2 or self.time_unit_fs is None or times[-1] <= times[0]:
            return None
        return float(f"{(times[-1] - times[0]) / (len(times) - 1) * self.time_unit_fs:.9g}")

    def _times(self, even: EvenFrames) -> list[float]:
        """Of those frames; none where a frame has none."""
        times = self.times if even.kept is None else [self.times[index] for index in even.kept]
        told = [time for time in times if time is not None]
        return told if len(told) == len(times) else []


def _box(header: bytes, rows: list[bytes]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lattice vectors `[3, 3]` and origin `[3]` of the box."""
    if b"abc origin" in header:
        table = np.array([numbers(row, 4) for row in rows])
        return table[:, :3], table[:, 3]
    if b"xy xz yz" not in header:
        bounds = np.array([numbers(row, 2) for row in rows])
        return np.diag(bounds[:, 1] - bounds[:, 0]), bounds[:, 0]
    bounds = np.array([numbers(row, 3) for row in rows])
    xy, xz, yz = bounds[:, 2]
    # The file has the box that bounds the parallelepiped.
    x_low = bounds[0, 0] - min(0.0, xy, xz, xy + xz)
    x_high = bounds[0, 1] - max(0.0, xy, xz, xy + xz)
    y_low, y_high = bounds[1, 0] - min(0.0, yz), bounds[1, 1] - max(0.0, yz)
    z_low, z_high = bounds[2, :2]
    cell = np.array([[x_high - x_low, 0.0, 0.0], [xy, y_high - y_low, 0.0], [xz, yz, z_high - z_low]])
    return cell, np.array([x_low, y_low, z_low])


def _layout(names: tuple[bytes, ...]) -> _Layout:
    coordinates = next((triple for triple in _COORDINATES if set(triple) <= set(names)), None)
    if coordinates is None or b"id" not in names:
        raise ValueError("no columns id and x y z (or xu, xs, xsu): dump them")
    has_images = coordinates in _COORDINATES[1::2] and set(_FLAGS) <= set(names)
    wanted = (b"id", *coordinates, *(_FLAGS if has_images else ()))
    kind = next((names.index(name) for name in _KINDS if name in names), None)
    columns = Columns([names.index(name) for name in wanted], n_columns=len(names), text=kind)
    return _Layout(names, coordinates, has_images, columns)


def _symbols(
    raw: RawFrame,
    order: NDArray[np.int64],
    names: tuple[bytes, ...],
    path: Path,
    symbols: Sequence[str] | None,
    type_map: Mapping[int, str] | None,
) -> tuple[str, ...]:
    """Symbols in the order of the ids: by the types where they are mapped, else by the column element."""
    if b"element" in names and type_map is None:
        elements = element_symbols(words(raw, names.index(b"element")))
        n_types = len(set(words(raw, names.index(b"type")))) if b"type" in names else 1
        if n_types > 1 and set(elements) == {"C"}:
            raise TrajectoryError(
                f"all {n_types} atom types are C, which LAMMPS writes where no elements were given", where=path,
                remedy="give --type-map 1=?,2=? with an element for each type",
            )  # fmt: skip
        return tuple(elements[index] for index in order)
    if symbols is not None and type_map is None:
        if len(symbols) != len(order):
            raise TrajectoryError(f"{len(symbols)} symbols for {len(order)} atoms", where=path)
        return tuple(symbols)
    if b"type" not in names:
        raise TrajectoryError("no column type", where=path, remedy="leave --type-map out, or dump the types")
    types = [int(word) for word in words(raw, names.index(b"type"))]
    unknown = sorted(set(types) - set(type_map or {}))
    if type_map is None or unknown:
        wanted = ",".join(f"{number}=?" for number in sorted(set(types)))
        raise TrajectoryError(
            f"the element of atom type {', '.join(map(str, unknown))} is not known",
            where=path,
            remedy=f"give --type-map {wanted} with an element for each type, or dump the column element",
        )
    return tuple(type_map[types[index]] for index in order)


def read_lammps_dump(
    path: Path, *, symbols: Sequence[str] | None = None, type_map: Mapping[int, str] | None = None
) -> Trajectory:
    """Read a LAMMPS text dump; atoms are sorted by id, so the order of the lines may change between frames.

    Coordinates are taken from xu, x (with ix iy iz where dumped), xsu or xs (with flags), in this order.

    Parameters
    ----------
    symbols
        One symbol per atom in the order of the ids, where the dump has no column `element`.
    type_map
        Element of each atom type; it wins over a column `element`, in which LAMMPS writes C for what it was not told.

    Raises
    ------
    TrajectoryError
        If the file is truncated or damaged, elements are not known, atoms change, or steps are not equally spaced.
    """
    frames = _Dump(path)
    first = frames.first_frame()
    placed = first.layout
    assert isinstance(placed, _Placed)
    layout = placed.layout
    try:
        table, kinds = layout.columns.parse(first)
        order = np.argsort(table[:, 0])
        names = _symbols(first, order, layout.names, path, symbols, type_map)
    except ValueError as error:
        raise TrajectoryError(
            f"frame 0: ids and elements cannot be read ({error})",
            where=path,
            remedy="dump the columns id and element (or type)",
        ) from error
    check_symbols(names, where=str(path))
    frames.ids, frames.kinds = table[order, 0], kinds[order]
    if len(np.unique(frames.ids)) < len(frames.ids):
        raise TrajectoryError("frame 0: two atoms have the same id", where=path, remedy="dump whole frames")
    frames.count()
    even = frames.even(path)
    trajectory = Trajectory(
        names, element_masses_u(names), frames.n_frames, None, str(path), frames, is_unwrapped=layout.is_unwrapped
    ).only(even)
    interval_fs = frames.interval_fs(even)
    return trajectory if interval_fs is None else trajectory.with_frame_interval(interval_fs)
