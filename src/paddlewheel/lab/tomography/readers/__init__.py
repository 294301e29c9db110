"""Readers of stacks: whatever microscope, scanner or program wrote it becomes a `Stack`; and writers.

The format is taken from the content, but for bare numbers, which need a `RawHeader`. Slices stay on the disk, mapped
where the format allows it; otherwise up to 500 MB are held in memory, and of larger stacks slices are read one by one.
What is odd is told, what cannot be a stack is refused in one line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing
from paddlewheel.lab.tomography.readers import amira, arrays, chunked, folder, headers, survey, tiff
from paddlewheel.lab.tomography.readers.arrays import RAW_TYPES, RawHeader
from paddlewheel.lab.tomography.readers.labels import labels_of, refuse_labels
from paddlewheel.lab.tomography.readers.slices import changed, held
from paddlewheel.lab.tomography.readers.volume import Volume
from paddlewheel.lab.tomography.readers.voxel_size import decided_size
from paddlewheel.lab.tomography.readers.writers import write_labels, write_stack
from paddlewheel.lab.tomography.voxels import Stack, VoxelSize
from paddlewheel.trajectories.readers.hdf5 import BEGINNING

__all__ = [
    "RAW_TYPES", "RawHeader", "labels_of", "read_stack", "refuse_labels", "stack_of_array", "write_labels",
    "write_stack",
]  # fmt: skip

_REMEDY = "give a stack: TIFF, a folder of images, HDF5, Zarr, .am, .nrrd, .mhd, .npy, or a .raw file with --raw-shape"
_READERS: tuple[tuple[tuple[bytes, ...], Callable[[Path, str | None], Volume]], ...] = (
    (tiff.BEGINNINGS, lambda path, dataset: tiff.read_tiff(path)),
    ((b"\x93NUMPY",), lambda path, dataset: arrays.read_npy(path)),
    ((b"PK\x03\x04",), arrays.read_npz),
    ((BEGINNING,), chunked.read_hdf5),
    (amira.BEGINNINGS, amira.read_amira),
    ((b"NRRD",), lambda path, dataset: headers.read_nrrd(path)),
    ((b"ObjectType", b"NDims"), lambda path, dataset: headers.read_metaimage(path)),
)
"""How files begin, and what reads them: a path and the name of a dataset."""
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "a stack of Zeiss Xradia (.txm, .txrm) or an old office document",
    b"ZISRAWFILE": "a .czi of Zeiss",
    b"\x00\x00\x00\x03": "a .dm3 of Gatan",
    b"\x00\x00\x00\x04": "a .dm4 of Gatan",
    b"\x89PNG": "one PNG",
    b"\xff\xd8\xff": "one JPEG",
    b"BM": "one BMP",
    b"# vtk": "a file of VTK",
    b"<VTKFile": "a file of VTK",
}
"""Files that are given for stacks, by how they begin."""


def read_stack(
    path: str | Path,
    *,
    voxel_nm: VoxelSize | None = None,
    header: RawHeader | None = None,
    dataset: str | None = None,
    keep_info_bar: bool = False,
) -> Stack:
    """Read a stack of slices.

    Parameters
    ----------
    path
        A file, or a folder of images.
    voxel_nm
        Edges of a voxel along x, y, z, over what the file says.
    header
        Of a file of bare numbers.
    dataset
        Which array of a file that holds several.
    keep_info_bar
        Leave the microscope's info bar at the bottom of the images.

    Raises
    ------
    DataError, SettingsError
        In one line, for what cannot be read, is no stack of grey values or phases, or has voxels of an impossible size.
    """
    path = Path(path)
    with parsing(path, DataError, problem="cannot be read as a stack", remedy=_REMEDY):
        volume = _three_axes(_read(path, header, dataset), path)
        volume = replace(volume, values=held(volume.values))
        warnings = list(volume.warnings)
        found = survey.surveyed(volume, path)
        rows = 0 if found.is_labels else volume.bar_rows or survey.info_bar(volume)
        if rows and keep_info_bar:
            warnings.append(f"an info bar of {rows} rows at the bottom is part of the images")
        elif rows:
            warnings.append(f"an info bar of {rows} rows at the bottom is cut off")
            kept = volume.values.shape[1] - rows
            cut = changed(volume.values, lambda image: image, dtype=volume.values.dtype, rows=kept)
            volume = replace(volume, values=cut)
            found = survey.surveyed(volume, path)
        warnings += survey.warnings_of(found, volume)
        if not found.is_labels:
            warnings += survey.margins(volume)
        values, changes = survey.in_few_types(volume.values, found)
        size, said_by, odd = decided_size(volume.size, voxel_nm, values.shape, path)
        return Stack(
            values=held(values), voxel_nm=size, voxel_from=said_by, source=str(path), name=path.stem,
            metadata=volume.metadata, warnings=(*warnings, *changes, *odd),
        )  # fmt: skip


def stack_of_array(values: np.ndarray, *, voxel_nm: VoxelSize | None = None, source: str = "array") -> Stack:
    """An array [n_z, n_y, n_x] as a stack, checked as one of a file is.

    Raises
    ------
    DataError, SettingsError
        For what is no stack, not finite, or has voxels of an impossible size.
    """
    where = Path(source)
    volume = _three_axes(Volume(values=values), where)
    found = survey.surveyed(volume, where)
    size, said_by, odd = decided_size(volume.size, voxel_nm, volume.values.shape, where)
    return Stack(values=volume.values, voxel_nm=size, voxel_from=said_by, source=source, name=source,
                 warnings=(*survey.warnings_of(found, volume), *odd))  # fmt: skip


def _read(path: Path, header: RawHeader | None, dataset: str | None) -> Volume:
    if header is not None:
        return arrays.read_raw(path, header)
    if path.is_dir() and chunked.is_zarr(path):
        return chunked.read_zarr(path, dataset)
    if path.is_dir():
        return folder.read_folder(path)
    with open(path, "rb") as stream:
        head = stream.read(64)
    if not head:
        raise DataError("is empty", where=path, remedy=_REMEDY)
    for beginnings, read in _READERS:
        if head.startswith(beginnings):
            return read(path, dataset)
    for beginning, what in _OTHERS.items():
        if head.startswith(beginning):
            remedy = "give the folder of all slices" if what.startswith("one ") else "export it as TIFF"
            raise DataError(f"is {what}", where=path, remedy=remedy)
    raise DataError("is no stack of a known format", where=path, remedy=_REMEDY)


def _three_axes(volume: Volume, path: Path) -> Volume:
    """The volume without axes of one, refused where it has not three axes with at least two voxels each."""
    values = volume.values
    longer = tuple(int(count) for count in values.shape if count > 1)
    told = " x ".join(str(count) for count in reversed(values.shape))
    if values.dtype.kind not in "buif":
        raise DataError(f"holds values of {values.dtype}", where=path, remedy="give whole numbers or floating point")
    if len(longer) == 2:
        raise DataError(f"holds a single slice ({told} voxels)", where=path, remedy="give all slices as one stack")
    if len(longer) != 3:
        raise DataError(f"holds {told} values, no stack of slices", where=path, remedy="give slices, rows and columns")
    if values.ndim == 3:
        return volume
    return replace(volume, values=values.reshape(longer))
