"""Which electrode works: a full cell, a half cell of a cathode, or one of an anode; and with which half a cycle begins.

What is told from, in this order:

- **The window and the first step.** Against Li or Na an anode's discharge (insertion) ends near 0 V and passes its
  charge low; its cell begins at 2 to 3 V with a discharge. A cathode works at 2 to 5 V. A full cell is assembled
  discharged: it begins with a charge, and its first voltage may lie where no cathode against a metal does.
- **What remains of a first discharge.** Where the charge after it is larger, the discharge emptied a cell that was
  partly charged, and belongs to no cycle. Where it is smaller at the same rate, and the cell did not stand at its upper
  limit, the electrode was assembled charged (S, V2O5, FePO4): a half cell that discharges first.
- **The trend.** Less comes back than went in. Of the two ways to pair half cycles the right one has the lower ratios:
  a loss of 1 % makes discharge over charge 0.99 and the next charge over that discharge 1.00 (full cell, whose ions are
  lost) to 1.01 (half cell, whose metal makes up for them), or the other way round where the discharge inserts.

A voltage that changes its sign with the current is that of two electrodes alike, a symmetric cell: what is stripped
from one is plated onto the other, and no ratio of charges is an efficiency.

Where these leave it open, nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.lab.cycling.half_cycles import HalfCycle
from paddlewheel.lab.table import CellTest

Kind = Literal["full", "cathode", "anode", "symmetric"]
Opening = Literal["charge", "discharge"]

_ANODE_END_V, _ANODE_MEAN_V = 0.5, 1.4
"""Discharges of anodes against a metal end below the one, and pass their charge below the other on average."""
_RELEASE_MEAN_V = 0.9
"""No full cell passes the charge of a charge below this on average; graphite, hard carbon, Si and Sn do."""
_INSERTION_MEAN_V = 1.8
"""Between Li4Ti5O12 (1.55 V) and the lowest electrodes that are called cathodes (TiS2, S: 2.1 V)."""
_ASSEMBLED_FULL_V = 1.2
"""No cathode stands below this against Li or Na before it is used."""
_LEAST_WINDOW_V = 0.15
_WELL_BELOW_V, _ABOVE_V = 0.3, 0.1
_SMALLER = 0.95
_LEAST_ASYMMETRY = 1e-3
_SAME_CURRENT = 0.05


@dataclass(frozen=True, kw_only=True)
class CellKind:
    """What a cell is, as far as it can be told.

    Attributes
    ----------
    kind
        None where a full cell and the half cell of a cathode cannot be told apart: the sums are the same.
    opens_with
        The half cycle with which a cycle begins; None where it cannot be told.
    why
        From what it is told, or what is not clear.
    """

    kind: Kind | None
    opens_with: Opening | None
    why: str


def tell_cell_kind(test: CellTest, half_cycles: Sequence[HalfCycle], *, given: Kind | None = None) -> CellKind:
    """Full cell or half cell, and with which half a cycle begins.

    Parameters
    ----------
    test, half_cycles
        The mended rows, and what `find_half_cycles` finds in them; at least one half cycle.
    given
        What the user says: of a full cell a cycle begins with the charge, of an anode with the discharge, of a cathode
        with the one that comes first (an electrode assembled charged is discharged first), unless a first discharge
        only emptied what was left, and of a symmetric cell with what comes first.
    """
    if given == "full":
        alike = _two_alike(_seen(test, half_cycles))
        return CellKind(kind="full", opens_with="charge", why="given" if alike is None else f"given, but {alike}")
    if given == "anode":
        return CellKind(kind="anode", opens_with="discharge", why="given")
    seen = _seen(test, half_cycles)
    if given == "symmetric":
        return CellKind(kind="symmetric", opens_with=seen.first, why="given")
    if given == "cathode":
        told = _of_cathodes(seen)
        return CellKind(kind="cathode", opens_with=told.opens_with or seen.first, why="given")
    if seen.sign_fits and (alike := _two_alike(seen)) is not None:
        return CellKind(kind="symmetric", opens_with=seen.first, why=alike)
    if (odd := _no_cell(seen)) is not None:
        return CellKind(kind=None, opens_with=None, why=odd)
    if seen.low_V < _ANODE_END_V and seen.discharge_V < _ANODE_MEAN_V:
        return _of_anodes(seen)
    return _of_cathodes(seen)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What a test shows: the first step, the window, mean voltages, the first pair and the trend."""

    first: Opening
    first_V: float
    """Before the first step, at rest where there is one."""
    low_V: float
    high_V: float
    reach_V: list[float]
    """At which half cycles begin and end."""
    charge_V: float
    discharge_V: float
    """Median of the mean voltages; of the other half where there is none of this."""
    second_over_first: float | None
    same_rate: bool
    """Capacity of the second half cycle over the first, and whether their currents are alike."""
    trend: Opening | None
    trend_says: str
    sign_fits: bool


