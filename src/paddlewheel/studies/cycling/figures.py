"""Figures of `cycling`: all cycles, voltage and dQ/dV, capacity against rate and temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import (
    BLUE,
    INK,
    ORANGE,
    series_colours,
)
from paddlewheel.records.tables import (
    Columns,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from paddlewheel.studies.cycling.record import (
        CyclingRecord,
        CyclingSeriesRecord,
        CyclingStage,
    )

HALVES = (("charge", BLUE, "o"), ("discharge", ORANGE, "s"))
_STRANGE = 1.05
_MARKERS = "osD^vPX*"


def unit_of(record: CyclingRecord | CyclingSeriesRecord) -> tuple[str, str]:
    """The field ending and the printed unit of capacities: per cm2 where there is an area, else of the cell."""
    return ("mAh_per_cm2", "mAh/cm²") if record.area_cm2 is not None else ("mAh", "mAh")


def capacity(row: object, name: str) -> float:
    """A capacity of a row or stage, with or without an uncertainty; nan where there is none."""
    value = getattr(row, name)
    return np.nan if value is None else float(getattr(value, "value", value))


def cycles_figure(record: CyclingRecord) -> Figure:
    """Capacity, efficiency, polarization and, where there is any, the share at constant voltage, against the cycle."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    held = any(row.cv_share for row in record.cycles)
    figure = Figure(figsize=(10.4, 3.2), layout="constrained")
    panels = figure.subplots(1, 4 if held else 3)
    ending, unit = unit_of(record)
    numbers = [row.cycle for row in record.cycles]
    size = 3.8 if len(numbers) < 60 else 2.2
    for half, colour, marker in HALVES:
        values = [capacity(row, f"{half}_{ending}") for row in record.cycles]
        panels[0].plot(numbers, values, marker, ms=size, color=colour, label=half)
    panels[0].set(title=f"Capacity ({unit})")
    panels[0].set_ylim(bottom=0)
    known = [(row.cycle, 100 * row.coulombic_efficiency) for row in record.cycles
             if row.coulombic_efficiency is not None and row.coulombic_efficiency <= _STRANGE
             and not row.cut_short]  # fmt: skip
    panels[1].plot(*(np.array(known).reshape(-1, 2).T), "^", ms=size, color=INK)
    panels[1].set(title="Coulombic efficiency (%)")
    panels[2].plot(numbers, [capacity(row, "polarization_V") for row in record.cycles], "o", ms=size, color=INK)
    panels[2].set(title="Polarization (V)")
    if held:
        share = [100 * capacity(row, "cv_share") for row in record.cycles]
        panels[3].plot(numbers, share, "s", ms=size, color=BLUE)
        panels[3].set(title="CV share of the charge (%)")
        panels[3].set_ylim(bottom=0)
    for panel in panels:
        panel.set_xlabel("cycle")
        panel.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        panel.ticklabel_format(axis="y", useOffset=False)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def shown_cycles(record: CyclingRecord) -> list[tuple[int, str]]:
    """The cycles whose curves are kept, each with its colour."""
    shown = sorted({one.cycle for one in record.differential})
    return list(zip(shown, series_colours(max(len(shown), 1)), strict=False))


def curves_figure(record: CyclingRecord, tables: dict[str, Columns]) -> Figure:
    """Voltage against capacity, and dQ/dV against voltage with the discharge below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    factor = 1.0 if record.area_cm2 is None else 1 / record.area_cm2.value
    for number, colour in shown_cycles(record):
        label: str | None = f"cycle {number}"
        for charging in (1.0, 0.0):
            voltage, dqdv = (half_of(table, number, charging) for table in (tables["curves"], tables["dqdv"]))
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


def half_of(table: Columns, number: int, charging: float) -> Columns:
    """The rows of one half cycle in a table of curves."""
    rows = (table["cycle"] == number) & (table["charging"] == charging)
    return {name: column[rows] for name, column in table.items()}


def stages_figure(record: CyclingRecord | CyclingSeriesRecord) -> Figure | None:
    """Capacity of each stage against its rate and its temperature; None where neither changes."""
    from matplotlib.figure import Figure

    drawn: list[Callable[[Axes], None]] = []
    if differ([one.current_mA for one in record.stages], 0.05):
        drawn.append(lambda axes: _against_rate(axes, record))
    known = [one for one in record.stages if one.temperature_K is not None]
    if differ([one.temperature_K or 0 for one in known], 0.005):
        drawn.append(lambda axes: _against_temperature(axes, record, known))
    if not drawn:
        return None
    figure = Figure(figsize=(5.2 * len(drawn), 3.7), layout="constrained")
    for axes, draw in zip(np.atleast_1d(figure.subplots(1, len(drawn))), drawn, strict=True):
        draw(axes)
    return figure


def differ(values: Sequence[float], share: float) -> bool:
    """Whether values differ by more than a share of the largest."""
    return len(values) > 1 and max(values) - min(values) > share * max(abs(value) for value in values)


def _against_rate(axes: Axes, record: CyclingRecord | CyclingSeriesRecord) -> None:
    rated = all(one.c_rate_per_h is not None for one in record.stages)
    groups: dict[str, list[CyclingStage]] = {}
    for one in record.stages:
        groups.setdefault("" if one.temperature_K is None else f"{one.temperature_K:.0f} K", []).append(one)

    def x(one: CyclingStage) -> float:
        return one.c_rate_per_h.value if rated and one.c_rate_per_h is not None else one.current_mA

    _points(axes, record, groups, x)
    axes.set_xscale("log")
    _plain_log_ticks(axes)
    axes.set(xlabel="C-rate  (1/h)" if rated else "current  (mA)")


def _against_temperature(
    axes: Axes, record: CyclingRecord | CyclingSeriesRecord, known: Sequence[CyclingStage]
) -> None:
    groups: dict[str, list[CyclingStage]] = {}
    for one in known:
        rate = f"{one.current_mA:.3g} mA" if one.c_rate_per_h is None else f"{one.c_rate_per_h.value:.2g} C"
        groups.setdefault(rate, []).append(one)
    _points(axes, record, groups, lambda one: (one.temperature_K or np.nan) - 273.15)
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
        values = [capacity(one, field) for one in ordered]
        scatter = [
            (one.scatter_mAh or 0.0) * value / one.capacity_mAh for one, value in zip(ordered, values, strict=True)
        ]
        axes.errorbar([x(one) for one in ordered], values, yerr=scatter, fmt=_MARKERS[place % len(_MARKERS)] + "-",
                      ms=5, lw=1.0, capsize=2, color=colour, label=label or None)  # fmt: skip
    if len(groups) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=4)
    axes.set_ylim(bottom=0)
    axes.set(title=f"Capacity ({unit})")


def _plain_log_ticks(axes: Axes) -> None:
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
