"""Several cells of one kind as one: the mean of each cycle and its spread from cell to cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.studies.cycling.record import CycleRow, CyclingRecord, GroupRow
from paddlewheel.studies.cycling.rows import returned_mAh

_SAME_CURRENT, _SAME_TEMPERATURE_K = 0.1, 3.0


def group_rows(records: Sequence[CyclingRecord]) -> list[GroupRow]:
    """One row for each cycle that two cells or more have; none where the tests are not repeats of one.

    They are where all stages are at temperatures within 3 K of each other, and cycle for cycle what comes back flows at
    currents within 10 %, so that nothing but the cell is different. Half cycles alone and cycles cut short count not.
    """
    if len(records) < 2 or len({record.opens_with for record in records}) > 1:
        return []
    kelvins = [stage.temperature_K for record in records for stage in record.stages if stage.temperature_K is not None]
    if kelvins and max(kelvins) - min(kelvins) > _SAME_TEMPERATURE_K:
        return []
    by_cycle: dict[int, list[tuple[CyclingRecord, CycleRow]]] = {}
    for record in records:
        for row in record.cycles:
            if row.closing_over_opening is not None and not row.cut_short:
                by_cycle.setdefault(row.cycle, []).append((record, row))
    found = []
    for cycle, cells in sorted(by_cycle.items()):
        if len(cells) < 2:
            continue
        opens_with = cells[0][0].opens_with
        rows = [row for _, row in cells]
        currents = [row.discharge_current_mA if opens_with == "charge" else row.charge_current_mA for row in rows]
        flowing = [current for current in currents if current]
        if max(flowing) > (1 + _SAME_CURRENT) * min(flowing):
            return []
        capacity, capacity_std = _spread([returned_mAh(row, opens_with) for row in rows])
        retention, retention_std = _spread([row.retention for row in rows])
        efficiency, efficiency_std = _spread([row.coulombic_efficiency for row in rows])
        assert capacity is not None  # whole cycles have it
        found.append(
            GroupRow(
                cycle=cycle, n_cells=len(cells), capacity_mAh=capacity, capacity_spread_mAh=capacity_std,
                retention=retention, retention_spread=retention_std, coulombic_efficiency=efficiency,
                coulombic_efficiency_spread=efficiency_std,
            )
        )  # fmt: skip
    return found


def _spread(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Mean and standard deviation from cell to cell, of those that have a value."""
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return None, None
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else None
