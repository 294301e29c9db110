"""The one table of a cell test, whatever instrument wrote it: time, voltage, current and what goes with them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.ranges import beyond_range, question

_LEAST_ROWS = 20
"""From which on the current of the rows says what charge they passed."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CellTest:
    """Rows of a cell test in the order of the file; every column [n_rows], None where the file has no such column.

    Attributes
    ----------
    time_s
        Since the start of the test.
    voltage_V
        Of the cell (working against counter, or against the reference where there is one; `metadata` says which).
    current_A
        Positive on charge.
    charge_Ah
        Charge passed since the start of the test, up on charge, as the instrument counted it. Readers of files that
        count anew in every half cycle or step put the pieces together; None where the file has no counter.
    step
        Number of the program's step, rising where the program enters a step, even for the second time.
    step_kind
        What the step does: "CC", "CV", "CCCV", "rest", "OCV", "EIS", "" where not known.
    cycle
        Cycle number as the instrument counts it.
    temperature_K
        Of the cell or its chamber.
    other
        Further columns under the file's own names.
    source
        The file.
    metadata
        What the header says, as it stands there.
    warnings
        What the reader had to guess, leave out or repair, a sentence each.

    Raises
    ------
    DataError
        If columns differ in length, there is no row, voltage or current leaves its range of sense, or the charge of
        the current is not that of the counter (`paddlewheel.lab.ranges`).
    """

    time_s: np.ndarray
    voltage_V: np.ndarray
    current_A: np.ndarray
    charge_Ah: np.ndarray | None = None
    step: np.ndarray | None = None
    step_kind: np.ndarray | None = None
    cycle: np.ndarray | None = None
    temperature_K: np.ndarray | None = None
    other: dict[str, np.ndarray] = field(default_factory=dict)
    source: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n_rows = len(self.time_s)
        if n_rows == 0:
            raise DataError("no row of data", where=self.source, remedy="give a file with measured points")
        for name, column in self.columns().items():
            if np.shape(column) != (n_rows,):
                raise DataError(f"{name} has {np.shape(column)} values for {n_rows} rows", where=self.source)
        for name in ("voltage_V", "current_A"):
            beyond = np.flatnonzero(beyond_range(name, getattr(self, name)))
            if len(beyond):
                problem, remedy = question(name, float(getattr(self, name)[beyond[0]])) or ("", "")
                raise DataError(
                    f"{name} of {len(beyond)} of {n_rows} rows, first of row {beyond[0] + 1}: {problem}",
                    where=self.source or "rows", remedy=remedy,
                )  # fmt: skip
        self._check_charge()

    def _check_charge(self) -> None:
        """Hold the counter against the current: a wrong unit of one of them sets them a thousand apart."""
        if self.charge_Ah is None or len(self) < _LEAST_ROWS:
            return
        hours = np.clip(np.diff(self.time_s), 0, None) / 3600
        flown = float(np.nansum(hours * 0.5 * np.abs(self.current_A[1:] + self.current_A[:-1])))
        counted = float(np.nansum(np.abs(np.diff(self.charge_Ah))))
        if flown > 0 and counted > 0 and (asked := question("charge_of_current_over_counter", flown / counted)):
            raise DataError(
                asked[0], where=self.source or "rows",
                remedy="is the current or the counter in mA or mAh under a name that says A, or the time in h?",
            )  # fmt: skip

    def columns(self) -> dict[str, np.ndarray]:
        """The columns that are there, by name, those of `other` last."""
        apart = ("other", "source", "metadata", "warnings")
        named = {column.name: getattr(self, column.name) for column in fields(self) if column.name not in apart}
        return {name: column for name, column in named.items() if column is not None} | self.other

    def __len__(self) -> int:
        return len(self.time_s)
