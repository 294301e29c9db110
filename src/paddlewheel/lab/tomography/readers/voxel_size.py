"""The size of a voxel: what the file says beside what the user says, and whether it can be."""

from __future__ import annotations

import math
from pathlib import Path

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.tomography.readers.volume import SaidSize
from paddlewheel.lab.tomography.voxels import VoxelSize

_NM = {
    "nm": 1.0, "nanometer": 1.0, "nanometers": 1.0, "nanometre": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3,
    "microns": 1e3, "micrometer": 1e3, "micrometers": 1e3, "micrometre": 1e3, "mm": 1e6, "millimeter": 1e6,
    "millimeters": 1e6, "millimetre": 1e6, "cm": 1e7, "centimeter": 1e7, "m": 1e9, "meter": 1e9, "metre": 1e9,
    "pm": 1e-3, "picometer": 1e-3, "å": 0.1, "a": 0.1, "angstrom": 0.1, "inch": 2.54e7, "in": 2.54e7,
}  # fmt: skip
_AGREES = 0.01
"""Relative difference of sizes that are the same: files round to three digits."""
_MOST_ANISOTROPIC_TOLD, _MOST_ANISOTROPIC = 20, 100
_LARGEST_TOLD_NM, _LARGEST_NM, _SMALLEST_NM = 1e7, 1e8, 100.0
"""Of an edge of the body: over 10 mm is told, over 100 mm or under 100 nm is a slip of the unit."""
_SMALLEST_VOXEL_NM = 0.02
"""An electron microscope resolves 0.05 nm."""


def nm_of(unit: str | None) -> float | None:
    """How many nm a unit of length is; None where the text names none."""
    text = (unit or "").strip().strip("\x00").replace("\\u00B5", "µ").replace("\\u00b5", "µ")
    return _NM.get(text if text == "M" else text.lower())


def decided_size(
    said: SaidSize, given: VoxelSize | None, shape: tuple[int, int, int], where: Path
) -> tuple[VoxelSize | None, str, list[str]]:
    """Edges along x, y, z in nm, who said so, and warnings; None where neither file nor user says all three.

    Raises
    ------
    DataError, SettingsError
        If the size cannot be that of a voxel: in the wrong unit, most often.
    """
    warnings: list[str] = []
    of_file = (said.x, said.y, said.z)
    if given is not None:
        if not all(math.isfinite(edge) and edge > 0 for edge in given):
            raise SettingsError(f"voxels of {told_size(given)}", where="--voxel-nm", remedy="give three edges over 0")
        warnings += _contradictions(said, given)
        size, by = given, "--voxel-nm"
    elif any(edge is not None and not (math.isfinite(edge) and edge > 0) for edge in of_file):
        raise DataError(f"voxels of {told_size(of_file)} by {said.by}", where=where, remedy="give --voxel-nm")
    elif not said.has_unit:
        return None, "", [f"{said.by} says voxels of {_numbers(of_file)} without a unit: give --voxel-nm x,y,z"]
    elif said.x is None or said.y is None or said.z is None:
        known = [f"{name} {edge:.6g} nm" for name, edge in zip("xyz", of_file, strict=True) if edge is not None]
        if not known:
            return None, "", []
        return None, "", [f"{said.by} says {', '.join(known)} and no more: give --voxel-nm x,y,z"]
    else:
        x, y, z = (float(f"{edge:.9g}") for edge in (said.x, said.y, said.z))  # fractions of pixels an nm
        size, by = (x, y, z), said.by
    warnings += _can_be(size, by, shape, where)
    return size, by, warnings


def _contradictions(said: SaidSize, given: VoxelSize) -> list[str]:
    pairs = [(name, own, edge) for name, own, edge in zip("xyz", (said.x, said.y, said.z), given, strict=True) if own]
    if not said.has_unit:  # their ratios alone can be compared; three equal edges are what programs write by default
        if len({own for _, own, _ in pairs}) == 1:
            return []
        pairs = [(name, own * given[0] / pairs[0][1], edge) for name, own, edge in pairs]
    wrong = [
        f"{edge:.6g} nm along {name}, not {own:.6g}"
        for name, own, edge in pairs
        if abs(edge / own - 1) > _AGREES
    ]  # fmt: skip
    as_if = "" if said.has_unit else " (by its ratios)"
    return [f"--voxel-nm says {', '.join(wrong)} as {said.by}{as_if}: --voxel-nm is taken"] if wrong else []


def _can_be(size: VoxelSize, by: str, shape: tuple[int, int, int], where: Path) -> list[str]:
    """Warnings of a size that is rare; refused is one that no tomograph has."""
    counts = shape[::-1]
    edges = [count * edge for count, edge in zip(counts, size, strict=True)]
    remedy = "give --voxel-nm x,y,z in nm"
    anisotropy = max(size) / min(size)
    told = f"voxels of {told_size(size)} ({by})"
    if min(size) < _SMALLEST_VOXEL_NM or max(edges) < _SMALLEST_NM:
        raise DataError(f"{told} make a body of {max(edges):.3g} nm", where=where, remedy=remedy)
    if max(edges) > _LARGEST_NM:
        raise DataError(f"{told} make a body of {max(edges) / 1e6:.3g} mm", where=where, remedy=remedy)
    if anisotropy > _MOST_ANISOTROPIC:
        raise DataError(f"{told} are {anisotropy:.3g} times as long as they are thin", where=where, remedy=remedy)
    warnings = []
    if max(edges) > _LARGEST_TOLD_NM:
        warnings.append(f"{told} make a body of {max(edges) / 1e6:.3g} mm: check the unit")
    if anisotropy > _MOST_ANISOTROPIC_TOLD:
        warnings.append(f"{told} are {anisotropy:.3g} times as long as they are thin: check the unit")
    return warnings


def told_size(size: tuple[float | None, ...]) -> str:
    """A size as it is told: `5 x 5 x 20 nm`."""
    return f"{_numbers(size)} nm"


def _numbers(size: tuple[float | None, ...]) -> str:
    return " x ".join("?" if edge is None else f"{edge:.6g}" for edge in size)
