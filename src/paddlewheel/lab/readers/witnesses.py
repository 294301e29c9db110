"""The units of a cell test held against the file itself, which often says the same thing twice.

Of the time there are three witnesses: its column with the unit that is written there or taken for granted, the dates of
the rows, and the counters of the charge, which are the integral of the current over it. Of current and charge: both
columns and the power (V I) or the energy (V Q). Of the sign of the current: the column, what the steps are called, the
counters of charge and discharge, and the voltage. What contradicts another is told; where two of three agree the third
is put right, and a unit that no header states gives way to one witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.lab.readers.charge_counters import counter_over_current, sign_warnings
from paddlewheel.units import ZERO_CELSIUS_K

_TIMES = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LIKE = 0.1
"""Share by which a ratio may be off one that it stands for: a unit sets two columns sixty or a thousand apart."""
_LEAST_SPAN_S = 60.0
"""That dates must span, in whole seconds, to know the unit of the time."""
_LEAST_PAIRS = 5
_MOSTLY = 0.9
_LEAST_V = 0.05
_LEAST_K, _LEAST_ROOM_K = 50.0, 180.0
"""Below which a temperature is none in K: of a column that says K, and of one without a unit."""


@dataclass(frozen=True, kw_only=True)
class Witnesses:
    """What a file says beside time, voltage and current; None or empty where it does not.

    Attributes
    ----------
    dates_s
        Of some rows, and which: `(rows, seconds)`.
    counters
        As `joined_charge` takes them.
    power_W, energy_Wh
        Columns of the file.
    direction
        What the kind of each row's step says: 1 charge, -1 discharge, 0 neither.
    assumed
        Fields whose unit no header states.
    """

    dates_s: tuple[np.ndarray, np.ndarray] | None
    counters: Mapping[str, np.ndarray | None]
    power_W: np.ndarray | None
    energy_Wh: np.ndarray | None
    direction: np.ndarray | None
    assumed: frozenset[str]


def put_right(fields: dict[str, Any], said: Witnesses, warnings: list[str]) -> dict[str, np.ndarray | None]:
    """Time and current of `fields` put right in place, and the counters, where two of three witnesses say so."""
    _time_unit(fields, said, warnings)
    counters = _charge_unit(fields, said, warnings)
    _current_sign(fields, said, warnings)
    return counters


def _time_unit(fields: dict[str, Any], said: Witnesses, warnings: list[str]) -> None:
    by_dates = _pace(fields["time_s"], said.dates_s)
    ratio = counter_over_current(said.counters, fields)
    by_charge = None if ratio is None else _like(ratio, _TIMES.values())
    unit = None if by_dates is None else _like(by_dates, _TIMES.values())
    if by_dates is not None and unit is None:
        warnings.append(f"the dates of the rows run {by_dates:.3g} times as fast as their times: the times are kept")
        return
    agreed = unit == 1 or by_charge == 1
    if agreed or (unit is None and by_charge in (None, 1e-3)):  # a thousandth may be that of the current
        if unit not in (None, 1):
            warnings.append(f"the dates of the rows run {unit:g} times as fast as their times, the charge does not")
        return
    factor = by_charge if unit is None else unit
    assert factor is not None
    name = next(name for name, seconds in _TIMES.items() if seconds == factor)
    witnesses = [
        text for text, one in (("its dates", unit), ("the charge over the current", by_charge)) if one == factor
    ]
    if len(witnesses) == 2 or "time_s" in said.assumed:
        fields["time_s"] = fields["time_s"] * factor
        warnings.append(f"the time is in {name}, as {' and '.join(witnesses)} say")
    else:
        warnings.append(f"the time is in {name} by {witnesses[0]}, in s by its name: the name is believed")


def _pace(time_s: np.ndarray, dates: tuple[np.ndarray, np.ndarray] | None) -> float | None:
    """Seconds of the dates a unit of the time, in the middle over neighbouring rows of the sample."""
    if dates is None:
        return None
    rows, seconds = dates
    passed, by_date = np.diff(time_s[rows]), np.diff(seconds)
    known = np.isfinite(by_date) & np.isfinite(passed) & (passed > 0) & (by_date > 0)
    if known.sum() < _LEAST_PAIRS or by_date[known].sum() < _LEAST_SPAN_S:
        return None
    return float(np.median(by_date[known] / passed[known]))


def _charge_unit(fields: dict[str, Any], said: Witnesses, warnings: list[str]) -> dict[str, np.ndarray | None]:
    counters = dict(said.counters)
    ratio = counter_over_current(counters, fields)
    factor = None if ratio is None else _thousands(ratio)
    if factor in (None, 1.0):
        return counters
    assert factor is not None
    current_off = _of_power(fields, said)
    if current_off is None:
        current_off = _of_energy(counters, fields, said, factor)
    if current_off is None:
        return counters  # the test refuses, and asks which of the two
    third = "power" if said.power_W is not None else "energy"
    if current_off:
        fields["current_A"] = fields["current_A"] * factor
        warnings.append(
            f"the current is {factor:g} times what its name says, as the charge counter and the {third} say"
        )
        return counters
    warnings.append(
        f"the charge counter is {1 / factor:g} times what its name says, as the current and the {third} say"
    )
    return {name: None if counter is None else counter / factor for name, counter in counters.items()}


def _of_power(fields: Mapping[str, Any], said: Witnesses) -> bool | None:
    """Whether power over voltage is another current by a thousand; None where it does not tell."""
    if said.power_W is None:
        return None
    by_power = np.abs(fields["voltage_V"] * fields["current_A"])
    known = (by_power > 0) & (np.abs(fields["voltage_V"]) > _LEAST_V) & (np.abs(said.power_W) > 0)
    if known.sum() < _LEAST_PAIRS:
        return None
    factor = _thousands(float(np.median(np.abs(said.power_W[known]) / by_power[known])))
    return None if factor is None else factor != 1


def _of_energy(
    counters: Mapping[str, np.ndarray | None], fields: Mapping[str, Any], said: Witnesses, factor: float
) -> bool | None:
    """Whether the current is at fault, for energy and charge of one step are a voltage apart."""
    charge = counters.get("step_charge_Ah")
    if said.energy_Wh is None or charge is None:
        return None
    known = (np.abs(charge) > 0) & (np.abs(said.energy_Wh) > 0)
    if known.sum() < _LEAST_PAIRS:
        return None
    volts = float(np.median(np.abs(said.energy_Wh[known] / charge[known]))) / float(
        np.median(np.abs(fields["voltage_V"]))
    )
    fits = [name for name, one in ((True, 1.0), (False, 1 / factor)) if 0.3 < volts / one < 3]
    return fits[0] if fits else None


def _current_sign(fields: dict[str, Any], said: Witnesses, warnings: list[str]) -> None:
    """Turn the current where two of what the steps are called, the counters and the voltage say so."""
    current = fields["current_A"]
    fallen = sign_warnings(fields["voltage_V"], current)
    against = {
        "the names of the steps": _against_kinds(current, said),
        "the counters of charge and discharge": _against_counters(current, said.counters),
        "the voltage": True if any("positive on discharge" in one for one in fallen) else None,
    }
    turned = [name for name, one in against.items() if one]
    if len(turned) >= 2 and not any(one is False for one in against.values()):
        fields["current_A"] = -current
        warnings.append(f"the current is positive on discharge, as {' and '.join(turned)} say: its sign is turned")


def _against_kinds(current: np.ndarray, said: Witnesses) -> bool | None:
    if said.direction is None or not ((said.direction > 0).any() and (said.direction < 0).any()):
        return None
    agrees = said.direction * np.sign(current)
    return _mostly(int((agrees > 0).sum()), int((agrees < 0).sum()))


def _against_counters(current: np.ndarray, counters: Mapping[str, np.ndarray | None]) -> bool | None:
    up, down = counters.get("charge_counter_Ah"), counters.get("discharge_counter_Ah")
    if up is None or down is None:
        return None
    sign = np.sign(current[1:]) * (np.sign(current[1:]) == np.sign(current[:-1]))
    rises, falls = (np.diff(np.abs(counter)) > 0 for counter in (up, down))
    right = (rises & (sign > 0)).sum() + (falls & (sign < 0)).sum()
    wrong = (rises & (sign < 0)).sum() + (falls & (sign > 0)).sum()
    return _mostly(int(right), int(wrong))


def _mostly(right: int, wrong: int) -> bool | None:
    """Whether nearly all are wrong; None where it is neither nearly all nor nearly none."""
    share = wrong / (right + wrong) if right + wrong else 0.5
    return None if 1 - _MOSTLY < share < _MOSTLY else share > 0.5


def temperature_K(values_K: np.ndarray, unit: str, warnings: list[str]) -> np.ndarray:
    """Temperatures, K; those that are none in K are taken in degrees Celsius, and told.

    Parameters
    ----------
    values_K
        `[n_rows]` by the file's unit, or in K where it states none.
    unit
        That of the file, "" for none.
    """
    usual = float(np.nanmedian(values_K)) if np.isfinite(values_K).any() else 300.0
    if unit not in ("", "K"):
        return values_K
    kelvin = usual > (_LEAST_K if unit else _LEAST_ROOM_K)
    if not unit:
        warnings.append(f"the temperature has no unit: {usual:.4g} is taken in {'K' if kelvin else 'degrees Celsius'}")
    elif not kelvin:
        warnings.append(f"temperatures of {usual:.4g} are none in K: taken in degrees Celsius")
    return values_K if kelvin else values_K + ZERO_CELSIUS_K


def _like(ratio: float, factors: Iterable[float]) -> float | None:
    return next((factor for factor in factors if abs(ratio / factor - 1) < _LIKE), None)


def _thousands(ratio: float) -> float | None:
    """The power of a thousand that a ratio is within a factor of 3 of."""
    if not ratio > 0:
        return None
    power = np.log10(ratio) / 3
    return float(10.0 ** (3 * round(power))) if abs(power - round(power)) < np.log10(3) / 3 else None
