"""What the readers of text formats share: transparent decompression, whole lines, frames parsed in bulk.

The file is read in large pieces, a frame's lines are cut out of them as one run of bytes, and a compiled loop turns
that into numbers: no Python object is made for a line or a number.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from paddlewheel.errors import TrajectoryError
from paddlewheel.foreign import compression, open_unpacked, parsing

_PIECE_BYTES = 4 * 1024 * 1024
LARGEST_LENGTH = 1e100
"""Of a coordinate or an edge of a cell, in any unit: beyond it products overflow."""
_LARGEST_FRAME = 1_000_000_000
"""Bytes of one frame, or of a line: ten million atoms."""


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file that may be compressed by gzip, bzip2 or xz, as its first bytes say.

    Raises
    ------
    TrajectoryError
        If it cannot be read, or the compressed data end early or are damaged.
    """
    with parsing(path, TrajectoryError, problem="cannot be read", remedy="check that you may read it"):
        packing = compression(path)
    problem = "cannot be read" if packing is None else "truncated or damaged compressed file"
    with (
        parsing(path, TrajectoryError, problem=problem, remedy="copy the file again"),
        open_unpacked(path, TrajectoryError) as stream,
    ):
        yield stream


class Lines:
    """Lines of a file, with errors that name the frame and the line.

    A last line without its end is taken for whole here; `TextFrames` looks whether it can be.
    """

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream, self.path = stream, path
        self._data, self._at = b"", 0
        self.frame = 0
        """Number of the frame that is being read."""
        self.number = 0
        """Number of lines read."""
        self.is_unended = False
        """Whether the last line of the file has no end."""

    def next(self) -> bytes | None:
        """The next line, or None at the end of the file."""
        while (end := self._data.find(b"\n", self._at)) < 0:
            if not self._read_on():
                return None
        line = self._data[self._at : end + 1]
        self._at = end + 1
        self.number += 1
        return line

    def need(self) -> bytes:
        """The next line, which must be there."""
        line = self.next()
        return self.fail_truncated() if line is None else line

    def take(self, n_lines: int) -> bytes:
        """The next lines as one run of bytes; they must be there."""
        from paddlewheel.trajectories.readers.text_kernels import end_of_lines

        while (end := end_of_lines(np.frombuffer(self._data, np.uint8), self._at, n_lines)) < 0:
            if not self._read_on():
                rest = self._data[self._at :]
                self.number += rest.count(b"\n") + (not rest.endswith(b"\n") and bool(rest))
                self.fail_truncated()
        text = self._data[self._at : end]
        self._at = end
        self.number += n_lines
        return text

    def _read_on(self) -> bool:
        """Read a further piece of the file, or as much as there is already; False at its end."""
        rest = self._data[self._at :]
        if len(rest) > _LARGEST_FRAME:
            self.fail(f"more than {_LARGEST_FRAME / 1e9:g} GB in one frame", remedy="give a trajectory of fewer atoms")
        piece = self._stream.read(max(_PIECE_BYTES, len(rest)))
        if not piece and rest and not rest.endswith(b"\n"):
            piece, self.is_unended = b"\n", True
        self._data, self._at = rest + piece, 0
        return bool(piece)

    def next_filled(self) -> bytes | None:
        """The next line that is not blank, or None at the end of the file."""
        line = self.next()
        while line is not None and not line.strip():
            line = self.next()
        return line

    def fail_truncated(self) -> NoReturn:
        """The file ends where it should not."""
        last = f"frame {self.frame - 1} is the last whole one" if self.frame else "no frame is whole"
        raise TrajectoryError(
            f"truncated: the file ends in frame {self.frame}, line {self.number} ({last})",
            where=self.path,
            remedy="copy it again, or cut it after the last whole frame",
        )

    def fail(self, problem: str, *, remedy: str | None = None) -> NoReturn:
        """The current frame is wrong."""
        raise TrajectoryError(f"frame {self.frame}, line {self.number}: {problem}", where=self.path, remedy=remedy)


@dataclass(frozen=True)
class RawFrame:
    """One frame, its atoms not parsed yet.

    Attributes
    ----------
    text
        One line per atom.
    n_atoms
        Number of the lines.
    cell_A
        Lattice vectors, `[3, 3]`.
    line_number
        Number of the last line.
    layout
        What the format needs to parse the lines.
    """

    text: bytes
    n_atoms: int
    cell_A: NDArray[np.float64]
    line_number: int
    layout: object = None


