"""The section of a report on second opinions: tables, and forces of both potentials."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from paddlewheel.errors import InputError
from paddlewheel.page.drawing import BLUE, INK, Drawing
from paddlewheel.page.numbers import ABSENT, interval, measured, plain
from paddlewheel.page.page import Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.conduct.record import ConductivityRecord
from paddlewheel.studies.conduct.second_opinion.record import SecondOpinion
from paddlewheel.studies.conduct.second_opinion.words import short_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PER_ROW = 4


def opinion_figures(record: ConductivityRecord, beside: Beside) -> Figures:
    """Forces of each other potential against those of the first."""
    drawn = {}
    for place, opinion in enumerate(record.second_opinions):
        try:
            columns = beside.columns(opinion.forces_file, text=("element",))
        except InputError:  # the table has the same numbers, and the record holds them
            continue
        name = short_name(opinion.potential)
        alt = f"Force components of {name} against those of the potential of the runs, for each element."
        drawn[_figure_name(place)] = parity_figure(columns, opinion, first=short_name(record.potential or "first")), alt
    return drawn


def _figure_name(place: int) -> str:
    return f"second-opinion-{place + 1}"


def parity_figure(columns: Columns, opinion: SecondOpinion, *, first: str) -> Figure:
    """Force components, a panel for each element, each with the line of equal forces."""
    from matplotlib.figure import Figure

    elements = list(dict.fromkeys(columns["element"].tolist()))
    n_columns = min(len(elements), _PER_ROW)
    n_rows = math.ceil(len(elements) / n_columns)
    figure = Figure(figsize=(2.6 * n_columns, 2.7 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    rows = {row.element: row for row in opinion.forces}
    for axes, element in zip(panels, elements, strict=False):
        of = columns["element"] == element
        x, y = columns["first_eV_per_A"][of], columns["other_eV_per_A"][of]
        ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
        axes.plot(ends, ends, color=INK, lw=0.8, zorder=3)
        axes.plot(x, y, ls="", marker="o", ms=2.0, mew=0, alpha=0.5, color=BLUE, rasterized=len(x) > 500)
        row = rows.get(element) or opinion.forces[0]
        axes.set_title(f"{element}: {plain(row.rmse_eV_per_A, 2)} eV/Å rms")
        axes.set(aspect="equal", adjustable="datalim")
        axes.locator_params(nbins=5)
    for axes in panels[len(elements) :]:
        axes.remove()
    figure.supxlabel(f"force, {first}  (eV/Å)", fontsize="medium")
    figure.supylabel(f"{short_name(opinion.potential)}  (eV/Å)", fontsize="medium")
    return figure


def opinion_section(record: ConductivityRecord, drawings: dict[str, Drawing]) -> Section | None:
    """Where second opinions were asked for."""
    opinions = record.second_opinions
    if not opinions:
        return None
    shown = [
        (drawings[name], f"{short_name(opinion.potential)}: force components of the labelled frames; line: equality.")
        for place, opinion in enumerate(opinions)
        if (name := _figure_name(place)) in drawings
    ]
    return Section(
        id="second-opinion",
        title="Other potentials",
        paragraphs=[
            "Frames of the runs, decorrelated in time, labelled by the potential that ran and by the others. The mean "
            "difference of the energies is one of references and decides nothing; their scatter decides the weights "
            "exp(−ΔU/kT), and with them how many frames are left for reweighting (Kish's effective sample size)."
        ],
        drawings=shown,
        tables=[force_table(opinions), energy_table(opinions), own_runs_table(record)],
    )


def force_table(opinions: list[SecondOpinion]) -> Table:
    """Differences of forces, one row an element."""
    table = Table(
        "Forces of the other potential less those of the first, by component",
        [("Potential", ""), ("Element", ""), ("rmse", "eV/Å"), ("rms force", "eV/Å"), ("rmse / rms", "%")],
    )
    for opinion in opinions:
        for row in opinion.forces:
            table.rows.append(
                [
                    Cell(short_name(opinion.potential)),
                    Cell(row.element or "all"),
                    Cell(plain(row.rmse_eV_per_A)),
                    Cell(plain(row.rms_force_eV_per_A)),
                    Cell(plain(100 * row.fraction_of_rms, 2)),
                ]
            )
    return table


def energy_table(opinions: list[SecondOpinion]) -> Table:
    """Differences of energies, stresses and what the weights leave, one row a temperature."""
    table = Table(
        "Energies and weights at each temperature (shift: mean difference, of the reference; spread: its scatter)",
        [
            ("Potential", ""),
            ("T", "K"),
            ("Frames", ""),
            ("Shift", "meV/atom"),
            ("Spread", "meV/atom"),
            ("Spread of the cell", "kT"),
            ("Stress rmse", "GPa"),
            ("Effective sample", ""),
            ("D reweighted / D", ""),
        ],
    )
    for opinion in opinions:
        for row in opinion.temperatures:
            spaced = (
                f"{plain(row.spacing_ps, 2)} ps apart; the energy decorrelates in {plain(row.decorrelation_ps, 2)} ps"
            )
            table.rows.append(
                [
                    Cell(short_name(opinion.potential)),
                    Cell(f"{row.temperature_K:g}"),
                    Cell(str(row.n_frames), spaced),
                    Cell(plain(row.energy_shift_meV_per_atom, 4)),
                    Cell(plain(row.energy_spread_meV_per_atom)),
                    Cell(plain(row.energy_spread_kT, 2)),
                    Cell(plain(row.stress_rmse_GPa, 2)),
                    Cell(plain(row.effective_sample_size, 2)),
                    Cell(measured(row.diffusivity_ratio_reweighted), row.reweighting_refused),
                ]
            )
    return table


def own_runs_table(record: ConductivityRecord) -> Table | None:
    """D of the other potentials' own runs beside the first one's, and sigma(300 K); None where there are none."""
    opinions = [opinion for opinion in record.second_opinions if opinion.runs is not None]
    if not opinions:
        return None
    table = Table(
        "Runs of the other potentials themselves",
        [("Potential", ""), ("T", "K"), ("Status", ""), ("D", "cm²/s"), ("D of the first", "cm²/s"), ("Ratio", "")],
    )
    first = {row.temperature_K: row for row in record.temperatures}
    for opinion in opinions:
        assert opinion.runs is not None
        name = short_name(opinion.potential)
        for row in opinion.runs.temperatures:
            ours = first[row.temperature_K].diffusivity_cm2_per_s
            theirs = row.diffusivity_cm2_per_s
            ratio = plain(theirs.value / ours.value, 2) if theirs and ours else ABSENT
            ends = row.diffusivity_95_cm2_per_s
            table.rows.append(
                [
                    Cell(name, f"{opinion.runs.production_ps:g} ps; {opinion.runs.record}"),
                    Cell(f"{row.temperature_K:g}"),
                    Cell(row.status, row.reason, row.status),
                    Cell(measured(theirs), f"95 %: {interval(ends)}" if theirs and ends else None),
                    Cell(measured(ours)),
                    Cell(ratio),
                ]
            )
    return table
