"""The report of `hull`, and the sections that `window` has as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import ABSENT, interval, kelvin, measured, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside
from paddlewheel.studies.hull.figures import above_figure, diagram_figure
from paddlewheel.studies.hull.record import (
    ABOVE_HULL,
    BesideMeasured,
    HullInput,
    HullRecord,
    HullTemperature,
    LeftOut,
    PublishedHullValue,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures(record: HullRecord, beside: Beside) -> Figures:
    """The figures of the report: of up to three elements, and over several temperatures."""
    temperatures, curves = _curves(beside)
    drawn: dict[str, tuple[Figure | None, str]] = {
        "diagram": (
            diagram_figure(record),
            "Phase diagrams: circles on the hull, squares above it, a star: the target.",
        ),
        "above": (above_figure(record, curves, temperatures), "Energy above the other phases against temperature."),
    }
    return {name: (figure, alt) for name, (figure, alt) in drawn.items() if figure is not None}


def _curves(beside: Beside) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    table = beside.columns(ABOVE_HULL, text=("name",))
    try:
        # runs of before have no column for the std above the others
        std = table.get("std_above_others_meV_per_atom", table["std_meV_per_atom"])
        pairs = np.stack([table["e_above_others_meV_per_atom"], std], axis=1)
        curves = {name: pairs[table["name"] == name] for name in dict.fromkeys(table["name"].tolist())}
        temperatures = np.unique(table["temperature_K"])
    except KeyError as error:
        raise InputError(f"no column {error}", where=ABOVE_HULL, remedy="run hull again with --again") from error
    return temperatures, {name: values for name, values in curves.items() if np.isfinite(values).all()}


def page(record: HullRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    numbers, headline = [], f"{len(record.inputs)} phases of {'-'.join(record.system)}"
    if record.target is not None:
        for hull in record.temperatures[:3]:
            row = next(row for row in hull.phases if row.name == record.target)
            numbers.append(
                Number(
                    name=f"{record.target} at {hull.temperature_K:g} K",
                    value=measured(row.e_above_hull_meV_per_atom),
                    unit="meV/atom above the hull",
                    note=f"on the hull in {100 * row.stable_probability:.0f} % of the draws of the errors",
                )
            )
        crossing = next((crossing for crossing in record.crossings if crossing.name == record.target), None)
        if crossing is None:
            headline = f"{record.target} does not cross the hull between the temperatures given"
        else:
            verb = "becomes stable at" if crossing.becomes_stable else "is stable up to"
            headline = f"{record.target} {verb} {measured(crossing.temperature_K)} K"
    sections = []
    if "diagram" in drawings:
        caption = "Lines join phases that coexist. Blue: on the hull; white squares: above it; the star: the target."
        sections.append(Section(id="diagram", title="Phase diagram", drawings=[(drawings["diagram"], caption)]))
    if "above" in drawings:
        caption = (
            "Free energy above what the other phases make of the same composition; bands are one standard "
            "uncertainty, of each phase's own row and of the potential or functional: "
            f"{error_in_words(record.energy_error_meV_per_atom, record.shared_error)}."
        )
        sections.append(Section(id="above", title="Against temperature", drawings=[(drawings["above"], caption)]))
    sections += [
        Section(id="phases", title="Phases", tables=[_temperature_table(hull) for hull in record.temperatures]),
        Section(id="crossings", title="Crossings", tables=[_crossing_table(record), _entropy_table(record)]),
        *common_sections(record.beside_published, record.beside_measured, record.inputs, record.left_out),
    ]
    return Page(
        eyebrow="Convex hull", title="-".join(record.system),
        facts=[
            ("Energies", record.engine),
            ("Their error", error_in_words(record.energy_error_meV_per_atom, record.shared_error)),
            ("Phases", f"{len(record.inputs)}, {len(record.left_out)} known ones left out"),
            ("Temperatures", ", ".join(kelvin(hull.temperature_K) for hull in record.temperatures)),
        ],
        headline=headline, tone="good", numbers=numbers,
        warnings=record.warnings, sections=sections,
        citations=record.citations, provenance=record.provenance, n_series=8,
    )  # fmt: skip


def error_in_words(std_meV_per_atom: float | None, shared: float | None) -> str:
    """The error of the potential or functional itself."""
    if std_meV_per_atom is None or shared is None:
        return "not known, and in no interval"
    return (
        f"{std_meV_per_atom:.0f} meV/atom, {100 * shared:.0f} % of its variance common to phases of the same elements"
    )


def _temperature_table(hull: HullTemperature) -> Table:
    return Table(
        f"At {hull.temperature_K:g} K, lowest first.",
        [("Phase", ""), ("Above the hull", "meV/atom"), ("Above the others", "meV/atom"), ("On the hull", "of samples"),
         ("What the others make of it", "")],
        [
            [
                Cell(row.name, row.formula if row.formula != row.name else None),
                _above_cell(row.e_above_hull_meV_per_atom),
                value_cell(row.e_above_others_meV_per_atom), Cell(f"{100 * row.stable_probability:.0f} %"),
                Cell(row.reaction),
            ]
            for row in sorted(hull.phases, key=lambda row: row.e_above_hull_meV_per_atom.value)
        ],
    )  # fmt: skip


def _above_cell(above: Measured) -> Cell:
    if above.value > 0:
        return _interval_cell(above)
    return Cell("0, on the hull", f"95 %: {interval(above.interval_95)}" if above.interval_95 else None)


def _interval_cell(value: Measured) -> Cell:
    return value_cell(value, value.interval_95)


def _crossing_table(record: HullRecord) -> Table | None:
    if not record.crossings:
        return None
    return Table(
        "Temperatures at which a phase comes onto the hull or leaves it.",
        [("Phase", ""), ("Crossing", "K"), ("", ""), ("Samples that cross", "")],
        [
            [
                Cell(crossing.name), _interval_cell(crossing.temperature_K),
                Cell("becomes stable" if crossing.becomes_stable else "is no longer stable"),
                Cell(f"{100 * crossing.probability:.0f} %"),
            ]
            for crossing in record.crossings
        ],
    )  # fmt: skip


def _entropy_table(record: HullRecord) -> Table | None:
    if not record.entropy_bounds:
        return None
    return Table(
        "With the ideal entropy of mixing, a bound: ions and anions at random would have it, real ones have less. "
        "In no other number of this page.",
        [("Phase", ""), ("Entropy", "k/atom"), ("Above the hull", "meV/atom"),
         ("All disordered", "meV/atom, the same with the entropies of all these phases"), ("Crossing", "K"),
         ("Of", "")],
        [
            [
                Cell(bound.name), Cell(plain(bound.entropy_kB_per_atom)),
                Cell(", ".join(measured(value) for value in bound.e_above_hull_meV_per_atom)),
                Cell(", ".join(measured(value) for value in bound.e_above_hull_all_granted_meV_per_atom) or ABSENT),
                Cell(ABSENT if bound.crossing_K is None else f"{bound.crossing_K:.0f}"), Cell(bound.source),
            ]
            for bound in record.entropy_bounds
        ],
    )  # fmt: skip


def common_sections(
    published: list[PublishedHullValue], measured_rows: list[BesideMeasured], inputs: list[HullInput],
    left_out: list[LeftOut],
) -> list[Section]:  # fmt: skip
    """What the paper says beside ours, measured enthalpies of formation, and the energies with their origin."""
    sections = []
    if measured_rows:
        sections.append(
            Section(
                id="measured", title="Beside measured enthalpies of formation",
                tables=[
                    Table(
                        "From the elements at 298.15 K, a mole of formula units. Compounds that the energy of a gas is "
                        "counted from agree by that, or by how far several are apart.",
                        [("Phase", ""), ("Measured", "kJ/mol"), ("Here", "kJ/mol"), ("Difference", "meV/atom"),
                         ("", ""), ("Source", "")],
                        [
                            [
                                Cell(row.name), Cell(f"{row.measured_kJ_per_mol:.1f}"),
                                Cell(f"{row.computed_kJ_per_mol:.1f}"), Cell(f"{row.difference_meV_per_atom:+.0f}"),
                                Cell("a gas is counted from it" if row.is_anchor else ""), Cell(row.source),
                            ]
                            for row in measured_rows
                        ],
                    )
                ],
            )
        )  # fmt: skip
    if published:
        sections.append(
            Section(
                id="published", title="Beside the paper",
                tables=[
                    Table(
                        "Published and found here.", [("", ""), ("Published", ""), ("Here", ""), ("Source", "")],
                        [
                            [Cell(row.quantity), Cell(row.published), Cell(row.ours), Cell(row.source)]
                            for row in published
                        ],
                    )
                ],
            )
        )  # fmt: skip
    sections.append(
        Section(
            id="inputs", title="Energies",
            tables=[
                Table(
                    "Free energies at the first temperature, and where they are from.",
                    [("Phase", ""), ("State", ""), ("G", "eV/atom"), ("Volume", "Å³/atom"), ("Origin", "")],
                    [
                        [
                            Cell(phase.name, phase.formula), Cell(phase.state), value_cell(phase.gibbs_eV_per_atom[0]),
                            Cell(ABSENT if phase.volume_A3_per_atom is None else plain(phase.volume_A3_per_atom)),
                            Cell(phase.origin, phase.note or None),
                        ]
                        for phase in inputs
                    ],
                ),
                Table(
                    "Left out.", [("Phase", ""), ("Why", "")],
                    [[Cell(phase.name), Cell(phase.reason)] for phase in left_out],
                ) if left_out else None,
            ],
        )
    )  # fmt: skip
    return sections
