"""What a record says, in a few lines and as an exit status."""

from __future__ import annotations

from paddlewheel.records import Measured
from paddlewheel.studies.conduct.record import ConductivityRecord


def exit_status(record: ConductivityRecord) -> int:
    """0, or 1 where every run is broken."""
    return 1 if all(row.status == "broken" for row in record.temperatures) else 0


def print_verdict(record: ConductivityRecord) -> None:
    """Print the verdict, the temperatures and the warnings on stdout."""
    for line in verdict_lines(record):
        print(line)


def verdict_lines(record: ConductivityRecord) -> list[str]:
    """The verdict first, then one line a temperature, then the warnings."""
    lines = [_headline(record)]
    for row in record.temperatures:
        line = f"  {row.temperature_K:g} K  {row.status}"
        if row.diffusivity_cm2_per_s is not None:
            line += f"  D = {_measured(row.diffusivity_cm2_per_s)} cm2/s"
        if row.conductivity_mS_per_cm is not None:
            line += f"  sigma = {_measured(row.conductivity_mS_per_cm)} mS/cm"
        elif row.conductivity_upper_bound_95_mS_per_cm is not None:
            line += f"  sigma < {row.conductivity_upper_bound_95_mS_per_cm:.3g} mS/cm (95 %)"
        if row.reason:
            line += f"  ({row.reason})"
        lines.append(line)
    return lines + [f"  warning: {warning}" for warning in record.warnings]


def _headline(record: ConductivityRecord) -> str:
    fit = record.arrhenius
    who = f"{record.structure}, {record.specie}"
    if fit is None:
        return f"{who}: no Arrhenius fit asked for"
    sigma, energy = fit.conductivity_300K_mS_per_cm, fit.activation_energy_eV
    if sigma is None or energy is None or fit.conductivity_300K_95_mS_per_cm is None:
        return f"{who}: no conductivity at 300 K: {fit.refused}"
    low, high = fit.conductivity_300K_95_mS_per_cm
    # a log-normal interval this wide is not symmetric: +- would reach below zero
    value = _measured(sigma) if sigma.std < 0.3 * sigma.value else f"{sigma.value:.2g}"
    used = ", ".join(f"{value:g}" for value in fit.temperatures_used_K)
    return (
        f"{who}: sigma(300 K) = {value} mS/cm (95 %: {low:.3g} to {high:.3g}), "
        f"Ea = {energy.value:.3f} +- {energy.std:.3f} eV, from {used} K"
    )


def _measured(quantity: Measured) -> str:
    return f"{quantity.value:.3g} +- {quantity.std:.2g}"
