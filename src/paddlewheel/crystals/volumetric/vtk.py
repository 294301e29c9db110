"""VTK XML files for ParaView and its kin: ImageData (.vti), and StructuredGrid (.vts) for cells that are not square."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import numpy as np

_HEAD = '<?xml version="1.0"?>\n<VTKFile type="{0}" version="1.0" byte_order="LittleEndian" header_type="UInt64">\n'


def write_vti(path: Path, values: np.ndarray, *, cell_A: np.ndarray, name: str) -> None:
    """Write values at grid points as VTK ImageData, A, with one more point along each vector, so that the cell closes.

    The axes of the grid stand in `Direction`, row by row: column k is the unit vector along cell vector k. VTK takes
    any matrix there, and its readers from version 9 place the points rightly for skew cells too; some filters
    still assume right angles. Where the angles are not right, `write_vts` says the same without that doubt.

    Parameters
    ----------
    path
        The file.
    values
        `[n_a, n_b, n_c]`.
    cell_A
        `[3, 3]`, rows are the cell vectors.
    name
        Name of the values, with their unit.
    """
    closed = np.pad(values, (0, 1), mode="wrap")
    extent = " ".join(f"0 {n - 1}" for n in closed.shape)
    lengths = np.linalg.norm(cell_A, axis=1)
    direction = " ".join(f"{x:.12g}" for x in (cell_A / lengths[:, None]).T.ravel())
    spacing = " ".join(f"{x:.12g}" for x in lengths / np.array(values.shape))
    with open(path, "w", encoding="ascii") as file:
        file.write(_HEAD.format("ImageData"))
        file.write(f'<ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{spacing}" Direction="{direction}">\n')
        file.write(f'<Piece Extent="{extent}">\n<PointData Scalars="{name}">\n')
        file.write(_array(closed, name, 1))
        file.write("</PointData>\n</Piece>\n</ImageData>\n</VTKFile>\n")


def write_vts(path: Path, values: np.ndarray, *, cell_A: np.ndarray, name: str) -> None:
    """Write the same as a VTK StructuredGrid, whose points (A) are written out: right for any cell and any reader."""
    closed = np.pad(values, (0, 1), mode="wrap")
    extent = " ".join(f"0 {n - 1}" for n in closed.shape)
    axes = [np.arange(n + 1) / n for n in values.shape]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) @ cell_A
    with open(path, "w", encoding="ascii") as file:
        file.write(_HEAD.format("StructuredGrid"))
        file.write(f'<StructuredGrid WholeExtent="{extent}">\n<Piece Extent="{extent}">\n<Points>\n')
        file.write(_array(points, "points", 3))
        file.write(f'</Points>\n<PointData Scalars="{name}">\n')
        file.write(_array(closed, name, 1))
        file.write("</PointData>\n</Piece>\n</StructuredGrid>\n</VTKFile>\n")


def _array(values: np.ndarray, name: str, components: int) -> str:
    """A DataArray in base64: float32, the first index fastest as VTK wants it, after its length in bytes."""
    raw = np.swapaxes(values, 0, 2).astype("<f4").tobytes()
    data = base64.b64encode(struct.pack("<Q", len(raw)) + raw).decode("ascii")
    kind = f'type="Float32" Name="{name}" NumberOfComponents="{components}" format="binary"'
    return f"<DataArray {kind}>\n{data}\n</DataArray>\n"
