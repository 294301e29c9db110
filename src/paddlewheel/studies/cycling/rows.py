"""The rows of `cycling`, one a cycle, and what is concluded from all of them: efficiencies, retention, trends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.cycling import Cycle, HalfCycle, robust_trend
from paddlewheel.lab.geometry import Geometry, Uncertain, to_measured
from paddlewheel.records import Measured
from paddlewheel.studies.cycling.record import CycleRow, CyclingStage, CyclingTrend, Working

_IMPOSSIBLE_EFFICIENCY = 1.05
_NORMAL_95 = 1.959963985


def cycle_rows(
    cycles: Sequence[Cycle], found: Geometry | None, working: Working, reference_cycle: int | None, *, cut_short: bool
) -> list[CycleRow]:
    """One row a cycle; `cut_short` says that the last half cycle of the test is.

    Raises
    ------
    SettingsError
        If the reference cycle is not there.
    """
    mass_g = None if found is None or found.active_mass_mg is None else found.active_mass_mg / 1000
    area_cm2 = None if found is None else found.area_cm2
    theory_mAh = None if found is None else found.theoretical_capacity_mAh

    def mAh(half: HalfCycle | None) -> float | None:
        return None if half is None else 1000 * half.capacity_Ah

    def error_mAh(half: HalfCycle | None) -> float | None:
        return None if half is None or half.charge_error_Ah is None else 1000 * half.charge_error_Ah

    def over(half: HalfCycle | None, by: Uncertain | None) -> Measured | None:
        return None if half is None or by is None else to_measured(1000 * half.capacity_Ah / by)

    def rate(half: HalfCycle | None) -> Measured | None:
        return None if half is None or theory_mAh is None else to_measured(1000 * half.current_A / theory_mAh)

    rows = []
    for cycle in cycles:
        temperatures = [half.temperature_K for half in (cycle.charge, cycle.discharge) if half is not None]
        known = [value for value in temperatures if value is not None]
        rows.append(
            CycleRow(
                cycle=cycle.number,
                charge_mAh=mAh(cycle.charge),
                discharge_mAh=mAh(cycle.discharge),
                charge_mAh_per_g=over(cycle.charge, mass_g),
                discharge_mAh_per_g=over(cycle.discharge, mass_g),
                charge_mAh_per_cm2=over(cycle.charge, area_cm2),
                discharge_mAh_per_cm2=over(cycle.discharge, area_cm2),
                coulombic_efficiency=cycle.efficiency(working),
                retention=None,
                mean_charge_voltage_V=None if cycle.charge is None else cycle.charge.mean_voltage_V,
                mean_discharge_voltage_V=None if cycle.discharge is None else cycle.discharge.mean_voltage_V,
                polarization_V=cycle.polarization_V,
                cv_share=None if cycle.charge is None else cycle.charge.cv_share,
                charge_current_mA=None if cycle.charge is None else 1000 * cycle.charge.current_A,
                discharge_current_mA=None if cycle.discharge is None else 1000 * cycle.discharge.current_A,
                charge_c_rate_per_h=rate(cycle.charge),
                discharge_c_rate_per_h=rate(cycle.discharge),
                temperature_K=float(np.mean(known)) if known else None,
                cut_short=cut_short and cycle is cycles[-1],
                charge_error_mAh=error_mAh(cycle.charge),
                discharge_error_mAh=error_mAh(cycle.discharge),
            )
        )
    reference = reference_of(rows, reference_cycle)
    if reference is None:
        return rows
    unit = returned_mAh(rows[reference - 1], working)
    assert unit is not None  # the reference is a whole cycle
    kept = [returned_mAh(row, working) for row in rows]
    return [
        row.model_copy(update={"retention": None if value is None else value / unit})
        for row, value in zip(rows, kept, strict=True)
    ]


def returned_mAh(row: CycleRow, working: Working) -> float | None:
    """What the second half of a cycle passed: the discharge of a cathode, the charge of an anode."""
    return row.discharge_mAh if working == "cathode" else row.charge_mAh


def reference_of(rows: Sequence[CycleRow], wanted: int | None) -> int | None:
    """The cycle whose capacity is the retention's 1; None where no cycle is whole.

    Raises
    ------
    SettingsError
        If `wanted` is no whole cycle.
    """
    whole = [row.cycle for row in rows if row.charge_mAh and row.discharge_mAh]
    if wanted is None:
        return whole[0] if whole else None
    if wanted not in whole:
        raise SettingsError(
            f"cycle {wanted} is not whole, or not there", where="reference_cycle",
            remedy=f"there are {whole[0]} to {whole[-1]}" if whole else "leave it out",
        )  # fmt: skip
    return wanted


@dataclass(frozen=True, kw_only=True)
class Efficiencies:
    """Initial and average coulombic efficiency where they mean something, over how many cycles, and what to know."""

    initial: float | None
    average: float | None
    n_averaged: int
    note: str | None


def efficiencies(rows: Sequence[CycleRow], working: Working) -> Efficiencies:
    """The efficiency of the first whole cycle, and the mean over those after it.

    A cycle that gives back more than 105 % of what went in tells of no loss: its charge came from elsewhere. It is no
    initial efficiency and not in the average; nor is a last cycle that the end of the test cut short.
    """
    known = [(row, row.coulombic_efficiency) for row in rows if row.coulombic_efficiency is not None]
    notes = []
    initial = known[0][1] if known else None
    if known and known[0][0].cut_short:
        initial = None
        notes.append(f"cycle {known[0][0].cycle}, the only whole one, is cut short by the end of the test")
    elif initial is not None and initial > _IMPOSSIBLE_EFFICIENCY:
        out, into = ("discharge", "charge") if working == "cathode" else ("charge", "discharge")
        other = "anode" if working == "cathode" else "cathode"
        notes.append(
            f"the {out} of cycle {known[0][0].cycle} is {100 * initial:.4g} % of its {into}, which is no efficiency: "
            f"the cell was not empty at the start, a half cycle is missing or cut short, or the working electrode is "
            f"the other kind (--working {other})"
        )
        initial = None
    later = known[1:]
    if later and later[-1][0].cut_short:
        notes.append(f"cycle {later[-1][0].cycle}, cut short by the end of the test, is not in the average")
        later = later[:-1]
    strange = [row.cycle for row, value in later if value > _IMPOSSIBLE_EFFICIENCY]
    later = [(row, value) for row, value in later if value <= _IMPOSSIBLE_EFFICIENCY]
    if strange:
        named = ", ".join(map(str, strange[:5])) + (", ..." if len(strange) > 5 else "")
        notes.append(
            f"{len(strange)} later cycle{'s' * (len(strange) > 1)} ({named}) give back more than 105 %: charge that "
            "went in earlier; not in the average"
        )
    return Efficiencies(
        initial=initial,
        average=float(np.mean([value for _, value in later])) if later else None,
        n_averaged=len(later),
        note="; ".join(notes) or None,
    )


def cycling_trends(rows: Sequence[CycleRow], stages: Sequence[CyclingStage]) -> list[CyclingTrend]:
    """Trends over the longest stage (one rate and temperature), without the first whole cycle and one cut short."""
    if not stages:
        return []
    stage = max(stages, key=lambda stage: stage.n_cycles)
    first = next((row.cycle for row in rows if row.coulombic_efficiency is not None), rows[0].cycle)
    begin = max(stage.first_cycle, first + 1)
    within = [row for row in rows if begin <= row.cycle <= stage.last_cycle and not row.cut_short]
    trends = []
    for quantity in ("retention", "coulombic_efficiency", "polarization_V", "cv_share"):
        known = [(row.cycle, getattr(row, quantity)) for row in within if getattr(row, quantity) is not None]
        trend = robust_trend(*np.array(known, dtype=float).T) if len(known) > 3 else None
        if trend is not None:
            trends.append(
                CyclingTrend(
                    quantity=quantity, per_cycle=trend.slope_per_cycle, interval_95=(trend.low, trend.high),
                    n_cycles=len(known), first_cycle=known[0][0], last_cycle=known[-1][0],
                )
            )  # fmt: skip
    return trends


def polarization_growth(trends: Sequence[CyclingTrend]) -> Measured | None:
    """The slope of the polarization in mV a cycle, with the 95 % interval; the uncertainty is its width over 3.92."""
    trend = next((trend for trend in trends if trend.quantity == "polarization_V"), None)
    if trend is None:
        return None
    low, high = (1000 * end for end in trend.interval_95)
    return Measured.or_none(1000 * trend.per_cycle, (high - low) / (2 * _NORMAL_95), interval_95=(low, high))
