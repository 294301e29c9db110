"""AmiraMesh, which Avizo writes: lattices of voxels behind a header of text.

Of a uniform lattice the bounding box runs from the middle of the first voxel to that of the last. Labels are places in
the list of materials.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import refuse_expansion
from paddlewheel.lab.tomography.readers.arrays import only_volume
from paddlewheel.lab.tomography.readers.headers import (
    LONGEST_HEADER,
    bare_numbers,
    of_bytes,
    packed_numbers,
    text_numbers,
)
from paddlewheel.lab.tomography.readers.volume import SaidSize, Volume
from paddlewheel.lab.tomography.readers.voxel_size import nm_of

BEGINNINGS = (b"# AmiraMesh", b"# Avizo", b"# HyperSurface", b"# HyperMesh")
_TYPES = {"byte": "u1", "char": "u1", "uchar": "u1", "sbyte": "i1", "short": "i2", "ushort": "u2", "int": "i4",
          "uint": "u4", "float": "f4", "double": "f8"}  # fmt: skip
_TOKEN = re.compile(r'"[^"]*"|[{}]|\n|[^\s{},"]+|,')
_FIELD = re.compile(r"^\s*Lattice\s*\{\s*([\w\[\]]+)\s+([^\s}]+)\s*\}\s*=?\s*\w*\(?@(\d+)\)?\s*(?:\((\w+),\s*(\d+)\))?",
                    re.MULTILINE)  # fmt: skip
_COPY = "copy it again"
_DEEPEST = 50


@dataclass(frozen=True, kw_only=True)
class _Field:
    """One array on the lattice: type of its numbers, which section of data, how packed and in how many bytes."""

    kind: str
    section: int
    packing: str | None
    n_packed: int


def read_amira(path: Path, dataset: str | None) -> Volume:
    """The array on the lattice that is named, or the only one; mapped where it is not packed.

    Raises
    ------
    DataError
        If it holds a surface, vectors or several arrays, or is cut off.
    """
    with open(path, "rb") as stream:
        head = stream.read(LONGEST_HEADER)
    first = head.split(b"\n", 1)[0].decode("latin-1")
    if first.startswith(("# HyperSurface", "# HyperMesh")):
        raise DataError("is a surface, no stack", where=path, remedy="give the label field that it was made of")
    data = re.search(rb"\n@\d+\s*\n", head)
    if data is None:
        raise DataError("holds no data behind its header", where=path, remedy=_COPY)
    text = head[: data.start() + 1].decode("latin-1").replace("\xc2\xb5", "µ")
    lattice = re.search(r"^\s*define\s+Lattice\s+([1-9]\d{0,8})\s+([1-9]\d{0,8})\s+([1-9]\d{0,8})", text, re.MULTILINE)
    if lattice is None:
        raise DataError("defines no lattice of three axes", where=path, remedy="give a stack: a uniform lattice")
    n_x, n_y, n_z = (int(count) for count in lattice.groups())
    fields = {
        match[2]: _Field(kind=match[1], section=int(match[3]), packing=match[4], n_packed=int(match[5] or 0))
        for match in _FIELD.finditer(text)
    }
    name = only_volume(dict.fromkeys(fields, (n_z, n_y, n_x)), dataset, path)
    if fields[name].kind not in _TYPES:
        raise DataError(
            f"holds {name} of {fields[name].kind}", where=path, remedy="give one grey value or label a voxel"
        )
    parameters = _parameters(text, path)
    warnings: list[str] = []
    metadata: dict[str, Any] = {"dataset": name}
    if names := _materials(parameters, warnings):
        metadata["names"] = names
    size = _size(parameters, (n_x, n_y, n_z), warnings)
    values = _voxels(path, first, fields, name, (n_z, n_y, n_x))
    return Volume(values=values, size=size, metadata=metadata, warnings=tuple(warnings))


def _voxels(
    path: Path, first: str, fields: dict[str, _Field], name: str, shape: tuple[int, int, int]
) -> np.ndarray:  # fmt: skip
    order = "<" if "LITTLE-ENDIAN" in first else ">"
    is_text = "ASCII" in first
    wanted = fields[name]
    dtype = np.dtype(_TYPES[wanted.kind]).newbyteorder(order)
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        begin = 0
        for field in sorted(fields.values(), key=lambda field: field.section):
            mark = re.compile(rb"\n@%d[ \t\r]*\n" % field.section).search(content, begin)
            if mark is None:
                raise DataError(f"lacks its data section @{field.section}", where=path, remedy=_COPY)
            begin = mark.end()
            if field is wanted:
                break
            begin += 0 if is_text else field.n_packed or _n_bytes(field, shape)
        if is_text:
            following = re.compile(rb"\n@\d+[ \t\r]*\n").search(content, begin)
            return text_numbers(content[begin : following.start() if following else len(content)], dtype, shape, path)
        if wanted.packing is None:
            return bare_numbers(path, dtype, shape, begin)
        packed = content[begin : begin + wanted.n_packed]
    if len(packed) < wanted.n_packed:
        raise DataError(f"is cut off: {len(packed)} of {wanted.n_packed} bytes of {name}", where=path, remedy=_COPY)
    if wanted.packing == "HxZip":
        return packed_numbers(packed, "zlib", dtype, shape, path)
    if wanted.packing == "HxByteRLE":
        needed = math.prod(shape) * dtype.itemsize
        refuse_expansion(needed, len(packed), path, DataError)
        return of_bytes(_from_runs(packed, needed), dtype, shape, path)
    raise DataError(
        f"packs its voxels by {wanted.packing}", where=path, remedy="save it as AmiraMesh binary, not packed"
    )


def _n_bytes(field: _Field, shape: tuple[int, int, int]) -> int:
    kind, _, count = field.kind.partition("[")
    return math.prod(shape) * np.dtype(_TYPES.get(kind, "u1")).itemsize * int(count.rstrip("]") or 1)


def _from_runs(packed: bytes, needed: int) -> bytes:
    """Bytes of HxByteRLE: a count under 128 repeats the next byte, one from 128 on is 128 + that many as they are.

    It ends where there are more than `needed`, which `of_bytes` refuses.
    """
    out = bytearray()
    at = 0
    while at < len(packed) and len(out) <= needed:
        count = packed[at] & 0x7F
        if packed[at] & 0x80:
            out += packed[at + 1 : at + 1 + count]
            at += 1 + count
        else:
            out += packed[at + 1 : at + 2] * count
            at += 2
    return bytes(out)


def _parameters(text: str, path: Path) -> dict[str, Any]:
    """The header's map of parameters: names to lists of words, or to maps."""
    begin = re.search(r"^\s*Parameters\s*\{", text, re.MULTILINE)
    if begin is None:
        return {}
    tokens = (match[0] for match in _TOKEN.finditer(text, begin.end()))
    return _map(tokens, path, 0)


