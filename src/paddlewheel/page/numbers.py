"""How numbers are printed in a report: one convention, `value ± std`, everywhere (wide errors: `value (low to high)`).

The standard uncertainty keeps two significant figures and the value ends at the same decimal place; very small
and very large quantities share one power of ten: (1.05 ± 0.12) × 10⁻⁶.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paddlewheel.records import Measured

ABSENT = "–"
LOPSIDED = 0.5
"""Relative error from which an interval is printed, whose sides may be unlike, and no `±` of half of it."""
_ROUNDING = 1e-12
"""A share of the value below which an uncertainty is only that of floating point."""
_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_MINUS = str.maketrans("-", "−")


def superscript(exponent: int) -> str:
    """The exponent in superscript digits: -6 becomes ⁻⁶."""
    return str(exponent).translate(_SUPERSCRIPT)


def measured(quantity: Measured | None) -> str:
    """`value ± std`, the uncertainty with two significant figures; the value and its 68 % interval where that is
    known and wide; a dash where nothing was measured."""
    if quantity is None:
        return ABSENT
    value, std = quantity.value, quantity.std
    if quantity.interval_68 is not None and std > LOPSIDED * abs(value):
        return with_interval(value, quantity.interval_68)
    exponent = _exponent(max(abs(value), std))
    if -3 <= exponent < 5:
        return _plus_minus(value, std)
    scale = 10.0**-exponent
    return f"({_plus_minus(value * scale, std * scale)}) × 10{superscript(exponent)}"


def plain(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant figures, as a power of ten outside 0.001 to 99999; a dash for None."""
    if value is None:
        return ABSENT
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = _exponent(rounded)
    if -3 <= exponent < 5:
        return f"{rounded:.{max(0, digits - 1 - exponent)}f}".translate(_MINUS)
    mantissa = rounded * 10.0**-exponent
    return f"{mantissa:.{digits - 1}f}".translate(_MINUS) + f" × 10{superscript(exponent)}"


def interval(ends: tuple[float, float] | None) -> str:
    """`low to high`, three significant figures each, with one power of ten for both unless they are over three decades
    apart; a dash for None."""
    if ends is None:
        return ABSENT
    power = _shared_power(ends)
    low, high = (plain(end * 10.0**-power) for end in ends)
    return f"({low} to {high}) × 10{superscript(power)}" if power else f"{low} to {high}"


def with_interval(value: float, ends: tuple[float, float]) -> str:
    """`value (low to high)`, two significant figures each, with one power of ten as `interval` has it."""
    power = _shared_power((value, *ends))
    middle, low, high = (plain(number * 10.0**-power, 2) for number in (value, *ends))
    return f"{middle} ({low} to {high})" + (f" × 10{superscript(power)}" if power else "")


def percent(fraction: float | None) -> str:
    """A share in per cent, without decimals; a dash for None."""
    return ABSENT if fraction is None else f"{100 * fraction:.0f} %"


def kelvin(temperature_K: float) -> str:
    """A temperature as the user wrote it: 600 K, 312.5 K."""
    return f"{temperature_K:g} K"


def prefixed(largest: float, unit: str) -> tuple[float, str]:
    """The scale and name of the multiple of a unit in which the largest value reads as 1 to 999; pico to giga."""
    exponent = min(max(3 * math.floor(math.log10(max(abs(largest), 1e-15)) / 3), -12), 9)
    return 10.0**exponent, f"{_PREFIXES[exponent]}{unit}"


def enumeration(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = list(items)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def _shared_power(numbers: Sequence[float]) -> int:
    """The power of ten that numbers share outside 0.001 to 99999; 0 where they are over three decades apart."""
    exponent = _exponent(max(abs(number) for number in numbers))
    far = any(_exponent(number) < exponent - 3 for number in numbers if number)
    return 0 if -3 <= exponent < 5 or far else exponent


def _plus_minus(value: float, std: float) -> str:
    if std <= _ROUNDING * abs(value):
        return f"{plain(value, 4)} ± 0"
    std = float(f"{std:.1e}")  # two figures first: 0.0996 is 0.10, not 0.100
    decimals = 1 - _exponent(std)
    shown = max(decimals, 0)
    return f"{round(value, decimals):.{shown}f} ± {round(std, decimals):.{shown}f}".translate(_MINUS)
