"""The report of `hull`, and the sections that `window` has as well."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import (
    ABSENT,
    kelvin,
    measured,
    plain,
)
from paddlewheel.page.page import (
    Number,
    Page,
    Section,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.page.write import (
    Figures,
    value_cell,
    write_page,
)
from paddlewheel.records import read_record
from paddlewheel.studies.hull.figures import (
    above_figure,
    diagram_figure,
)
from paddlewheel.studies.hull.record import (
    HullInput,
    HullRecord,
    LeftOut,
    PublishedHullValue,
)


def write_hull_report(directory: Path) -> Path:
    """Write `report.html` and `figures/` from the record of `hull` and its table.

    Raises
    ------
    InputError
        If `result.json` is no such record, or its table is gone.
    RunDirectoryError
        If the directory cannot be written.
    """
    directory = Path(directory)
    record = read_record(directory / "result.json", HullRecord, made_by="hull")
    temperatures, curves = _curves(directory / record.files["above_hull"])

    def figures() -> Figures:
        drawn = {
            "diagram": (
                diagram_figure(record),
                "Phase diagrams: circles on the hull, squares above it, a star: the target.",
            ),
            "above": (above_figure(record, curves, temperatures), "Energy above the other phases against temperature."),
        }
        return {name: (figure, alt) for name, (figure, alt) in drawn.items() if figure is not None}

    return write_page(directory, figures, lambda drawings: _hull_page(record, drawings))


def _curves(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        temperatures = np.array(sorted({float(row["temperature_K"]) for row in rows}))
        curves = {
            name: np.array(
                [
                    (float(row["e_above_others_meV_per_atom"] or "nan"), float(row["std_meV_per_atom"]))
                    for row in rows if row["name"] == name
                ]
            )
            for name in dict.fromkeys(row["name"] for row in rows)
        }  # fmt: skip
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"no table of a hull ({error})", where=path, remedy="run hull again") from error
    return temperatures, {name: values for name, values in curves.items() if np.isfinite(values).all()}


def _hull_page(record: HullRecord, drawings: dict[str, Drawing]) -> Page:
    numbers, headline = [], f"{len(record.inputs)} phases of {'-'.join(record.system)}"
    if record.target is not None:
        for one in record.temperatures[:3]:
            above = next(row for row in one.phases if row.name == record.target).e_above_hull_meV_per_atom
            numbers.append(
                Number(
                    name=f"{record.target} at {one.temperature_K:g} K",
                    value=measured(above),
                    unit="meV/atom above the hull",
                )
            )
        crossing = next((one for one in record.crossings if one.name == record.target), None)
        if crossing is None:
            headline = f"{record.target} does not cross the hull between the temperatures given"
        else:
            verb = "becomes stable at" if crossing.becomes_stable else "is stable up to"
            headline = f"{record.target} {verb} {measured(crossing.temperature_K)} K"
    sections = []
    if "diagram" in drawings:
        sections.append(
            Section(id="diagram", title="Phase diagram", drawings=[(
                drawings["diagram"],
                "Lines join phases that coexist. Blue: on the hull; white squares: above it; the star: the target.",
            )])
        )  # fmt: skip
    if "above" in drawings:
        sections.append(
            Section(id="above", title="Against temperature", drawings=[(
                drawings["above"],
                "Free energy above what the other phases make of the same composition; bands are one standard "
                "uncertainty of the energies (supercell, displacement, ordering of the ions), not of the potential.",
            )])
        )  # fmt: skip
    sections.append(
        Section(
            id="phases", title="Phases", tables=[_temperature_table(record, k) for k in range(len(record.temperatures))]
        )
    )
    sections.append(
        Section(id="crossings", title="Crossings", tables=[_crossing_table(record), _entropy_table(record)])
    )
    sections += common_sections(record.beside_published, record.inputs, record.left_out)
    return Page(
        eyebrow="Convex hull", title="-".join(record.system),
        facts=[
            ("Energies", record.engine),
            ("Phases", f"{len(record.inputs)}, {len(record.left_out)} known ones left out"),
            ("Temperatures", ", ".join(kelvin(one.temperature_K) for one in record.temperatures)),
        ],
        headline=headline, tone="good", numbers=numbers, warnings=record.warnings, sections=sections,
        citations=record.citations, provenance=record.provenance, n_series=8,
    )  # fmt: skip


def _temperature_table(record: HullRecord, number: int) -> Table:
    one = record.temperatures[number]
    return Table(
        f"At {one.temperature_K:g} K, lowest first.",
        [("Phase", ""), ("Above the hull", "meV/atom"), ("Above the others", "meV/atom"), ("On the hull", "of samples"),
         ("What the others make of it", "")],
        [
            [
                Cell(row.name, row.formula if row.formula != row.name else None),
                Cell("0, on the hull") if row.e_above_hull_meV_per_atom.value == 0
                else value_cell(row.e_above_hull_meV_per_atom),
                value_cell(row.e_above_others_meV_per_atom), Cell(f"{100 * row.stable_probability:.0f} %"),
                Cell(row.reaction),
            ]
            for row in sorted(one.phases, key=lambda row: row.e_above_hull_meV_per_atom.value)
        ],
    )  # fmt: skip


def _crossing_table(record: HullRecord) -> Table | None:
    if not record.crossings:
        return None
    return Table(
        "Temperatures at which a phase comes onto the hull or leaves it.",
        [("Phase", ""), ("Crossing", "K"), ("", ""), ("Samples that cross", "")],
        [
            [
                Cell(one.name), value_cell(one.temperature_K),
                Cell("becomes stable" if one.becomes_stable else "is no longer stable"),
                Cell(f"{100 * one.probability:.0f} %"),
            ]
            for one in record.crossings
        ],
    )  # fmt: skip


def _entropy_table(record: HullRecord) -> Table | None:
    if not record.entropy_bounds:
        return None
    return Table(
        "With the ideal entropy of mixing, a bound: ions at random would have it, real ones have less. In no other "
        "number of this page.",
        [("Phase", ""), ("Entropy", "k/atom"), ("Above the hull", "meV/atom"), ("Crossing", "K"), ("Of", "")],
        [
            [
                Cell(one.name), Cell(plain(one.entropy_kB_per_atom)),
                Cell(", ".join(measured(value) for value in one.e_above_hull_meV_per_atom)),
                Cell(ABSENT if one.crossing_K is None else f"{one.crossing_K:.0f}"), Cell(one.source),
            ]
            for one in record.entropy_bounds
        ],
    )  # fmt: skip


def common_sections(
    published: list[PublishedHullValue], inputs: list[HullInput], left_out: list[LeftOut]
) -> list[Section]:
    """What the paper says beside ours, and the energies with their origin."""
    sections = []
    if published:
        sections.append(
            Section(
                id="published", title="Beside the paper",
                tables=[
                    Table(
                        "Published and found here.", [("", ""), ("Published", ""), ("Here", ""), ("Source", "")],
                        [
                            [Cell(one.quantity), Cell(one.published), Cell(one.ours), Cell(one.source)]
                            for one in published
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
                            Cell(one.name, one.formula), Cell(one.state), value_cell(one.gibbs_eV_per_atom[0]),
                            Cell(ABSENT if one.volume_A3_per_atom is None else plain(one.volume_A3_per_atom)),
                            Cell(one.origin, one.note or None),
                        ]
                        for one in inputs
                    ],
                ),
                Table(
                    "Left out.", [("Phase", ""), ("Why", "")],
                    [[Cell(one.name), Cell(one.reason)] for one in left_out],
                ) if left_out else None,
            ],
        )
    )  # fmt: skip
    return sections