def _seen(test: CellTest, half_cycles: Sequence[HalfCycle]) -> _Seen:
    first = half_cycles[0]
    start = first.rows[0]
    charges = [half for half in half_cycles if half.charging]
    discharges = [half for half in half_cycles if not half.charging]
    starts = [float(test.voltage_V[half.rows[0]]) for half in half_cycles]
    ends = [half.end_voltage_V for half in half_cycles]
    risen = [(end > begin) == half.charging for begin, end, half in zip(starts, ends, half_cycles, strict=True)]
    trend, says = _trend(half_cycles)
    second = half_cycles[1] if len(half_cycles) > 1 else None
    return _Seen(
        first="charge" if first.charging else "discharge",
        first_V=float(test.voltage_V[max(start - 1, 0)]),
        low_V=min([half.end_voltage_V for half in discharges] or starts),
        high_V=max([half.end_voltage_V for half in charges] or starts),
        reach_V=[*starts, *ends],
        charge_V=float(np.median([half.mean_voltage_V for half in charges or discharges])),
        discharge_V=float(np.median([half.mean_voltage_V for half in discharges or charges])),
        second_over_first=None if second is None else second.capacity_Ah / first.capacity_Ah,
        same_rate=second is not None and abs(second.current_A / first.current_A - 1) <= _SAME_CURRENT,
        trend=trend,
        trend_says=says,
        sign_fits=2 * sum(risen) >= len(risen),
    )


def _no_cell(seen: _Seen) -> str | None:
    """Why the test says nothing of an electrode; None where it may."""
    if not seen.sign_fits:
        return "the voltage falls where the current is positive: is its sign turned (--columns current_A=-NAME)?"
    if max(seen.reach_V) - min(seen.reach_V) < _LEAST_WINDOW_V:
        return f"the voltage goes from {min(seen.reach_V):.3g} to {max(seen.reach_V):.3g} V only"
    return None


def _two_alike(seen: _Seen) -> str | None:
    """What a symmetric cell shows: a voltage that changes its sign with the current; None where it does not."""
    if not (seen.low_V < 0 < seen.high_V and seen.discharge_V < 0 < seen.charge_V and seen.high_V < -2 * seen.low_V):
        return None
    return (
        f"the voltage changes its sign with the current, {seen.low_V:.3g} to {seen.high_V:.3g} V: two electrodes alike"
    )


def _of_anodes(seen: _Seen) -> CellKind:
    """A cell whose discharges end near 0 V and pass their charge low."""
    window = f"discharges end at {seen.low_V:.3g} V and pass their charge at {seen.discharge_V:.3g} V on average"
    fresh = seen.first == "discharge" and (seen.second_over_first is None or seen.second_over_first < 1 / _SMALLER)
    if fresh or seen.charge_V < _RELEASE_MEAN_V:
        begun = "" if seen.first == "discharge" else "; the file begins with an electrode that is full"
        return CellKind(kind="anode", opens_with="discharge", why=f"{window}{begun}")
    if seen.trend is None:
        return CellKind(kind=None, opens_with=None, why=f"{window}, but a {seen.first} comes first; {seen.trend_says}")
    kind: Kind = "anode" if seen.trend == "discharge" else "full"
    return CellKind(kind=kind, opens_with=seen.trend, why=f"{window}; {seen.trend_says}")


