"""Figures of `cycling`, still and to zoom: all cycles, voltage and dQ/dV, capacity against rate and temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, ORANGE, SeriesStyle, series_colours, series_styles
from paddlewheel.page.interactive import Line, Plot
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.cycling.record import (
    CURVES,
    DQDV,
    DVDQ,
    CyclingRecord,
    CyclingSeriesRecord,
    CyclingStage,
    times_of,
)
from paddlewheel.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HALVES = (("charge", BLUE, "o", "none"), ("discharge", ORANGE, "s", ORANGE))
"""Colour, marker and its filling: open and full, for prints in grey."""
_HELD_V, _NOTHING = 0.03, 1e-3
_MARKERS = "osD^vPX*"


def figures(record: CyclingRecord | CyclingSeriesRecord, beside: Beside) -> Figures:
    """The figures of the report of a test, or of a series."""
    drawn: dict[str, tuple[Figure, str]] = {}
    if isinstance(record, CyclingRecord):
        drawn["cycles"] = (_cycles(record), "Capacity, coulombic efficiency and polarization against the cycle.")
        drawn["curves"] = (_voltage(record, beside), "Voltage against capacity.")
        drawn["dqdv"] = (_dqdv(record, beside), "dQ/dV against voltage, the discharge below 0.")
        if DVDQ in record.files.values():  # records of before have none
            drawn["dvdq"] = (_dvdq(record, beside), "dV/dQ against the charge passed.")
        if record.diffusion:
            drawn["diffusion"] = (_diffusion(record), "Diffusivity against charge passed.")
        if record.pulses:
            drawn["pulses"] = (_pulses(record), "Resistance of pulses against the charge in the cell.")
    elif record.cells:
        drawn["cells"] = (_cells(record), "Mean of the cells and their spread against the cycle.")
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
    for half, colour, marker, filling in _HALVES:
        values = [capacity(row, f"{half}_{ending}") for row in record.cycles]
        panels[0].plot(numbers, values, marker, ms=size, color=colour, mfc=filling, label=half)
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
        panel.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        panel.ticklabel_format(axis="y", useOffset=False)
    for panel, least in zip(panels[1:3], (0.1, 1e-3), strict=True):  # what does not change is drawn as a line
        low, high = panel.get_ylim()
        if high - low < least:
            panel.set_ylim(0.5 * (low + high - least), 0.5 * (low + high + least))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return figure


def _shown_cycles(record: CyclingRecord) -> list[tuple[int, SeriesStyle]]:
    """The cycles whose curves are kept, each with how it is drawn."""
    shown = sorted({curve.cycle for curve in record.differential})
    return list(zip(shown, series_styles(max(len(shown), 1)), strict=False))


def _one_panel() -> tuple[Figure, Axes]:
    """A figure for one column of a journal."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 4.3), layout="constrained")
    return figure, figure.subplots()


def _voltage(record: CyclingRecord, beside: Beside) -> Figure:
    """Voltage against capacity."""
    figure, axes = _one_panel()
    factor, table = _per_area(record), beside.columns(CURVES)
    for number, style in _shown_cycles(record):
        label: str | None = f"cycle {number}"
        for charging in (1.0, 0.0):
            curve = _half_of(table, number, charging)
            if len(curve["cycle"]):
                x = factor * curve["capacity_mAh"]
                axes.plot(x, curve["voltage_V"], color=style.colour, ls=style.line, lw=1.3, label=label)
                label = None
    axes.set(xlabel=f"capacity  ({unit_of(record)[1]})", ylabel="voltage  (V)")
    _legend_below(figure, axes)
    return figure


