"""Tables that a run of `cycling` leaves beside its record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.records import Measured
from paddlewheel.records.tables import (
    write_table,
)
from paddlewheel.studies.cycling.analysis import AnalysedTest
from paddlewheel.studies.cycling.record import (
    CycleRow,
    CyclingStage,
)


def test_folders(files: Sequence[str]) -> list[str]:
    """A directory for each test of a series, in order: `tests/01-name`."""
    stems = [re.sub(r"[^A-Za-z0-9._=-]+", "-", Path(name).stem)[:60] for name in files]
    return [f"tests/{number:02d}-{stem}" for number, stem in enumerate(stems, start=1)]


def write_tables(analysed: AnalysedTest, directory: Path) -> None:
    """Write cycles, stages, voltage curves and dQ/dV.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    record, shown = analysed.record, analysed.curves
    write_table(directory / "cycles.csv", _columns(record.cycles, list(CycleRow.model_fields)))
    write_stages(record.stages, directory / "stages.csv")
    for file, x, y, labels in (
        ("curves.csv", "capacity_mAh", "voltage_V", ("capacity_mAh", "voltage_V")),
        ("dqdv.csv", "dq_voltage_V", "dq_mAh_per_V", ("voltage_V", "dq_dv_mAh_per_V")),
    ):
        parts = [(one.cycle, one.half == "charge", getattr(one, x), getattr(one, y)) for one in shown]
        write_table(
            directory / file,
            {
                "cycle": np.concatenate([np.full(len(a), cycle) for cycle, _, a, _ in parts] or [np.empty(0)]),
                "charging": np.concatenate([np.full(len(a), float(up)) for _, up, a, _ in parts] or [np.empty(0)]),
                labels[0]: np.concatenate([a for _, _, a, _ in parts] or [np.empty(0)]),
                labels[1]: np.concatenate([b for _, _, _, b in parts] or [np.empty(0)]),
            },
        )


def write_stages(stages: Sequence[CyclingStage], path: Path) -> None:
    """Write the numbers of stages, one a row.

    Raises
    ------
    OSError
        As the operating system gives it.
    """
    names = [name for name in CyclingStage.model_fields if name not in ("file", "c_rate_from", "temperature_from")]
    write_table(path, _columns(stages, names))


def _columns(rows: Sequence[CycleRow] | Sequence[CyclingStage], names: Sequence[str]) -> dict[str, Any]:
    """The fields as columns; a measured one is followed by that of its standard uncertainty, where it has any value."""
    columns: dict[str, Any] = {}
    for name in names:
        values = [getattr(row, name) for row in rows]
        measured = [value for value in values if isinstance(value, Measured)]
        plain = [value.value if isinstance(value, Measured) else value for value in values]
        columns[name] = np.array([np.nan if value is None else float(value) for value in plain])
        if measured:
            columns[f"{name}_std"] = np.array([np.nan if value is None else value.std for value in values])
    return columns