def _of_cathodes(seen: _Seen) -> CellKind:
    """A cell that works well above 0 V: a full one, or the half cell of a cathode or of an anode like Li4Ti5O12."""
    low = seen.discharge_V < _INSERTION_MEAN_V
    half_cell: Kind = "anode" if low else "cathode"
    window = f"works at {seen.low_V:.3g} to {seen.high_V:.3g} V"
    if seen.first == "charge":
        if seen.first_V < min(_ASSEMBLED_FULL_V, seen.low_V + _LEAST_WINDOW_V):
            why = f"begins with a charge from {seen.first_V:.3g} V, where no cathode stands against a metal"
            return CellKind(kind="full", opens_with="charge", why=why)
        if not low:
            return CellKind(kind=None, opens_with="charge", why=f"{window}, begins with a charge")
        if seen.trend is None:
            return CellKind(kind=None, opens_with=None, why=f"{window}, begins with a charge; {seen.trend_says}")
        kind: Kind = "full" if seen.trend == "charge" else "anode"
        return CellKind(kind=kind, opens_with=seen.trend, why=f"{window}; {seen.trend_says}")
    return _discharged_first(seen, half_cell, f"{window}, begins with a discharge from {seen.first_V:.3g} V")


def _discharged_first(seen: _Seen, half_cell: Kind, begins: str) -> CellKind:
    ratio = seen.second_over_first
    if ratio is None:
        return CellKind(kind=None, opens_with=None, why=f"{begins}, and nothing follows")
    then = f"the charge after it passes {100 * ratio:.3g} % of it"
    if _SMALLER * ratio > 1 and seen.trend != "discharge":
        left = f"{then}: it emptied what was left in a cell that was partly charged"
        return CellKind(kind=None, opens_with="charge", why=f"{begins}; {left}")
    if seen.trend is not None:
        kind = half_cell if seen.trend == "discharge" else None
        return CellKind(kind=kind, opens_with=seen.trend, why=f"{begins}; {seen.trend_says}")
    off_V = seen.first_V - seen.high_V
    if not -_WELL_BELOW_V < off_V < _ABOVE_V and seen.same_rate and ratio <= 1:  # a charged cell stands at its limit
        where = f"{abs(off_V):.2g} V {'below' if off_V < 0 else 'above'} the upper limit"
        return CellKind(kind=half_cell, opens_with="discharge", why=f"{begins}, {where}; {then}: it was assembled so")
    return CellKind(kind=None, opens_with=None, why=f"{begins}; {then}; {seen.trend_says}")


def _trend(half_cycles: Sequence[HalfCycle]) -> tuple[Opening | None, str]:
    """The half that a cycle begins with by what comes back, and in words.

    Half cycles after the first, of which each is compared with the one before where the two before and the two after
    have the same currents, so that the cell is as full again; the last, which the end of the test may cut short, is
    left out where others remain.
    """
    later = list(half_cycles[1:])
    if len(later) > 3:
        later = later[:-1]
    back: dict[Opening, list[float]] = {"charge": [], "discharge": []}
    doubt = _LEAST_ASYMMETRY
    for place in range(1, len(later)):
        before, half = later[place - 1], later[place]
        earlier = later[place - 2] if place > 1 else half_cycles[0]
        if half.charging == before.charging or abs(half.current_A / earlier.current_A - 1) > _SAME_CURRENT:
            continue
        back["charge" if before.charging else "discharge"].append(float(np.log(half.capacity_Ah / before.capacity_Ah)))
        error_Ah = float(np.hypot(before.charge_error_Ah or 0.0, half.charge_error_Ah or 0.0))
        doubt = max(doubt, 2 * error_Ah / half.capacity_Ah)
    after_charge, after_discharge = back["charge"], back["discharge"]
    if not after_charge or not after_discharge:
        return None, "too few cycles at one rate show what comes back"
    # each of the two is scattered by the same strange half cycles: medians, and their standard errors
    middle = [float(np.median(values)) for values in (after_charge, after_discharge)]
    spread = [
        1.2533 * 1.4826 * float(np.median(np.abs(values - np.median(values)))) / np.sqrt(len(values))
        for values in (np.array(after_charge), np.array(after_discharge))
    ]
    shares = [100 * float(np.exp(value)) for value in middle]
    said = f"discharges are {shares[0]:.2f} % of the charges before, charges {shares[1]:.2f} % of the discharges before"
    if abs(middle[0] - middle[1]) < max(doubt, 3 * float(np.hypot(*spread))):
        return None, f"{said}: alike"
    return ("charge" if middle[0] < middle[1] else "discharge"), said
