"""What the studies of tomograms are told of their files: voxel sizes, data sets, headers of bare numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import model_validator

from paddlewheel.errors import SettingsError
from paddlewheel.lab.tomography.readers import RawHeader, read_stack
from paddlewheel.lab.tomography.readers.arrays import ByteOrder, RawType
from paddlewheel.lab.tomography.voxels import Stack, VoxelSize
from paddlewheel.studies.laboratory.settings import LaboratorySettings
from paddlewheel.study.settings import Integers, Numbers, mapped, setting

LabelNames = Annotated[dict[int, str], mapped(int, str, "list of labels and names", "0=pore,1=NBH,2=NCO")]
"""Names of phases by their number in the file; as text ``0=pore,1=NBH``."""


class StackSettings(LaboratorySettings):
    """How a stack is read."""

    voxel_nm: Numbers = setting(
        (), "Edges of a voxel along x, y, z, nm: 100,100,200; over what the file says.", each=(0.01, 1e6)
    )
    dataset: str | None = setting(None, "Data set of an HDF5 or Zarr file that has several.")
    raw_shape: Integers = setting((), "Counts along x, y and z of a file of bare numbers (.raw).", each=(1, 100_000))
    raw_dtype: RawType = setting("uint8", "Its numbers.", only_with={"raw_shape": True})
    raw_byte_order: ByteOrder = setting("little", "Order of their bytes.", only_with={"raw_shape": True})
    raw_offset: int = setting(0, "Bytes before the first voxel.", ge=0, le=100_000_000, only_with={"raw_shape": True})

    @model_validator(mode="after")
    def _three_each(self) -> Self:
        for name, example in (("voxel_nm", "100,100,200"), ("raw_shape", "512,512,200")):
            given = getattr(self, name)
            if given and len(given) != 3:
                raise SettingsError(f"{len(given)} numbers", where=name, remedy=f"give three, x, y, z: {example}")
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
