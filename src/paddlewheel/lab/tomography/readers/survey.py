"""One pass over all slices of a stack: what is damaged, empty, repeated, or no part of the sample."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.tomography.readers.slices import changed, told_numbers
from paddlewheel.lab.tomography.readers.volume import Volume

MOST_PHASES = 20
"""Different values of labels at most: grey images have more, from 8 bits on, for they have noise."""
_SHORTEST_BAR, _LONGEST_BAR = 8, 0.25
"""Rows of an info bar: at least, and at most as a share of the image."""
_SAME_IN_BAR, _SAME_ABOVE = 0.7, 0.5
"""Share of the columns that are equal in all slices: in every row of a bar at least, in the row above it at most."""
_GROUND_IN_BAR, _GROUND_ABOVE = 0.4, 0.1
"""Share of a row that has the value of the bar's ground, in every slice: in a bar at least, on average above it."""
_EXACT_IN_FLOAT32 = 2**24


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What all slices together are.

    Attributes
    ----------
    lowest, highest
        Of all values.
    n_values
        Different values, counted up to `MOST_PHASES` + 1.
    constant, repeated
        Numbers (from 0) of slices of one value, and of those that equal the one before.
    """

    lowest: float
    highest: float
    n_values: int
    constant: Mapping[int, float]
    repeated: tuple[int, ...]

    @property
    def is_labels(self) -> bool:
        """Whether the values are so few that they must be numbers of phases."""
        return self.n_values <= MOST_PHASES


def surveyed(volume: Volume, where: Path) -> Survey:
    """Go through all slices.

    Raises
    ------
    DataError
        If values are not finite, or all are one.
    """
    lows: list[float] = []
    highs: list[float] = []
    values: set[float] = set()
    repeated = []
    previous = None
    for number in range(volume.values.shape[0]):
        image = np.ascontiguousarray(volume.values[number])
        low, high = image.min(), image.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            n_lost = int(np.count_nonzero(~np.isfinite(image)))
            raise DataError(
                f"{n_lost} of {image.size} voxels of {_named(volume, number)} are no number (NaN or infinite)",
                where=where, remedy="fill them or cut them off",
            )  # fmt: skip
        if len(values) <= MOST_PHASES:
            values.update(distinct_values(image).tolist()[: MOST_PHASES + 1])
        digest = zlib.crc32(image.view(np.uint8).data)
        if digest == previous and low != high:
            repeated.append(number)
        previous = digest
        lows.append(low.item())
        highs.append(high.item())
    if min(lows) == max(highs):
        raise DataError(f"holds the value {lows[0]:g} everywhere", where=where, remedy="check what was written")
    constant = {number: low for number, (low, high) in enumerate(zip(lows, highs, strict=True)) if low == high}
    return Survey(lowest=min(lows), highest=max(highs), n_values=min(len(values), MOST_PHASES + 1),
                  constant=constant, repeated=tuple(repeated))  # fmt: skip


def distinct_values(image: np.ndarray) -> np.ndarray:
    """Different values of an array, in order."""
    if image.dtype.kind in "iub" and image.size:
        low, high = int(image.min()), int(image.max())
        if high - low < 1 << 16:
            counts = np.bincount(image.reshape(-1) if low == 0 else image.reshape(-1).astype(np.int64) - low)
            return np.flatnonzero(counts) + low
    return np.unique(image)


def warnings_of(survey: Survey, volume: Volume) -> list[str]:
    """What of a grey stack is odd; in labels, empty and equal slices are nothing odd."""
    if survey.is_labels:
        return []
    warnings = []
    by_value: dict[float, list[int]] = {}
    for number, value in survey.constant.items():
        by_value.setdefault(value, []).append(number)
    for value, numbers in by_value.items():
        warnings.append(f"{_slices(volume, numbers)} hold{'s' * (len(numbers) == 1)} the value {value:g} alone")
    if survey.repeated:
        one = len(survey.repeated) == 1
        warnings.append(f"{_slices(volume, survey.repeated)} repeat{'s' * one} the slice before")
    return warnings


def info_bar(volume: Volume) -> int:
    """Rows at the bottom with text in them, an info bar that the file does not tell: rows that are the same in all
    slices, or that have one ground, which the image has not, and a text that changes.

    Five slices are compared. A margin of one value is none (`margins`).
    """
    n_z, n_y, _ = volume.values.shape
    if n_z < 3:
        return 0
    images = _sampled(volume)
    same = np.all(images == images[:1], axis=0).mean(axis=1)
    rows = _rows_from(same, _SAME_IN_BAR)
    if not rows or same[n_y - 1 - rows] > _SAME_ABOVE:
        values, counts = np.unique(images[:, -1], return_counts=True)
        ground = (images == values[counts.argmax()]).mean(axis=2).min(axis=0)
        rows = _rows_from(ground, _GROUND_IN_BAR)
        if not rows or ground[: n_y - rows].mean() > _GROUND_ABOVE:
            return 0
    bar = images[0, n_y - rows :]
    return rows if bar.min() != bar.max() else 0


def _rows_from(share: np.ndarray, least: float) -> int:
    """How many rows at the bottom have a share of `least` or more; 0 where no bar has so few or so many."""
    lower = np.flatnonzero(share < least)
    rows = share.size - 1 - (int(lower[-1]) if len(lower) else -1)
    return rows if _SHORTEST_BAR <= rows <= _LONGEST_BAR * share.size else 0


def margins(volume: Volume) -> list[str]:
    """Rows and columns at the edges that hold one value in all of five slices."""
    images = _sampled(volume)
    found = []
    for axis, names in ((1, ("at the top", "at the bottom")), (2, ("left", "right"))):
        lines = np.moveaxis(images, axis, 0).reshape(images.shape[axis], -1)
        filled = np.flatnonzero(lines.min(axis=1) != lines.max(axis=1))
        counts = (int(filled[0]), len(lines) - 1 - int(filled[-1])) if len(filled) else (0, 0)
        what = "rows" if axis == 1 else "columns"
        found += [f"{count} {what} {name}" for count, name in zip(counts, names, strict=True) if count > 2]
    return [f"holds no image in {', '.join(found)} (one value each): cut them off"] if found else []


def _sampled(volume: Volume) -> np.ndarray:
    n_z = volume.values.shape[0]
    return np.stack([np.asarray(volume.values[number]) for number in sorted({k * (n_z - 1) // 4 for k in range(5)})])


def in_few_types(values: Any, survey: Survey) -> tuple[Any, list[str]]:
    """The values as uint8, uint16 or float32 of this machine, slice by slice, and what that changes."""
    kind, native = values.dtype.kind, values.dtype.newbyteorder("=")
    if native in (np.uint8, np.uint16, np.float32):
        if values.dtype == native:
            return values, []
        return changed(values, lambda image: image.astype(native), dtype=native), []
    if kind in "bui" and survey.lowest >= 0 and survey.highest < 1 << 16:
        small = np.uint8 if survey.highest < 256 else np.uint16
        return changed(values, lambda image: image.astype(small), dtype=small), []
    largest = max(abs(survey.lowest), abs(survey.highest))
    if largest > np.finfo(np.float32).max:
        return values, [f"values up to {largest:.3g} are too large for float32"]
    rounded = kind in "ui" and largest > _EXACT_IN_FLOAT32
    return (
        changed(values, lambda image: image.astype(np.float32), dtype=np.float32),
        [f"values up to {largest:.0f} are rounded to 24 bits"] if rounded else [],
    )


def _named(volume: Volume, number: int) -> str:
    return volume.slice_names[number] if volume.slice_names else f"slice {number + 1} of {volume.values.shape[0]}"


def _slices(volume: Volume, numbers: Any) -> str:
    if volume.slice_names and len(numbers) <= 3:
        return ", ".join(volume.slice_names[number] for number in numbers)
    said = told_numbers([number + 1 for number in numbers])
    return f"{'slice' if len(numbers) == 1 else 'slices'} {said} of {volume.values.shape[0]}"
