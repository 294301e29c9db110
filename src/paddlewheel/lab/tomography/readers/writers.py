"""Stacks and labels out: TIFF that ImageJ, Avizo and `read_stack` read, with the size of a voxel."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import writing
from paddlewheel.lab.tomography.readers.tiff import NAMES_KEY
from paddlewheel.lab.tomography.voxels import Labels, VoxelSize

_LARGEST_IMAGEJ = 4_000_000_000
"""Bytes of a TIFF as ImageJ writes it; larger ones are BigTIFF with OME-XML."""


def write_stack(path: Path, values: Any, voxel_nm: VoxelSize) -> None:
    """Write grey values [n_z, n_y, n_x] of uint8, uint16 or float32, slice by slice, uncompressed.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    _write(path, values, voxel_nm, {}, compression=None)


def write_labels(path: Path, labels: Labels) -> None:
    """Write numbers of phases, compressed (deflate), with the names of the phases in ImageJ's info.

    Raises
    ------
    RunDirectoryError
        If it cannot be written.
    """
    names = NAMES_KEY + json.dumps({str(number): name for number, name in labels.names.items()})
    shown = {"Info": names, "min": 0.0, "max": float(max(labels.names))}
    _write(path, labels.labels, labels.voxel_nm, shown, compression="zlib")


def _write(path: Path, values: Any, voxel_nm: VoxelSize, shown: dict[str, Any], *, compression: str | None) -> None:
    """Write beside the name and rename: a file that is there is whole."""
    import tifffile

    x, y, z = voxel_nm
    shape, dtype = tuple(int(count) for count in values.shape), np.dtype(values.dtype)
    whole: dict[str, Any] = {"shape": shape, "dtype": dtype, "compression": compression, "photometric": "minisblack"}
    if int(np.prod(shape, dtype=np.int64)) * dtype.itemsize < _LARGEST_IMAGEJ:
        told = {"axes": "ZYX", "unit": "nm", "spacing": z, **shown}
        whole |= {"imagej": True, "resolution": (1 / x, 1 / y), "metadata": told}
    else:
        told = {"axes": "ZYX", "Description": shown.get("Info", "")}
        told |= {f"PhysicalSize{axis}": edge for axis, edge in zip("XYZ", voxel_nm, strict=True)}
        told |= {f"PhysicalSize{axis}Unit": "nm" for axis in "XYZ"}
        whole |= {"ome": True, "bigtiff": True, "metadata": told}
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        try:
            tifffile.imwrite(part, (np.asarray(values[number]) for number in range(shape[0])), **whole)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
