"""What a reader of `cycling` zooms in: voltage against capacity, dQ/dV, and all cycles."""

from __future__ import annotations

import numpy as np

from paddlewheel.page.drawing import INK
from paddlewheel.page.interactive import (
    Line,
    Plot,
)
from paddlewheel.records.tables import (
    Columns,
)
from paddlewheel.studies.cycling.figures import (
    HALVES,
    capacity,
    half_of,
    shown_cycles,
    unit_of,
)
from paddlewheel.studies.cycling.record import CyclingRecord


def cycling_plots(record: CyclingRecord, tables: dict[str, Columns]) -> list[Plot]:
    """Three plots; capacities per cm2 where the sample has an area."""
    ending, unit = unit_of(record)
    factor = 1.0 if record.area_cm2 is None else 1 / record.area_cm2.value
    voltage, dqdv = [], []
    for number, colour in shown_cycles(record):
        for charging in (1.0, 0.0):
            label = f"cycle {number}"
            curve, peaks = (half_of(tables[name], number, charging) for name in ("curves", "dqdv"))
            if not len(curve["cycle"]):
                continue
            x = factor * curve["capacity_mAh"]
            voltage.append(Line(name=label, colour=colour, x=x, y=curve["voltage_V"], group=label))
            y = (1 if charging else -1) * factor * peaks["dq_dv_mAh_per_V"]
            dqdv.append(Line(name=label, colour=colour, x=peaks["voltage_V"], y=y, group=label))
    numbers = np.array([row.cycle for row in record.cycles], dtype=float)
    cycles = [
        Line(name=half, colour=colour, x=numbers, mode="markers",
             y=np.array([capacity(row, f"{half}_{ending}") for row in record.cycles]))
        for half, colour, _ in HALVES
    ]  # fmt: skip
    efficiency = np.array([100 * capacity(row, "coulombic_efficiency") for row in record.cycles])
    cycles.append(Line(name="coulombic efficiency", colour=INK, x=numbers, y=efficiency, mode="markers", axes="x y2"))
    return [
        Plot(id="zoom-voltage", title="Voltage against capacity", lines=voltage,
             axes={"xaxis": {"title": f"capacity ({unit})"}, "yaxis": {"title": "voltage (V)"}}),
        Plot(id="zoom-dqdv", title="dQ/dV against voltage, discharge below", lines=dqdv,
             axes={"xaxis": {"title": "voltage (V)"}, "yaxis": {"title": f"dQ/dV ({unit}/V)"}}),
        Plot(id="zoom-cycles", title="Capacity and coulombic efficiency of all cycles", lines=cycles,
             axes={"xaxis": {"title": "cycle", "anchor": "y2"},
                   "yaxis": {"title": f"capacity ({unit})", "domain": [0.42, 1], "rangemode": "tozero"},
                   "yaxis2": {"title": "CE (%)", "domain": [0, 0.34]}}),
    ]  # fmt: skip
