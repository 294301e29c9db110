"""The rows of `cycling`, one a cycle, and what is concluded from all of them: efficiencies, retention, trends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.cycling import Cycle, HalfCycle, Opening, robust_trend
from paddlewheel.lab.geometry import Geometry, Uncertain, to_measured
from paddlewheel.records import Measured
from paddlewheel.studies.cycling.record import CycleRow, CyclingStage, CyclingTrend

_NORMAL_95 = 1.959963985
_SAME_CURRENT, _SAME_TEMPERATURE_K = 0.05, 3.0
_ACCURACY, _DIGITS = 1e-3, 1e-9
"""To which a cycler counts charge and discharge alike: a ratio of 100.05 % says no more than one of 100 %."""
MORE_THAN_WENT_IN, CUT_SHORT = "more comes back than went in", "cut short by the end of the test"
TWO_ALIKE = "two electrodes alike: what leaves one goes to the other"


def cycle_rows(
    cycles: Sequence[Cycle],
    found: Geometry | None,
    opens_with: Opening,
    reference_cycle: int | None,
    *,
    cut_short: bool,
    two_alike: bool = False,
) -> list[CycleRow]:
    """One row a cycle; `cut_short`: the last half cycle of the test is, `two_alike`: the cell is a symmetric one.

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

    def mWh(half: HalfCycle | None) -> float | None:
        return None if half is None else 1000 * half.energy_Wh

    def error_mAh(half: HalfCycle | None) -> float | None:
        return None if half is None or half.charge_error_Ah is None else 1000 * half.charge_error_Ah

    def over(half: HalfCycle | None, by: Uncertain | None) -> Measured | None:
        return None if half is None or by is None else to_measured(1000 * half.capacity_Ah / by)

    def rate(half: HalfCycle | None) -> Measured | None:
        return None if half is None or theory_mAh is None else to_measured(1000 * half.current_A / theory_mAh)

    rows = []
    for place, cycle in enumerate(cycles):
        temperatures = [half.temperature_K for half in (cycle.charge, cycle.discharge) if half is not None]
        known = [value for value in temperatures if value is not None]
        ratio = cycle.closing_over_opening(opens_with)
        is_cut = cut_short and cycle is cycles[-1]
        if ratio is None:
            why = None
        elif two_alike:
            why = TWO_ALIKE
        else:
            why = CUT_SHORT if is_cut else _why_no_efficiency(cycles, place, opens_with)
        real = why is None
        rows.append(
            CycleRow(
                cycle=cycle.number,
                charge_mAh=mAh(cycle.charge),
                discharge_mAh=mAh(cycle.discharge),
                charge_mAh_per_g=over(cycle.charge, mass_g),
                discharge_mAh_per_g=over(cycle.discharge, mass_g),
                charge_mAh_per_cm2=over(cycle.charge, area_cm2),
                discharge_mAh_per_cm2=over(cycle.discharge, area_cm2),
                coulombic_efficiency=min(ratio, 1.0) if real and ratio is not None else None,
                retention=None,
                mean_charge_voltage_V=None if cycle.charge is None else cycle.charge.mean_voltage_V,
                mean_discharge_voltage_V=None if cycle.discharge is None else cycle.discharge.mean_voltage_V,
                polarization_V=None if is_cut else cycle.polarization_V,
                cv_share=None if cycle.charge is None else cycle.charge.cv_share,
                charge_current_mA=None if cycle.charge is None else 1000 * cycle.charge.current_A,
                discharge_current_mA=None if cycle.discharge is None else 1000 * cycle.discharge.current_A,
                charge_c_rate_per_h=rate(cycle.charge),
                discharge_c_rate_per_h=rate(cycle.discharge),
                temperature_K=float(np.mean(known)) if known else None,
                cut_short=is_cut,
                charge_error_mAh=error_mAh(cycle.charge),
                discharge_error_mAh=error_mAh(cycle.discharge),
                closing_over_opening=ratio,
                no_efficiency=why,
                charge_energy_mWh=mWh(cycle.charge),
                discharge_energy_mWh=mWh(cycle.discharge),
                energy_efficiency=cycle.energy_ratio if real and (cycle.energy_ratio or 0) <= 1 else None,
            )
        )
    reference = reference_of(rows, reference_cycle)
    if reference is None:
        return rows
    unit = returned_mAh(rows[reference - 1], opens_with)
    assert unit is not None  # the reference is a whole cycle
    kept = [returned_mAh(row, opens_with) for row in rows]
    return [
        row.model_copy(update={"retention": None if value is None else value / unit})
        for row, value in zip(rows, kept, strict=True)
    ]


