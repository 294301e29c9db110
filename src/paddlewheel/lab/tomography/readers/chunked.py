"""HDF5 and Zarr: arrays in chunks, read in blocks of slices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import LARGEST_CHUNK, parsing, read_json, refuse_expansion, refuse_links
from paddlewheel.lab.tomography.readers.arrays import only_volume
from paddlewheel.lab.tomography.readers.slices import Slices
from paddlewheel.lab.tomography.readers.volume import SaidSize, Volume
from paddlewheel.lab.tomography.readers.voxel_size import nm_of
from paddlewheel.trajectories.readers.hdf5 import open_hdf5, probe_hdf5

_LARGEST_BLOCK = 500_000_000
"""Bytes of slices that are held together: a layer of chunks where that is smaller."""
_CODECS_2 = {None, "blosc", "zlib", "gzip", "zstd", "lz4", "bz2", "lzma", "shuffle", "delta"}
_CODECS_3 = {"bytes", "blosc", "gzip", "zstd", "crc32c", "transpose", "sharding_indexed"}
_ZARR = ("zarr.json", ".zarray", ".zgroup")
_COPY = "copy it again"


def read_hdf5(path: Path, dataset: str | None) -> Volume:
    """The dataset that is named, or the only one of three axes.

    The size of a voxel is taken from the attribute `element_size_um` (z, y, x: ilastik, Fiji) or from DREAM.3D's
    `_SIMPL_GEOMETRY/SPACING`.
    """
    import h5py

    probe_hdf5(path, DataError)
    file = open_hdf5(path, DataError)
    try:
        found: dict[str, Any] = {}

        def collect(name: str, element: Any) -> None:
            if isinstance(element, h5py.Dataset) and element.dtype.kind in "buif":
                found[name] = element

        file.visititems(collect)
        shapes = {name: tuple(element.shape) for name, element in found.items()}
        name = only_volume(shapes, dataset.strip("/") if dataset else None, path)
        chosen = found[name]
        return Volume(values=_in_blocks(chosen), size=_hdf5_size(file, name, chosen), metadata={"dataset": name})
    except BaseException:
        file.close()
        raise


def _hdf5_size(file: Any, name: str, chosen: Any) -> SaidSize:
    edges = _three(chosen.attrs.get("element_size_um"))
    if edges is not None:
        z, y, x = (1e3 * edge for edge in edges)
        return SaidSize(x=x, y=y, z=z, by="its attribute element_size_um")
    spacing = f"{'/'.join(name.split('/')[:-2])}/_SIMPL_GEOMETRY/SPACING".lstrip("/")
    edges = _three(file[spacing][()] if spacing in file else None)
    if edges is not None:
        return SaidSize(x=edges[0], y=edges[1], z=edges[2], by="DREAM.3D's SPACING", has_unit=False)
    return SaidSize()


def _three(values: Any) -> list[float] | None:
    if values is None or np.size(values) != 3 or np.asarray(values).dtype.kind not in "uif":
        return None
    return [float(value) for value in np.ravel(values)]


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a store of Zarr."""
    return any((folder / name).is_file() for name in _ZARR)


def read_zarr(path: Path, dataset: str | None) -> Volume:
    """The array that is named, the finest of OME-Zarr's, or the only one of three axes."""
    import zarr

    refuse_links(path, DataError, remedy="copy what it refers to into it")
    shapes = _zarr_shapes(path)
    size = SaidSize()
    scales = None if dataset or (path / ".zarray").is_file() else _multiscales(path)
    if scales is not None:
        dataset, size = _finest(scales, path)
    name = only_volume(shapes, dataset.strip("/") if dataset is not None else None, path)
    array = zarr.open_array(str(path / name), mode="r")
    stored = sum(file.stat().st_size for file in (path / name).rglob("*") if file.is_file())
    refuse_expansion(array.nbytes, stored, path, DataError)
    return Volume(values=_in_blocks(array), size=size, metadata={"dataset": name})


