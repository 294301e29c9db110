"""The report of `lsv`: sweeps with their onsets and the feet behind them, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, Drawing, series_colours
from paddlewheel.page.interactive import CREDIT, Line, Plot, zoom_scripts, zoom_section
from paddlewheel.page.numbers import ABSENT, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.lsv.record import SWEEPS, LsvRecord, LsvSweep, LsvWindow, Outside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_ZOOMED = 12
_METHOD = (
    "Tangent: the line through the foot of the rise, from 10 to 60 % of its height, meets the background, the line "
    "through the quietest stretch before it. Threshold: where the density over the background passes the stated value "
    "and stays above it. The errors are those of resampled noise (in blocks), of the choice of foot and background, of "
    "the rows' distance, of the area, of the resistance and of the reference; a cell's own scatter is not in them: "
    "measure three cells. An onset of current is no thermodynamic limit: a slow decomposition shows late."
)


def figures(record: LsvRecord, beside: Beside) -> Figures:
    """The figure of the report."""
    alt = "Current density against voltage with background, tangent and onsets; the onsets are in the table."
    return {"sweeps": (_drawn(record, beside.columns(SWEEPS)), alt)}


def _drawn(record: LsvRecord, sweeps: Columns) -> Figure:
    """Each sweep with background, tangent and onsets: whole on the left, its foot on the right."""
    from matplotlib.figure import Figure

    drawn = [number for number in record.drawn_sweeps if number <= len(record.sweeps)]
    figure = Figure(figsize=(10.4, 3.1 * len(drawn)), layout="constrained")
    panels: Any = figure.subplots(len(drawn), 2, squeeze=False)
    for (whole, foot), number in zip(panels, drawn, strict=True):
        rows, sweep = sweeps["sweep"] == number, record.sweeps[number - 1]
        names = ("voltage_V", "density_uA_per_cm2", "background_uA_per_cm2", "tangent_uA_per_cm2")
        voltage, density, background, tangent = (sweeps[name][rows] for name in names)
        for panel in (whole, foot):
            panel.plot(voltage, density, color=BLUE, label="measured")
            panel.plot(voltage, background, color=MUTED, lw=1.0, ls="--", label="background")
            panel.plot(voltage, tangent, color=ORANGE, lw=1.3, ls=(0, (7, 2, 1.5, 2)), label="tangent")
            if sweep.tangent_V is not None:
                panel.axvline(sweep.tangent_V.value, color=ORANGE, lw=1.2, ls="-", label="onset by tangent")
            for style, each in zip(((0, (1, 1.5)), (0, (4, 1.5, 1, 1.5)), (0, (5, 1))), sweep.thresholds, strict=False):
                if each.onset_V is not None:
                    panel.axvline(each.onset_V.value, color=INK, lw=0.9, ls=style,
                                  label=f"onset at {each.threshold_uA_per_cm2:g} µA/cm²")  # fmt: skip
            panel.set(xlabel=f"voltage (V against {record.reference})", ylabel="current density (µA/cm²)")
        span = float(np.ptp(density)) or 1.0
        whole.set_ylim(density.min() - 0.05 * span, density.max() + 0.05 * span)
        if record.drawn_V is not None:
            whole.set_xlim(*record.drawn_V)
        whole.set_title(f"{sweep.direction.capitalize()}, {sweep.rate_mV_per_s:.3g} mV/s")
        known = sweep.tangent_V is not None or any(found.onset_V is not None for found in sweep.thresholds)
        foot.set_title("Its foot" if known else "No onset")
        _show_foot(foot, voltage, density, background, sweep)
        foot.legend(loc="best")
    return figure


def _show_foot(panel: Any, voltage: np.ndarray, density: np.ndarray, background: np.ndarray, sweep: LsvSweep) -> None:
    """A tenth of the rise, or three times the largest threshold, around the onsets; all of a sweep without any."""
    reached = [found for found in sweep.thresholds if found.onset_V is not None]
    onsets = [found.onset_V.value for found in reached if found.onset_V is not None]
    onsets += [] if sweep.tangent_V is None else [sweep.tangent_V.value]
    if not onsets:
        return
    over = (1.0 if sweep.direction == "oxidation" else -1.0) * (density - background)
    top = max(3 * max((found.threshold_uA_per_cm2 for found in reached), default=0.0), 0.1 * float(over.max()))
    top = min(top, float(over.max()))
    inside = (over <= top) & (over >= -0.3 * top)
    panel.set_ylim((float(density[inside].min()), float(density[inside].max())))
    reach = max(0.25 * float(np.ptp(voltage)), 1.3 * (max(onsets) - min(onsets)))
    middle = 0.5 * (max(onsets) + min(onsets))
    panel.set_xlim(max(voltage.min(), middle - reach), min(voltage.max(), middle + reach))


def _definition(window: LsvWindow) -> str:
    """How a window's onsets are defined, in words."""
    return "tangent" if window.threshold_uA_per_cm2 is None else f"{window.threshold_uA_per_cm2:g} µA/cm²"