def _dqdv(record: CyclingRecord, beside: Beside) -> Figure:
    """dQ/dV against voltage, the discharge below; both axes by the cycles after the first, where there are any."""
    figure, axes = _one_panel()
    factor, table, held = _per_area(record), beside.columns(DQDV), _held_cycles(record)
    heights: dict[int, list[float]] = {1: [], -1: []}
    ends_V: list[float] = []
    later = [number for number, _ in _shown_cycles(record)][1:]
    for number, style in _shown_cycles(record):
        label: str | None = f"cycle {number}"
        for sign in (1, -1):
            curve = _half_of(table, number, float(sign > 0))
            if not len(curve["cycle"]):
                continue
            x, y = curve["voltage_V"], factor * curve["dq_dv_mAh_per_V"]
            axes.plot(x, sign * y, color=style.colour, ls=style.line, lw=1.2, label=label)
            label = None
            if number in later or not later:
                passed = np.flatnonzero(y > _NOTHING * y.max())
                begin, end = x[passed[0]], x[passed[-1]]
                ends_V += [float(begin), float(end)]
                # a stage at constant voltage is a peak of its own at the end, as high as it is long
                edge_V = _HELD_V if number in held else 0.0
                inner = y[(x < end - edge_V) if sign > 0 else (x > begin + edge_V)]
                heights[sign].append(float(inner.max() if len(inner) else y.max()))
    up, down = (_usual_height(heights[sign]) for sign in (1, -1))
    if ends_V:
        margin = 0.03 * (max(ends_V) - min(ends_V))
        axes.set_xlim(min(ends_V) - margin, max(ends_V) + margin)
        axes.set_ylim(-1.12 * down - 0.02 * up, 1.12 * up + 0.02 * down)
    axes.axhline(0, color=INK, lw=0.8)
    axes.set(xlabel="voltage  (V)", ylabel=f"dQ/dV  ({unit_of(record)[1]}/V), discharge below 0")
    _legend_below(figure, axes)
    return figure


def _dvdq(record: CyclingRecord, beside: Beside) -> Figure:
    """dV/dQ against the charge passed, charges over discharges; the ends of a half cycle, where it rises, leave it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.6, 5.0), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    factor, table = _per_area(record), beside.columns(DVDQ)
    _, unit = unit_of(record)
    for panel, charging, name in zip(panels, (1.0, 0.0), ("charge", "discharge"), strict=True):
        heights = []
        for number, style in _shown_cycles(record):
            curve = _half_of(table, number, charging)
            if len(curve["cycle"]):
                y = curve["dv_dq_V_per_mAh"] / factor
                panel.plot(
                    factor * curve["capacity_mAh"],
                    y,
                    color=style.colour,
                    ls=style.line,
                    lw=1.2,
                    label=f"cycle {number}",
                )
                middle = slice(len(y) // 10, len(y) - len(y) // 10)
                heights.append(float(np.max(y[middle])))
        panel.set_ylim(0, 1.15 * _usual_height(heights))
        panel.set(ylabel=f"dV/dQ  (V/({unit}))", title=name)
    panels[1].set(xlabel=f"capacity  ({unit})")
    whole = max(panels, key=lambda panel: len(panel.lines))
    _legend_below(figure, whole)
    return figure


def _diffusion(record: CyclingRecord) -> Figure:
    """Diffusivity, or that over the length squared, against the charge passed since the start."""
    figure, axes = _one_panel()
    has_length = any(row.diffusivity_cm2_per_s is not None for row in record.diffusion)
    for method, markers in (("GITT", "os"), ("ICI", "^v")):
        for (half, colour, _, filling), marker in zip(_HALVES, markers, strict=True):
            rows = [row for row in record.diffusion if (row.method, row.half) == (method, half)]
            rows = [row for row in rows if row.over_length2_per_s is not None]
            known = [row.diffusivity_cm2_per_s for row in rows if row.diffusivity_cm2_per_s is not None]
            values = (
                [each.value for each in known] if has_length else [row.over_length2_per_s or np.nan for row in rows]
            )
            if rows:
                axes.errorbar(
                    [row.charge_mAh for row in rows], values, yerr=[each.std for each in known] if has_length else None,
                    fmt=marker, ms=4.5, color=colour, mfc=filling, capsize=2, lw=0.9, label=f"{method}, {half}",
                )  # fmt: skip
    axes.set_yscale("log")
    shown = [row.over_length2_per_s for row in record.diffusion if row.over_length2_per_s is not None]
    low, high = axes.get_ylim()
    if shown and max(shown) < 5 * min(shown):  # a scatter of some percent is not to fill the figure
        axes.set_ylim(low / 2, high * 2)
    quantity = "D  (cm²/s)" if has_length else "D over the length squared  (1/s)"
    axes.set(xlabel="charge passed since the start  (mAh)", ylabel=quantity)
    _legend_below(figure, axes)
    return figure


def _pulses(record: CyclingRecord) -> Figure:
    """Resistance by the time into the pulse, against the charge in the cell."""
    figure, axes = _one_panel()
    times = times_of(record.pulses)
    for time, colour, marker in zip(times, series_colours(len(times)), "osD^v", strict=False):
        for half, _, _, filling in _HALVES:
            rows = [row for row in record.pulses if row.half == half and time in row.resistance_ohm]
            x, y = [100 * row.charge_share for row in rows], [row.resistance_ohm[time] for row in rows]
            full = "none" if filling == "none" else colour
            if rows:
                axes.plot(x, y, marker, ms=4.5, color=colour, mfc=full, label=f"{time}, {half}")
    axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
    axes.set(xlabel="charge in the cell  (% of the test's range)", ylabel="resistance  (ohm)")
    _legend_below(figure, axes)
    return figure


def _cells(record: CyclingSeriesRecord) -> Figure:
    """Capacity and coulombic efficiency against the cycle: the mean of the cells, and a standard deviation about it."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.6, 5.0), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    _, unit = unit_of(record)
    factor = 1.0 if record.area_cm2 is None else 1 / record.area_cm2.value
    for panel, name, scale, label in (
        (panels[0], "capacity", factor, f"capacity  ({unit})"),
        (panels[1], "coulombic_efficiency", 100.0, "coulombic efficiency  (%)"),
    ):
        field, spread = (f"{name}_mAh", f"{name}_spread_mAh") if name == "capacity" else (name, f"{name}_spread")
        rows = [row for row in record.cells if getattr(row, field) is not None]
        x = [row.cycle for row in rows]
        y = scale * np.array([getattr(row, field) for row in rows], dtype=float)
        off = scale * np.array([getattr(row, spread) or 0.0 for row in rows], dtype=float)
        panel.fill_between(x, y - off, y + off, color=BLUE, alpha=0.25, lw=0, label="from cell to cell")
        panel.plot(x, y, "o-", ms=3.5, lw=1.0, color=INK, label="mean")
        panel.set_ylabel(label)
        panel.ticklabel_format(axis="y", useOffset=False)
    panels[1].set_xlabel("cycle")
    panels[1].xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    _legend_below(figure, panels[0])
    return figure


