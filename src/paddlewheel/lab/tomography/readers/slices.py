"""Arrays of slices that are read when they are asked for: a stack may be larger than the memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

LARGEST_HELD = 500_000_000
"""Bytes of a stack that is held in memory where it cannot be mapped."""


class Slices:
    """An array [n_z, n_y, n_x] that gives NumPy arrays for slices.

    Parameters
    ----------
    shape
        Counts of slices, rows and columns.
    dtype
        Of all slices.
    read
        Slice [n_y, n_x] of a number from 0.
    """

    ndim = 3

    def __init__(self, shape: tuple[int, int, int], dtype: Any, read: Callable[[int], np.ndarray]) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._read = read

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys = (*keys[:at], *[slice(None)] * (self.ndim + 1 - len(keys)), *keys[at + 1 :])
        first, rest = (keys[0], keys[1:]) if keys else (slice(None), ())
        if isinstance(first, int | np.integer):
            return self._slice(range(len(self))[first])[rest]
        numbers = range(len(self))[first] if isinstance(first, slice) else np.arange(len(self))[first]
        inside = np.empty(self.shape[1:], np.bool)[rest].shape
        out = np.empty((len(numbers), *inside), self.dtype)
        for place, number in enumerate(numbers):
            out[place] = self._slice(int(number))[rest]
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def _slice(self, number: int) -> np.ndarray:
        return np.asarray(self._read(number), dtype=self.dtype)


def changed(
    values: Any, change: Callable[[np.ndarray], np.ndarray], *, dtype: Any, rows: int | None = None
) -> np.ndarray | Slices:
    """The same slices, each passed through `change` when it is read, and only the first `rows` of its rows."""
    n_z, n_y, n_x = (int(count) for count in values.shape)
    rows = n_y if rows is None else rows
    return Slices((n_z, rows, n_x), dtype, lambda number: change(np.asarray(values[number])[:rows]))


def held(values: np.ndarray | Slices) -> np.ndarray | Slices:
    """In memory where they are few: slices that are unpacked anew at every pass would cost more than their place."""
    if isinstance(values, np.ndarray) or math.prod(values.shape) * values.dtype.itemsize > LARGEST_HELD:
        return values
    return values[:]


def told_numbers(numbers: Sequence[int]) -> str:
    """Numbers as a reader wants them: `3 to 7, 9`; of many the first five runs, and how many are left out."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = [str(first) if first == last else f"{first} to {last}" for first, last in runs[:5]]
    return ", ".join(said) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")