class TextFrames(ABC):
    """Frames of a text file; a subclass says how the file is divided into frames, and how one is parsed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_frames = 0

    @abstractmethod
    def split(self, lines: Lines) -> Iterator[RawFrame]:
        """The frames of the file, not parsed; each is checked for its number of atoms."""

    @abstractmethod
    def parse(self, raw: RawFrame) -> NDArray[np.float64]:
        """Cartesian positions of a frame, `[n_atoms, 3]`, in A; ValueError if a number is none."""

    def raw_frames(self) -> Iterator[RawFrame]:
        """All frames, not parsed."""
        with open_bytes(self.path) as stream:
            lines = Lines(stream, self.path)
            try:
                for raw in self.split(lines):
                    if lines.is_unended and not _ends_whole(raw.text):
                        lines.fail_truncated()
                    yield raw
                    lines.frame += 1
            except ValueError as error:
                lines.fail(str(error))
            if lines.is_unended and lines.frame == 0:
                lines.fail_truncated()

    def count(self) -> None:
        """Go through the whole file once: finds where it is truncated, sets `n_frames`."""
        self.n_frames = sum(1 for _ in self.raw_frames())
        if self.n_frames == 0:
            raise TrajectoryError("no frames", where=self.path, remedy="give a trajectory with at least one frame")

    def read(self, start: int, stop: int, per_block: int) -> Iterator[tuple[NDArray, NDArray]]:
        frames = islice(enumerate(self.raw_frames()), start, stop)
        while True:
            positions, cells = [], []
            for index, raw in islice(frames, per_block):
                positions.append(self._parse(index, raw))
                cells.append(raw.cell_A)
            if not positions:
                return
            yield np.array(positions), np.array(cells)

    def first_frame(self) -> RawFrame:
        """The first frame, not parsed.

        Raises
        ------
        TrajectoryError
            If there is none.
        """
        for raw in self.raw_frames():
            return raw
        raise TrajectoryError("no frames", where=self.path, remedy="give a trajectory with at least one frame")

    def _parse(self, index: int, raw: RawFrame) -> NDArray[np.float64]:
        try:
            return self.parse(raw)
        except ValueError as error:
            first = raw.line_number - raw.n_atoms + 1
            raise TrajectoryError(
                f"frame {index}, lines {first} to {raw.line_number}: {error}",
                where=self.path,
                remedy="cut the trajectory before that frame",
            ) from error


def _ends_whole(text: bytes) -> bool:
    """Whether the last of a frame's lines, which has no end in the file, can be whole.

    It has as many columns as the line before, and its last number at most one decimal fewer than is usual in that
    column (a zero that its writer left out): what may be lost is a digit in the last place.
    """
    columns = [line.split() for line in text.rstrip(b"\n").split(b"\n")]
    if len(columns) < 2 or len(columns[-1]) != len(columns[-2]):
        return False
    decimals = [_decimals(row[-1]) for row in columns if row]
    return decimals[-1] > 0 and decimals[-1] >= float(np.median(decimals[:-1])) - 1


def _decimals(word: bytes) -> int:
    """How many decimals a number has; -1 for what is none, or ends in an exponent."""
    try:
        float(word)
    except ValueError:
        return -1
    return -1 if b"e" in word.lower() else len(word.partition(b".")[2])


class Columns:
    """Which columns of a frame's lines are numbers that are wanted, and which one is text that may not change.

    Parameters
    ----------
    numbers
        Indices of columns, each once, in the order wanted.
    n_columns
        How many columns a line must have; what comes after them is not looked at.
    text
        Index of a column of text, or None.
    """

    def __init__(self, numbers: Sequence[int], *, n_columns: int, text: int | None = None) -> None:
        self._width = len(numbers)
        self._text = -1 if text is None else text
        self._slots = np.full(n_columns, -1)
        self._slots[list(numbers)] = np.arange(self._width)

    def parse(self, raw: RawFrame) -> tuple[NDArray[np.float64], NDArray[np.uint64]]:
        """The numbers `[n_atoms, n]`, and a hash of the text of each line (0 without); ValueError if one is none."""
        from paddlewheel.trajectories.readers.text_kernels import FEW_COLUMNS, NOT_FINITE, parse_rows

        table = np.empty((raw.n_atoms, self._width))
        hashes = np.zeros(raw.n_atoms, dtype=np.uint64)
        data = np.frombuffer(raw.text, np.uint8)
        problem, row, position = parse_rows(data, self._slots, self._text, table, hashes)
        if problem == FEW_COLUMNS:
            raise ValueError(f"atom {row + 1} has fewer than {len(self._slots)} columns")
        if problem:
            word = raw.text[position : position + 200].split()[0].decode("ascii", "replace")[:40]
            what = "is not finite" if problem == NOT_FINITE else "is no finite number"
            raise ValueError(f"atom {row + 1}: {word!r} {what}")
        return table, hashes


def cartesian(fractions: NDArray[np.float64], cell_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fractional coordinates `[n_atoms, 3]` times the cell; ValueError where a number is beyond `LARGEST_LENGTH`."""
    if not (np.abs(fractions) <= LARGEST_LENGTH).all() or not (np.abs(cell_A) <= LARGEST_LENGTH).all():
        raise ValueError(f"a number is not finite, or beyond {LARGEST_LENGTH:g}")
    return fractions @ cell_A


def words(raw: RawFrame, column: int) -> tuple[str, ...]:
    """One column of the lines as text; ValueError if it is missing."""
    try:
        return tuple(
            line.split(None, column + 1)[column].decode("ascii", "replace") for line in raw.text.split(b"\n")[:-1]
        )
    except IndexError:
        raise ValueError(f"a line has no column {column + 1}") from None


def numbers(line: bytes, count: int) -> list[float]:
    """The first `count` numbers of a line; ValueError if they are not there."""
    values = [float(word) for word in line.replace(b"_", b"?").split()[:count]]  # Python takes 1_0 for 10
    if len(values) < count or not all(abs(value) <= LARGEST_LENGTH for value in values):
        raise ValueError(f"{count} numbers expected, not {line.decode('ascii', 'replace').strip()[:60]!r}")
    return values