def _why_no_efficiency(cycles: Sequence[Cycle], place: int, opens_with: Opening) -> str | None:
    """Why the ratio of a whole cycle that was not cut short is no coulombic efficiency; None where it is one.

    A cycle ends where it began if the half cycle that ends it has the current and temperature of the one that ended
    the cycle before. The first begins as the cell was made: its two currents are to be alike, or those of the next.
    """
    opening, closing = _halves(cycles[place], opens_with)
    assert opening is not None
    assert closing is not None
    before = next((half for cycle in reversed(cycles[:place]) if (half := _halves(cycle, opens_with)[1])), None)
    if before is None:
        following = _halves(cycles[place + 1], opens_with) if place + 1 < len(cycles) else (None, None)
        same = _same_current(opening, closing) or (
            _same_current(opening, following[0]) and _same_current(closing, following[1])
        )
        if not same:
            return f"across a change of rate: {_mA(opening)} in, {_mA(closing)} out"
    elif not _same_current(before, closing):
        return f"across a change of rate: the cycle before ended at {_mA(before)}, this one at {_mA(closing)}"
    elif (
        before.temperature_K is not None
        and closing.temperature_K is not None
        and abs(closing.temperature_K - before.temperature_K) >= _SAME_TEMPERATURE_K
    ):
        return f"across a change of temperature: {before.temperature_K:.4g} to {closing.temperature_K:.4g} K"
    return MORE_THAN_WENT_IN if (cycles[place].closing_over_opening(opens_with) or 0.0) > 1 + _DIGITS else None


def _halves(cycle: Cycle, opens_with: Opening) -> tuple[HalfCycle | None, HalfCycle | None]:
    return (cycle.charge, cycle.discharge) if opens_with == "charge" else (cycle.discharge, cycle.charge)


def _same_current(one: HalfCycle, other: HalfCycle | None) -> bool:
    return other is not None and abs(one.current_A / other.current_A - 1) <= _SAME_CURRENT


def _mA(half: HalfCycle) -> str:
    return f"{1000 * half.current_A:.4g} mA"


def returned_mAh(row: CycleRow, opens_with: Opening) -> float | None:
    """What the second half of a cycle passed."""
    return row.discharge_mAh if opens_with == "charge" else row.charge_mAh


def is_whole(row: CycleRow) -> bool:
    """Whether a cycle has both halves."""
    return bool(row.charge_mAh and row.discharge_mAh)


def reference_of(rows: Sequence[CycleRow], wanted: int | None) -> int | None:
    """The cycle whose capacity is the retention's 1; None where no cycle is whole.

    Raises
    ------
    SettingsError
        If `wanted` is no whole cycle.
    """
    whole = [row.cycle for row in rows if is_whole(row)]
    if wanted is None:
        return whole[0] if whole else None
    if wanted not in whole:
        raise SettingsError(
            f"cycle {wanted} is not whole, or not there", where="reference_cycle",
            remedy=f"there are {whole[0]} to {whole[-1]}" if whole else "leave it out",
        )  # fmt: skip
    return wanted


def retained_across_rates(rows: Sequence[CycleRow], wanted: int | None, opens_with: Opening) -> list[str]:
    """Where the last retention compares cycles of unlike currents: those, and the cycle to compare with instead."""
    number = reference_of(rows, wanted)
    kept = [row for row in rows if is_whole(row) and not row.cut_short]
    if number is None or not kept:
        return []
    current_of = {row.cycle: row.discharge_current_mA if opens_with == "charge" else row.charge_current_mA
                  for row in rows if is_whole(row)}  # fmt: skip
    last, current, reference = kept[-1].cycle, current_of[kept[-1].cycle], current_of[number]
    if not current or not reference or abs(current / reference - 1) <= _SAME_CURRENT:
        return []
    alike = next(cycle for cycle, other in current_of.items() if other and abs(other / current - 1) <= _SAME_CURRENT)
    return [
        f"the retention of cycle {last}, {current:.3g} mA, is against cycle {number}, {reference:.3g} mA, and holds "
        f"what the rate costs: --reference-cycle {alike} is the first at its rate"
    ]


