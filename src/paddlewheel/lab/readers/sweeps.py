"""The sweeps of one table: rows parted where the frequency turns back; and several tables of a file as one.

Instruments write loops one under the other, now with a column that counts them, now without. A sweep is a stretch in
which the frequency rises or falls throughout. Two stretches that span the same decades are two sweeps; two that follow
each other (another range of the instrument) are one. Frequencies that do neither are no sweep: they are refused, for
they may be anything.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.readers.text_table import TextTable

LOOP = "loop"
"""Name of the column that counts the tables of one file."""
_SAME_DECADES = 0.01
"""Frequencies this close in decades are one setting of the instrument, which rounds to its own clock."""
_LEAST_POINTS = 3
_SHARE_OF_SPAN = 0.5
"""Of the decades of the shorter of two stretches: where they share more, the second repeats the first."""
_WIDE_STEP_DECADES = 1.0
_STEPS_BEYOND_MEDIAN = 5.0
_SHOWN_ROWS = 8


def sweeps_of(
    frequency_Hz: np.ndarray, cycle: np.ndarray | None, sweep: np.ndarray | None = None, *, source: str
) -> list[np.ndarray]:
    """Rows of each sweep: as the file says, or by the column of cycles where there are several, and where the frequency
    begins anew.

    Parameters
    ----------
    frequency_Hz, cycle
        [n_rows]; rows without a frequency above 0 stay with the sweep that they stand in.
    sweep
        [n_rows] number of the sweep, 0 of rows outside of any (`TextTable.sweep`).

    Raises
    ------
    DataError
        Where the frequencies neither rise nor fall nor repeat, with the rows.
    """
    rows = np.arange(len(frequency_Hz))
    if sweep is not None:
        within = rows[sweep > 0]
        return np.split(within, np.flatnonzero(np.diff(sweep[within])) + 1)
    if cycle is not None and len(np.unique(cycle[np.isfinite(cycle)])) > 1:
        parts = np.split(rows, np.flatnonzero(np.diff(cycle) != 0) + 1)
    else:
        parts = [rows]
    return [sweep for part in parts for sweep in _parted(frequency_Hz, part, source)]


def _parted(frequency_Hz: np.ndarray, part: np.ndarray, source: str) -> list[np.ndarray]:
    with np.errstate(invalid="ignore"):
        known = np.flatnonzero(np.isfinite(frequency_Hz[part]) & (frequency_Hz[part] > 0))
    if len(known) < _LEAST_POINTS:
        return [part]
    decades = np.log10(frequency_Hz[part[known]])
    runs = _runs(decades)
    _check_runs(decades, runs, part[known], source)
    begins = [0]
    for before, run in itertools.pairwise(runs):
        if _repeats(decades[before[0] : before[1]], decades[run[0] : run[1]]):
            begins.append(run[0])
    # rows without a frequency between two sweeps go with the one before
    return np.split(part, known[begins[1:]])


def _runs(decades: np.ndarray) -> list[tuple[int, int]]:
    """Begin and end (exclusive) of each stretch in which the frequency goes one way."""
    runs, begin, way, same = [], 0, 0.0, 0  # `same`: from where on the frequency stands
    for index in range(1, len(decades)):
        step = decades[index] - decades[index - 1]
        sign = 0.0 if abs(step) < _SAME_DECADES else float(np.sign(step))
        if not sign:
            continue
        if way and sign != way:
            turn = index if same == index - 1 or abs(step) > _WIDE_STEP_DECADES else index - 1
            runs.append((begin, turn))
            begin, way = turn, sign if turn < index else 0.0
        else:
            way = sign
        same = index
    return [*runs, (begin, len(decades))]


def _check_runs(decades: np.ndarray, runs: Sequence[tuple[int, int]], rows: np.ndarray, source: str) -> None:
    """Refuse stretches of a point or two and stretches with a leap; the last may be of a sweep that was stopped."""
    if len(runs) == 1:
        return
    median = float(np.median(np.abs(np.diff(decades))))
    leap = max(_WIDE_STEP_DECADES, _STEPS_BEYOND_MEDIAN * median)
    short = [run for run in runs[:-1] if run[1] - run[0] < _LEAST_POINTS]
    leaps = [run for run in runs if run[1] - run[0] > 1 and np.abs(np.diff(decades[slice(*run)])).max() > leap]
    if not short and not leaps:
        return
    odd = rows[_out_of_order(decades)]
    shown = ", ".join(
        f"{row + 1} ({10 ** decades[at]:.6g} Hz)" for at, row in enumerate(rows) if row in odd[:_SHOWN_ROWS]
    )
    raise DataError(
        f"the frequencies neither fall nor rise nor repeat as loops do: {len(odd)} of {len(rows)} rows stand out of "
        f"order, row {shown}{', ...' if len(odd) > _SHOWN_ROWS else ''}",
        where=source, remedy="mend the frequencies, sort the rows by them, or take the rows out",
    )  # fmt: skip


def _out_of_order(decades: np.ndarray) -> np.ndarray:
    """Places of the values outside the longest subsequence that falls throughout, or that rises throughout."""
    kept = max((_longest_rise(decades), _longest_rise(-decades)), key=len)
    return np.setdiff1d(np.arange(len(decades)), kept)


def _longest_rise(values: np.ndarray) -> list[int]:
    """Places of a longest subsequence that nowhere falls, by patience sorting."""
    tops: list[int] = []
    before = np.full(len(values), -1)
    for place, value in enumerate(values):
        pile = int(np.searchsorted(values[tops], value, side="right")) if tops else 0
        if pile:
            before[place] = tops[pile - 1]
        tops[pile : pile + 1] = [place]
    found, place = [], tops[-1]
    while place >= 0:
        found.append(int(place))
        place = int(before[place])
    return found[::-1]


def _repeats(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether a stretch covers the decades of the one before it, and so is a sweep of its own."""
    shared = min(one.max(), other.max()) - max(one.min(), other.min())
    shorter = min(np.ptp(one), np.ptp(other))
    return shared > _SHARE_OF_SPAN * shorter if shorter > 0 else shared >= 0


def stacked(tables: Sequence[TextTable], *, source: str, warnings: Sequence[str] = ()) -> TextTable:
    """The tables of one file one under the other; the column `LOOP` counts them from 1 where there are several.

    Columns are those of the first table; a table with other columns is left out, and told.
    """
    first = tables[0]
    alike = [table for table in tables if table.names == first.names and table.numbers.keys() == first.numbers.keys()]
    said = [*warnings, *dict.fromkeys(text for table in alike for text in table.warnings)]
    if len(alike) < len(tables):
        said.append(f"{len(tables) - len(alike)} of {len(tables)} tables left out: their columns differ from the first")
    if len(alike) == 1:
        return replace(first, source=source, warnings=said)
    numbers = {place: np.concatenate([table.numbers[place] for table in alike]) for place in first.numbers}
    texts = {place: [cell for table in alike for cell in table.texts.get(place, [""] * len(table))]
             for place in first.texts}  # fmt: skip
    numbers[len(first.names)] = np.concatenate([np.full(len(table), k, float) for k, table in enumerate(alike, 1)])
    return replace(first, names=[*first.names, LOOP], units=[*first.units, ""], numbers=numbers, texts=texts,
                   source=source, warnings=said)  # fmt: skip
