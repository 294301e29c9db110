"""Numbers behind or beside a header of text: NRRD (teem.sourceforge.net/nrrd/format.html) and MetaImage (ITK)."""

from __future__ import annotations

import bz2
import math
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing, refuse_expansion
from paddlewheel.lab.tomography.readers.volume import SaidSize, Volume
from paddlewheel.lab.tomography.readers.voxel_size import nm_of

LONGEST_HEADER = 1_000_000
_LONGEST_NUMBER = 64
"""Characters: all words are held in fields of the longest one's width."""
_COPY = "copy it again"
_NRRD_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    "float": "f4",
    "double": "f8",
}
_META_TYPES = {"CHAR": "i1", "UCHAR": "u1", "SHORT": "i2", "USHORT": "u2", "INT": "i4", "UINT": "u4", "FLOAT": "f4",
               "DOUBLE": "f8"}  # fmt: skip


def bare_numbers(path: Path, dtype: np.dtype, shape: tuple[int, int, int], offset: int) -> np.ndarray:
    """Numbers [n_z, n_y, n_x] of a file from a byte on, mapped.

    Raises
    ------
    DataError
        If the file is shorter.
    """
    needed, there = offset + math.prod(shape) * dtype.itemsize, path.stat().st_size
    if needed > there or offset < 0 or min(shape) < 1:
        raise DataError(f"is cut off: its voxels need {needed} bytes, it has {there}", where=path, remedy=_COPY)
    return np.memmap(path, dtype, "r", offset, shape)


def packed_numbers(
    content: bytes, packing: str, dtype: np.dtype, shape: tuple[int, int, int], path: Path
) -> np.ndarray:  # fmt: skip
    """Numbers [n_z, n_y, n_x] from zlib, gzip or bzip2; no more is unpacked than they need."""
    needed = math.prod(shape) * dtype.itemsize
    refuse_expansion(needed, len(content), path, DataError)
    with parsing(path, DataError, problem="holds damaged voxels", remedy=_COPY):
        if packing == "bzip2":
            found = bz2.BZ2Decompressor().decompress(content, needed + 1)
        else:
            found = zlib.decompressobj(47).decompress(content, needed + 1)  # 47: zlib or gzip, as it begins
    return of_bytes(found, dtype, shape, path)


def text_numbers(content: bytes, dtype: np.dtype, shape: tuple[int, int, int], path: Path) -> np.ndarray:
    """Numbers [n_z, n_y, n_x] written out as text."""
    words = content.split()[: math.prod(shape)]
    if len(words) < math.prod(shape):
        raise DataError(f"holds {len(words)} of {math.prod(shape)} voxels", where=path, remedy=_COPY)
    with parsing(path, DataError, problem="holds voxels that are no numbers", remedy=_COPY):
        if len(longest := max(words, key=len)) > _LONGEST_NUMBER:
            raise ValueError(f"a word of {len(longest)} characters")
        numbers = np.array(words).astype(np.float64)
    if dtype.kind in "iu":
        fits = (numbers >= np.iinfo(dtype).min) & (numbers <= np.iinfo(dtype).max) & (numbers == np.floor(numbers))
        if not fits.all():
            wrong = words[int(np.argmin(fits))].decode("latin-1")[:20]
            raise DataError(f"holds a voxel of {wrong}, which is no {dtype.name}", where=path, remedy=_COPY)
    return numbers.astype(dtype).reshape(shape)


def of_bytes(content: bytes | np.ndarray, dtype: np.dtype, shape: tuple[int, int, int], path: Path) -> np.ndarray:
    """Numbers [n_z, n_y, n_x] of bytes, refused where these are more or fewer."""
    needed = math.prod(shape) * dtype.itemsize
    if len(content) != needed:
        there = f"more than {needed}" if len(content) > needed else str(len(content))
        raise DataError(f"holds {there} bytes of voxels for {needed}", where=path, remedy=_COPY)
    return np.frombuffer(content, dtype).reshape(shape)


def read_nrrd(path: Path) -> Volume:
    """A .nrrd, or a .nhdr whose numbers lie in a file beside it."""
    with open(path, "rb") as stream:
        head = stream.read(LONGEST_HEADER)
    end = re.search(rb"\r?\n\r?\n", head)
    text = head[: end.start() if end else len(head)].decode("utf-8", "replace")
    fields = {}
    for line in text.splitlines()[1:]:
        name, mark, value = line.partition(":")
        if mark and not line.startswith("#"):
            fields[name.strip().lower().replace(" ", "")] = value.lstrip("=").strip()
    shape, axes = _three_counts(fields.get("sizes", ""), path)
    kind = _NRRD_TYPES.get(fields.get("type", "").lower())
    if kind is None:
        raise DataError(f"holds numbers of type {fields.get('type')!r}", where=path, remedy="write it as uint8, uint16 "
                        "or float")  # fmt: skip
    dtype = np.dtype(kind).newbyteorder(">" if fields.get("endian", "").lower() == "big" else "<")
    size = _nrrd_size(fields, axes)
    file = _beside(path, fields["datafile"]) if "datafile" in fields else path
    if file == path and end is None:
        raise DataError("ends within its header", where=path, remedy=_COPY)
    start = 0 if file != path or end is None else end.end()
    if fields.get("lineskip", "0") != "0":
        raise DataError("skips lines before its voxels", where=path, remedy="write it without `line skip`")
    skip = _whole(fields.get("byteskip", "0"), "byte skip", path)
    encoding = fields.get("encoding", "raw").lower()
    if encoding == "raw":
        last = file.stat().st_size - math.prod(shape) * dtype.itemsize  # -1: what stands before is no matter
        return Volume(values=bare_numbers(file, dtype, shape, last if skip == -1 else start + skip), size=size)
    content = file.read_bytes()[start:]
    if encoding in ("txt", "text", "ascii"):
        return Volume(values=text_numbers(content, dtype, shape, file), size=size)
    packing = {"gz": "gzip", "gzip": "gzip", "bz2": "bzip2", "bzip2": "bzip2"}.get(encoding)
    if packing is None or skip:
        raise DataError(f"is encoded as {encoding}", where=path, remedy="write it as raw or gzip")
    return Volume(values=packed_numbers(content, packing, dtype, shape, file), size=size)


