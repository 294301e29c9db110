"""What the studies of tomograms are told of their files: voxel sizes, data sets, headers of bare numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.readers import RawHeader, read_stack
from paddlewheel.lab.tomography.readers.arrays import ByteOrder, RawType
from paddlewheel.lab.tomography.voxels import Stack, VoxelSize
from paddlewheel.studies.laboratory.settings import LaboratorySettings
from paddlewheel.study.settings import Integers, bad_value, listed, mapped, setting

LabelNames = Annotated[dict[int, str], mapped(int, str, "list of labels and names", "0=pore,1=NBH,2=NCO")]
"""Names of phases by their number in the file; as text ``0=pore,1=NBH``."""
LABEL_NUMBERS = (-(2**31), 2**32 - 1)
"""Numbers that a phase may have in a file."""


def _as_text(given: Any) -> Any:
    """Phases that are given by their numbers, as Python has them, in a list or as keys of a map."""
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        return (str(given),)
    if isinstance(given, Mapping):
        return {str(key) if isinstance(key, int | np.integer) else key: value for key, value in given.items()}
    if isinstance(given, list | tuple | set | frozenset | np.ndarray):
        return tuple(str(phase) if isinstance(phase, int | np.integer) else phase for phase in given)
    return given


def _above_zero(given: dict[str, float]) -> dict[str, float]:
    for phase, value in given.items():
        if not value > 0:
            raise bad_value(f"{phase}={value:g}", "leave out phases that do not conduct; the others are above 0")
    return given


PhaseNames = Annotated[tuple[str, ...], listed(str, "phases", "1,NBH"), BeforeValidator(_as_text)]
"""Phases by name or by their number in the file; as text ``1,NBH``."""
PhaseConductivities = Annotated[
    dict[str, float],
    mapped(str, float, "list of phases and numbers", "NBH=4.6,NZC=0.06"),
    BeforeValidator(_as_text),
    AfterValidator(_above_zero),
]
"""Conductivities by the name of a phase or its number in the file; as text ``NBH=4.6,2=0.06``."""
VoxelEdges = Annotated[tuple[float, ...], listed(float, "numbers", "100,100,200")]
"""Edges along x, y, z, nm; as text ``100,100,200``."""


def refuse_other_count(name: str, given: Sequence[float], wanted: int, *, remedy: str) -> None:
    """Refuse a setting that has another count of numbers than wanted; none at all leaves it open.

    Raises
    ------
    SettingsError
        With the remedy.
    """
    if len(given) not in (0, wanted):
        raise SettingsError(f"{len(given)} numbers", where=name, remedy=remedy)


class StackSettings(LaboratorySettings):
    """How a stack is read."""

    voxel_nm: VoxelEdges = setting(
        (), "Edges of a voxel along x, y, z, nm: 100,100,200; over what the file says.", each=(0.01, 1e6)
    )
    dataset: str | None = setting(None, "Data set of an HDF5 or Zarr file that has several.")
    raw_shape: Integers = setting((), "Counts along x, y and z of a file of bare numbers (.raw).", each=(1, 100_000))
    raw_dtype: RawType = setting("uint8", "Its numbers.", only_with={"raw_shape": True})
    raw_byte_order: ByteOrder = setting("little", "Order of their bytes.", only_with={"raw_shape": True})
    raw_offset: int = setting(0, "Bytes before the first voxel.", ge=0, le=100_000_000, only_with={"raw_shape": True})

    @model_validator(mode="after")
    def _three_each(self) -> Self:
        refuse_other_count("voxel_nm", self.voxel_nm, 3, remedy="give three, x, y, z: 100,100,200")
        refuse_other_count("raw_shape", self.raw_shape, 3, remedy="give three, x, y, z: 512,512,200")
        return self

    def given_voxel_nm(self) -> VoxelSize | None:
        """The size that was given."""
        return (self.voxel_nm[0], self.voxel_nm[1], self.voxel_nm[2]) if self.voxel_nm else None

    def read_stack(self, path: str | Path) -> Stack:
        """The stack of a file or folder, as the settings have it read."""
        header = None
        if self.raw_shape:
            x, y, z = self.raw_shape
            header = RawHeader(
                shape=(x, y, z), dtype=self.raw_dtype, byte_order=self.raw_byte_order, offset_bytes=self.raw_offset
            )
        return read_stack(path, voxel_nm=self.given_voxel_nm(), header=header, dataset=self.dataset)