def _usual_height(heights: Sequence[float]) -> float:
    """The highest of several curves, but no more than twice the usual one: one that is strange does not flatten all."""
    return min(max(heights), 2 * float(np.median(heights))) if heights and max(heights) > 0 else 1.0


def _held_cycles(record: CyclingRecord) -> set[int]:
    return {row.cycle for row in record.cycles if row.cv_share}


def _per_area(record: CyclingRecord) -> float:
    return 1.0 if record.area_cm2 is None else 1 / record.area_cm2.value


def _legend_below(figure: Figure, axes: Axes) -> None:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)


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
    factor = _per_area(record)
    tables = beside.columns(CURVES), beside.columns(DQDV)
    voltage, dqdv = [], []
    for number, style in _shown_cycles(record):
        for charging in (1.0, 0.0):
            label = f"cycle {number}"
            curve, peaks = (_half_of(table, number, charging) for table in tables)
            if not len(curve["cycle"]):
                continue
            x = factor * curve["capacity_mAh"]
            voltage.append(Line(name=label, colour=style.colour, x=x, y=curve["voltage_V"], group=label))
            y = (1 if charging else -1) * factor * peaks["dq_dv_mAh_per_V"]
            dqdv.append(Line(name=label, colour=style.colour, x=peaks["voltage_V"], y=y, group=label))
    numbers = np.array([row.cycle for row in record.cycles], dtype=float)
    cycles = [
        Line(name=half, colour=colour, x=numbers, mode="markers",
             y=np.array([capacity(row, f"{half}_{ending}") for row in record.cycles]))
        for half, colour, *_ in _HALVES
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
