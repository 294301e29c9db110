"""What tells the spectra of `eis` apart in figures and tables, and which of many are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.page.numbers import kelvin
from paddlewheel.studies.eis.record import EisRecord, SpectrumResult

MOST_PANELS = 12
_LETTERS_OF_LEGEND = 52
"""In a row of a figure for one column, with 4 for each mark."""


def label(row: SpectrumResult) -> str:
    """What tells a spectrum apart in figures and tables."""
    if row.temperature_K is not None:
        return kelvin(row.temperature_K)
    return f"cycle {row.cycle}" if row.cycle is not None else row.name


def shown(record: EisRecord) -> list[int]:
    """Places of the spectra that are drawn: those asked for, else at most `MOST_PANELS`, evenly spread over all."""
    if record.drawn is not None:
        return [number - 1 for number in record.drawn]
    count = len(record.spectra)
    return sorted({round(x) for x in np.linspace(0, count - 1, min(count, MOST_PANELS))})


def columns_of_legend(words: Sequence[str]) -> int:
    """How many entries of a legend stand side by side in one column of a journal."""
    return max(1, min(5, _LETTERS_OF_LEGEND // (max(map(len, words), default=0) + 4)))
