"""The report of `spectra`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import Drawing, series_colours
from paddlewheel.page.numbers import enumeration, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.motion.page import facts
from paddlewheel.studies.spectra.record import DIRECTIONS, VELOCITIES, SpectraRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures(record: SpectraRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    elements = [row.element for row in record.elements]
    table = beside.columns(VELOCITIES)
    drawn = {
        "velocities": (
            _curves(table, elements, "m v² power  (u Å²/fs² per 1/cm)", "Velocities, by element"),
            f"Power spectra of the velocities of {enumeration(elements)}.",
        )
    }
    if record.orientations:
        anions = [row.anion for row in record.orientations]
        figure = _curves(beside.columns(DIRECTIONS), anions, "power  (per 1/cm)", "Directions of bonds, by anion")
        figure.axes[0].set_yscale("log")
        drawn["directions"] = (figure, f"Power spectra of the directions of the bonds of {enumeration(anions)}.")
    return drawn


def _curves(table: Columns, names: list[str], label: str, title: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.4), layout="constrained")
    axes = figure.subplots()
    x = table["wavenumber_per_cm"]
    for name, colour in zip(names, series_colours(len(names)), strict=True):
        power, std = table[name], np.nan_to_num(table[f"std_{name}"])
        axes.plot(x, power, color=colour, lw=1.3, label=name)
        axes.fill_between(x, np.maximum(power - std, 0), power + std, color=colour, alpha=0.2, lw=0)
    axes.set(xlim=(0, x[-1]), xlabel="wavenumber  (1/cm)", ylabel=label, title=title)
    axes.legend()
    return figure


def page(record: SpectraRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    elements = enumeration(row.element for row in record.elements)
    numbers = [
        Number(name=f"{row.element}, mean kinetic energy", value=measured(row.temperature_K), unit="K",
               note="as a temperature")
        for row in record.elements
    ]  # fmt: skip
    sections = [
        Section(
            id="velocities",
            title="Velocities",
            paragraphs=[
                f"Power spectra in segments of {record.segment_fs:g} fs: lines nearer than "
                f"{record.resolution_per_cm:.0f} 1/cm are one. Frames show nothing above "
                f"{record.highest_per_cm:.0f} 1/cm."
            ],
            drawings=[(drawings["velocities"], "Bands are standard errors from stretches of time.")],
            tables=[_element_table(record)],
        )
    ]
    if "directions" in drawings:
        sections.append(
            Section(
                id="directions",
                title="Directions of bonds",
                paragraphs=[
                    "Power of the unit vectors from the centre of an anion to its outer atoms: turning is at the "
                    "lowest wavenumbers, libration and bending at their own; stretching is not in it."
                ],
                drawings=[(drawings["directions"], "Bands are standard errors from stretches of time.")],
                tables=[_orientation_table(record)],
            )
        )
    return Page(
        eyebrow="spectra",
        title=f"Vibrations and turning in {record.formula}",
        facts=facts(record),
        headline=f"Spectra of {elements} up to {record.highest_per_cm:.0f} 1/cm",
        numbers=numbers,
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(len(record.elements), len(record.orientations)),
    )


def _element_table(record: SpectraRecord) -> Table:
    table = Table(
        "Velocities (± is the standard error from stretches of time; a dash where the run has only one)",
        [("Element", ""), ("Atoms", ""), ("Strongest line", "1/cm"), ("Mean wavenumber", "1/cm"),
         ("Mean kinetic energy", "K")],
    )  # fmt: skip
    for row in record.elements:
        cells = (value_cell(row.peak_per_cm), value_cell(row.centre_per_cm), value_cell(row.temperature_K))
        table.rows.append([Cell(row.element), Cell(str(row.n_atoms)), *cells])
    return table


def _orientation_table(record: SpectraRecord) -> Table:
    low = record.orientations[0].low_below_per_cm
    table = Table(
        "Directions",
        [("Anion", ""), ("In the cell", ""), ("Bonds", ""), ("Strongest line of power × wavenumber²", "1/cm"),
         ("1 − |⟨u⟩|² (1: points everywhere)", ""), (f"Share of power below {plain(low)} 1/cm", "")],
    )  # fmt: skip
    for row in record.orientations:
        cells = (value_cell(row.peak_per_cm), value_cell(row.mobile_share), value_cell(row.low_share))
        table.rows.append([Cell(row.anion), Cell(str(row.n_anions)), Cell(str(row.n_vectors)), *cells])
    return table
