"""Tables of a `rotor` report."""

from __future__ import annotations

from paddlewheel.page.numbers import ABSENT, interval, kelvin, measured, percent, plain
from paddlewheel.page.tables import Cell, Table
from paddlewheel.studies.conduct.naming import STATUS_WORDS
from paddlewheel.studies.rotor.record import (
    RotorComparison,
    RotorPoint,
    RotorRecord,
    RotorTemperature,
    RotorTrend,
    TrendQuantity,
)

QUANTITY_NAMES: dict[TrendQuantity, str] = {
    "conductivity_300K": "ln tracer σ at 300 K",
    "conductivity_simulated": "ln tracer σ where simulated",
    "activation_energy": "Eₐ (eV)",
    "active_fraction": "active fraction",
    "rotation": "ln angular velocity",
}
_QUANTITIES = {"density_g_per_cm3": "density (g/cm³)", "potential_energy_eV_per_atom": "potential energy (eV/atom)"}
_BADGES = {"ok": "ok", "no-fit": "not-diffusive", "broken": "broken"}
_BESIDE = [("Paper", ""), ("Beside it", "")]


def point_table(record: RotorRecord) -> Table:
    """One row a point."""
    table = Table(
        f"Points (active and angular velocity at {kelvin(record.reference_temperature_K)})",
        [("Anion", ""), ("Mass factor", ""), ("Status", ""), ("Tracer σ at 300 K", "mS/cm"),
         ("Collective σ at 300 K", "mS/cm"), ("Eₐ", "eV"), ("Active", ""),
         ("Angular velocity", "rad/ps")],
    )  # fmt: skip
    for point in record.points:
        factor = point.run if point.mass_factor is None else f"{point.mass_factor:g}"
        table.rows.append(
            [
                Cell(point.anion),
                Cell(factor),
                Cell(point.status, point.reason, _BADGES[point.status]),
                Cell(measured(point.conductivity_300K_mS_per_cm), _ends(point.conductivity_300K_95_mS_per_cm)),
                Cell(*_collective(point)),
                Cell(measured(point.activation_energy_eV), _ends(point.activation_energy_95_eV)),
                Cell(measured(point.active_fraction)),
                Cell(measured(point.rotation_rad_per_ps)),
            ]
        )
    return table


def _collective(point: RotorPoint) -> tuple[str, str | None]:
    found = point.collective_300K
    if found is None:
        return ABSENT, None
    how = "" if found.how == "own line" else "; over the Haven ratio"
    return measured(found.conductivity_300K_mS_per_cm), f"{_ends(found.conductivity_300K_95_mS_per_cm)}{how}"


def trend_table(record: RotorRecord) -> Table | None:
    """Slopes against ln(mass factor) beside the paper's trends; None where there are none."""
    if not record.trends:
        return None
    table = Table(
        "Trends: slope against ln(mass factor), beside the paper's",
        [("Anion", ""), ("Quantity", ""), ("Slope", ""), ("95 %", ""), ("Verdict", ""), *_BESIDE],
    )
    for row in record.trends:
        expected = None if row.expected_slope is None else f"equipartition: {plain(row.expected_slope, 2)}"
        table.rows.append(
            [Cell(row.anion), Cell(QUANTITY_NAMES[row.quantity], f"{row.n_points} values"),
             Cell(measured(row.slope), expected), Cell(interval(row.interval_95)), Cell(row.verdict), *_beside(row)]
        )  # fmt: skip
    return table


def comparison_table(record: RotorRecord) -> Table | None:
    """Differences of slopes between anions; None where there are none."""
    if not record.comparisons:
        return None
    table = Table(
        "Which anion matters more: difference of slopes",
        [("Anions", ""), ("Quantity", ""), ("Difference", ""), ("95 %", ""), ("Verdict", ""), *_BESIDE],
    )  # fmt: skip
    for row in record.comparisons:
        table.rows.append(
            [Cell(f"{row.first} − {row.second}"), Cell(QUANTITY_NAMES[row.quantity]), Cell(measured(row.difference)),
             Cell(interval(row.interval_95)), Cell(row.verdict), *_beside(row)]
        )  # fmt: skip
    return table


def temperature_table(record: RotorRecord) -> Table:
    """Every run at every temperature."""
    table = Table(
        "Runs",
        [("Masses", ""), ("T", "K"), ("Status", ""), ("Tracer σ", "mS/cm"), ("D", "cm²/s"), ("Active", ""),
         ("Density", "g/cm³"), ("Potential energy", "eV/atom")],
    )  # fmt: skip
    for run in record.runs:
        for row in run.temperatures:
            bound = row.conductivity_upper_bound_95_mS_per_cm
            table.rows.append(
                [
                    Cell(run.name),
                    Cell(f"{row.temperature_K:g}", _ran(row)),
                    Cell(STATUS_WORDS[row.status], row.reason, row.status),
                    Cell(
                        measured(row.conductivity_mS_per_cm), f"< {plain(bound)} (95 %)" if bound is not None else None
                    ),
                    Cell(measured(row.diffusivity_cm2_per_s)),
                    Cell(measured(row.active_fraction)),
                    Cell(measured(row.density_g_per_cm3)),
                    Cell(measured(row.potential_energy_eV_per_atom)),
                ]
            )
    return table


def _ran(row: RotorTemperature) -> str | None:
    """The temperature of runs without a thermostat."""
    return None if row.temperature_ran_K is None else f"ran at {row.temperature_ran_K:.1f} K"


def rotation_table(record: RotorRecord) -> Table | None:
    """How fast each anion turns in each run; None where no anion is a rigid body."""
    table = Table(
        "Rotation of the anions",
        [
            ("Masses", ""),
            ("T", "K"),
            ("Anion", ""),
            ("Rms angular velocity", "rad/ps"),
            ("Chord speed, eq. 5", "1/ps"),
            ("Rotational T", "K"),
        ],
    )
    for run in record.runs:
        for row in run.temperatures:
            for turning in row.rotation:
                table.rows.append(
                    [Cell(run.name), Cell(f"{row.temperature_K:g}"), Cell(turning.anion),
                     Cell(measured(turning.rms_angular_velocity_rad_per_ps)),
                     Cell(measured(turning.chord_speed_per_ps)), Cell(measured(turning.rotational_temperature_K))]
                )  # fmt: skip
    return table if table.rows else None


def equilibrium_table(record: RotorRecord) -> Table | None:
    """Equilibrium averages over all masses; None where only one run is sane."""
    if not record.equilibrium:
        return None
    table = Table(
        "Averages over the choices of masses",
        [("Quantity", ""), ("T", "K"), ("Runs", ""), ("Mean", ""), ("Largest difference", ""), ("χ²/dof", ""),
         ("Chance", ""), ("Agree", "")],
    )  # fmt: skip
    for row in record.equilibrium:
        table.rows.append(
            [Cell(_QUANTITIES[row.quantity]), Cell(f"{row.temperature_K:g}"), Cell(str(row.n_runs)),
             Cell(plain(row.mean, 5)), Cell(plain(row.largest_difference, 2)), Cell(plain(row.chi2_per_dof, 2)),
             Cell(percent(row.probability)), Cell(*(("yes", None, "ok") if row.agrees else ("no", None, "warning")))]
        )  # fmt: skip
    return table


def _beside(row: RotorTrend | RotorComparison) -> list[Cell]:
    return [Cell(row.paper or ABSENT), Cell(row.beside_paper or ABSENT)]


def _ends(ends: tuple[float, float] | None) -> str | None:
    return None if ends is None else f"95 %: {interval(ends)}"
