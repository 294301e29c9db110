"""The report of `dsc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, PAGE_INCHES, Drawing, series_styles
from paddlewheel.page.numbers import ABSENT, interval, measured, plain
from paddlewheel.page.page import Listing, Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.dsc.capacities import METHOD as CAPACITY_METHOD
from paddlewheel.studies.dsc.capacities import capacity_page_table, draw_capacities
from paddlewheel.studies.dsc.record import (
    AXIS_ENERGIES,
    AXIS_FRACTIONS,
    BASELINES,
    CAPACITIES,
    CURVES,
    DscEvent,
    DscRates,
    DscRecord,
    DscSegment,
    SharedAxis,
)
from paddlewheel.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_RAMPS = 8
_MOST_SERIES = 8
"""Of colours that the figure of the axis uses."""
_METHOD = (
    "Segments are cut at the turning points of the programme. An event is where the second derivative departs from its "
    "own scatter at some width; its area is the integral over the time of the heat flow less the baseline, averaged "
    "over five baselines and four windows by how far the flanks believe them; the error holds noise and what these "
    "leave open, not that of the mass or the calibration unless one is given. The onset is where the tangent at the "
    "steepest point meets the extrapolated baseline."
)
_RATES_METHOD = (
    "At zero rate: T against the rate and against its root, weighed by AICc. Kissinger, Ozawa-Flynn-Wall (Doyle's "
    "factor corrected) and Friedman belong to activated steps, not to melting."
)


def figures(record: DscRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    drawn: Figures = {}
    curves, baselines = beside.columns(CURVES), beside.columns(BASELINES)
    ramps = _ramps(record)
    if ramps:
        drawn["curves"] = (
            _curves(record, curves, baselines, ramps),
            "Heat flow of each ramp against temperature with baselines, tangents of the onsets and shaded areas.",
        )
    kinetic = [each for each in record.rates if len(each.rates_K_per_min) > 2]
    if kinetic:
        drawn["rates"] = (_rates(kinetic), "Onsets and peaks against the rate, and the Kissinger plot.")
    if record.axis is not None and (ramps or AXIS_FRACTIONS in record.files.values()):
        drawn["axis"] = (
            _axis(record, record.axis, curves, beside),
            "Heat flow, fractions of the phases by diffraction and free energies over one temperature axis.",
        )
    if record.heat_capacities:
        drawn["heat_capacity"] = (
            draw_capacities(record.heat_capacities, beside.columns(CAPACITIES)),
            "Heat capacity against temperature, with error bands, means over steps, and that of sapphire.",
        )
    return drawn


def _axis(record: DscRecord, axis: SharedAxis, curves: Columns, beside: Beside) -> Figure:
    """DSC over XRD over free energies, on the temperature of the sample."""
    from matplotlib.figure import Figure

    fractions = beside.columns(AXIS_FRACTIONS, text=("phase",)) if beside.has(AXIS_FRACTIONS) else None
    energies = beside.columns(AXIS_ENERGIES, text=("phase",)) if beside.has(AXIS_ENERGIES) else None
    count = 1 + (fractions is not None) + (energies is not None)
    figure = Figure(figsize=(7.0, 1.0 + 2.3 * count), layout="constrained")
    panels: Any = figure.subplots(count, 1, sharex=True, squeeze=False)
    flow, *others = panels.ravel().tolist()
    directions = {event.direction for event in axis.events} or {"heating"}
    shown = [place for place in _ramps(record) if record.segments[place].direction in directions][:4]
    for place, style in zip(shown, series_styles(len(shown)), strict=True):
        segment = record.segments[place]
        rows = curves["segment"] == place
        flow.plot(curves["temperature_C"][rows], curves["signal"][rows], color=style.colour, ls=style.line, lw=1.1,
                  label=f"{segment.direction}, {abs(segment.rate_K_per_min.value):.3g} K/min")  # fmt: skip
    flow.set(ylabel="heat flow (mW)", title="Calorimetry, exo ↓")
    flow.legend(loc="best")
    if fractions is not None:
        panel = others.pop(0)
        _fractions(panel, fractions)
        for event in axis.events:
            panel.axvline(event.dsc_at_xrd_rate_C.value, color=ORANGE, lw=1.0, ls=(0, (1.5, 1.5)))
        panel.set(ylabel="weight fraction", title="Diffraction, at the temperature of the sample", ylim=(-0.05, 1.05))
    if energies is not None:
        panel = others.pop(0)
        names = list(dict.fromkeys(energies["phase"]))
        for name, style in zip(names, series_styles(len(names)), strict=True):
            own = energies["phase"] == name
            panel.plot(energies["temperature_C"][own], energies["energy_meV_per_atom"][own], color=style.colour,
                       ls=style.line, marker=style.marker, ms=3.5, label=name)  # fmt: skip
        panel.axhline(0.0, color=MUTED, lw=0.8)
        panel.set(ylabel="ΔG (meV/atom)", title="Free energy against the other phases")
        panel.legend(loc="best")
    for panel in panels.ravel():
        for event in axis.events:
            panel.axvline(event.dsc_C.value, color=ORANGE, lw=1.0)
        for crossing in axis.crossings:
            panel.axvline(crossing.temperature_C.value, color=BLUE, lw=1.0, ls=(0, (4, 2)))
    panels.ravel()[-1].set_xlabel("temperature of the sample (°C)")
    ends = [curves["temperature_C"][np.isin(curves["segment"], shown)]] if shown else []
    ends += [] if fractions is None else [fractions["sample_C"]]
    low, high = min(float(each.min()) for each in ends), max(float(each.max()) for each in ends)
    flow.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    return figure


def _fractions(panel: Any, fractions: Columns) -> None:
    names = list(dict.fromkeys(fractions["phase"]))
    for name, style in zip(names, series_styles(len(names)), strict=True):
        own = fractions["phase"] == name
        panel.errorbar(fractions["sample_C"][own], fractions["fraction"][own], yerr=fractions["std"][own],
                       color=style.colour, marker=style.marker, ms=4, ls=style.line, lw=0.9, label=name)  # fmt: skip
    panel.legend(loc="best")


def _ramps(record: DscRecord) -> list[int]:
    """Places of the segments that are drawn: ramps, those with events first where there are many."""
    ramps = [place for place, each in enumerate(record.segments) if each.direction != "isothermal"]
    if len(ramps) > _MOST_RAMPS:
        ramps = sorted(ramps, key=lambda place: not record.segments[place].events)[:_MOST_RAMPS]
    return sorted(ramps)


def _curves(record: DscRecord, curves: Columns, baselines: Columns, ramps: list[int]) -> Figure:
    from matplotlib.figure import Figure

    across = 1 if len(ramps) == 1 else 2
    lines = -(-len(ramps) // across)
    size = (PAGE_INCHES if across > 1 else 7.0, (3.3 if across > 1 else 4.2) * lines)
    figure = Figure(figsize=size, layout="constrained")
    panels: Any = figure.subplots(lines, across, squeeze=False)
    units = {run.name: run.signal_unit for run in record.runs}
    for number, panel in enumerate(panels.ravel()):
        if number >= len(ramps):
            panel.set_axis_off()
            continue
        segment = record.segments[ramps[number]]
        _ramp(panel, segment, ramps[number], curves, baselines)
        panel.set(xlabel="temperature (°C)", ylabel=f"heat flow ({'µV' if units[segment.run] == 'uV' else 'mW'})")
        rate = abs(segment.rate_K_per_min.value)
        panel.set_title(f"{segment.run}: {segment.direction}, {rate:.3g} K/min" if len(record.runs) > 1 else
                        f"{segment.direction.capitalize()} at {rate:.3g} K/min")  # fmt: skip
        panel.annotate("exo ↓", xy=(0.015, 0.03), xycoords="axes fraction", color=MUTED, fontsize=8.5)
    return figure


def _ramp(panel: Any, segment: DscSegment, place: int, curves: Columns, baselines: Columns) -> None:
    rows = curves["segment"] == place
    panel.plot(curves["temperature_C"][rows], curves["signal"][rows], color=INK, lw=1.1)
    for number, event in enumerate(segment.events):
        own = (baselines["segment"] == place) & (baselines["event"] == number)
        if not own.any():
            panel.axvspan(*sorted((event.start_C, event.end_C)), color=MUTED, alpha=0.15, lw=0)
            continue
        at, base = baselines["temperature_C"][own], baselines["baseline"][own]
        if event.thermal == "step":
            panel.plot(at, base, color=BLUE, lw=0.9)
            panel.plot(at, baselines["other"][own], color=BLUE, lw=0.9)
        else:
            inside = (baselines["time_s"][own] >= _start_s(event, at, baselines["time_s"][own])) & (
                baselines["time_s"][own] <= _end_s(event, at, baselines["time_s"][own])
            )
            panel.plot(at, base, color=BLUE, lw=0.9)
            if event.refused is None:
                panel.fill_between(
                    at[inside], base[inside], baselines["signal"][own][inside], color=BLUE, alpha=0.18, lw=0
                )
        panel.plot(at, baselines["tangent"][own], color=ORANGE, lw=1.0)
        if event.onset_C is not None:
            nearest = int(np.argmin(np.abs(at - event.onset_C.value)))
            panel.plot([event.onset_C.value], [base[nearest]], color=ORANGE, marker="o", ms=4)


def _start_s(event: DscEvent, at: np.ndarray, time: np.ndarray) -> float:
    return float(time[int(np.argmin(np.abs(at - event.start_C)))])


def _end_s(event: DscEvent, at: np.ndarray, time: np.ndarray) -> float:
    return float(time[int(np.argmin(np.abs(at - event.end_C)))])


def _rates(groups: list[DscRates]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_INCHES, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for group, style in zip(groups, series_styles(len(groups)), strict=True):
        for what, values, marker in (("onset", group.onsets_C, "o"), ("peak", group.peaks_C, "^")):
            known = [(abs(rate), value) for rate, value in zip(group.rates_K_per_min, values, strict=True) if value]
            if not known:
                continue
            rates = np.array([rate for rate, _ in known])
            celsius = np.array([value.value for _, value in known])
            stds = np.array([value.std for _, value in known])
            left.errorbar(rates, celsius, yerr=stds, color=style.colour, marker=marker, ms=4.5, ls="none", lw=1.0,
                          label=f"{group.kind}, {what}")  # fmt: skip
            for zero in group.zero_rate:
                if zero.what == what:
                    fine = np.linspace(0.0, 1.05 * rates.max(), 100)
                    lag = fine if zero.form == "linear" else np.sqrt(fine)
                    left.plot(fine, zero.temperature_C.value + zero.lag_K.value * lag, color=style.colour,
                              ls=style.line, lw=1.0)  # fmt: skip
            if what == "peak":
                kelvin = celsius + ZERO_CELSIUS_K
                right.plot(1e3 / kelvin, np.log(rates / 60.0 / kelvin**2), color=style.colour, marker=marker, ms=4.5,
                           ls=style.line, lw=1.0, label=group.kind)  # fmt: skip
    left.set(xlabel="rate (K/min)", ylabel="temperature (°C)", xlim=(0, None), title="Lag with the rate")
    right.set(xlabel="1000/T of the peak (1/K)", ylabel="ln(β / T²), β in K/s", title="Kissinger")
    left.legend(loc="best")
    right.legend(loc="best")
    return figure


def page(record: DscRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    events = [(segment, event) for segment in record.segments for event in segment.events]
    refused = [event for _, event in events if event.refused]
    names = list(dict.fromkeys(run.name for run in record.runs))
    masses = [f"{run.mass_mg:g} mg" if run.mass_mg else "not known" for run in record.runs]
    return Page(
        eyebrow="Differential scanning calorimetry",
        title=", ".join(names[:3]) + (" and more" if len(names) > 3 else ""),
        facts=[
            ("Mass", ", ".join(dict.fromkeys(masses))),
            ("Instrument", ", ".join(dict.fromkeys(run.instrument or ABSENT for run in record.runs))),
            ("Calibrated here", "yes" if all(run.calibrated for run in record.runs) else "no"),
        ],
        headline=_headline(events),
        tone="none" if not events else "partial" if refused else "good",
        numbers=_numbers(events),
        remarks=[f"{note}." for note in record.notes],
        warnings=record.warnings,
        sections=[
            Section(
                id="curves",
                title="Ramps and events",
                paragraphs=[_METHOD],
                drawings=_of(
                    drawings, "curves",
                    "Heat flow into the sample; blue: baseline, area; orange: tangent, onset; grey: refused.",
                ),
                tables=[
                    _event_table(events, calibrated=all(run.calibrated for run in record.runs)),
                    _segment_table(record),
                ],
                lists=[Listing(title="Why events have their names", lines=_reasons(events))],
            ),
            Section(
                id="heat-capacity",
                title="Heat capacity",
                paragraphs=[CAPACITY_METHOD] if record.heat_capacities else [],
                drawings=_of(
                    drawings, "heat_capacity", "Heat capacity with its standard uncertainty; lines: means over steps."
                ),
                tables=[capacity_page_table(record.heat_capacities)],
            ),
            Section(
                id="rates",
                title="Several rates",
                paragraphs=[_RATES_METHOD] if record.rates else [],
                drawings=_of(drawings, "rates", "Onsets and peaks with the fit to zero rate; Kissinger's plot."),
                tables=[_zero_table(record), _barrier_table(record)],
            ),
            Section(
                id="axis",
                title="One temperature axis",
                paragraphs=_axis_paragraphs(record.axis),
                drawings=_of(
                    drawings, "axis",
                    "Orange: onsets of the shared events by calorimetry, dotted: at the rate of diffraction; blue, "
                    "broken: where free energies cross.",
                ),
                tables=[_shared_table(record.axis), _crossing_table(record.axis)],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(1, len(record.rates), _MOST_SERIES if record.axis is not None else 1),
    )  # fmt: skip


def _of(drawings: dict[str, Drawing], name: str, caption: str) -> list[tuple[Drawing, str]]:
    return [(drawings[name], caption)] if name in drawings else []


def _headline(events: list[tuple[DscSegment, DscEvent]]) -> str:
    if not events:
        return "No event departs from the baselines"
    kinds: dict[str, int] = {}
    for _, event in events:
        kinds[event.kind] = kinds.get(event.kind, 0) + 1
    told = ", ".join(kind if count == 1 else f"{kind} ({count} times)" for kind, count in kinds.items())
    return told[0].upper() + told[1:]


def _numbers(events: list[tuple[DscSegment, DscEvent]]) -> list[Number]:
    numbers = []
    for segment, event in events[:3]:
        ramp = f"{event.kind}, {segment.direction}"
        at = event.midpoint_C or event.onset_C
        if at is not None:
            numbers.append(Number(name=f"{'midpoint' if event.midpoint_C else 'onset'}, {ramp}", value=measured(at),
                                  unit="°C"))  # fmt: skip
        value, unit = _heat(event)
        if value is not None:
            numbers.append(Number(name=f"{'ΔCp' if event.thermal == 'step' else 'enthalpy'}, {ramp}",
                                  value=measured(value), unit=unit))  # fmt: skip
    return numbers


def _heat(event: DscEvent) -> tuple[Measured | None, str]:
    for value, unit in (
        (event.heat_capacity_step_J_per_g_K, "J/(g K)"),
        (event.enthalpy_J_per_g, "J/g"),
        (event.enthalpy_mJ, "mJ"),
        (event.area_uV_s, "µV s"),
    ):
        if value is not None:
            return value, unit
    return None, ""


def _event_table(events: list[tuple[DscSegment, DscEvent]], *, calibrated: bool) -> Table | None:
    if not events:
        return None
    table = Table(
        f"Events (± is the 68 % {'standard uncertainty' if calibrated else 'repeatability: not calibrated here'}; heat "
        "is positive into the sample)",
        [("Event", ""), ("Ramp", "K/min"), ("Top in hold", "min"), ("Onset", "°C"), ("Peak", "°C"), ("End", "°C"),
         ("Midpoint", "°C"), ("Heat", ""), ("Half-width", "K"), ("Baselines disagree", "%")],
    )  # fmt: skip
    for segment, event in events:
        value, unit = _heat(event)
        table.rows.append(
            [
                Cell(event.kind),
                Cell(
                    "hold"
                    if segment.direction == "isothermal"
                    else f"{segment.rate_K_per_min.value:.3g}".replace("-", "−"),
                    segment.run,
                ),
                Cell(
                    ABSENT
                    if segment.direction != "isothermal" or event.peak_s is None
                    else plain((event.peak_s - segment.start_s) / 60.0, 3)
                ),
                value_cell(event.onset_C),
                value_cell(event.peak_C),
                value_cell(event.offset_C),
                value_cell(event.midpoint_C),
                Cell(f"{measured(value)} {unit}" if value is not None else ABSENT, event.refused or ""),
                Cell(plain(event.half_width_K)),
                Cell(plain(None if event.disagreement is None else 100 * event.disagreement, 2)),
            ]
        )
    return filled(table)


def _reasons(events: list[tuple[DscSegment, DscEvent]]) -> list[str]:
    told = [f"{event.kind} ({segment.direction}): {event.because}." for segment, event in events]
    return list(dict.fromkeys(told))


def _segment_table(record: DscRecord) -> Table:
    table = Table("Segments", [("Run", ""), ("Direction", ""), ("Rate", "K/min"), ("From", "°C"), ("To", "°C"),
                               ("Length", "min"), ("Events", "")])  # fmt: skip
    for segment in record.segments:
        table.rows.append(
            [Cell(segment.run), Cell(segment.direction), value_cell(segment.rate_K_per_min),
             Cell(plain(segment.start_C, 4)), Cell(plain(segment.end_C, 4)),
             Cell(plain((segment.end_s - segment.start_s) / 60.0)), Cell(str(len(segment.events)))]
        )  # fmt: skip
    return table


def _axis_paragraphs(axis: SharedAxis | None) -> list[str]:
    if axis is None:
        return []
    told = []
    if axis.offset_K is not None:
        slope = "T_set" if axis.slope is None else f"({measured(axis.slope)}) T_set"
        told.append(
            f"T_sample = ({measured(axis.offset_K)}) + {slope}, in °C, by the onsets of the events that both have "
            "seen. What the rates alone move an event by is taken off before and stands by itself: it is no error of "
            "the axis."
        )
    return [*told, *(f"{note[0].upper()}{note[1:]}." for note in axis.notes)]


def _shared_table(axis: SharedAxis | None) -> Table | None:
    if axis is None or not axis.events:
        return None
    table = Table(
        "Events seen by both",
        [("Event", ""), ("DSC onset", "°C"), ("at", "K/min"), ("XRD onset, as set", "°C"), ("at", "K/min"),
         ("By the rates alone", "K"), ("DSC at XRD's rate", "°C"), ("Left over", "K")],
    )  # fmt: skip
    for event in axis.events:
        shift = event.shift_K
        bounds = "–" if event.shift_bounds_K is None else interval(event.shift_bounds_K)
        table.rows.append(
            [
                Cell(event.name),
                value_cell(event.dsc_C),
                Cell(plain(event.dsc_rate_K_per_min)),
                Cell(measured(event.xrd_set_C), ", ".join(event.phases)),
                Cell(plain(event.xrd_rate_K_per_min)),
                Cell(measured(shift) if shift else bounds, event.shift_from),
                value_cell(event.dsc_at_xrd_rate_C),
                Cell(plain(event.residual_K, 2)),
            ]
        )
    return table


def _crossing_table(axis: SharedAxis | None) -> Table | None:
    if axis is None or not axis.crossings:
        return None
    table = Table("Crossings of free energies", [("Phase", ""), ("Temperature", "°C"), ("Becomes", ""),
                                                 ("Nearest event", ""), ("Lies from it", "K")])  # fmt: skip
    for crossing in axis.crossings:
        table.rows.append(
            [Cell(crossing.name), value_cell(crossing.temperature_C),
             Cell("stable" if crossing.becomes_stable else "unstable"), Cell(crossing.event or ABSENT),
             value_cell(crossing.away_K)]
        )  # fmt: skip
    return table


def _zero_table(record: DscRecord) -> Table | None:
    table = Table("At zero rate", [("Event", ""), ("What", ""), ("Temperature", "°C"), ("Lag grows with", ""),
                                   ("Lag at 1 K/min", "K"), ("Reduced χ²", "")])  # fmt: skip
    for group in record.rates:
        for zero in group.zero_rate:
            table.rows.append(
                [Cell(group.kind, group.direction), Cell(zero.what), value_cell(zero.temperature_C),
                 Cell("the rate" if zero.form == "linear" else "its root"), value_cell(zero.lag_K),
                 Cell(plain(zero.reduced_chi2, 2))]
            )  # fmt: skip
    return table if table.rows else None


def _barrier_table(record: DscRecord) -> Table | None:
    table = Table("Activation energies", [("Event", ""), ("Method", ""), ("Energy", "kJ/mol"), ("ln A", "1/s"),
                                          ("Reduced χ²", ""), ("Holds", "")])  # fmt: skip
    for group in record.rates:
        for barrier in group.barriers:
            method = barrier.method if barrier.conversion is None else f"{barrier.method}, α = {barrier.conversion:g}"
            table.rows.append(
                [Cell(group.kind), Cell(method), value_cell(barrier.energy_kJ_per_mol),
                 value_cell(barrier.ln_prefactor_per_s), Cell(plain(barrier.reduced_chi2, 2)),
                 Cell("no" if barrier.without_sense else "yes", barrier.without_sense or "")]
            )  # fmt: skip
    return table if table.rows else None
