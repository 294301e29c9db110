"""The report of a `rotor` grid, from its record and those of its points."""

from __future__ import annotations

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import ABSENT, enumeration, interval, kelvin, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.conduct.naming import TRACER
from paddlewheel.studies.conduct.record import read_conductivity_record
from paddlewheel.studies.motion.page import charge_sentences, unchecked_facts
from paddlewheel.studies.rotor.figures import arrhenius_panels, mass_figure
from paddlewheel.studies.rotor.naming import natural_sentences
from paddlewheel.studies.rotor.page_tables import (
    QUANTITY_NAMES,
    comparison_table,
    equilibrium_table,
    point_table,
    rotation_table,
    temperature_table,
    trend_table,
)
from paddlewheel.studies.rotor.record import RotorPoint, RotorRecord, RotorTrend


def figures(record: RotorRecord, beside: Beside) -> Figures:
    """The figures of the report, each where there is something to draw."""
    drawn = {}
    if any(point.mass_factor is not None and _has_value(point) for point in record.points):
        drawn["mass"] = (
            mass_figure(record),
            "Conductivity at 300 K, activation energy, active fraction and angular velocity against mass factor.",
        )
    directory = beside.directory
    assert directory is not None  # rotor always has one
    runs = {run.name: read_conductivity_record(directory / run.record) for run in record.runs}
    if (figure := arrhenius_panels(record, runs)) is not None:
        drawn["arrhenius"] = figure, "Conductivity against 1000/T for every mass factor of every anion."
    return drawn


def _has_value(point: RotorPoint) -> bool:
    return bool(point.conductivity_300K_mS_per_cm or point.active_fraction or point.rotation_rad_per_ps)


def page(record: RotorRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    determined = [point for point in record.points if point.status == "ok"]
    sections = [
        Section(
            id="mass",
            title="Against the mass of the anions",
            paragraphs=_mass_text(record),
            drawings=_with_caption(
                drawings, "mass",
                "Bars: 68 %; thin lines: 95 %. Series are shifted sideways a little. Factor 1 is one run, shared. "
                "Dashed: what equipartition asks of the angular velocity.",
            ),
            tables=[point_table(record), trend_table(record), comparison_table(record)],
        ),
        Section(
            id="arrhenius",
            title="Arrhenius lines",
            drawings=_with_caption(
                drawings, "arrhenius",
                "Filled points are in the fits; dashed: extrapolated to 300 K. Each choice of masses has its own "
                "record in points/.",
            ),
            tables=[temperature_table(record)],
        ),
        Section(
            id="equilibrium",
            title="What masses cannot change",
            paragraphs=[
                "Equilibrium averages do not depend on masses. Where they differ by more than their errors, a run is "
                "not equilibrated or too short, and its dynamics are not to be trusted either."
            ],
            tables=[equilibrium_table(record), rotation_table(record)],
        ),
    ]  # fmt: skip
    return Page(
        eyebrow="rotor",
        title=f"Heavier anions in {record.structure}",
        facts=[
            ("Formula", record.formula), ("Mobile ion", record.specie), ("Potential", record.potential or ABSENT),
            ("Anions", enumeration(f"{count} {name}" for name, count in record.anions.items())),
            ("Temperatures", f"{enumeration(f'{value:g}' for value in record.temperatures_K)} K"),
            *unchecked_facts(record.unchecked),
        ],
        headline=_headline(record),
        tone="good" if determined else "none",
        numbers=_numbers(record),
        remarks=_remarks(record),
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        n_series=max(4, len({point.mass_factor for point in record.points}), len(record.anions) + 1),
    )  # fmt: skip


def _with_caption(drawings: dict[str, Drawing], name: str, caption: str) -> list[tuple[Drawing, str]]:
    return [(drawings[name], caption)] if name in drawings else []


def _headline(record: RotorRecord) -> str:
    falls: dict[str, list[str]] = {}
    for row in record.trends:
        if row.quantity == "conductivity_simulated":
            falls.setdefault(row.verdict, []).append(row.anion)
    if not falls:
        return "No trend: fewer than two mass factors gave a conductivity."
    parts = [f"{verdict} with the mass of {enumeration(anions)}" for verdict, anions in falls.items()]
    text = "; ".join(parts).replace("no change within errors with", "shows no change within errors with")
    return f"The simulated conductivity ({TRACER}) {text}."


def _numbers(record: RotorRecord) -> list[Number]:
    rows = [row for row in record.trends if row.quantity == "conductivity_simulated"]
    return [
        Number(
            name=f"{row.anion}: tracer σ at the simulated temperatures",
            value=_factor_of_ten(row),
            note=f"for ten times the mass; 95 %: {_factor_interval(row)}",
        )
        for row in rows[:3]
    ]


def _factor_of_ten(row: RotorTrend) -> str:
    return f"× {plain(10**row.slope.value, 2)}"


def _factor_interval(row: RotorTrend) -> str:
    return interval((10 ** row.interval_95[0], 10 ** row.interval_95[1]))


def _remarks(record: RotorRecord) -> list[str]:
    lines = [
        "The slope common to all simulated temperatures needs no extrapolation; σ at 300 K does, and its intervals are "
        "wider by that.",
        *natural_sentences(record),
        *charge_sentences(record.unchecked, {record.specie: record.charge_e}),
    ]
    # that heavier bodies turn more slowly is no finding
    beside = [row for row in record.trends if row.beside_paper is not None and row.quantity != "rotation"]
    if beside:
        agree = sum(row.beside_paper == "as the paper" for row in beside)
        opposed = [row for row in beside if row.beside_paper == "against the paper"]
        against = [f"{QUANTITY_NAMES[row.quantity]} of {row.anion}" for row in opposed]
        text = f"Of {len(beside)} trends of transport {agree} are as in the paper (its figures 3c, S8 and S9)"
        lines.append(text + (f"; against it: {enumeration(against)}." if against else "; none is against it."))
    return lines


def _mass_text(record: RotorRecord) -> list[str]:
    definition = f"an MSD of {record.active_threshold_A2:g} Å² or more over {record.active_window_ps:g} ps"
    paper = "the paper's definition" if record.active_is_paper_definition else "not the paper's 21 Å² over 1 ns"
    return [
        f"Active: {definition} ({paper}), at {kelvin(record.reference_temperature_K)}. The angular velocity is the "
        "root mean square over the anions scaled, from the rotation between frames.",
        "Trends are slopes against ln(mass factor): falls or rises where the 95 % interval leaves zero out.",
    ]