def page(record: LsvRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    numbers = []
    for window in record.windows:
        for name, value in (("oxidation", window.oxidation_V), ("reduction", window.reduction_V)):
            if value is not None:
                unit = f"V against {record.reference}"
                numbers.append(Number(name=f"onset of {name}, {_definition(window)}", value=measured(value), unit=unit))
    wide = next((window for window in record.windows if window.width_V is not None), None)
    ohmic = [sweep.told_resistance("Ω") for sweep in record.sweeps if sweep.ohmic_resistance_ohm is not None]
    if wide is not None:
        headline = f"A window of {measured(wide.width_V)} V ({_definition(wide)})"
    elif numbers:
        headline = f"{numbers[0].name[0].upper()}{numbers[0].name[1:]}: {numbers[0].value} {numbers[0].unit}"
    elif len(ohmic) == len(record.sweeps):
        headline = f"No onset: ohmic, R = {', '.join(filter(None, ohmic))}"
    else:
        headline = "No onset in these sweeps"
    shift = record.reference_shift_V
    facts = [("Area", f"{measured(record.area_cm2)} cm²"), ("Voltages against", record.reference)]
    if shift.value or shift.std:
        facts.append(("Shifted by", f"{measured(shift)} V, measured against {record.measured_against}"))
    facts.append(("Resistance", ABSENT if record.resistance_ohm is None else f"{measured(record.resistance_ohm)} Ω"))
    return Page(
        eyebrow="Linear sweep voltammetry",
        title=record.sample or record.sweeps[0].file,
        facts=facts,
        headline=headline,
        tone="good" if numbers else "none",
        numbers=numbers,
        remarks=[f"{note}." for note in record.notes],
        warnings=record.warnings,
        sections=[
            Section(
                id="onsets",
                title="Onsets",
                paragraphs=[_METHOD],
                drawings=[(drawings["sweeps"], "Each sweep whole, and its foot.")],
                tables=[_onset_table(record), _window_table(record)],
            ),
            zoom_section([_plot(record, beside.columns(SWEEPS))]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=min(len(record.sweeps), _MOST_ZOOMED),
    )


def _onset_table(record: LsvRecord) -> Table:
    thresholds = [onset.threshold_uA_per_cm2 for onset in record.sweeps[0].thresholds]
    table = Table(
        f"Onsets of the sweeps, V against {record.reference} (± is the 68 % standard uncertainty)",
        [("Sweep", ""), ("From", "V"), ("To", "V"), ("Rate", "mV/s"), ("Tangent", "V"),
         *((f"{density:g} µA/cm²", "V") for density in thresholds), ("Largest", "µA/cm²"), ("Noise", "µA/cm²")],
    )  # fmt: skip
    for sweep in record.sweeps:
        table.rows.append(
            [
                Cell(sweep.direction, f"{sweep.file}, rows {sweep.first_row} to {sweep.last_row}"),
                Cell(plain(sweep.first_V)),
                Cell(plain(sweep.last_V)),
                Cell(plain(sweep.rate_mV_per_s)),
                _cell(sweep, sweep.tangent_V, sweep.tangent_outside),
                *(_cell(sweep, onset.onset_V, onset.outside) for onset in sweep.thresholds),
                Cell(plain(sweep.largest_uA_per_cm2)),
                Cell(plain(sweep.noise_uA_per_cm2, 2)),
            ]
        )
    return table


def _cell(sweep: LsvSweep, onset: Measured | None, outside: Outside) -> Cell:
    """An onset, the end of the sweep that bounds it, or what there is instead."""
    if onset is not None or outside is None:
        resistance = sweep.told_resistance("Ω")
        return Cell(measured(onset), sweep.tangent_reason if resistance is None else f"ohmic, {resistance}")
    first, last, upwards = plain(sweep.first_V), plain(sweep.last_V), sweep.direction == "oxidation"
    if outside == "before":
        return Cell(f"{'≤' if upwards else '≥'} {first}", "the sweep begins above it")
    return Cell(f"{'>' if upwards else '<'} {last}", "not reached in the sweep")


def _window_table(record: LsvRecord) -> Table:
    table = Table(
        "Windows: from the highest onset of reduction to the lowest of oxidation",
        [("Onset by", ""), ("Reduction", "V"), ("Oxidation", "V"), ("Width", "V")],
    )
    for window in record.windows:
        values = (window.reduction_V, window.oxidation_V, window.width_V)
        table.rows.append([Cell(_definition(window)), *(Cell(measured(value)) for value in values)])
    return table


def _plot(record: LsvRecord, sweeps: Columns) -> Plot:
    lines = []
    shown = range(1, min(len(record.sweeps), _MOST_ZOOMED) + 1)
    columns = (("density", {}), ("background", {"dash": "dash"}), ("tangent", {"dash": "dot"}))
    for colour, number in zip(series_colours(len(shown)), shown, strict=True):
        rows = sweeps["sweep"] == number
        name = f"{number}: {record.sweeps[number - 1].direction}"
        for column, style in columns:
            lines.append(
                Line(name=name if column == "density" else f"{name}, {column}", colour=colour,
                     x=sweeps["voltage_V"][rows], y=sweeps[f"{column}_uA_per_cm2"][rows], group=name,
                     style={"line": style})
            )  # fmt: skip
    axes = {
        "xaxis": {"title": f"voltage (V against {record.reference})"},
        "yaxis": {"title": "current density (µA/cm²)"},
    }
    return Plot(id="zoom-sweeps", title="Sweeps with background and tangent", lines=lines, axes=axes)
