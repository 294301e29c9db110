"""The report of `cell`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, MUTED, ORANGE, Drawing, series_colours
from paddlewheel.page.numbers import measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records.tables import Beside
from paddlewheel.studies.cell.record import CellRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figures(record: CellRecord, _beside: Beside) -> Figures:
    """The figures of the report."""
    return {
        "energy": (_energy(record), "Energy density per mass and per volume against the loading, by anode; masses."),
        "inputs": (_inputs(record), "Energy density per mass and per volume at both ends of every swept input."),
        "resistance": (_resistance(record), "Ionic resistance of one layer against temperature; sweeps of inputs."),
    }


def _energy(record: CellRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    mass, volume, stack = figure.subplots(1, 3)
    colours = series_colours(len(record.energy_density_Wh_per_kg))
    loadings = record.loadings_mg_per_cm2
    for axes, by_anode in ((mass, record.energy_density_Wh_per_kg), (volume, record.energy_density_Wh_per_L)):
        for (anode, values), colour in zip(by_anode.items(), colours, strict=True):
            axes.plot(loadings, values, "o-", ms=4, color=colour, label=anode)
        axes.set_xlabel("active material  (mg/cm²)")
        axes.set_ylim(bottom=0)
    mass.set(title="Energy of the cell (Wh/kg)")
    volume.set(title="Energy of the cell (Wh/L)")
    mass.legend(loc="lower right")
    shown = _shown_anode(record)
    rows = [row for row in record.cells if row.anode == shown]
    bottom = np.zeros(len(rows))
    for part, colour in zip(rows[0].masses_mg_per_cm2, series_colours(len(rows[0].masses_mg_per_cm2)), strict=True):
        height = np.array([row.layers * row.masses_mg_per_cm2[part] for row in rows])
        if height.any():
            stack.bar(range(len(rows)), height, bottom=bottom, color=colour, width=0.7, label=part)
        bottom += height
    stack.set_xticks(range(len(rows)), [f"{row.loading_mg_per_cm2:g}\n×{row.layers:.3g}" for row in rows])
    stack.set_ylim(top=1.35 * float(bottom.max()))
    stack.set(title=f"Mass of the {shown} cell (mg/cm²)", xlabel="active material  (mg/cm²), × layers")
    stack.grid(axis="x", visible=False)
    stack.legend(loc="upper right", ncols=2)
    return figure


def _inputs(record: CellRecord) -> Figure:
    from matplotlib.figure import Figure

    shown = _shown_anode(record)
    rows = [swept for swept in record.sweeps if swept.anode == shown]
    figure = Figure(figsize=(10.4, 1.4 + 0.27 * len(rows)), layout="constrained")
    mass, volume = figure.subplots(1, 2, sharey=True)
    largest = int(np.argmax(record.loadings_mg_per_cm2))
    rows.sort(key=lambda row: abs(row.energy_density_at_high_Wh_per_kg - row.energy_density_at_low_Wh_per_kg))
    _tornado(mass, record.energy_density_Wh_per_kg[shown][largest],
             [(row.name, row.low, row.high, row.energy_density_at_low_Wh_per_kg, row.energy_density_at_high_Wh_per_kg)
              for row in rows])  # fmt: skip
    _tornado(volume, record.energy_density_Wh_per_L[shown][largest],
             [(row.name, row.low, row.high, row.energy_density_at_low_Wh_per_L, row.energy_density_at_high_Wh_per_L)
              for row in rows])  # fmt: skip
    mass.set(title=f"Energy of the {shown} cell (Wh/kg)")
    volume.set(title=f"Energy of the {shown} cell (Wh/L)")
    volume.tick_params(labelleft=False)
    return figure


def _resistance(record: CellRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    for loading, colour in zip(
        record.loadings_mg_per_cm2, series_colours(len(record.loadings_mg_per_cm2)), strict=True
    ):
        rows = sorted(
            (row for row in record.resistances if row.loading_mg_per_cm2 == loading), key=lambda row: row.temperature_K
        )
        total = [row.separator_ohm_cm2 + row.composite_ohm_cm2 for row in rows]
        left.semilogy([row.temperature_K for row in rows], total, "o-", ms=4, color=colour, label=f"{loading:g} mg/cm²")
    left.set(xlabel="temperature  (K)", title="Ionic resistance of a layer (Ω cm²)")
    left.legend(loc="upper right")
    if record.resistance_sweeps:
        swept = sorted(
            record.resistance_sweeps,
            key=lambda row: abs(row.resistance_at_high_ohm_cm2 - row.resistance_at_low_ohm_cm2),
        )
        loading, temperature_K = swept[0].loading_mg_per_cm2, swept[0].temperature_K
        middle = next(
            row.separator_ohm_cm2 + row.composite_ohm_cm2
            for row in record.resistances
            if (row.loading_mg_per_cm2, row.temperature_K) == (loading, temperature_K)
        )
        _tornado(right, middle, [(row.name, row.low, row.high, row.resistance_at_low_ohm_cm2,
                                  row.resistance_at_high_ohm_cm2) for row in swept])  # fmt: skip
        right.set(title=f"At {temperature_K:.0f} K, {loading:g} mg/cm² (Ω cm²)")
    return figure


def _tornado(axes: Axes, middle: float, rows: list[tuple[str, float, float, float, float]]) -> None:
    """One bar an input: its name, its ends, and what follows at each."""
    for height, (_, low, high, at_low, at_high) in enumerate(rows):
        for value, end, colour in ((at_low, low, BLUE), (at_high, high, ORANGE)):
            if abs(value - middle) < 1e-6 * middle:
                continue
            axes.barh(height, value - middle, left=middle, color=colour, height=0.55)
            side = (4, "left") if value > middle else (-4, "right")
            axes.annotate(f"{end:g}", (value, height), xytext=(side[0], 0), textcoords="offset points", va="center",
                          ha=side[1], color=MUTED, fontsize=8)  # fmt: skip
    axes.axvline(middle, color=INK, lw=0.9)
    axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axes.margins(x=0.18)
    axes.grid(axis="y", visible=False)


def _shown_anode(record: CellRecord) -> str:
    """The anode whose masses and sweeps are drawn: the middle one of the list."""
    names = list(record.energy_density_Wh_per_kg)
    return names[len(names) // 2]


def page(record: CellRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    largest = int(np.argmax(record.loadings_mg_per_cm2))
    line = record.thickness_line
    best = max(record.energy_density_Wh_per_kg, key=lambda name: record.energy_density_Wh_per_kg[name][largest])
    numbers = [
        Number(name=f"{best}, {record.loadings_mg_per_cm2[largest]:g} mg/cm²",
               value=plain(record.energy_density_Wh_per_kg[best][largest]), unit="Wh/kg"),
        Number(name="density of each further layer", value=measured(line.density_g_per_cm3), unit="g/cm³"),
        Number(name="thickness at no loading", value=measured(line.offset_um), unit="µm"),
    ]  # fmt: skip
    given, assumed = (sum(row.given_by.startswith(who) for row in record.assumptions) for who in ("paper", "assumed"))
    return Page(
        eyebrow="Cell design",
        title=record.name,
        facts=[
            ("Loadings", ", ".join(f"{loading:g}" for loading in record.loadings_mg_per_cm2) + " mg/cm²"),
            ("Layers", ", ".join(f"{layers:.3g}" for layers in record.layers)),
            ("Inputs", f"{len(record.assumptions)}: {given} by the paper, {assumed} assumed"),
        ],
        headline=(
            f"{plain(record.energy_density_Wh_per_kg[best][largest])} Wh/kg with {best} at "
            f"{record.loadings_mg_per_cm2[largest]:g} mg/cm², before polarization"
        ),
        numbers=numbers,
        remarks=[f"Does not fit: {text}." for text in record.contradictions],
        warnings=record.warnings,
        sections=[
            Section(
                id="cell",
                title="The cell",
                paragraphs=[
                    "Thicker cathodes need fewer foils and separators for the same capacity. Layers are not rounded: "
                    "1.33 layers are four thirds of one. Volumes are those of the charged cell."
                ],
                drawings=[(drawings["energy"], "Energy densities without polarization; the mass of each part.")],
                tables=[_loading_table(record)],
            ),
            Section(
                id="swept",
                title="What hangs on inputs that are not given for this cell",
                drawings=[
                    (
                        drawings["inputs"],
                        f"{_shown_anode(record)} at {max(record.loadings_mg_per_cm2):g} mg/cm², one input at a time; "
                        "the numbers at the bars are its ends, blue the low and orange the high one.",
                    )
                ],
                tables=[_sweep_table(record)],
            ),
            Section(
                id="resistance",
                title="Resistance",
                paragraphs=[
                    "Separator L/σ and composite Lτ/(3εσ): neither charge transfer nor electronic resistance nor "
                    "diffusion in the active material is in them, nor a second conductor beside the catholyte."
                ],
                drawings=[(drawings["resistance"], "Right: one input at a time, at the lowest temperature.")],
                tables=[_resistance_table(record)],
            ),
            Section(id="inputs", title="Every input, and who gives it", tables=[_assumption_table(record)]),
        ],
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(len(record.loadings_mg_per_cm2), 4),
    )


def _loading_table(record: CellRecord) -> Table:
    table = Table("By loading", [("Active", "mg/cm²"), ("Composite in the die", "mg"), ("Thickness", "µm"),
                                 ("Porosity", ""), ("Layers", ""),
                                 *((name, "Wh/kg") for name in record.energy_density_Wh_per_kg)])  # fmt: skip
    for index, loading in enumerate(record.loadings_mg_per_cm2):
        table.rows.append([
            Cell(f"{loading:g}"), Cell(f"{record.composite_mg[index]:.2f}"), value_cell(record.thickness_um[index]),
            value_cell(record.porosity[index]), Cell(f"{record.layers[index]:.3g}"),
            *(Cell(plain(row[index])) for row in record.energy_density_Wh_per_kg.values()),
        ])  # fmt: skip
    return table


def _resistance_table(record: CellRecord) -> Table:
    rates = list(record.resistances[0].polarization_V)
    table = Table("Ionic resistance of one layer", [("Active", "mg/cm²"), ("Temperature", "K"), ("Separator", "Ω cm²"),
                  ("Composite", "Ω cm²"), *((f"Drop at {float(rate):.3g} C", "V") for rate in rates)])  # fmt: skip
    for row in record.resistances:
        table.rows.append([
            Cell(f"{row.loading_mg_per_cm2:g}"), Cell(f"{row.temperature_K:.2f}"), Cell(plain(row.separator_ohm_cm2)),
            Cell(plain(row.composite_ohm_cm2)), *(Cell(plain(row.polarization_V[rate])) for rate in rates),
        ])  # fmt: skip
    return table


def _sweep_table(record: CellRecord) -> Table:
    table = Table("Energy density at both ends", [("Anode", ""), ("Input", ""), ("Low", ""), ("High", ""),
                  ("At low", "Wh/kg"), ("At high", "Wh/kg"), ("At low", "Wh/L"), ("At high", "Wh/L")])  # fmt: skip
    for row in record.sweeps:
        table.rows.append([
            Cell(row.anode), Cell(row.name), Cell(f"{row.low:g}"), Cell(f"{row.high:g}"),
            Cell(plain(row.energy_density_at_low_Wh_per_kg)), Cell(plain(row.energy_density_at_high_Wh_per_kg)),
            Cell(plain(row.energy_density_at_low_Wh_per_L)), Cell(plain(row.energy_density_at_high_Wh_per_L)),
        ])  # fmt: skip
    return table


def _assumption_table(record: CellRecord) -> Table:
    table = Table("Inputs", [("Input", ""), ("Value", ""), ("Swept", ""), ("Given by", "")])
    for row in record.assumptions:
        value = f"{row.value:g} ± {row.std:g}" if row.std else f"{row.value:g}"
        swept = "" if row.low is None else f"{row.low:g} to {row.high:g}"
        table.rows.append([Cell(row.name), Cell(value), Cell(swept), Cell(row.given_by, row.note or None)])
    return table
