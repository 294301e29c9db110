"""The report of `onsager`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import BLUE, INK, Drawing, series_colours
from paddlewheel.page.numbers import interval, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.motion.page import charge_sentences, facts
from paddlewheel.studies.onsager.record import MSD, OnsagerRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures(record: OnsagerRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    names = ", ".join(row.specie for row in record.species)
    drawn = {"msd": (_msd(record, beside.columns(MSD)), f"Mean squared displacement of {names}.")}
    if record.status == "ok":
        drawn["parts"] = (_parts(record), "Parts of the conductivity: of single ions, and of each pair of species.")
    return drawn


def _msd(record: OnsagerRecord, table: Columns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.4), layout="constrained")
    axes = figure.subplots()
    for row, colour in zip(record.species, series_colours(len(record.species)), strict=True):
        msd, std = table[f"msd_{row.specie}_A2"], np.nan_to_num(table[f"std_{row.specie}_A2"])
        axes.plot(table["lag_ps"], msd, color=colour, label=row.specie)
        axes.fill_between(table["lag_ps"], np.maximum(msd - std, 1e-9), msd + std, color=colour, alpha=0.2, lw=0)
    if record.fit_onset_ps is not None and record.fit_last_lag_ps is not None:
        axes.axvspan(record.fit_onset_ps, record.fit_last_lag_ps, color=BLUE, alpha=0.07, lw=0, label="fitted")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set(xlabel="time lag  (ps)", ylabel="MSD  (Å²)", title="Single ions")
    axes.legend()
    return figure


def _parts(record: OnsagerRecord) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.2), layout="constrained")
    axes = figure.subplots()
    labels, values, ends = [], [], []
    for pair in record.pairs:
        twice = 1.0 if pair.first == pair.second else 2.0
        labels.append(f"{pair.first}–{pair.second}")
        values.append(twice * pair.conductivity_mS_per_cm.value)
        ends.append([twice * end for end in pair.conductivity_95_mS_per_cm])
    for label, value, pair_ends in (
        ("single ions", record.nernst_einstein_mS_per_cm, record.nernst_einstein_95_mS_per_cm),
        ("all", record.conductivity_mS_per_cm, record.conductivity_95_mS_per_cm),
    ):
        if value is not None and pair_ends is not None:
            labels.append(label)
            values.append(value.value)
            ends.append(list(pair_ends))
    spans = np.abs(np.array(ends) - np.array(values)[:, None]).T
    axes.errorbar(values, np.arange(len(values)), xerr=spans, fmt="o", color=BLUE, capsize=3)
    axes.axvline(0.0, color=INK, lw=0.9)
    axes.set_yticks(np.arange(len(values)), labels)
    axes.invert_yaxis()
    axes.set(xlabel="part of the conductivity  (mS/cm), 95 % interval")
    return figure


def page(record: OnsagerRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    known = record.status == "ok"
    names = ", ".join(row.specie for row in record.species)
    headline = (
        f"Haven ratio {measured(record.haven_ratio)} (95 %: {interval(record.haven_ratio_95)})"
        if known
        else f"The run does not determine the collective transport of {names}"
    )
    numbers = [
        Number(name="conductivity, collective", value=measured(record.conductivity_mS_per_cm), unit="mS/cm",
               note=f"95 %: {interval(record.conductivity_95_mS_per_cm)}"),
        Number(name="of single ions (Nernst–Einstein)", value=measured(record.nernst_einstein_mS_per_cm), unit="mS/cm",
               note=f"95 %: {interval(record.nernst_einstein_95_mS_per_cm)}"),
        Number(name="Haven ratio", value=measured(record.haven_ratio), note=f"95 %: {interval(record.haven_ratio_95)}"),
    ] if known else []  # fmt: skip
    sections = [
        Section(
            id="coefficients",
            title="Onsager coefficients",
            paragraphs=[
                f"Slopes of the products of the species' displacements from {plain(record.fit_onset_ps)} to "
                f"{plain(record.fit_last_lag_ps)} ps, all with the same weights; errors from stretches of time. A pair "
                "of different species counts twice in the conductivity."
            ],
            drawings=[(drawings["parts"], "What each pair adds to the conductivity, both orders together.")],
            tables=[_pair_table(record)],
        )
    ] if known else []  # fmt: skip
    sections.append(
        Section(
            id="species",
            title="Single species",
            drawings=[(drawings["msd"], "Bands are standard errors of the MSD.")],
            tables=[_species_table(record)],
        )
    )
    return Page(
        eyebrow="collective transport",
        title=f"Transport of {names} in {record.formula}",
        facts=facts(record),
        headline=headline,
        tone="good" if known else "none",
        numbers=numbers,
        remarks=[
            *([] if record.reason is None else [f"Not determined: {record.reason}."]),
            *charge_sentences(record.unchecked, {row.specie: row.charge_e for row in record.species}),
        ],
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        n_series=len(record.species),
    )


def _pair_table(record: OnsagerRecord) -> Table:
    table = Table(
        "Coefficients of pairs of species",
        [("Pair", ""), ("L", "1/(J m s)"), ("Distinct part of L", "1/(J m s)"), ("z z e² L", "mS/cm")],
    )
    for pair in record.pairs:
        table.rows.append(
            [
                Cell(f"{pair.first}–{pair.second}"),
                value_cell(pair.coefficient_per_J_m_s, pair.coefficient_95_per_J_m_s),
                value_cell(pair.distinct_per_J_m_s, pair.distinct_95_per_J_m_s),
                value_cell(pair.conductivity_mS_per_cm, pair.conductivity_95_mS_per_cm),
            ]
        )
    return table


def _species_table(record: OnsagerRecord) -> Table:
    table = Table(
        "Species",
        [("Species", ""), ("Charge", "e"), ("Ions", ""), ("Distance of a hop", "Å"), ("D", "cm²/s"),
         ("Self part of L", "1/(J m s)"), ("Transference number", "")],
    )  # fmt: skip
    for row in record.species:
        table.rows.append(
            [
                Cell(row.specie),
                Cell(f"{row.charge_e:+g}"),
                Cell(str(row.n_ions)),
                Cell(plain(row.hop_distance_A), row.hop_distance_from),
                value_cell(row.diffusivity_cm2_per_s, row.diffusivity_95_cm2_per_s),
                value_cell(row.self_per_J_m_s),
                value_cell(row.transference, row.transference_95),
            ]
        )
    return table
