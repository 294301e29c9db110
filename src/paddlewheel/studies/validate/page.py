"""The report of `validate`: both potentials side by side in every figure and table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import ABSENT, enumeration, interval, kelvin, measured, percent, plain
from paddlewheel.page.page import Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside, Columns
from paddlewheel.studies.validate import figures as draw
from paddlewheel.studies.validate.record import ErrorResult, Gate, ValidationRecord

_BADGES = {"pass": "ok", "fail": "broken", "not-run": "too-short"}
_UNITS = {"1/cm": "cm⁻¹", "eV/A": "eV/Å"}
_QUANTITIES = {"energy": "Energy", "force": "Force", "stress": "Stress"}


def figures(record: ValidationRecord, beside: Beside) -> Figures:
    """Each figure with its text alternative, by name."""
    curves = {name: beside.columns(file) for name, file in record.curves.items()}

    def by_phase(prefix: str) -> dict[str, Columns]:
        return {
            phase.name: curves[f"{prefix}-{phase.name}"]
            for phase in record.phases
            if f"{prefix}-{phase.name}" in curves
        }

    drawn: dict[str, Any] = {}
    if "parity-energy" in curves:
        drawn["parity"] = (
            draw.parity_figure(curves["parity-energy"], curves["parity-force"], record.errors),
            "Energies and force components of the candidate against the labels.",
        )
    for name, what, figure in (
        ("eos", "Energy against volume", draw.state_figure),
        ("phonons", "Phonon density of states", draw.phonon_figure),
    ):
        found = by_phase(name)
        if found:
            drawn[name] = figure(found), f"{what} of {enumeration(found)}, both potentials."
    for phase, columns in by_phase("radial").items():
        drawn[f"radial-{phase}"] = draw.radial_figure(columns), f"g(r) of each pair in {phase}, both potentials."
    for phase, columns in by_phase("spectrum").items():
        drawn[f"spectrum-{phase}"] = (
            draw.spectrum_figure(columns, highest_per_cm=_highest(columns)),
            f"Vibrational spectra of the anions of {phase}, both potentials.",
        )
    msd = _msd(record, curves)
    if msd:
        drawn["diffusion"] = (
            draw.diffusion_figure(msd, record.diffusion),
            "Mean squared displacement and diffusivity, both potentials.",
        )
    return drawn


def _highest(columns: Columns) -> float:
    """Where the last hundredth of the reference's power begins, and a quarter more."""
    x = columns["wavenumber_per_cm"]
    last = 0.0
    for name, power in columns.items():
        if name.endswith("_reference") and power.sum() > 0:
            last = max(last, float(x[np.searchsorted(np.cumsum(power), 0.99 * power.sum())]))
    return 1.25 * last


def _msd(record: ValidationRecord, curves: dict[str, Columns]) -> dict[float, dict[str, Columns]]:
    found: dict[float, dict[str, Columns]] = {}
    for row in record.diffusion:
        name = f"msd-{row.temperature_K:g}K-{row.potential}"
        if name in curves:
            found.setdefault(row.temperature_K, {})[row.potential] = curves[name]
    return found


