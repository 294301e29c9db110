"""NumPy's files and bare numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.foreign import array_archive, array_header, parsing
from paddlewheel.lab.tomography.readers.volume import Volume

ByteOrder = Literal["little", "big"]
RawType = Literal["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]
RAW_TYPES: tuple[str, ...] = get_args(RawType)
_LONGEST_HEADER = 65536
"""Bytes before the voxels of a .raw that are taken for a header in a remedy."""


@dataclass(frozen=True, kw_only=True)
class RawHeader:
    """What a file of bare numbers does not say of itself.

    Attributes
    ----------
    shape
        Counts along x, y, z; x runs fastest.
    dtype
        One of `RAW_TYPES`.
    byte_order
        Of numbers of more than one byte.
    offset_bytes
        Before the first voxel.
    """

    shape: tuple[int, int, int]
    dtype: str
    byte_order: ByteOrder = "little"
    offset_bytes: int = 0


def read_raw(path: Path, header: RawHeader) -> Volume:
    """Bare numbers, mapped.

    Raises
    ------
    DataError
        If the file has another size than the header says, with what would fit.
    SettingsError
        If the header cannot be one.
    """
    if header.dtype not in RAW_TYPES:
        raise SettingsError(f"dtype {header.dtype!r}", where="the header of a .raw",
                            remedy=f"give one of {', '.join(RAW_TYPES)}")  # fmt: skip
    if min(header.shape) < 1 or header.offset_bytes < 0:
        raise SettingsError(f"shape {header.shape}, offset {header.offset_bytes}", where="the header of a .raw",
                            remedy="give counts along x, y, z of at least 1, and an offset of at least 0")  # fmt: skip
    dtype = np.dtype(header.dtype).newbyteorder("<" if header.byte_order == "little" else ">")
    there = path.stat().st_size
    needed = header.offset_bytes + math.prod(header.shape) * dtype.itemsize
    if needed != there:
        shape = " x ".join(str(count) for count in header.shape)
        raise DataError(
            f"has {there} bytes, {shape} voxels of {header.dtype} behind {header.offset_bytes} bytes are {needed}",
            where=path, remedy=_fitting(header, dtype.itemsize, there),
        )  # fmt: skip
    n_x, n_y, n_z = header.shape
    return Volume(values=np.memmap(path, dtype, "r", header.offset_bytes, (n_z, n_y, n_x)))


def _fitting(header: RawHeader, itemsize: int, there: int) -> str:
    """What of the header would have to change for the size of the file."""
    n_x, n_y, n_z = header.shape
    voxels, rest = n_x * n_y * n_z, there - header.offset_bytes
    fits = []
    other = rest / voxels
    if other in (1, 2, 4, 8) and other != itemsize:
        fits.append(f"{8 * int(other)} bits a voxel")
    if 0 < (before := there - voxels * itemsize) <= _LONGEST_HEADER and before != header.offset_bytes:
        fits.append(f"an offset of {before}")
    if rest > 0 and rest % (n_x * n_y * itemsize) == 0:
        fits.append(f"{rest // (n_x * n_y * itemsize)} slices")
    return f"these would fit: {', or '.join(fits)}" if fits else "check shape, type and offset"


def read_npy(path: Path) -> Volume:
    """An array of three axes [n_z, n_y, n_x], mapped."""
    with parsing(path, DataError, problem="is a damaged .npy"), open(path, "rb") as stream:
        shape, _, dtype = array_header(stream)
        needed, there = stream.tell() + math.prod(shape) * dtype.itemsize, path.stat().st_size
        if needed > there:
            raise DataError(f"is cut off: its array needs {needed} bytes, it has {there}", where=path,
                            remedy="copy it again")  # fmt: skip
        return Volume(values=np.load(path, mmap_mode="r", allow_pickle=False))


def read_npz(path: Path, dataset: str | None) -> Volume:
    """The array of a .npz that is named, or its only one of three axes."""
    with array_archive(path, DataError, remedy="give an archive of plain arrays") as arrays:
        name = only_volume({name: arrays[name].shape for name in arrays}, dataset, path)
        return Volume(values=arrays[name])


def only_volume(shapes: dict[str, tuple[int, ...]], dataset: str | None, path: Path) -> str:
    """The name of the array to read: the one that is asked for, or the only one of three axes.

    Raises
    ------
    DataError
        If it is not there, or there are several or none: those that are there are listed.
    """
    volumes = [name for name, shape in shapes.items() if sum(count > 1 for count in shape) == 3]
    listed = ", ".join(f"{name} ({' x '.join(map(str, shapes[name][::-1]))})" for name in volumes[:8])
    remedy = f"name one with --dataset: {listed}" if listed else "check the file"
    if dataset is not None:
        if dataset not in shapes:
            raise DataError(f"holds no array {dataset}", where=path, remedy=remedy)
        return dataset
    if len(volumes) != 1:
        what = f"{len(volumes)} arrays of three axes" if volumes else "no array of three axes"
        raise DataError(f"holds {what}", where=path, remedy=remedy)
    return volumes[0]
