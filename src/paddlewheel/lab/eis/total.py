"""The resistance of the electrolyte as a whole, or why there is none to give.

A number is given if three things agree: the capacitances say which elements are the electrolyte's, the spectrum goes
down to where they end, and the readings that need no circuit (`paddlewheel.lab.eis.readings`) see the same resistance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.eis.assignment import (
    Resistance,
    Role,
    arc_capacitances_F,
    assign_roles,
    per_area_F_per_cm2,
    permittivity,
    place_of_tail,
    resistances,
    tail_capacitance_F,
)
from paddlewheel.lab.eis.choice import Rival
from paddlewheel.lab.eis.fit import CircuitFit
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.eis.readings import Reading, disagreement

NOT_KNOWN = 0.5
"""Relative error from which on a resistance is not given."""
_REMEDY = "say which resistances are the electrolyte's, such as --electrolyte R,R1, or ask for a --circuit"


@dataclass(frozen=True)
class Total:
    """The total, or why there is none: one of the two is None."""

    resistance: Resistance | None
    refused: str | None


def judge_total(
    fit: CircuitFit,
    data: Weighted,
    roles: Mapping[str, Role],
    readings: Sequence[Reading],
    *,
    pellet: Pellet | None = None,
    inflation: float = 1.0,
    asked: bool = False,
    names: Mapping[str, str] | None = None,
    rivals: Sequence[Rival] = (),
) -> Total:
    """The total of a fit, or the reason why it is refused, with the numbers that differ and the remedy.

    Parameters
    ----------
    fit, data
        The fit and the spectrum.
    roles
        Of its resistances.
    readings
        Those that need no circuit.
    pellet
        The geometry.
    inflation
        Of the variances, for correlated residuals.
    asked
        Whether somebody said which resistances are the electrolyte's: then only what is not known is refused.
    names
        Of the resistances as they were written, where the circuit was in another notation.
    rivals
        Fits by circuits that are nearly as probable: what they say of the total is part of its error.
    """
    found = resistances(fit, roles, inflation=inflation)
    total, unclear = found["total"], found["unclear"]
    if unclear is not None:
        return Total(None, _unclear(fit, roles, total, unclear, pellet, names or {}))
    if total is None:
        return Total(None, f"no element of {fit.circuit.name} has the capacitance of an electrolyte: {_REMEDY}")
    total = _beside_rivals(total, rivals, pellet, inflation)
    if not total.std_ohm < NOT_KNOWN * total.value_ohm:
        return Total(None, f"the resistance is not known to {100 * NOT_KNOWN:.0f} %: measure over more frequencies")
    if asked:
        return Total(total, None)
    flank = _flank(fit, data, total, pellet)
    if flank is not None:
        return Total(None, flank)
    differs = disagreement(total, readings)
    return Total(total, None) if differs is None else Total(None, f"{differs}: {_REMEDY}")


def _beside_rivals(total: Resistance, rivals: Sequence[Rival], pellet: Pellet | None, inflation: float) -> Resistance:
    """The total with the variance between circuits added, each by its weight (Hoeting, Madigan, Raftery, Volinsky, doi
    10.1214/ss/1009212519)."""
    weights, variance = 1.0, total.std_ohm**2
    for rival in rivals:
        found = resistances(rival.fit, assign_roles([rival.fit], pellet), inflation=inflation)
        other = found["total"]
        if other is None or found["unclear"] is not None or not other.std_ohm < NOT_KNOWN * other.value_ohm:
            continue
        weights += rival.weight
        variance += rival.weight * (other.std_ohm**2 + (other.value_ohm - total.value_ohm) ** 2)
    return Resistance(total.value_ohm, float(np.sqrt(variance / weights)))


def _unclear(
    fit: CircuitFit,
    roles: Mapping[str, Role],
    total: Resistance | None,
    unclear: Resistance,
    pellet: Pellet | None,
    names: Mapping[str, str],
) -> str:
    name = next(name for name, role in roles.items() if role == "unclear")
    size = arc_capacitances_F([fit])[name]
    without = 0.0 if total is None else total.value_ohm
    return (
        f"{names.get(name, name)} has {_capacitance(size, pellet)}, as grain boundaries and as an interface may have: "
        f"the total is {without:.4g} ohm without and {without + unclear.value_ohm:.4g} ohm with it: {_REMEDY}"
    )


def _flank(fit: CircuitFit, data: Weighted, total: Resistance, pellet: Pellet | None) -> str | None:
    place = place_of_tail(fit, data.omega, pellet)
    size = tail_capacitance_F(fit, data.omega)
    if place == "electrode" or size is None:
        return None
    seen = abs(data.impedance_ohm[int(np.argmin(data.omega))])
    what = "is that of the electrolyte" if place == "volume" else "may be that of grain boundaries or of an electrode"
    return (
        f"the tail's capacitance at the lowest frequency, {_capacitance(size, pellet)}, {what}: the total may be "
        f"{total.value_ohm:.4g} ohm, or more than {seen:.4g} ohm: measure to lower frequencies, or {_REMEDY}"
    )


def _capacitance(size_F: float, pellet: Pellet | None) -> str:
    per_area = 1e6 * per_area_F_per_cm2(size_F, pellet)
    return f"{per_area:.2g} uF/cm2 (a permittivity of {permittivity(size_F, pellet):.2g})"
