"""Voxels as every reader gives them and every analysis takes them: grey values, and labels of phases.

Arrays are [n_z, n_y, n_x]: slices first, then rows, then columns. Sizes in names and options are x, y, z, as
microscopes and viewers give them; `spacing_nm` is in the order of the array. z is what is cut or turned slice by slice,
the milling direction of a FIB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import DataError

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
    numbers_in_file
        By number, where the file has another one: people know phases by those (`number_in_file`).

    Raises
    ------
    DataError
        For an array of another kind, voxels without a size, phases without a name, or names that are not told apart.
    """

    labels: np.ndarray
    voxel_nm: VoxelSize
    names: Mapping[int, str]
    source: str
    voxel_from: str = ""
    warnings: tuple[str, ...] = ()
    numbers_in_file: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        array, where = self.labels, self.source
        if array.ndim != 3 or array.size == 0 or array.dtype != np.uint8:
            raise DataError(f"labels of shape {array.shape} and type {array.dtype}", where=where,
                            remedy="give uint8 [n_z, n_y, n_x]")  # fmt: skip
        if len(self.voxel_nm) != 3 or not all(math.isfinite(edge) and edge > 0 for edge in self.voxel_nm):
            raise DataError(f"voxels of {' x '.join(f'{edge:g}' for edge in self.voxel_nm)} nm along x, y, z",
                            where=where, remedy="give three edges over 0")  # fmt: skip
        nameless = [label for label, count in enumerate(counts_of(array)) if count and label not in self.names]
        if nameless:
            raise DataError(f"phase {self.number_in_file(nameless[0])} has no name", where=where,
                            remedy="name every number that is there")  # fmt: skip
        if len(set(self.names.values())) < len(self.names):
            raise DataError("two phases have one name", where=where, remedy="give each a name of its own")
        numbers = {str(self.number_in_file(label)): label for label in self.names}
        for label, name in self.names.items():
            if numbers.get(name, label) != label:
                raise DataError(
                    f"phase {self.number_in_file(label)} is called {name}, which is the number of another phase",
                    where=where, remedy="give names that are no numbers of other phases",
                )  # fmt: skip

    def number_in_file(self, label: int) -> int:
        """Number of a phase as its file has it."""
        return self.numbers_in_file.get(label, label)

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
        counts = counts_of(self.labels)
        return {number: float(counts[number]) / self.labels.size for number in self.names}

    def replaced(self, **changes: Any) -> Labels:
        """A copy with some attributes changed."""
        return replace(self, **changes)


def counts_of(labels: np.ndarray) -> np.ndarray:
    """Voxels of each number from 0 to 255, of uint8 [n_z, n_y, n_x]; by slices, for NumPy takes 8 bytes a voxel."""
    return sum((np.bincount(image.reshape(-1), minlength=256) for image in labels), np.zeros(256, dtype=np.int64))