@dataclass(frozen=True, kw_only=True)
class Efficiencies:
    """Initial and average coulombic efficiency where they mean something, over how many cycles, and what to know."""

    initial: float | None
    average: float | None
    n_averaged: int
    note: str | None


def efficiencies(rows: Sequence[CycleRow], opens_with: Opening) -> Efficiencies:
    """The efficiency of the first whole cycle, and the mean over those after it; none is over 100 %.

    Ratios that tell of no loss (`CycleRow.no_efficiency`) are neither. Those over 100 % by less than the accuracy of
    the charge, 0.1 % or what the integral may be off by, are in the average all the same: leaving out the upper half of
    what scatters about 100 % would bias it. A mean over 100 % is none.
    """
    whole = [row for row in rows if is_whole(row)]
    if not whole:
        return Efficiencies(initial=None, average=None, n_averaged=0, note=None)
    notes = []
    first, later = whole[0], whole[1:]
    if first.no_efficiency == CUT_SHORT:
        notes.append(f"cycle {first.cycle}, the only whole one, is {CUT_SHORT}")
    elif first.no_efficiency is not None:
        out, into = ("discharge", "charge") if opens_with == "charge" else ("charge", "discharge")
        why = first.no_efficiency
        if _is_within_accuracy(first):
            why = "the charge is not accurate enough to show a loss"
        elif why == MORE_THAN_WENT_IN:
            why = (
                "the cell was not empty at the start, a half cycle is missing or cut short, or it is of another kind "
                "(--cell-kind)"
            )
        share = 100 * (first.closing_over_opening or 0.0)
        notes.append(f"the {out} of cycle {first.cycle} is {share:.5g} % of its {into}, which is no efficiency: {why}")
    averaged = [
        row.closing_over_opening or 0.0 for row in later if row.no_efficiency is None or _is_within_accuracy(row)
    ]
    average = float(np.mean(averaged)) if averaged else None
    if average is not None and average > 1 + _DIGITS:
        notes.append(f"{100 * average:.2f} % comes back on average: no loss that the charge is accurate enough to show")
        average = None
    reasons: dict[str, list[int]] = {}
    for row in later:
        if row.no_efficiency is not None and not _is_within_accuracy(row):
            reasons.setdefault(row.no_efficiency.split(":")[0], []).append(row.cycle)
    for why, numbers in reasons.items():
        named = ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")
        many = "cycles" if len(numbers) > 1 else "cycle"
        notes.append(f"{many} {named}, {why}: no efficiency, not in the average")
    return Efficiencies(
        initial=first.coulombic_efficiency,
        average=None if average is None else min(average, 1.0),
        n_averaged=0 if average is None else len(averaged),
        note="; ".join(notes) or None,
    )


def _is_within_accuracy(row: CycleRow) -> bool:
    """Whether a ratio over 100 % is one that the accuracy of the charge allows."""
    if row.no_efficiency != MORE_THAN_WENT_IN or not row.charge_mAh or not row.discharge_mAh:
        return False
    off = np.hypot((row.charge_error_mAh or 0) / row.charge_mAh, (row.discharge_error_mAh or 0) / row.discharge_mAh)
    return (row.closing_over_opening or 0.0) <= 1 + max(_ACCURACY, float(off))


def cycling_trends(rows: Sequence[CycleRow], stages: Sequence[CyclingStage]) -> list[CyclingTrend]:
    """Trends over the longest stage (one rate and temperature), without the first whole cycle and one cut short."""
    if not stages:
        return []
    stage = max(stages, key=lambda stage: stage.n_cycles)
    first = next((row.cycle for row in rows if is_whole(row)), rows[0].cycle)
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
