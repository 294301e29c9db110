"""What a `rotor` record says, in a few lines and as an exit status."""

from __future__ import annotations

from paddlewheel.records import Measured
from paddlewheel.studies.rotor.record import (
    RotorPoint,
    RotorRecord,
    TrendQuantity,
)

QUANTITY_WORDS: dict[TrendQuantity, str] = {
    "conductivity_300K": "sigma(300 K)",
    "conductivity_simulated": "sigma where simulated",
    "activation_energy": "Ea",
    "active_fraction": "active fraction",
    "rotation": "angular velocity",
}


def exit_status(record: RotorRecord) -> int:
    """0, or 1 where no point is determined."""
    return 0 if any(point.status == "ok" for point in record.points) else 1


def verdict_lines(record: RotorRecord) -> list[str]:
    """The trends first, then one line a point, then the warnings."""
    lines = [f"{record.structure}, {record.specie}: heavier anions, per factor e in mass"]
    for row in record.trends:
        line = f"  {row.anion}: {QUANTITY_WORDS[row.quantity]} {row.verdict} ({_measured(row.slope)})"
        lines.append(line + (f"; paper: {row.paper} ({row.beside_paper})" if row.paper else ""))
    for row in record.comparisons:
        line = f"  {row.first} against {row.second}: {QUANTITY_WORDS[row.quantity]} {row.verdict}"
        lines.append(line + (f"; paper: {row.paper} ({row.beside_paper})" if row.paper else ""))
    lines += [_point_line(point, record) for point in record.points]
    return lines + [f"  warning: {warning}" for warning in record.warnings]


def _point_line(point: RotorPoint, record: RotorRecord) -> str:
    factor = point.run if point.mass_factor is None else f"{point.anion} x {point.mass_factor:g}"
    if point.status != "ok":
        return f"  {factor}: {point.status} ({point.reason})"
    parts = [f"sigma(300 K) = {_measured(point.conductivity_300K_mS_per_cm)} mS/cm",
             f"Ea = {_measured(point.activation_energy_eV)} eV"]  # fmt: skip
    if point.active_fraction is not None:
        parts.append(f"active {_measured(point.active_fraction)} at {record.reference_temperature_K:g} K")
    if point.rotation_rad_per_ps is not None:
        parts.append(f"{_measured(point.rotation_rad_per_ps)} rad/ps")
    return f"  {factor}: {', '.join(parts)}"


def _measured(quantity: Measured | None) -> str:
    return "unknown" if quantity is None else f"{quantity.value:.3g} +- {quantity.std:.2g}"
