"""Voxels as every reader gives them and every analysis takes them: grey values, and labels of phases.

Arrays are [n_z, n_y, n_x]: slices first, then rows, then columns. Sizes in names and options are x, y, z, as
microscopes and viewers give them; `spacing_nm` is in the order of the array. z is what is cut or turned slice by slice,
the milling direction of a FIB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

Axis = Literal["x", "y", "z"]
"""A direction of flow or of view."""

ARRAY_AXIS: Mapping[Axis, int] = {"z": 0, "y": 1, "x": 2}
"""Which axis of the array a direction is."""

VoxelSize = tuple[float, float, float]
"""Edges of a voxel along x, y, z, nm."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Stack:
    """Grey values of a stack.

    Attributes
    ----------
    values
        [n_z, n_y, n_x] of uint8, uint16 or float32; an array, a memory map, or a chunked array (Zarr, HDF5) that gives
        NumPy arrays for slices, so that a stack may be larger than the memory.
    voxel_nm
        Edges along x, y, z; None where neither file nor user says.
    voxel_from
        Who said so, such as `--voxel-nm` or the name of the file's tag; empty where nobody did.
    source
        The file or folder.
    name
        Of the sample, for titles.
    metadata
        What else the file says, by its own names.
    warnings
        What was odd in the file, a line each.
    """

    values: Any
    voxel_nm: VoxelSize | None
    source: str
    name: str
    voxel_from: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Counts of slices, rows and columns."""
        return tuple(int(count) for count in self.values.shape)  # type: ignore[return-value]

    def replaced(self, **changes: Any) -> Stack:
        """A copy with some attributes changed."""
        return replace(self, **changes)


@dataclass(frozen=True, eq=False, kw_only=True)
class Labels:
    """Phases of voxels.

    Attributes
    ----------
    labels
        uint8 [n_z, n_y, n_x]: a number a phase.
    voxel_nm
        Edges along x, y, z.
    names
        Of the phases, by number; every number in `labels` has one.
    source
        The file or folder, or how they were made.
    voxel_from
        Who said the size of the voxels.
    warnings
        What was odd, a line each.
    """

    labels: np.ndarray
    voxel_nm: VoxelSize
    names: Mapping[int, str]
    source: str
    voxel_from: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Counts of slices, rows and columns."""
        return self.labels.shape  # type: ignore[return-value]

    @property
    def spacing_nm(self) -> tuple[float, float, float]:
        """Edges of a voxel in the order of the array: z, y, x."""
        x, y, z = self.voxel_nm
        return z, y, x

    @property
    def size_um(self) -> tuple[float, float, float]:
        """Edges of the whole body along x, y, z."""
        n_z, n_y, n_x = self.shape
        x, y, z = self.voxel_nm
        return n_x * x / 1000, n_y * y / 1000, n_z * z / 1000

    def fractions(self) -> dict[int, float]:
        """Volume fraction of each phase that is named, by number."""
        counts = np.bincount(self.labels.reshape(-1), minlength=256)
        return {number: float(counts[number]) / self.labels.size for number in self.names}

    def replaced(self, **changes: Any) -> Labels:
        """A copy with some attributes changed."""
        return replace(self, **changes)
