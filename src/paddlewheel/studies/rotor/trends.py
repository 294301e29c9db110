"""What a grid of masses says: trends against ln(mass factor), anions compared, and equilibrium averages that agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import TemperatureStatus
from paddlewheel.studies.motion.agreement import LEVEL
from paddlewheel.studies.motion.record import EquilibriumCheck
from paddlewheel.studies.rotor.record import (
    RotorComparison,
    RotorPoint,
    RotorRun,
    RotorTrend,
    TrendQuantity,
)
from paddlewheel.transport import Trend, direction, fit_trend, slope_difference

_NORMAL_95 = 1.959964

PAPER: Mapping[TrendQuantity, str] = {
    "conductivity_300K": "falls",
    "conductivity_simulated": "falls",
    "activation_energy": "almost no change",
    "active_fraction": "falls",
    "rotation": "falls",
}
"""Oh et al., doi 10.1016/j.joule.2025.102130, figures 3c, S8 and S9, for o-NBH: the text gives no numbers."""
PAPER_ANIONS = {"BH4", "B12H12"}
PAPER_STRONGER = "B12H12"
"""... of whose mass the conductivity and the active fraction depend more than of that of BH4."""
ROTATION_SLOPE = -0.5
"""Equipartition: the rms angular velocity goes as the root of temperature over moment of inertia."""


_FIELDS = {
    "conductivity_300K": "conductivity_300K_mS_per_cm",
    "activation_energy": "activation_energy_eV",
    "active_fraction": "active_fraction",
    "rotation": "rotation_rad_per_ps",
}


@dataclass(frozen=True)
class _Series:
    """Points of one trend: ln(mass factor), value, error, group, and the run (and group) each is read from."""

    x: list[float]
    y: list[float]
    std: list[float]
    group: list[float]
    key: list[tuple[str, float]]


def trends(
    points: Sequence[RotorPoint],
    runs: Mapping[str, RotorRun],
    *,
    entering: Sequence[TemperatureStatus],
    of_paper: bool,
) -> tuple[list[RotorTrend], list[RotorComparison]]:
    """The trends of every anion with at least two factors, and the differences between single anions.

    `entering` are the statuses of temperatures whose conductivity counts; `of_paper` says that the anions are those of
    the paper, whose trends then stand beside.
    """
    rows, comparisons = [], []
    for quantity in PAPER:
        found: dict[str, tuple[Trend, _Series]] = {}
        for anion in dict.fromkeys(point.anion for point in points):
            members = [point for point in points if point.anion == anion and point.mass_factor is not None]
            series = _series(quantity, members, runs, entering)
            try:
                found[anion] = fit_trend(series.x, series.y, series.std, groups=series.group), series
            except InputError:  # fewer than two factors are measured: there is no trend to report
                continue
            rows.append(_trend_row(anion, quantity, found[anion][0], of_paper=of_paper))
        single = [anion for anion in found if anion != "all" and "+" not in anion]
        comparisons += [
            _comparison(quantity, first, second, found)
            for i, first in enumerate(single)
            for second in single[i + 1 :]
            if quantity != "rotation"  # each anion's own rotation: nothing to compare
        ]
    return rows, comparisons


def equilibrium_checks(runs: Sequence[RotorRun], *, ensemble: str) -> list[EquilibriumCheck]:
    """Whether the averages that masses cannot move agree over the runs, at each temperature."""
    quantities: list[Literal["density_g_per_cm3", "potential_energy_eV_per_atom"]] = ["potential_energy_eV_per_atom"]
    if ensemble == "npt":
        quantities.insert(0, "density_g_per_cm3")
    temperatures = sorted({row.temperature_K for run in runs for row in run.temperatures})
    checks = []
    for quantity in quantities:
        for temperature in temperatures:
            rows = [row for run in runs for row in run.temperatures if row.temperature_K == temperature]
            values = [value for row in rows if (value := getattr(row, quantity)) is not None and value.std > 0]
            if len(values) > 1:
                checks.append(_homogeneity(quantity, temperature, values))
    return checks


LARGEST_SPREAD = 0.01
"""Of the temperatures of compared runs without a thermostat: 1 % is 5 % of a conductivity (0.3 eV at 700 K)."""


def free_run_notes(runs: Sequence[RotorRun]) -> list[str]:
    """Of NVE: which temperatures the masses do not share, so that conductivities and averages differ for that too."""
    ran: dict[float, list[float]] = {}
    for row in (row for run in runs for row in run.temperatures):
        if row.temperature_ran_K is not None:
            ran.setdefault(row.temperature_K, []).append(row.temperature_ran_K)
    return [
        f"nve at {asked:g} K ran at {min(found):.0f} to {max(found):.0f} K with the different masses: what is compared "
        "at one temperature differs for that too; nvt holds it"
        for asked, found in sorted(ran.items())
        if max(found) - min(found) > LARGEST_SPREAD * asked
    ]


def _homogeneity(
    quantity: Literal["density_g_per_cm3", "potential_energy_eV_per_atom"],
    temperature_K: float,
    values: Sequence[Measured],
) -> EquilibriumCheck:
    from scipy.special import chdtrc

    value, std = np.array([(each.value, each.std) for each in values]).T
    mean = float(np.average(value, weights=std**-2))
    freedom = len(values) - 1
    chi2 = float(np.sum(((value - mean) / std) ** 2))
    probability = float(chdtrc(freedom, chi2))
    return EquilibriumCheck(
        quantity=quantity, temperature_K=temperature_K, n_runs=len(values), mean=mean,
        largest_difference=float(value.max() - value.min()), chi2_per_dof=chi2 / freedom, probability=probability,
        agrees=probability >= LEVEL,
    )  # fmt: skip


def _series(
    quantity: TrendQuantity,
    points: Sequence[RotorPoint],
    runs: Mapping[str, RotorRun],
    entering: Sequence[TemperatureStatus],
) -> _Series:
    series = _Series([], [], [], [], [])
    for point in points:
        assert point.mass_factor is not None
        for group, measured in _values(quantity, point, runs[point.run], entering).items():
            if measured is None or measured.std <= 0:
                continue
            value, std = _transformed(quantity, measured)
            series.x.append(float(np.log(point.mass_factor)))
            series.y.append(value)
            series.std.append(std)
            series.group.append(group)
            series.key.append((point.run, group))
    return series


def _values(
    quantity: TrendQuantity, point: RotorPoint, run: RotorRun, entering: Sequence[TemperatureStatus]
) -> dict[float, Measured | None]:
    """The value of each group: the temperatures are the groups of the simulated conductivities."""
    if quantity == "conductivity_simulated":
        rows = [row for row in run.temperatures if row.status in entering]
        return {row.temperature_K: row.conductivity_mS_per_cm for row in rows}
    return {0.0: getattr(point, _FIELDS[quantity])}


def _transformed(quantity: TrendQuantity, measured: Measured) -> tuple[float, float]:
    if quantity in ("activation_energy", "active_fraction"):
        return measured.value, measured.std
    # asinh: exact for a log-normal value whose std is half of its 68 % interval, as those of the transport are
    return float(np.log(measured.value)), float(np.arcsinh(measured.std / measured.value))


def _trend_row(anion: str, quantity: TrendQuantity, trend: Trend, *, of_paper: bool) -> RotorTrend:
    return RotorTrend(
        anion=anion,
        quantity=quantity,
        n_points=trend.n_points,
        slope=Measured(value=trend.slope, std=trend.std),
        interval_95=trend.interval_95,
        verdict=trend.direction,
        expected_slope=ROTATION_SLOPE if quantity == "rotation" else None,
        paper=PAPER[quantity] if of_paper else None,
        beside_paper=_beside(quantity, trend.direction) if of_paper else None,
    )


def _beside(quantity: TrendQuantity, verdict: str) -> str:
    flat = verdict == "no change within errors"
    if quantity == "activation_energy":
        return "as the paper" if flat else f"{verdict}, where the paper sees almost no change"
    if verdict == PAPER[quantity]:
        return "as the paper"
    return "not seen within errors" if flat else "against the paper"


def _comparison(
    quantity: TrendQuantity, first: str, second: str, found: Mapping[str, tuple[Trend, _Series]]
) -> RotorComparison:
    (trend, points), (other, others) = found[first], found[second]
    places = {key: j for j, key in enumerate(others.key)}
    shared = [(i, places[key]) for i, key in enumerate(points.key) if key in places]
    difference, std = slope_difference(trend, other, shared=shared, stds=[points.std[i] for i, _ in shared])
    ends = (difference - _NORMAL_95 * std, difference + _NORMAL_95 * std)
    lower = direction(ends)
    verdict = {
        "falls": f"falls more with {first}", "rises": f"falls more with {second}",
        "no change within errors": "no difference within errors",
    }[lower]  # fmt: skip
    paper, beside = None, None
    if {first, second} == PAPER_ANIONS and quantity != "activation_energy":
        paper = f"falls more with {PAPER_STRONGER}"
        beside = "as the paper" if verdict == paper else (
            "not seen within errors" if lower == "no change within errors" else "against the paper"
        )  # fmt: skip
    return RotorComparison(
        first=first, second=second, quantity=quantity, difference=Measured(value=difference, std=std),
        interval_95=ends, verdict=verdict, paper=paper, beside_paper=beside,
    )  # fmt: skip