def _nrrd_size(fields: Mapping[str, str], axes: list[int]) -> SaidSize:
    """Spacings, or lengths of the space directions, of the three axes that are longer than one."""
    units = re.findall(r'"([^"]*)"', fields.get("spaceunits", "") or fields.get("units", ""))
    if "spacedirections" in fields:
        vectors = re.findall(r"\(([^)]*)\)|none", fields["spacedirections"])
        edges = [math.hypot(*_numbers(vector)) if vector else None for vector in vectors]
    else:
        edges = list(_numbers(fields.get("spacings", "")))
    if len(edges) <= max(axes) or any(not edges[axis] for axis in axes):
        return SaidSize()
    unit = nm_of(units[-1]) if units and len(set(units) - {"", "none", "???"}) == 1 else None
    x, y, z = (edges[axis] for axis in axes)  # type: ignore[misc]
    return _said_size((x, y, z), unit, "NRRD's spacings")  # type: ignore[arg-type]


def read_metaimage(path: Path) -> Volume:
    """A .mha, or a .mhd whose numbers lie in a file beside it."""
    with open(path, "rb") as stream:
        head = stream.read(LONGEST_HEADER)
    end = re.search(rb"^ElementDataFile\s*=\s*([^\r\n]*)\r?\n?", head, re.MULTILINE)
    if end is None:
        raise DataError("names no ElementDataFile", where=path, remedy=_COPY)
    lines = head[: end.start()].decode("utf-8", "replace").splitlines()
    fields = {name.strip(): value.strip() for name, mark, value in (line.partition("=") for line in lines) if mark}
    shape, axes = _three_counts(fields.get("DimSize", ""), path)
    kind = _META_TYPES.get(fields.get("ElementType", "").removeprefix("MET_"))
    if kind is None or fields.get("ElementNumberOfChannels", "1") != "1":
        raise DataError(
            f"holds {fields.get('ElementNumberOfChannels', '1')} channels of {fields.get('ElementType')!r}",
            where=path, remedy="write one channel of MET_UCHAR, MET_USHORT or MET_FLOAT",
        )  # fmt: skip
    is_big = fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False")).lower() == "true"
    dtype = np.dtype(kind).newbyteorder(">" if is_big else "<")
    edges = list(_numbers(fields.get("ElementSpacing", "") or fields.get("ElementSize", "")))
    size = SaidSize()
    if len(edges) > max(axes):
        x, y, z = (edges[axis] for axis in axes)
        size = _said_size((x, y, z), nm_of(fields.get("DistanceUnits")), "MetaImage's spacing")
    name = end[1].decode("utf-8", "replace").strip()
    file = path if name.upper() == "LOCAL" else _beside(path, name)
    start = end.end() if file == path else 0
    if fields.get("CompressedData", "False").lower() == "true":
        return Volume(values=packed_numbers(file.read_bytes()[start:], "zlib", dtype, shape, file), size=size)
    if fields.get("BinaryData", "True").lower() == "false":
        return Volume(values=text_numbers(file.read_bytes()[start:], dtype, shape, file), size=size)
    skip = _whole(fields.get("HeaderSize", "0"), "HeaderSize", path)
    last = file.stat().st_size - math.prod(shape) * dtype.itemsize
    return Volume(values=bare_numbers(file, dtype, shape, last if skip == -1 else start + skip), size=size)


def _said_size(edges: tuple[float, float, float], unit: float | None, by: str) -> SaidSize:
    """Edges in nm; ITK and Slicer mean mm where no unit stands, others nm or voxels: it is asked for then."""
    x, y, z = (edge * (unit or 1.0) for edge in edges)
    return SaidSize(x=x, y=y, z=z, by=by, has_unit=unit is not None)


def _three_counts(text: str, path: Path) -> tuple[tuple[int, int, int], list[int]]:
    """[n_z, n_y, n_x] of counts with the fastest first, and which of these are longer than one."""
    counts = [_whole(word, "a count of voxels", path) for word in text.split()]
    axes = [axis for axis, count in enumerate(counts) if count != 1]
    if len(axes) != 3 or min(counts) < 1:
        raise DataError(f"holds {text or 'no'} voxels, no stack of slices", where=path,
                        remedy="give slices, rows and columns of one channel")  # fmt: skip
    n_x, n_y, n_z = (counts[axis] for axis in axes)
    return (n_z, n_y, n_x), axes


def _whole(text: str, what: str, path: Path) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text.strip()):
        raise DataError(f"has {what} of {text[:30]!r}", where=path, remedy=_COPY)
    return int(text)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in re.split(r"[\s,]+", text.strip()) if word)
    except ValueError:
        return ()


def _beside(path: Path, name: str) -> Path:
    """The file that a header names: one in its own folder, and no other."""
    if name.upper().startswith("LIST") or "%" in name:
        raise DataError("has one file a slice", where=path, remedy="write the voxels into one file")
    if Path(name).name != name or (path.parent / name).is_symlink():
        raise DataError(f"names the file {name[:60]!r} elsewhere", where=path, remedy="put it beside the header")
    if not (path.parent / name).is_file():
        raise DataError(
            f"names the file {name[:60]!r}, which is not there", where=path, remedy="put it beside the header"
        )
    return path.parent / name
