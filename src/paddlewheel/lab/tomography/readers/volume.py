"""What a reader of a format gives: the voxels, and what the file says of their size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SaidSize:
    """Edges of a voxel as a file says them; None where it does not.

    Attributes
    ----------
    x, y, z
        In nm, or in what nobody says where `has_unit` is false.
    by
        What says it, such as `ImageJ's tags`.
    has_unit
        Whether the unit is known.
    """

    x: float | None = None
    y: float | None = None
    z: float | None = None
    by: str = ""
    has_unit: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Volume:
    """Voxels of a file.

    Attributes
    ----------
    values
        Three axes [n_z, n_y, n_x] of whole numbers, floating point or truth values, sliced as NumPy's are.
    size
        Of a voxel.
    metadata
        What else the file says; `names` maps numbers of phases to names.
    warnings
        What was odd, a line each.
    bar_rows
        Rows at the bottom that the file says are an info bar.
    slice_names
        Of the files of a folder; empty where the slices have numbers alone.
    """

    values: Any
    size: SaidSize = SaidSize()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    bar_rows: int = 0
    slice_names: tuple[str, ...] = ()