def _zarr_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of a store; refused is what numcodecs would build or run, and chunks beyond the memory."""
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted([*path.rglob(".zarray"), *path.rglob("zarr.json")]):
        document = read_json(file, DataError, remedy=_COPY)
        with parsing(file, DataError, problem="is no array of Zarr", remedy=_COPY):
            if file.name == "zarr.json" and document["node_type"] != "array":
                continue
            name = file.parent.relative_to(path).as_posix()
            if file.name == ".zarray":
                packings = [document.get("compressor"), *(document.get("filters") or [])]
                codecs = {None if packing is None else packing["id"] for packing in packings}
                chunk, dtype, known = document["chunks"], document["dtype"], _CODECS_2
            else:
                codecs = _names_of(document["codecs"])
                chunk = document["chunk_grid"]["configuration"]["chunk_shape"]
                dtype, known = document["data_type"], _CODECS_3
            if not codecs <= known or not isinstance(dtype, str) or np.dtype(dtype).kind not in "buif":
                packed = ", ".join(sorted(map(str, codecs)))
                raise DataError(f"holds {dtype} packed by {packed}", where=file,
                                remedy="write it again as numbers, packed by blosc, zstd or gzip")  # fmt: skip
            if math.prod(int(count) for count in chunk) * np.dtype(dtype).itemsize > LARGEST_CHUNK:
                raise DataError(f"has chunks of {chunk}", where=file, remedy="write it again in smaller ones")
            shapes["" if name == "." else name] = tuple(int(count) for count in document["shape"])
    return shapes


def _names_of(codecs: Sequence[Mapping[str, Any]]) -> set[str]:
    """Names of codecs, with those inside shards."""
    names = {codec["name"] for codec in codecs}
    for codec in codecs:
        inner = codec.get("configuration", {})
        names |= _names_of([*inner.get("codecs", []), *inner.get("index_codecs", [])])
    return names


def _multiscales(path: Path) -> Mapping[str, Any] | None:
    """What OME-Zarr (0.4 and 0.5) says of its resolutions."""
    for name in (".zattrs", "zarr.json"):
        if (path / name).is_file():
            document = read_json(path / name, DataError, remedy=_COPY)
            attributes = document.get("attributes", document)
            scales = attributes.get("ome", attributes).get("multiscales")
            if scales:
                return scales[0]
    return None


def _finest(scales: Mapping[str, Any], path: Path) -> tuple[str, SaidSize]:
    with parsing(path, DataError, problem="has damaged multiscales", remedy=_COPY):
        finest = scales["datasets"][0]
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in scales.get("axes", [])]
        steps = next((step["scale"] for step in finest.get("coordinateTransformations", []) if "scale" in step), [])
        edges = {
            str(axis["name"]): float(step) * unit
            for axis, step in zip(axes, steps, strict=False)
            if (unit := nm_of(axis.get("unit")))
        }
        size = SaidSize(x=edges.get("x"), y=edges.get("y"), z=edges.get("z"), by="OME-Zarr's scale")
        return str(finest["path"]), size if edges else SaidSize()


def _in_blocks(array: Any) -> Slices | Any:
    """Slices of a chunked array, whose axes of one are left out: a layer of chunks is unpacked once, not for each."""
    shape = tuple(int(count) for count in array.shape)
    long = [axis for axis, count in enumerate(shape) if count > 1]
    if len(long) != 3:  # told by `read_stack`
        return np.zeros(shape, array.dtype) if math.prod(shape) * array.dtype.itemsize < _LARGEST_BLOCK else array
    n_z, n_y, n_x = (shape[axis] for axis in long)
    depth = (array.chunks or (1,) * len(shape))[long[0]]
    depth = max(1, min(int(depth), _LARGEST_BLOCK // (n_y * n_x * array.dtype.itemsize)))
    held: dict[int, np.ndarray] = {}

    def read(number: int) -> np.ndarray:
        block = number // depth
        found = held.get(block)
        if found is None:
            key: list[Any] = [slice(None)] * len(shape)
            key[long[0]] = slice(block * depth, min((block + 1) * depth, n_z))
            found = np.asarray(array[tuple(key)]).reshape(-1, n_y, n_x)
            held.clear()
            held[block] = found
        return found[number - block * depth]

    return Slices((n_z, n_y, n_x), array.dtype, read)
