"""The report of `xrd fit`: patterns with their fits, how much of each phase, cells, and what limits the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.lab.xrd.fit import NOTHING_SAID
from paddlewheel.page.drawing import INK, MUTED, ORANGE, Drawing, series_colours
from paddlewheel.page.interactive import CREDIT, Line, Plot, zoom_scripts, zoom_section
from paddlewheel.page.numbers import ABSENT, kelvin, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.laboratory.amounts_table import amounts_table
from paddlewheel.studies.laboratory.search_tables import SEARCH_METHOD, left_out, search_tables
from paddlewheel.studies.xrd_fit.record import (
    CURVES,
    REFLECTIONS,
    XrdFitRecord,
    XrdPattern,
    XrdPhase,
    phase_column,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_DRAWN = 4
_METHOD = (
    "Scales (never negative) and background are solved exactly at each step of the rest; widths, cells, B factors and "
    "shift follow. Fractions are by mass, W ~ S M V. The interval has three parts: counts, with the correlation of "
    "neighbouring residuals and the misfit; 4 % of the ratio of two intensities, measured on the round robin of the "
    "IUCr; and the spread of fits with other backgrounds and half of the change of the B factors."
)


def figures(record: XrdFitRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    curves, reflections = beside.columns(CURVES), beside.columns(REFLECTIONS)
    found = {}
    for number, pattern in enumerate(record.patterns[:_MOST_DRAWN], 1):
        name = "pattern" if len(record.patterns) == 1 else f"pattern_{number}"
        alt = f"{pattern.file}: measured and fitted intensity, reflections, difference, and where it is worst."
        found[name] = (_drawn(record, number, curves, reflections), alt)
    if len(record.patterns) > 1:
        found["fractions"] = (_fractions(record), "Weight fractions of all patterns; values in the table.")
    return found


def _rows(record: XrdFitRecord, number: int) -> list[XrdPhase]:
    return [phase for phase in record.phases if phase.pattern == number]


def _drawn(record: XrdFitRecord, number: int, curves: Columns, reflections: Columns) -> Figure:
    """The pattern over its ticks and its difference; below them its worst part."""
    from matplotlib.figure import Figure

    pattern, phases = record.patterns[number - 1], _rows(record, number)
    colours = series_colours(len(phases))
    here = {name: column[curves["pattern"] == number] for name, column in curves.items()}
    figure = Figure(figsize=(10.4, 7.2), layout="constrained")
    grid: Any = figure.subplots(4, 1, gridspec_kw={"height_ratios": [3.4, 0.25 + 0.16 * len(phases), 1.1, 2.6]})
    top, ticks, below, zoom = grid
    x, root = here["two_theta_deg"], lambda y: np.sqrt(np.maximum(y, 0.0))
    top.plot(x, root(here["measured"]), ".", color=INK, ms=1.6, label="measured")
    top.plot(x, root(here["fit"]), color=ORANGE, lw=0.7, label="fit")
    top.plot(x, root(here["background"]), color=MUTED, lw=0.8, label="background")
    top.set(ylabel="root of intensity", xticklabels=[])
    top.set_title(pattern.file if pattern.temperature_K is None else f"{pattern.file}, {kelvin(pattern.temperature_K)}")
    top.legend(loc="upper right", ncols=3)
    _ticks(ticks, number, phases, reflections, colours)
    ticks.set(xticklabels=[], xlim=top.get_xlim())
    below.plot(x, here["difference"] / here["std"], color=MUTED, lw=0.5)
    below.axhline(0, color=INK, lw=0.5)
    most = max(float(np.nanmax(np.abs(here["difference"] / here["std"]))), 5.0)
    below.set(ylabel="difference / σ", ylim=(-1.05 * most, 1.05 * most), xlim=top.get_xlim())
    low, high = pattern.worst_range_deg
    near = (x >= low) & (x <= high)
    zoom.plot(x[near], here["measured"][near], "o", color=INK, ms=2, label="measured")
    zoom.plot(x[near], here["fit"][near], color=ORANGE, lw=1.2, label="fit")
    for colour, phase in zip(colours, phases, strict=True):
        part = here[phase_column(phase.name)][near]
        if part.max(initial=0.0) > 0.01 * here["fit"][near].max(initial=0.0):
            zoom.plot(x[near], part + here["background"][near], color=colour, lw=0.9, label=phase.name)
    zoom.plot(x[near], here["background"][near], color=MUTED, lw=0.8)
    zoom.set(xlabel="2θ (°)", ylabel="intensity", title="where the difference is largest")
    zoom.legend(loc="upper right", ncols=2)
    return figure


def _ticks(panel: Any, number: int, phases: list[XrdPhase], reflections: Columns, colours: list[str]) -> None:
    for place, colour in enumerate(colours, 1):
        chosen = (reflections["pattern"] == number) & (reflections["phase"] == place)
        at = reflections["two_theta_deg"][chosen]
        panel.vlines(at, -place - 0.38, -place + 0.38, color=colour, lw=0.7)
    panel.set(yticks=[-place for place in range(1, len(phases) + 1)], ylim=(-len(phases) - 0.6, -0.4))
    panel.set_yticklabels([phase.name for phase in phases])
    panel.grid(visible=False)


def _fractions(record: XrdFitRecord) -> Figure:
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(phase.name for phase in record.phases))
    figure = Figure(figsize=(10.4, 3.4), layout="constrained")
    panel: Any = figure.subplots()
    for name, colour in zip(names, series_colours(len(names)), strict=True):
        seen = [phase for phase in record.phases if phase.name == name and phase.weight_fraction is not None]
        ends = [(phase.weight_fraction.interval_95 or (0.0, 0.0)) for phase in seen if phase.weight_fraction]
        values = np.array([100 * phase.weight_fraction.value for phase in seen if phase.weight_fraction])
        bars = np.array(
            [[value - 100 * low, 100 * high - value] for value, (low, high) in zip(values, ends, strict=True)]
        )
        panel.errorbar([phase.pattern for phase in seen], values, yerr=np.maximum(bars.T, 0.0) if len(bars) else None,
                       color=colour, marker="o", ms=4, lw=0.9, capsize=2, label=name)  # fmt: skip
    panel.set(ylabel="weight fraction (%)", xticks=range(1, len(record.patterns) + 1), ylim=(-3, 103))
    panel.set_xticklabels([pattern.file for pattern in record.patterns], rotation=30 if len(record.patterns) > 5 else 0)
    panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def page(record: XrdFitRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    first, phases = record.patterns[0], _rows(record, 1)
    present = [phase for phase in phases if phase.is_present and phase.weight_fraction is not None]
    of = "" if len(record.patterns) == 1 else f"{first.file}: "
    numbers = [
        Number(name=of + phase.name, value=_percent(phase.weight_fraction), unit="wt%",
               note=f"95 %: {_ends(phase.weight_fraction)}")
        for phase in _by_mass(present)[:6]
    ]  # fmt: skip
    if record.standard is not None and first.displacement_mm is not None:
        numbers = [Number(name="displacement", value=measured(first.displacement_mm), unit="mm")]
    absent = [phase for phase in record.phases if not phase.is_present and phase.weight_fraction is not None]
    remarks = [f"{note}." for note in record.notes]
    if absent:
        of_file = {number: of and f" in {pattern.file}" for number, pattern in enumerate(record.patterns, 1)}
        told = ", ".join(
            f"{phase.name} < {100 * phase.detection_limit:.2g} wt%{of_file[phase.pattern]}" for phase in absent[:8]
        )
        remarks.insert(0, f"Not seen (detection limits): {told}.")
    shown = [(drawing, _caption(record, name)) for name, drawing in drawings.items()]
    return Page(
        eyebrow="Powder diffraction",
        title=first.file if len(record.patterns) == 1 else f"{first.file} and {len(record.patterns) - 1} more",
        facts=[
            ("Patterns", f"{len(record.patterns)}"),
            ("Wavelength", f"{first.wavelength_A:.6g} Å"),
            ("Geometry", first.geometry),
            ("Rwp", f"{100 * first.rwp:.1f} % (expected {100 * first.rexp:.1f} %)"),
        ],
        headline=_headline(record, present),
        tone="partial" if record.flags else "good",
        numbers=numbers,
        remarks=remarks,
        warnings=record.warnings,
        sections=[
            Section(
                id="candidates",
                title="Which phases there are",
                paragraphs=[SEARCH_METHOD] if record.identification is not None else [],
                tables=search_tables(record.identification),
                lists=left_out(record.identification),
            ),
            Section(
                id="phases",
                title="How much of each phase",
                paragraphs=[_METHOD],
                drawings=shown,
                tables=[_amount_table(record), amounts_table(record.beside_nmr), _part_table(record)],
            ),
            Section(id="cells", title="Cells, sizes and strains", tables=[_cell_table(record), _shape_table(record)]),
            Section(
                id="fits",
                title="The fits as a whole",
                tables=[_fit_table(record), _refit_table(record), _swept_table(record)],
            ),
            zoom_section([_plot(record, beside.columns(CURVES))]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=zoom_scripts(),
        scripts_credit=CREDIT,
        n_series=max(2, len(phases)),
    )


def _by_mass(phases: list[XrdPhase]) -> list[XrdPhase]:
    return sorted(phases, key=lambda phase: -(phase.weight_fraction.value if phase.weight_fraction else 0.0))


def _headline(record: XrdFitRecord, present: list[XrdPhase]) -> str:
    if record.standard is not None:
        return f"The instrument by {record.standard}; give result.json to --instrument"
    if not present:
        return "Cells without weight fractions" if record.phases else "No phase"
    if len(record.patterns) > 1:
        return f"{len(record.patterns)} patterns, {len({phase.name for phase in record.phases})} phases"
    shares = _by_mass(present)
    parts = [f"{_percent(phase.weight_fraction)} % {phase.name}" for phase in shares[:3]]
    return ", ".join(parts) + (" by weight" if len(parts) == len(shares) else ", and more")


def _caption(record: XrdFitRecord, name: str) -> str:
    if name == "fractions":
        more = len(record.patterns) - _MOST_DRAWN
        return "Bars are 95 % intervals." + (f" {more} more patterns are not drawn above." if more > 0 else "")
    return (
        "The root of the intensity shows weak lines beside strong ones; ticks are the reflections of the strongest"
        " wavelength; the difference is in units of its uncertainty. Below, on a linear scale, where it is largest."
    )


def _percent(part: Measured | None) -> str:
    return ABSENT if part is None else measured(Measured(value=100 * part.value, std=100 * part.std))


def _ends(part: Measured | None) -> str:
    if part is None or part.interval_95 is None:
        return ABSENT
    low, high = part.interval_95
    return f"{100 * low:.2f} to {100 * high:.2f}"


def _where(record: XrdFitRecord, number: int) -> Cell:
    pattern = record.patterns[number - 1]
    return Cell(pattern.file, None if pattern.temperature_K is None else kelvin(pattern.temperature_K))


def _amount_table(record: XrdFitRecord) -> Table:
    table = Table(
        "Phases (± is the 68 % standard uncertainty)",
        [("Pattern", ""), ("Phase", ""), ("Mass", "wt%"), ("Detection limit", "wt%"), ("Of the intensity", "%"),
         ("Formula units", "mol%"), ("Volume", "vol%"), ("R(Bragg)", "%")],
    )  # fmt: skip
    for phase in record.phases:
        mass = Cell(ABSENT)
        if phase.weight_fraction is not None and phase.is_present:
            ends = phase.weight_fraction.interval_95 or (0.0, 1.0)
            scaled = Measured(value=100 * phase.weight_fraction.value, std=100 * phase.weight_fraction.std)
            mass = value_cell(scaled, (100 * ends[0], 100 * ends[1]))
        elif phase.weight_fraction is not None:
            told = "nothing can be said" if phase.detection_limit > NOTHING_SAID else "not seen"
            mass = Cell(f"< {100 * phase.detection_limit:.2g}", told)
        table.rows.append(
            [
                _where(record, phase.pattern), Cell(phase.name, phase.formula), mass,
                Cell(f"{100 * phase.detection_limit:.2g}"), Cell(f"{100 * phase.intensity_share:.2f}"),
                Cell(ABSENT) if phase.mole_fraction is None
                else Cell(f"{100 * phase.mole_fraction:.2f}", f"of {phase.formula}"),
                Cell(ABSENT if phase.volume_fraction is None else f"{100 * phase.volume_fraction:.2f}"),
                Cell(plain(100 * phase.r_bragg, 2)),
            ]
        )  # fmt: skip
    return table


def _part_table(record: XrdFitRecord) -> Table:
    table = Table(
        "What the uncertainty of the mass is made of, and what absorption may do to it",
        [("Pattern", ""), ("Phase", ""), ("Counts", "wt%"), ("Intensities", "wt%"), ("Other fits", "wt%"),
         ("Absorption µ", "1/cm"), ("Density", "g/cm³")],
    )  # fmt: skip
    for phase in record.phases:
        table.rows.append(
            [
                _where(record, phase.pattern), Cell(phase.name), Cell(plain(100 * phase.statistical_std, 2)),
                Cell(plain(100 * phase.systematic_std, 2)), Cell(plain(100 * phase.choice_std, 2)),
                Cell(plain(phase.absorption_per_cm)), Cell(plain(phase.density_g_per_cm3, 4)),
            ]
        )  # fmt: skip
    return table


def _cell_table(record: XrdFitRecord) -> Table:
    table = Table(
        "Cells",
        [("Pattern", ""), ("Phase", ""), ("a", "Å"), ("b", "Å"), ("c", "Å"), ("α", "°"), ("β", "°"), ("γ", "°"),
         ("Volume", "Å³")],
    )  # fmt: skip
    for phase in record.phases:
        cell = phase.cell
        lengths = (cell.a_A, cell.b_A, cell.c_A)
        angles = (cell.alpha_deg, cell.beta_deg, cell.gamma_deg)
        table.rows.append(
            [
                _where(record, phase.pattern), Cell(phase.name), *(Cell(_fixed(value, 5)) for value in lengths),
                *(Cell(ABSENT if value.std == 0 and value.value == 90 else _fixed(value, 3)) for value in angles),
                Cell(_fixed(cell.volume_A3, 3)),
            ]
        )  # fmt: skip
    return filled(table)


def _fixed(value: Measured, digits: int) -> str:
    return measured(value) if value.std > 0 else f"{value.value:.{digits}f}"


def _shape_table(record: XrdFitRecord) -> Table:
    bounds = any(phase.widths_are_bounds for phase in record.phases)
    table = Table(
        "Sizes, strains, B and texture" + (" (no instrument: sizes at least, strains at most)" if bounds else ""),
        [("Pattern", ""), ("Phase", ""), ("Size", "nm"), ("Strain", "%"), ("ΔB", "Å²"), ("March-Dollase r", ""),
         ("Axis", "")],
    )  # fmt: skip
    for phase in record.phases:
        axis = ABSENT if phase.texture_axis is None else "(" + " ".join(map(str, phase.texture_axis)) + ")"
        table.rows.append(
            [
                _where(record, phase.pattern), Cell(phase.name), Cell(measured(phase.size_nm)),
                Cell(measured(phase.strain_percent)), Cell(measured(phase.delta_b_A2)),
                Cell(measured(phase.march_dollase_r)), Cell(axis),
            ]
        )  # fmt: skip
    return filled(table)


def _fit_table(record: XrdFitRecord) -> Table:
    table = Table(
        "Fits",
        [("Pattern", ""), ("Rwp", "%"), ("Expected", "%"), ("GoF", ""), ("Durbin-Watson", ""), ("Errors times", ""),
         ("Shift", "°"), ("Displacement", "mm"), ("Amorphous", "wt%"), ("Points", ""), ("Parameters", "")],
    )  # fmt: skip
    for number, pattern in enumerate(record.patterns, 1):
        table.rows.append(
            [
                _where(record, number), Cell(f"{100 * pattern.rwp:.2f}"), Cell(f"{100 * pattern.rexp:.2f}"),
                Cell(f"{pattern.gof:.2f}"), Cell(f"{pattern.durbin_watson:.2f}"), Cell(f"{pattern.inflation:.2f}"),
                _shift(pattern), Cell(measured(pattern.displacement_mm)), Cell(_percent(pattern.amorphous_fraction)),
                Cell(f"{pattern.n_points}"), Cell(f"{pattern.n_parameters}"),
            ]
        )  # fmt: skip
    return filled(table)


def _shift(pattern: XrdPattern) -> Cell:
    return Cell(measured(pattern.zero_deg or pattern.displacement_deg), pattern.shift)


def _refit_table(record: XrdFitRecord) -> Table | None:
    names = list(dict.fromkeys(phase.name for phase in record.phases))
    table = Table(
        "Mass in fits with other choices", [("Pattern", ""), ("Choice", ""), *((name, "wt%") for name in names)]
    )
    for number, pattern in enumerate(record.patterns, 1):
        for refit in pattern.refits:
            shares = [Cell(f"{100 * share:.2f}") for share in refit.weight_fractions]
            table.rows.append([_where(record, number), Cell(refit.what), *shares])
    return table if table.rows else None


def _swept_table(record: XrdFitRecord) -> Table | None:
    names = list(dict.fromkeys(phase.name for phase in record.phases))
    table = Table(
        "Mass corrected by Brindley, if all particles had this radius",
        [("Pattern", ""), ("Radius", "µm"), *((name, "wt%") for name in names)],
    )
    for number, pattern in enumerate(record.patterns, 1):
        for swept in pattern.brindley:
            shares = [Cell(f"{100 * share:.1f}") for share in swept.weight_fractions]
            table.rows.append([_where(record, number), Cell(plain(swept.radius_um)), *shares])
    return table if table.rows else None


def _plot(record: XrdFitRecord, curves: Columns) -> Plot:
    lines = []
    for number, pattern in enumerate(record.patterns[:_MOST_DRAWN], 1):
        rows = curves["pattern"] == number
        x = curves["two_theta_deg"][rows]
        for column, colour in (("measured", INK), ("fit", ORANGE), ("background", MUTED), ("difference", MUTED)):
            lines.append(
                Line(name=f"{pattern.file}, {column}", colour=colour, x=x, y=curves[column][rows],
                     group=f"{number} {column}", style={})
            )  # fmt: skip
    axes = {"xaxis": {"title": "2θ (°)"}, "yaxis": {"title": "intensity"}}
    return Plot(id="zoom-patterns", title="Patterns with fit, background and difference", lines=lines, axes=axes)
