"""Are runs that were given at one temperature in one state? Held by their potential energies and densities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.studies.motion.record import EquilibriumCheck
from paddlewheel.transport.equal_means import homogeneity, time_average
from paddlewheel.units import U_PER_A3_IN_G_PER_CM3, BOLTZMANN_eV_PER_K

LEVEL = 0.001
"""Chance under which means are not taken for equal: how often runs that are equal are told to differ."""
_SAME_TEMPERATURE = 0.02
"""Of the temperature: what that explains is not told, as thermostats are allowed it."""
_SAME_DENSITY = 0.002
"""What that makes of the density at a usual thermal expansion (1e-4 / K in volume at some 1000 K)."""
_SAME_FIXED_DENSITY = 0.01
"""For cells that are fixed, whose averages have no error: how well a constant-pressure run before is known."""
FIXED_VOLUME = 1e-6
"""Relative change of a volume that is none: rounding of a cell's numbers."""
_WORDS = {
    "potential_energy_eV_per_atom": ("potential energies", "eV/atom"),
    "density_g_per_cm3": ("densities", "g/cm3"),
}
_EXPLAIN = "not one state at one temperature: another temperature, phase, order or potential, or no equilibrium"
_EXPLAIN_CELLS = "they are of differently ordered cells, whose states differ, or not all are in equilibrium"


@dataclass(frozen=True, kw_only=True)
class StateSeries:
    """What tells the state of one run, frame by frame: volumes `[n]`, A^3, and potential energies `[n]`, eV, of the
    whole cell, None where they are not known."""

    volumes_A3: np.ndarray
    energies_eV: np.ndarray | None = None


def equilibrium_checks(
    runs: Sequence[StateSeries], *, temperature_K: float, n_atoms: int, mass_u: float
) -> list[EquilibriumCheck]:
    """Whether the runs at one temperature have one density and one potential energy; none for a single run.

    Time averages are compared by Welch's test at the level 0.001, with the correlation in time in their errors
    (`transport.equal_means`). Differences that 2 % of the temperature explain (3/2 k an atom; 0.2 % of the density)
    are none. Densities of fixed cells have no error: they differ beyond 1 %.
    """
    if len(runs) < 2:
        return []
    densities = [mass_u * U_PER_A3_IN_G_PER_CM3 / run.volumes_A3 for run in runs]
    if all(np.ptp(values) <= FIXED_VOLUME * values[0] for values in densities):
        checks = [_of_fixed_cells(temperature_K, [float(values[0]) for values in densities])]
    else:
        tolerated = _SAME_DENSITY * float(densities[0].mean())
        by_density = _compared("density_g_per_cm3", temperature_K, densities, tolerated=tolerated)
        checks = [by_density] if by_density else []
    energies = [run.energies_eV / n_atoms for run in runs if run.energies_eV is not None]
    if len(energies) == len(runs):
        tolerated = 1.5 * BOLTZMANN_eV_PER_K * _SAME_TEMPERATURE * temperature_K
        by_energy = _compared("potential_energy_eV_per_atom", temperature_K, energies, tolerated=tolerated)
        checks += [by_energy] if by_energy else []
    return checks


def disagreements(checks: Sequence[EquilibriumCheck], *, one_cell: bool = True) -> list[str]:
    """What has to be said of checks of runs at one temperature, which began from one cell or from several."""
    return [_told(check, _EXPLAIN if one_cell else _EXPLAIN_CELLS) for check in checks if not check.agrees]


def _told(check: EquilibriumCheck, explain: str) -> str:
    what, unit = _WORDS[check.quantity]
    chance = "" if check.probability is None else f" (chance {check.probability:.1g} if they were one)"
    return (
        f"the {what} of the {check.n_runs} runs given at {check.temperature_K:g} K differ by up to "
        f"{check.largest_difference:.2g} {unit}{chance}: {explain}"
    )


def _compared(
    quantity: Literal["density_g_per_cm3", "potential_energy_eV_per_atom"],
    temperature_K: float,
    series: Sequence[np.ndarray],
    *,
    tolerated: float,
) -> EquilibriumCheck | None:
    """None where a run does not tell the error of its average."""
    averages = [average for values in series if (average := time_average(values)) is not None]
    if len(averages) < len(series):
        return None
    found = homogeneity(averages)
    means = [average.mean for average in averages]
    difference = max(means) - min(means)
    return EquilibriumCheck(
        quantity=quantity,
        temperature_K=temperature_K,
        n_runs=len(series),
        mean=found.mean,
        largest_difference=difference,
        chi2_per_dof=found.chi2_per_dof,
        probability=found.probability,
        agrees=found.probability >= LEVEL or difference <= tolerated,
    )


def _of_fixed_cells(temperature_K: float, densities: Sequence[float]) -> EquilibriumCheck:
    mean, difference = float(np.mean(densities)), max(densities) - min(densities)
    return EquilibriumCheck(
        quantity="density_g_per_cm3",
        temperature_K=temperature_K,
        n_runs=len(densities),
        mean=mean,
        largest_difference=difference,
        chi2_per_dof=None,
        probability=None,
        agrees=difference <= _SAME_FIXED_DENSITY * mean,
    )
