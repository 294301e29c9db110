"""ASE's .traj (ULM) read for atomic numbers, positions, cell and masses alone; and values of other ULM files by name.

ASE's own reader builds the constraints and calculators that a file names; what is not needed is not looked at here.
The layout is that of the docstring of `ase.io.ulm`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.foreign import LARGEST_DOCUMENT, parsing

if TYPE_CHECKING:
    from ase import Atoms

MAGIC = b"- of Ulm"


def read_ulm_frames(
    path: Path, kind: type[InputError], indices: Sequence[int] | None = None
) -> tuple[list[Atoms], int]:
    """Frames of a .traj, all or those at `indices`, and how many there are.

    Raises
    ------
    kind
        If the file is damaged or truncated.
    """
    with _opened(path, kind) as (stream, starts):
        if not starts:
            return [], 0
        first = _item(stream, starts[0])
        wanted = range(len(starts)) if indices is None else indices
        return [_atoms(stream, _item(stream, starts[index]), first) for index in wanted], len(starts)


def read_ulm_description(path: Path, kind: type[InputError]) -> dict[str, Any]:
    """What the program that wrote a .traj says of its run, such as type, timestep and interval of dynamics."""
    with _opened(path, kind) as (stream, starts):
        said = _item(stream, starts[0]).get("description") if starts else None
    return said if isinstance(said, dict) else {}


def read_ulm_values(path: Path, kind: type[InputError], names: Sequence[str]) -> dict[str, Any]:
    """Values of a file's first item by dotted names (``results.energy``), arrays as float64; what it lacks is left out.

    Raises
    ------
    kind
        If the file is damaged or truncated, or has no item.
    """
    with _opened(path, kind) as (stream, starts):
        item = _item(stream, starts[0])
        found = {}
        for name in names:
            *groups, last = name.split(".")
            place: Any = item
            for group in groups:
                place = place.get(f"{group}.", place.get(group, {}))
            if f"{last}." in place and "ndarray" in place[f"{last}."]:
                found[name] = _array(stream, place, last).astype(np.float64)
            elif last in place or f"{last}." in place:
                found[name] = place.get(last, place.get(f"{last}."))
    return found


@contextmanager
def _opened(path: Path, kind: type[InputError]) -> Iterator[tuple[BinaryIO, tuple[int, ...]]]:
    """The file, and where its items begin."""
    with (
        parsing(path, kind, problem="damaged or truncated ASE trajectory", remedy="copy it again"),
        path.open("rb") as stream,
    ):
        if stream.read(8) != MAGIC:
            raise ValueError("no ULM file")
        _, n_items, at = struct.unpack("<3q", _piece(stream, 24, 24))
        if not 0 <= n_items <= path.stat().st_size:
            raise ValueError(f"{n_items} frames")
        yield stream, struct.unpack(f"<{n_items}q", _piece(stream, at, 8 * n_items))


def _item(stream: BinaryIO, at: int) -> dict[str, Any]:
    (length,) = struct.unpack("<q", _piece(stream, at, 8))
    document = json.loads(_piece(stream, at + 8, length))
    if not isinstance(document, dict):
        raise ValueError("a frame is no map")
    return document


def _atoms(stream: BinaryIO, item: dict[str, Any], first: dict[str, Any]) -> Atoms:
    from ase import Atoms

    header = item if "numbers." in item or "numbers" in item else first  # written once where it does not change
    numbers = _array(stream, header, "numbers").astype(int)
    if numbers.min(initial=1) < 0 or numbers.max(initial=1) > 118:
        raise ValueError("an atomic number is that of no element")
    masses = _array(stream, header, "masses") if "masses." in header or "masses" in header else None
    return Atoms(
        numbers,
        positions=_array(stream, item, "positions"),
        cell=_array(stream, item, "cell"),
        pbc=[bool(periodic) for periodic in header["pbc"]],
        masses=masses,
    )


def _array(stream: BinaryIO, item: dict[str, Any], name: str) -> np.ndarray:
    if name in item:
        return np.asarray(item[name], dtype=np.float64)
    shape, kind, at = item[f"{name}."]["ndarray"]
    dtype = np.dtype(kind).newbyteorder("<" if item.get("_little_endian", True) else ">")
    if dtype.kind not in "fiu" or any(length < 0 for length in shape):
        raise ValueError(f"{name} is of {dtype}, {shape}")
    count = int(np.prod(shape, dtype=object))
    return np.frombuffer(_piece(stream, at, count * dtype.itemsize), dtype).reshape(shape)


def _piece(stream: BinaryIO, at: int, length: int) -> bytes:
    if not 0 <= length <= LARGEST_DOCUMENT:
        raise ValueError(f"{length} bytes in one piece")
    stream.seek(at)
    piece = stream.read(length)
    if len(piece) < length:
        raise EOFError("the file ends within a frame")
    return piece
