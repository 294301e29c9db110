"""The tables of a validation report; both potentials stand side by side in each."""

from __future__ import annotations

from collections.abc import Sequence

from paddlewheel.page.numbers import (
    ABSENT,
    interval,
    kelvin,
    measured,
    percent,
    plain,
)
from paddlewheel.page.tables import (
    Cell,
    Table,
)
from paddlewheel.studies.validate.record import (
    ErrorResult,
    Gate,
    ValidationRecord,
)

_BADGES = {"pass": "ok", "fail": "broken", "not-run": "too-short"}
_UNITS = {"1/cm": "cm⁻¹", "eV/A": "eV/Å"}
_QUANTITIES = {"energy": "Energy", "force": "Force", "stress": "Stress"}


def gate_table(gates: Sequence[Gate]) -> Table:
    """Every gate, what failed first."""
    order = {"fail": 0, "not-run": 2, "pass": 1}
    table = Table(
        "Gates: what failed first",
        [("Gate", ""), ("Phase", ""), ("T", "K"), ("Verdict", ""), ("Measured", ""), ("Limit", ""), ("About it", "")],
    )
    for gate in sorted(gates, key=lambda one: order[one.verdict]):
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


def error_tables(rows: Sequence[ErrorResult]) -> list[Table]:
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
        for row in sorted((one for one in rows if one.potential == role), key=_by_quantity):
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


def state_table(record: ValidationRecord) -> Table | None:
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


def lattice_table(record: ValidationRecord) -> Table | None:
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
    for row in sorted(record.lattices, key=lambda one: (one.phase, one.temperature_K, one.potential != "reference")):
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


def phonon_table(record: ValidationRecord) -> Table | None:
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


def radial_table(record: ValidationRecord) -> Table | None:
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


def band_table(record: ValidationRecord) -> Table | None:
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


def diffusion_table(record: ValidationRecord) -> Table | None:
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


def bond_table(record: ValidationRecord) -> Table | None:
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