def page(record: ValidationRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    phases = ", ".join(f"{phase.name} ({phase.n_atoms} atoms)" for phase in record.phases)
    judged = any(gate.verdict == "pass" for gate in record.gates)
    return Page(
        eyebrow="two potentials side by side",
        title=f"{record.candidate} against {record.reference}",
        facts=[("Candidate", record.candidate), ("Reference", record.reference), ("Phases", phases or "none")],
        headline=_headline(record),
        tone="good" if record.passed and judged else "none",
        tables=[_gate_table(record.gates)],
        warnings=record.warnings,
        sections=[section for section in _sections(record, drawings) if not section.is_empty],
        citations=record.citations,
        provenance=record.provenance,
        footer="Numbers are value ± standard uncertainty (68 %). The same numbers, unrounded, are in result.json, the "
        "curves in curves/.",
    )


def _sections(record: ValidationRecord, drawings: dict[str, Drawing]) -> list[Section]:
    def of(prefix: str) -> list[tuple[Drawing, str]]:
        return [
            (drawing, drawing.alt)
            for name, drawing in drawings.items()
            if name == prefix or name.startswith(f"{prefix}-")
        ]

    set_note = _set_note(record)
    return [
        Section(id="set", title="Errors on the set", paragraphs=[set_note] if set_note else [], drawings=of("parity"),
                tables=_error_tables(record.errors)),
        Section(id="eos", title="Equation of state", paragraphs=["Each curve from its own minimum."],
                drawings=of("eos"), tables=[_state_table(record)]),
        Section(id="lattice", title="Lattice and density", tables=[_lattice_table(record)]),
        Section(
            id="phonons", title="Phonons",
            paragraphs=["Density of states of the unit cell, each mode widened by 10 cm⁻¹; imaginary modes are "
                        "negative."],
            drawings=of("phonons"), tables=[_phonon_table(record)],
        ),
        Section(id="radial", title="Radial distributions", drawings=of("radial"), tables=[_radial_table(record)]),
        Section(
            id="spectra", title="Vibrational spectra",
            paragraphs=["Power of the velocities of the anions' atoms. With a time step of 1 fs a B–H stretch stands "
                        "0.9 % too high, in both potentials."],
            drawings=of("spectrum"), tables=[_band_table(record)],
        ),
        Section(id="diffusion", title="Diffusion", drawings=of("diffusion"), tables=[_diffusion_table(record)]),
        Section(id="bonds", title="Polyanions", tables=[_bond_table(record)]),
    ]  # fmt: skip


def _headline(record: ValidationRecord) -> str:
    verdicts = [gate.verdict for gate in record.gates]
    failed, passed, left = (verdicts.count(word) for word in ("fail", "pass", "not-run"))
    if not failed and not passed:
        return "Nothing was compared"
    judged = failed + passed
    first = f"{failed} of {judged} gates failed" if failed else f"All {judged} gates passed"
    return f"{first}; {left} not run" if left else first


def _set_note(record: ValidationRecord) -> str:
    if record.compared_set is None:
        return ""
    compared = record.compared_set
    functional = f" ({compared.functional})" if compared.functional else ""
    return f"{compared.n_frames} frames, {compared.name}; labels of {compared.labels}{functional}."


def _gate_table(gates: Sequence[Gate]) -> Table:
    """Every gate, what failed first."""
    order = {"fail": 0, "not-run": 2, "pass": 1}
    table = Table(
        "Gates: what failed first",
        [("Gate", ""), ("Phase", ""), ("T", "K"), ("Verdict", ""), ("Measured", ""), ("Limit", ""), ("About it", "")],
    )
    for gate in sorted(gates, key=lambda gate: order[gate.verdict]):
        unit = _UNITS.get(gate.unit, gate.unit)
        table.rows.append(
            [
                Cell(gate.subject),
                Cell(gate.phase or ABSENT),
                Cell(ABSENT if gate.temperature_K is None else f"{gate.temperature_K:g}"),
                Cell(gate.verdict.replace("-", " "), None, _BADGES[gate.verdict]),
                Cell(f"{_exact(gate.measured)} {unit}".strip()),
                Cell(f"{_exact(gate.limit)} {unit}".strip()),
                Cell(gate.detail),
            ]
        )
    return table


def _error_tables(rows: Sequence[ErrorResult]) -> list[Table]:
    """Errors by quantity and phase: the candidate, and the reference where the labels are not its own."""
    tables = []
    for role in dict.fromkeys(row.potential for row in rows):
        table = Table(
            f"Errors of the {role} against the labels",
            [
                ("Quantity", ""), ("Phase", ""), ("Element", ""), ("Numbers", ""), ("Mean absolute", ""),
                ("Root mean square", ""), ("Largest", ""), ("Mean signed", ""), ("Unit", ""),
            ],
        )  # fmt: skip
        for row in sorted((row for row in rows if row.potential == role), key=_by_quantity):
            table.rows.append(
                [
                    Cell(_QUANTITIES[row.quantity]),
                    Cell(row.group),
                    Cell(row.element or "all"),
                    Cell(str(row.n)),
                    *(Cell(_exact(value)) for value in (row.mae, row.rmse, row.largest, row.bias)),
                    Cell(_UNITS.get(row.unit, row.unit)),
                ]
            )
        tables.append(table)
    return tables


def _state_table(record: ValidationRecord) -> Table | None:
    """Equations of state; None where there are none."""
    if not record.equations_of_state:
        return None
    table = Table(
        "Equation of state at 0 K (Birch–Murnaghan, third order)",
        [
            ("Phase", ""), ("Potential", ""), ("Volume", "Å³/atom"), ("Bulk modulus", "GPa"), ("Its derivative", ""),
            ("Misfit", "meV/atom"), ("Relaxed a, b, c", "Å"), ("α, β, γ", "°"),
        ],
    )  # fmt: skip
    for row in record.equations_of_state:
        cell = row.relaxed_cell_A_deg
        table.rows.append(
            [
                Cell(row.phase),
                Cell(row.potential, row.reason),
                Cell(plain(row.volume_A3_per_atom, 5)),
                Cell(plain(row.bulk_modulus_GPa, 4)),
                Cell(plain(row.bulk_modulus_derivative, 3)),
                Cell(plain(row.rms_misfit_meV_per_atom, 2)),
                Cell(", ".join(f"{value:.3f}" for value in cell[:3]) if cell else ABSENT),
                Cell(", ".join(f"{value:.2f}" for value in cell[3:]) if cell else ABSENT),
            ]
        )
    return table


def _lattice_table(record: ValidationRecord) -> Table | None:
    """Lattice parameters and density in NPT; None where there was none."""
    if not record.lattices:
        return None
    table = Table(
        "NPT: lattice parameters of the unit cell and density (± from ten blocks of the run)",
        [
            ("Phase", ""), ("T", "K"), ("Potential", ""), ("Run", "ps"), ("a", "Å"), ("b", "Å"), ("c", "Å"), ("α", "°"),
            ("β", "°"), ("γ", "°"), ("Density", "g/cm³"),
        ],
    )  # fmt: skip
    for row in sorted(record.lattices, key=lambda row: (row.phase, row.temperature_K, row.potential != "reference")):
        values = (row.a_A, row.b_A, row.c_A, row.alpha_deg, row.beta_deg, row.gamma_deg, row.density_g_per_cm3)
        table.rows.append(
            [
                Cell(row.phase),
                Cell(f"{row.temperature_K:g}"),
                Cell(row.potential, row.reason),
                Cell(f"{row.production_ps:g}"),
                *(Cell(measured(value)) for value in values),
            ]
        )
    return table


def _phonon_table(record: ValidationRecord) -> Table | None:
    """How far the phonons are apart; None where there are none."""
    if not record.phonons:
        return None
    table = Table(
        "Phonons, each potential at its own minimum",
        [
            ("Phase", ""), ("Mean shift", "cm⁻¹"), ("Modes elsewhere", ""), ("Imaginary, reference", ""),
            ("Imaginary, candidate", ""), ("Lowest, reference", "cm⁻¹"), ("Lowest, candidate", "cm⁻¹"),
        ],
    )  # fmt: skip
    for row in record.phonons:
        table.rows.append(
            [
                Cell(row.phase),
                Cell(_exact(row.shift_per_cm), row.reason),
                Cell(percent(row.share_elsewhere)),
                Cell(percent(row.imaginary_share_reference)),
                Cell(percent(row.imaginary_share_candidate)),
                Cell(plain(row.lowest_reference_per_cm)),
                Cell(plain(row.lowest_candidate_per_cm)),
            ]
        )
    return table


def _radial_table(record: ValidationRecord) -> Table | None:
    """Differences of g(r) by pair; None where there are none."""
    if not record.radial:
        return None
    table = Table(
        "g(r): share of the neighbours that are at other distances",
        [("Phase", ""), ("T", "K"), ("Pair", ""), ("Candidate", "%"), ("Halves of the reference", "%")],
    )
    for row in record.radial:
        table.rows.append(
            [
                Cell(row.phase),
                Cell(f"{row.temperature_K:g}"),
                Cell(row.pair.replace("-", "–")),
                Cell(_exact(100 * row.difference)),
                Cell(_exact(100 * row.noise)),
            ]
        )
    return table


def _band_table(record: ValidationRecord) -> Table | None:
    """Bands of the vibrational spectra; None where there are none."""
    if not record.bands:
        return None
    table = Table(
        "Vibrational bands",
        [
            ("Phase", ""), ("T", "K"), ("Band", ""), ("Element", ""), ("Peak, reference", "cm⁻¹"),
            ("Peak, candidate", "cm⁻¹"), ("Centre, reference", "cm⁻¹"), ("Centre, candidate", "cm⁻¹"),
        ],
    )  # fmt: skip
    for row in record.bands:
        numbers = (
            row.reference_peak_per_cm, row.candidate_peak_per_cm, row.reference_centre_per_cm,
            row.candidate_centre_per_cm,
        )  # fmt: skip
        table.rows.append(
            [
                Cell(row.phase),
                Cell(f"{row.temperature_K:g}"),
                Cell(row.band),
                Cell(row.element),
                *(Cell(f"{value:.0f}") for value in numbers),
            ]
        )
    return table


def _diffusion_table(record: ValidationRecord) -> Table | None:
    """Diffusivities; None where there are none."""
    if not record.diffusion:
        return None
    table = Table(
        f"Diffusivity of {record.diffusion[0].specie} in {record.diffusion[0].phase}",
        [("T", "K"), ("Potential", ""), ("Status", ""), ("Run", "ps"), ("D", "cm²/s"), ("95 %", "cm²/s"), ("From", "")],
    )
    for row in record.diffusion:
        bound = None if row.upper_bound_95_cm2_per_s is None else f"under {plain(row.upper_bound_95_cm2_per_s)}"
        table.rows.append(
            [
                Cell(f"{row.temperature_K:g}"),
                Cell(row.potential),
                Cell(row.status, row.reason, row.status),
                Cell(f"{row.production_ps:.4g}"),
                Cell(measured(row.diffusivity_cm2_per_s)),
                Cell(interval(row.diffusivity_95_cm2_per_s) if row.diffusivity_95_cm2_per_s else bound or ABSENT),
                Cell(row.source.rsplit("/", 1)[-1]),
            ]
        )
    return table


def _bond_table(record: ValidationRecord) -> Table | None:
    """Bonds of the polyanions in the candidate's runs; None where there were none."""
    if not record.bonds:
        return None
    table = Table(
        "Bonds inside the polyanions, in every run of the candidate",
        [("Phase", ""), ("Run", ""), ("T", ""), ("Length", "ps"), ("Bonds", "")],
    )
    words = {"ok": "hold", "warning": "opened for a moment"}
    for row in record.bonds:
        table.rows.append(
            [
                Cell(row.phase),
                Cell(row.part),
                Cell(kelvin(row.temperature_K)),
                Cell(f"{row.production_ps:g}"),
                Cell(words.get(row.status, row.status), row.detail, row.status),
            ]
        )
    return table


def _by_quantity(row: ErrorResult) -> tuple[int, bool, str, bool, str]:
    place = list(_QUANTITIES).index(row.quantity)
    return place, row.group != "all", row.group, row.element is not None, row.element or ""


def _exact(value: float | None) -> str:
    """Zero is said as such: equal potentials give it."""
    return "0" if value == 0 else plain(value)
