"""Figures of `cycling`, still and to zoom: all cycles, voltage and dQ/dV, capacity against rate and temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, ORANGE, series_colours
from paddlewheel.page.interactive import Line, Plot
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.cycling.record import CURVES, DQDV, CyclingRecord, CyclingSeriesRecord, CyclingStage
from paddlewheel.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HALVES = (("charge", BLUE, "o"), ("discharge", ORANGE, "s"))
_MARKERS = "osD^vPX*"


def figures(record: CyclingRecord | CyclingSeriesRecord, beside: Beside) -> Figures:
    """The figures of the report of a test, or of a series."""
    drawn: dict[str, tuple[Figure, str]] = {}
    if isinstance(record, CyclingRecord):
        drawn["cycles"] = (_cycles(record), "Capacity, coulombic efficiency and polarization against the cycle.")
        drawn["curves"] = (_curves(record, beside), "Voltage against capacity, and dQ/dV against voltage.")
    stages = _stages(record)
    if stages is not None:
        drawn["stages"] = (stages, "Capacity against rate and temperature; the numbers are in the table.")
    return drawn


def unit_of(record: CyclingRecord | CyclingSeriesRecord) -> tuple[str, str]:
    """The field ending and the printed unit of capacities: per cm2 where there is an area, else of the cell."""
    return ("mAh_per_cm2", "mAh/cm²") if record.area_cm2 is not None else ("mAh", "mAh")


def capacity(row: object, name: str) -> float:
    """A capacity of a row or stage, with or without an uncertainty; nan where there is none."""
    value = getattr(row, name)
    return np.nan if value is None else float(getattr(value, "value", value))


def _cycles(record: CyclingRecord) -> Figure:
    """Capacity, efficiency, polarization and, where there is any, the share at constant voltage, against the cycle."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    held = any(row.cv_share for row in record.cycles)
    figure = Figure(figsize=(10.4, 3.2), layout="constrained")
    panels = figure.subplots(1, 4 if held else 3)
    ending, unit = unit_of(record)
    numbers = [row.cycle for row in record.cycles]
    size = 3.8 if len(numbers) < 60 else 2.2
    for half, colour, marker in _HALVES:
        values = [capacity(row, f"{half}_{ending}") for row in record.cycles]
        panels[0].plot(numbers, values, marker, ms=size, color=colour, label=half)
    panels[0].set(title=f"Capacity ({unit})")
    panels[0].set_ylim(0, 1.06 * panels[0].get_ylim()[1])
    known = [
        (row.cycle, 100 * row.coulombic_efficiency) for row in record.cycles if row.coulombic_efficiency is not None
    ]
    panels[1].plot(*(np.array(known).reshape(-1, 2).T), "^", ms=size, color=INK)
    panels[1].set(title="Coulombic efficiency (%)")
    panels[2].plot(numbers, [capacity(row, "polarization_V") for row in record.cycles], "o", ms=size, color=INK)
    panels[2].set(title="Polarization (V)")
    if held:
        share = [100 * capacity(row, "cv_share") for row in record.cycles]
        panels[3].plot(numbers, share, "s", ms=size, color=BLUE)
        panels[3].set(title="CV share of the charge (%)")
        panels[3].set_ylim(0, 1.06 * panels[3].get_ylim()[1])
    for panel in panels:
        panel.set_xlabel("cycle")
        panel.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        panel.ticklabel_format(axis="y", useOffset=False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def _shown_cycles(record: CyclingRecord) -> list[tuple[int, str]]:
    """The cycles whose curves are kept, each with its colour."""
    shown = sorted({curve.cycle for curve in record.differential})
    return list(zip(shown, series_colours(max(len(shown), 1)), strict=False))


def _curves(record: CyclingRecord, beside: Beside) -> Figure:
    """Voltage against capacity, and dQ/dV against voltage with the discharge below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    factor = 1.0 if record.area_cm2 is None else 1 / record.area_cm2.value
    tables = beside.columns(CURVES), beside.columns(DQDV)
    for number, colour in _shown_cycles(record):
        label: str | None = f"cycle {number}"
        for charging in (1.0, 0.0):
            voltage, dqdv = (_half_of(table, number, charging) for table in tables)
            if not len(voltage["cycle"]):
                continue
            left.plot(factor * voltage["capacity_mAh"], voltage["voltage_V"], color=colour, lw=1.2, label=label)
            sign = 1.0 if charging else -1.0
            right.plot(dqdv["voltage_V"], sign * factor * dqdv["dq_dv_mAh_per_V"], color=colour, lw=1.2)
            label = None
    _, unit = unit_of(record)
    left.set(xlabel=f"capacity  ({unit})", ylabel="voltage  (V)", title="Voltage")
    right.axhline(0, color=INK, lw=0.8)
    right.set(xlabel="voltage  (V)", ylabel=f"dQ/dV  ({unit}/V)", title="Differential capacity, discharge below")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _half_of(table: Columns, number: int, charging: float) -> Columns:
    """The rows of one half cycle in a table of curves."""
    rows = (table["cycle"] == number) & (table["charging"] == charging)
    return {name: column[rows] for name, column in table.items()}


def _stages(record: CyclingRecord | CyclingSeriesRecord) -> Figure | None:
    """Capacity of each stage against its rate and its temperature; None where neither changes."""
    from matplotlib.figure import Figure

    drawn: list[Callable[[Axes], None]] = []
    if _differ([stage.current_mA for stage in record.stages], 0.05):
        drawn.append(lambda axes: _against_rate(axes, record))
    known = [stage for stage in record.stages if stage.temperature_K is not None]
    if _differ([stage.temperature_K or 0 for stage in known], 0.005):
        drawn.append(lambda axes: _against_temperature(axes, record, known))
    if not drawn:
        return None
    figure = Figure(figsize=(5.2 * len(drawn), 3.7), layout="constrained")
    for axes, draw in zip(np.atleast_1d(figure.subplots(1, len(drawn))), drawn, strict=True):
        draw(axes)
    return figure


def _differ(values: Sequence[float], share: float) -> bool:
    """Whether values differ by more than a share of the largest."""
    return len(values) > 1 and max(values) - min(values) > share * max(abs(value) for value in values)


def _against_rate(axes: Axes, record: CyclingRecord | CyclingSeriesRecord) -> None:
    rated = all(stage.c_rate_per_h is not None for stage in record.stages)
    groups: dict[str, list[CyclingStage]] = {}
    for stage in record.stages:
        groups.setdefault("" if stage.temperature_K is None else f"{stage.temperature_K:.0f} K", []).append(stage)

    def x(stage: CyclingStage) -> float:
        return stage.c_rate_per_h.value if rated and stage.c_rate_per_h is not None else stage.current_mA

    _points(axes, record, groups, x)
    axes.set_xscale("log")
    axes.set(xlabel="C-rate  (1/h)" if rated else "current  (mA)")


def _against_temperature(
    axes: Axes, record: CyclingRecord | CyclingSeriesRecord, known: Sequence[CyclingStage]
) -> None:
    groups: dict[str, list[CyclingStage]] = {}
    for stage in known:
        rate = f"{stage.current_mA:.3g} mA" if stage.c_rate_per_h is None else f"{stage.c_rate_per_h.value:.2g} C"
        groups.setdefault(rate, []).append(stage)
    _points(axes, record, groups, lambda stage: (stage.temperature_K or np.nan) - ZERO_CELSIUS_K)
    axes.set(xlabel="temperature  (°C)")


def _points(
    axes: Axes,
    record: CyclingRecord | CyclingSeriesRecord,
    groups: dict[str, list[CyclingStage]],
    x: Callable[[CyclingStage], float],
) -> None:
    ending, unit = unit_of(record)
    field = f"capacity_{ending}"
    for place, ((label, stages), colour) in enumerate(zip(groups.items(), series_colours(len(groups)), strict=True)):
        ordered = sorted(stages, key=x)
        values = [capacity(stage, field) for stage in ordered]
        scatter = [
            (stage.scatter_mAh or 0.0) * value / stage.capacity_mAh
            for stage, value in zip(ordered, values, strict=True)
        ]
        axes.errorbar([x(stage) for stage in ordered], values, yerr=scatter, fmt=_MARKERS[place % len(_MARKERS)] + "-",
                      ms=5, lw=1.0, capsize=2, color=colour, label=label or None)  # fmt: skip
    if len(groups) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4)
    axes.set_ylim(0, 1.06 * axes.get_ylim()[1])
    axes.set(title=f"Capacity ({unit})")


def plots(record: CyclingRecord, beside: Beside) -> list[Plot]:
    """To zoom: voltage and dQ/dV, and all cycles; capacities per cm2 where the sample has an area."""
    ending, unit = unit_of(record)
    factor = 1.0 if record.area_cm2 is None else 1 / record.area_cm2.value
    tables = beside.columns(CURVES), beside.columns(DQDV)
    voltage, dqdv = [], []
    for number, colour in _shown_cycles(record):
        for charging in (1.0, 0.0):
            label = f"cycle {number}"
            curve, peaks = (_half_of(table, number, charging) for table in tables)
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
        for half, colour, _ in _HALVES
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
