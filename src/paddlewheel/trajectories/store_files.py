"""The files of a trajectory store: arrays with checksummed chunks, syncing to the disk, errors of the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import zarr
    from zarr.abc.store import Store

FORMAT_VERSION = 1
"""Of the layout that `store` describes."""

_MISSING = {"positions": np.iinfo(np.int32).min, "step": np.iinfo(np.int64).min}


def chunk_file(array: zarr.Array, index: int) -> str:
    """File name in the array's folder of its chunk `index` along the frames."""
    return ".".join(["c", str(index), *["0"] * (array.ndim - 1)])


def create_array(
    store: Store,
    name: str,
    row: tuple[int, ...],
    dtype: str,
    chunk_frames: int,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Make an empty array of frames, each frame of shape `row`, in chunks of `chunk_frames`."""
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    zarr.create_array(
        store,
        name=name,
        shape=(0, *row),
        chunks=(chunk_frames, *row),
        chunk_key_encoding={"name": "default", "separator": "."},  # one flat folder per array: fewer syncs
        dtype=dtype,
        compressors=[BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"), Crc32cCodec()],
        fill_value=_MISSING[name] if dtype.startswith("int") else float("nan"),
        attributes=attributes,
        config={"write_empty_chunks": True},
    )


def packed_size(values: np.ndarray) -> int:
    """Bytes that values take in the chunks of such an array."""
    from numcodecs import Blosc

    return len(Blosc(cname="zstd", clevel=5, shuffle=Blosc.BITSHUFFLE).encode(np.ascontiguousarray(values)))


def resize(array: zarr.Array, n_frames: int) -> None:
    """Set the number of frames; chunks wholly beyond it are deleted."""
    array.resize((n_frames, *array.shape[1:]))


def sync(path: Path) -> None:
    """Have the disk hold the file, and its entry in its folder."""
    for target in (path, path.parent):
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
