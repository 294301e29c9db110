"""Parameters of a circuit that are fixed or bounded, as they are written: `R0=12`, `R1=10:100`, `C1=2 uF`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from paddlewheel.errors import SettingsError
from paddlewheel.lab.eis.circuit import Circuit, Limit
from paddlewheel.lab.eis.elements import Parameter

_PREFIXES = {"": 1.0, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
_MAY_BE_NEGATIVE = ("ohm", "S s^n", "F")


def with_limits(
    circuit: Circuit,
    *,
    fixed: Mapping[str, str | float] | None = None,
    bounded: Mapping[str, str | tuple[float, float]] | None = None,
) -> Circuit:
    """The circuit with parameters that keep a value, or stay between two ends.

    Parameters
    ----------
    circuit
        The circuit.
    fixed, bounded
        By the parameter's name, with or without its unit, or its place as impedance.py counts them (`CPE1_0`): a value,
        or two ends; as text with or without the unit. A resistance between negative ends is negative, and so must be
        the capacitance or Q beside it.

    Raises
    ------
    SettingsError
        For a name that the circuit does not have, a value that is none or in another unit, or one out of its range.
    """
    limits: dict[str, Limit] = {}
    for where, given in (("fix", fixed or {}), ("bound", bounded or {})):
        for key, value in given.items():
            parameter = _named(circuit, key, where)
            if parameter.name in limits:
                raise SettingsError(f"{key} is limited twice", where=where, remedy="fix it, or give its ends, once")
            low, high = _ends(value, parameter, key, where)
            _check(circuit, parameter, key, low, high, where)
            limits[parameter.name] = Limit(parameter.name, low, high)
    if limits and circuit.size == sum(limit.low == limit.high for limit in limits.values()):
        raise SettingsError("every parameter is fixed", where="fix", remedy="leave one to be fitted")
    return replace(circuit, limits=tuple(limits[each.name] for each in circuit.parameters() if each.name in limits))


def short_name(parameter: Parameter) -> str:
    """Without its unit: `R0`, `CPE1_n`, `Wo1_tau`."""
    return re.sub(r"_(ohm_per_sqrt_s|ohm|s|H|F)$", "", parameter.name)


def _named(circuit: Circuit, key: str, where: str) -> Parameter:
    names: dict[str, Parameter] = {}
    for parameter in circuit.parameters():
        names |= {parameter.name: parameter, short_name(parameter): parameter}
    if circuit.tree is not None:
        of_tree = iter(circuit.tree.parameters())
        for element in circuit.tree.elements():
            names |= {f"{element.name}_{k}": next(of_tree) for k in range(element.size)}
    if key not in names:
        known = ", ".join(short_name(parameter) for parameter in circuit.parameters())
        raise SettingsError(f"{circuit.name} has no parameter {key}", where=where, remedy=f"it has {known}")
    return names[key]


def _ends(value: str | float | tuple[float, float], parameter: Parameter, key: str, where: str) -> tuple[float, float]:
    if where == "fix":
        number = _number(value, parameter, key, where) if isinstance(value, str) else _plain(value, key, where)
        return number, number
    parts = value.split(":") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or len(parts) != 2:
        raise SettingsError(f"{key}={value} is no range", where=where, remedy="write both ends, such as R1=10:100")
    low, high = (
        _number(part, parameter, key, where) if isinstance(part, str) else _plain(part, key, where) for part in parts
    )
    if not low < high:
        raise SettingsError(f"{key}={value} has no room between its ends", where=where,
                            remedy="give the lower end first, or --fix it")  # fmt: skip
    return low, high


def _plain(value: object, key: str, where: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise SettingsError(f"{key}={value} is no number", where=where, remedy="give a finite number, such as R0=12")


def _number(text: str, parameter: Parameter, key: str, where: str) -> float:
    found = _NUMBER.fullmatch(text)
    if found is None or not math.isfinite(float(found[1])):
        raise SettingsError(f"{key}={text.strip()} is no number", where=where, remedy="write such as R0=12 or C1=2uF")
    number, unit = float(found[1]), found[2].replace("Ω", "ohm").replace("Ohm", "ohm")
    if not unit:
        return number
    for prefix, factor in _PREFIXES.items():
        if parameter.unit and unit == prefix + parameter.unit:
            return number * factor
    is_in = f"is in {parameter.unit}" if parameter.unit else "is a number without unit"
    raise SettingsError(f"{key}={text.strip()}: {key} {is_in}", where=where, remedy="leave the unit out, or write that")


def _check(circuit: Circuit, parameter: Parameter, key: str, low: float, high: float, where: str) -> None:
    if not parameter.logarithmic:
        if not 0 < low <= high <= 1:
            raise SettingsError(
                f"{key} from {low:g} to {high:g}", where=where, remedy="an exponent is above 0 and at most 1"
            )
    elif low <= 0 <= high:
        raise SettingsError(f"{key} from {low:g} to {high:g} holds 0", where=where,
                            remedy="give ends of one sign; leave out an element that may be none")  # fmt: skip
    elif high < 0 and (circuit.tree is None or parameter.unit not in _MAY_BE_NEGATIVE):
        remedy = "give positive values" + (
            "" if circuit.tree is not None else ", or nRQ for an arc of negative resistance"
        )
        raise SettingsError(f"{key}={low:g} is negative", where=where, remedy=remedy)
