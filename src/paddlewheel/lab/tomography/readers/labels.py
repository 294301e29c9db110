"""Numbers of phases: from a stack that holds them, and grey stacks told from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.tomography.readers.slices import told_numbers
from paddlewheel.lab.tomography.readers.survey import MOST_PHASES, distinct_values
from paddlewheel.lab.tomography.readers.volume import SaidSize
from paddlewheel.lab.tomography.readers.voxel_size import decided_size
from paddlewheel.lab.tomography.voxels import Labels, Stack, VoxelSize

_MOST_SAMPLED = 5
_FEW = 4
"""Values that are phases, however they lie."""


def labels_of(
    stack: Stack, *, names: Mapping[int, str] | None = None, voxel_nm: VoxelSize | None = None
) -> Labels:  # fmt: skip
    """The phases of a stack whose values are numbers of phases, in memory.

    Numbers beyond 0 to 255 are counted anew in the array; `Labels.number_in_file` has those of the file.

    Parameters
    ----------
    stack
        Of `read_stack`.
    names
        By number, over what the file says; `phase N` for those without.
    voxel_nm
        Over what the stack has.

    Raises
    ------
    DataError
        If the values are grey values, not whole, or have no size of voxels, or if names are not told apart.
    SettingsError
        If a name is that of a number which no voxel has.
    """
    source = Path(stack.source)
    numbers = _numbers(stack)
    warnings = list(stack.warnings)
    size, by = stack.voxel_nm, stack.voxel_from
    if voxel_nm is not None:
        said = SaidSize() if size is None else SaidSize(x=size[0], y=size[1], z=size[2], by=by or "the stack")
        size, by, odd = decided_size(said, voxel_nm, stack.shape, source)
        warnings += odd
    if size is None:
        raise DataError("does not say how large its voxels are", where=source, remedy="give --voxel-nm x,y,z")
    called = _names(numbers, names, stack.metadata.get("names", {}), source, warnings)
    renumbered = min(numbers) < 0 or max(numbers) > 255
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        warnings.append(f"the numbers of phases have gaps: {told_numbers(numbers)}")
    if len(numbers) == 1:
        warnings.append(f"every voxel is of {called[numbers[0]]}")
    labels = np.empty(stack.shape, np.uint8)
    for number in range(stack.shape[0]):
        image = np.asarray(stack.values[number])
        labels[number] = np.searchsorted(numbers, image) if renumbered else image
    in_file = dict(enumerate(numbers)) if renumbered else {number: number for number in numbers}
    return Labels(
        labels=labels, voxel_nm=size, names={label: called[number] for label, number in in_file.items()},
        source=stack.source, voxel_from=by, warnings=tuple(warnings), numbers_in_file=in_file,
    )  # fmt: skip


def refuse_labels(stack: Stack) -> None:
    """Refuse a stack that holds numbers of phases where grey values are wanted.

    Raises
    ------
    DataError
        If a few slices hold no more than `MOST_PHASES` different values, and pixels side by side mostly the same: those
        of noise differ.
    """
    n_z = stack.shape[0]
    unlike = []
    chosen = sorted({place * (n_z - 1) // (_MOST_SAMPLED - 1) for place in range(_MOST_SAMPLED)})
    values: set[float] = set()
    for number in chosen:
        image = np.asarray(stack.values[number])
        values.update(distinct_values(image).tolist())
        unlike.append(np.mean(image[:, 1:] != image[:, :-1]))
        if len(values) > MOST_PHASES:
            return
    if len(values) > _FEW and np.mean(unlike) > 0.5:
        return
    few = ", ".join(f"{value:g}" for value in sorted(values))
    raise DataError(
        f"holds {len(values)} different values ({few}): these are phases, not grey values", where=stack.source,
        remedy="give it to `tomography measure`, or give the images as the microscope wrote them",
    )  # fmt: skip


def _numbers(stack: Stack) -> list[int]:
    values: set[float] = set()
    for number in range(stack.shape[0]):
        values.update(distinct_values(np.asarray(stack.values[number])).tolist())
        if len(values) > MOST_PHASES:
            raise DataError(
                f"holds more than {MOST_PHASES} different values: these are grey values, not phases",
                where=stack.source, remedy="segment it first (`tomography segment`)",
            )  # fmt: skip
    if any(value != int(value) for value in values):
        broken = next(value for value in sorted(values) if value != int(value))
        raise DataError(f"holds the value {broken:g}, which is no number of a phase", where=stack.source,
                        remedy="save the labels as whole numbers")  # fmt: skip
    return sorted(int(value) for value in values)


def _names(
    numbers: list[int], given: Mapping[int, str] | None, of_file: Mapping[int, str], source: Path, warnings: list[str]
) -> dict[int, str]:
    absent = sorted(set(given or ()) - set(numbers))
    if absent:
        raise SettingsError(
            f"no voxel has the number {absent[0]} ({(given or {})[absent[0]]})", where=source,
            remedy=f"name those that are there: {told_numbers(numbers)}",
        )  # fmt: skip
    empty = [name for number, name in of_file.items() if number not in numbers]
    if empty:
        warnings.append(f"the file names phases of which there is no voxel: {', '.join(empty[:5])}")
    return {number: (given or {}).get(number) or of_file.get(number) or f"phase {number}" for number in numbers}