def _map(tokens: Iterator[str], path: Path, depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise DataError("nests its parameters too deeply", where=path, remedy=_COPY)
    found: dict[str, Any] = {}
    words: list[str] = []

    def keep() -> None:
        if words:
            found[words[0]] = words[1:]
            words.clear()

    for token in tokens:
        if token == "{":
            name = words[-1] if words else ""
            words.clear()
            found[name] = _map(tokens, path, depth + 1)
        elif token == "}":
            keep()
            return found
        elif token in (",", "\n"):
            keep()
        else:
            words.append(token.strip('"'))
    keep()
    return found


def _materials(parameters: dict[str, Any], warnings: list[str]) -> dict[int, str]:
    """Names by the place in the list of materials, which is the number in the labels."""
    materials = parameters.get("Materials")
    if not isinstance(materials, dict):
        return {}
    ids = [material.get("Id") for material in materials.values() if isinstance(material, dict)]
    known = [entry[0] for entry in ids if entry]
    usual = ([str(place) for place in range(len(ids))], [str(place + 1) for place in range(len(ids))])
    if len(known) == len(ids) and known not in usual:
        warnings.append(f"the Ids of its materials ({', '.join(known[:8])}) are not their order, which is taken")
    return dict(enumerate(materials))


def _size(parameters: dict[str, Any], counts: tuple[int, int, int], warnings: list[str]) -> SaidSize:
    kind = parameters.get("CoordType") or ["uniform"]
    if kind[0] != "uniform":
        warnings.append(f"its lattice has {kind[0]} coordinates: the size of a voxel is not taken from it")
        return SaidSize()
    try:
        box = [float(word) for word in parameters.get("BoundingBox", [])]
    except (TypeError, ValueError):
        box = []
    if len(box) != 6 or min(counts) < 2:
        return SaidSize()
    x, y, z = ((box[2 * axis + 1] - box[2 * axis]) / (counts[axis] - 1) for axis in range(3))
    units = parameters.get("Units")
    named = (units.get("Coordinates") or [None])[0] if isinstance(units, dict) else None
    unit = nm_of(named)
    by = f"Avizo's bounding box{f' in {named}' if named else ''}"
    if unit is None:
        return SaidSize(x=x, y=y, z=z, by=by, has_unit=False)
    return SaidSize(x=x * unit, y=y * unit, z=z * unit, by=by)
