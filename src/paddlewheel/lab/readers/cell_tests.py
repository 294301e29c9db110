"""Cell tests from a table: time, voltage, current, and the charge put together from whatever counters there are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.clock import without_glitches
from paddlewheel.lab.ranges import beyond_range, question
from paddlewheel.lab.readers.charge_counters import joined_charge, sign_warnings
from paddlewheel.lab.readers.column_names import CELL_FIELDS, UNITS, Found, find_columns, misfits, plain_name
from paddlewheel.lab.readers.text_table import TextTable
from paddlewheel.lab.readers.witnesses import Witnesses, put_right, temperature_K
from paddlewheel.lab.table import CellTest
from paddlewheel.lab.techniques import other_command

_CLOCK = re.compile(r"(?:(?P<d>\d+)\s*[d\-.\s]\s*)?(?P<h>\d+):(?P<m>\d{1,2})(?::(?P<s>\d{1,2}(?:[.,:]\d+)?))?\Z")
_DATES = (
    "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f",
    "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %I:%M:%S %p", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%m/%d/%y %H:%M:%S",
)  # fmt: skip
_DISCHARGING = re.compile(r"(?i)dchg|disch|discharge|entlad|décharge|放电|^d$|cc_d|^dch")
_CHARGING = re.compile(r"(?i)chg|charg|laden|充电|^c$|cc_c|^ch")
_KINDS: tuple[tuple[str, str], ...] = (
    (r"(?i)rest|^r$|pause|relax|静置|^s$", "rest"),
    (r"(?i)ocv", "OCV"),
    (r"(?i)eis|impedance|^z$", "EIS"),
    (r"(?i)cc\W*-?\W*cv|恒流恒压", "CCCV"),
    (r"(?i)cv|恒压|potentiostatic", "CV"),
    (r"(?i)cc|^c$|^d$|chg|charge|galvano|恒流", "CC"),
)


_MOST_SPIKES = 0.01
"""Share of the rows that may hold what no cell has, such as an instrument's overload."""
COUNTERS = ("net_charge_Ah", "charge_counter_Ah", "discharge_counter_Ah", "step_charge_Ah")
_SOME_DATES = 400
"""Rows whose dates tell the unit of the time: to read a date takes as long as to read a row of numbers."""
_LARGEST_COUNT = 2**53
"""Of steps and cycles: what is larger, or nan, counts nothing."""


def cell_test_of(table: TextTable, *, columns: Mapping[str, str] | None) -> CellTest:
    """The cell test of a table.

    Raises
    ------
    DataError
        If it has no time, voltage or current.
    """
    try:
        found, warnings = find_columns(table.names, table.units, CELL_FIELDS, columns)
    except KeyError as error:
        raise DataError(str(error.args[0]), where=table.source, remedy="name the columns with --columns") from error
    # a text such as 02:03:04 has its unit, and of a temperature without one `temperature_K` says what it is
    silent = [table.names[found[name].place] for name in ("time_s", "temperature_K") if name in found
              and (name == "temperature_K" or found[name].place in table.texts)]  # fmt: skip
    warnings = [one for one in warnings if not one.startswith(tuple(f"{name} has no unit" for name in silent))]
    warnings = [*table.warnings, *warnings]
    values = {name: _numeric(table, column) for name, column in found.items()}
    time = _time(table, found, values, warnings)
    lacking = [name for name, column in (("time_s", time), ("voltage_V", values.get("voltage_V")),
                                         ("current_A", values.get("current_A"))) if column is None]  # fmt: skip
    if lacking:
        named = ", ".join(filter(None, table.names)) or "none has a name"
        other = other_command(table.technique, "cycling")
        raise DataError(
            f"{other + ': ' if other else ''}no {', '.join(lacking)} among the columns ({named}){misfits(warnings)}",
            where=table.source,
            remedy=f"name them with --columns {lacking[0]}=...",
        )  # fmt: skip
    fields: dict[str, Any] = {"time_s": time, "voltage_V": values["voltage_V"], "current_A": values["current_A"]}
    direction = None
    kinds = table.texts.get(found["step_kind"].place) if "step_kind" in found else None
    if kinds is not None:
        fields["step_kind"] = step_kinds(kinds)
        direction = _direction_of(kinds)
        fields["current_A"] = _signed(fields["current_A"], direction, warnings)
    for name in ("step", "cycle"):
        column = values.get(name)
        if column is not None and (np.abs(column) < _LARGEST_COUNT).all():
            fields[name] = column.astype(np.int64)
    fields["time_s"] = _in_order(fields["time_s"], warnings)
    if fields.get("step") is not None:
        fields["step"] = rising_steps(fields["step"])
        fields["time_s"] = _added_up(fields["time_s"], fields["step"], warnings)
    assumed = frozenset(name for name, column in found.items() if not (columns and name in columns)
                        and not table.units[column.place])  # fmt: skip
    counters = put_right(
        fields,
        Witnesses(
            dates_s=None if "time_s" not in found else _dates(table, found),
            counters={name: values.get(name) for name in COUNTERS},
            power_W=_column(table, "W", ("power",)),
            energy_Wh=_column(table, "Wh", ("energy", "stepenergy", "watthr")),
            direction=direction,
            assumed=assumed,
        ),
        warnings,
    )
    if any(one.startswith("the time is in") for one in warnings):  # which says more than that s was assumed
        assumption = f"{table.names[found['time_s'].place]} has no unit"
        warnings = [one for one in warnings if not one.startswith(assumption)]
    if (temperature := values.get("temperature_K")) is not None:
        stated = "" if "temperature_K" in assumed else table.units[found["temperature_K"].place]
        fields["temperature_K"] = temperature_K(temperature, stated, warnings)
    return assemble(
        fields, counters=counters, other=_other(table, found, used=fields), source=table.source,
        metadata=table.metadata(), warnings=warnings,
    )  # fmt: skip


def assemble(
    fields: dict[str, Any],
    *,
    counters: Mapping[str, np.ndarray | None],
    other: dict[str, np.ndarray],
    source: str,
    metadata: dict[str, Any],
    warnings: list[str],
) -> CellTest:
    """A cell test from its columns, without rows that lack time, voltage or current, and with its charge joined."""
    for name in ("voltage_V", "current_A"):
        beyond = beyond_range(name, fields[name])
        if 0 < beyond.sum() <= _MOST_SPIKES * len(beyond):  # more of them are a wrong unit, which the test refuses
            warnings.append(f"{int(beyond.sum())} rows hold a {name} of {fields[name][beyond][0]:g}, as no cell has")
            fields[name] = np.where(beyond, np.nan, fields[name])
    if fields.get("temperature_K") is not None:
        usual = float(np.nanmedian(fields["temperature_K"])) if np.isfinite(fields["temperature_K"]).any() else 0.0
        if (asked := question("temperature_K", usual)) is not None:
            warnings.append(f"temperatures left out: {asked[0]}; {asked[1]}")
            del fields["temperature_K"]
    whole = np.isfinite(fields["time_s"]) & np.isfinite(fields["voltage_V"]) & np.isfinite(fields["current_A"])
    if not whole.all():
        warnings.append(f"{int((~whole).sum())} rows left out: time, voltage or current is missing")
        fields = {name: column[whole] for name, column in fields.items()}
        other = {name: column[whole] for name, column in other.items()}
        counters = {name: None if column is None else column[whole] for name, column in counters.items()}
    if not len(fields["time_s"]):
        raise DataError("no row with time, voltage and current", where=source, remedy="check the columns")
    fields["charge_Ah"] = joined_charge(counters, fields, warnings)
    warnings += sign_warnings(fields["voltage_V"], fields["current_A"], counters)
    return CellTest(**fields, other=other, source=source, metadata=metadata, warnings=tuple(warnings))


def rising_steps(step: np.ndarray) -> np.ndarray:
    """The step counted up wherever the program's number changes, even back to an earlier one."""
    return np.cumsum(np.diff(step, prepend=step[:1]) != 0) + int(step[0])


def step_kinds(texts: list[str]) -> np.ndarray:
    """What each row's step does, as `CellTest.step_kind` names it."""
    known: dict[str, str] = {}
    for text in set(texts):
        known[text] = next((kind for pattern, kind in _KINDS if re.search(pattern, text.strip())), "")
    return np.array([known[text] for text in texts])


def _direction_of(kinds: list[str]) -> np.ndarray:
    """1 where the state says charge, -1 where it says discharge, 0 where neither, `[n_rows]`."""
    known = {
        kind: -1 if _DISCHARGING.search(kind.strip()) else int(bool(_CHARGING.search(kind.strip())))
        for kind in set(kinds)
    }
    return np.array([known[kind] for kind in kinds])


def _column(table: TextTable, unit: str, names: tuple[str, ...]) -> np.ndarray | None:
    """The first column of one of these plain names whose unit is one of `unit`, in it."""
    for place, name in enumerate(table.names):
        if plain_name(name)[0] in names and table.units[place] in UNITS[unit] and place in table.numbers:
            return table.numbers[place] * UNITS[unit][table.units[place]]
    return None


def _dates(table: TextTable, found: Mapping[str, Found]) -> tuple[np.ndarray, np.ndarray] | None:
    """Some rows from the first to the last, and their dates in seconds; None without a column of dates."""
    if "datetime" not in found:
        return None
    place = found["datetime"].place
    rows = np.unique(np.linspace(0, len(table) - 1, _SOME_DATES).astype(int))
    if place in table.texts:
        cells = table.texts[place]
        seconds = seconds_of([cells[row] for row in rows.tolist()], dates_only=True)
        return None if seconds is None else (rows, seconds)
    return rows, table.numbers[place][rows] * _seconds_a_unit(table.numbers[place])


def _seconds_a_unit(dates: np.ndarray) -> float:
    """Of dates as numbers: seconds or milliseconds since 1970, or days as workbooks and databases count them."""
    usual = float(np.nanmedian(dates)) if np.isfinite(dates).any() else 0.0
    return 86400.0 if 1e4 < usual < 1e5 else 1e-3 if 1e11 < usual < 1e13 else 1.0


def _signed(current: np.ndarray, direction: np.ndarray, warnings: list[str]) -> np.ndarray:
    """The current, negative where the state says discharge and the file gives magnitudes alone."""
    discharging = direction < 0
    if discharging.any() and not (current < 0).any():
        warnings.append("currents have no sign: negative where the state says discharge")
        return np.where(discharging, -current, current)
    return current


def _numeric(table: TextTable, found: Found) -> np.ndarray | None:
    values = table.numbers.get(found.place)
    if values is None:
        return None
    values = values * found.factor
    return values + 273.15 if found.celsius else values


def _time(
    table: TextTable, found: Mapping[str, Found], values: Mapping[str, np.ndarray | None], warnings: list[str]
) -> np.ndarray | None:
    if (time := values.get("time_s")) is not None:
        return time
    for name in ("time_s", "datetime"):
        if name not in found:
            continue
        if (number := values.get(name)) is not None:
            warnings.append(f"time from {table.names[found[name].place]}, from the first row on")
            number = number * _seconds_a_unit(number) if name == "datetime" else number
            return number - number[0]
        seconds = seconds_of(table.texts[found[name].place])
        if seconds is not None:
            if name == "datetime":
                warnings.append(f"time from {table.names[found[name].place]}, from the first row on")
                seconds = seconds - seconds[np.isfinite(seconds)][0]
            return seconds
    return None


def _in_order(time: np.ndarray, warnings: list[str]) -> np.ndarray:
    """The time without rows that fall out of order, which are told."""
    mended, out = without_glitches(time)
    if out.any():
        first = int(np.argmax(out))
        warnings.append(
            f"{int(out.sum())} rows whose time is out of order, the first row {first + 1} with {time[first]:g} s: put "
            "between their neighbours"
        )
    return mended


def _added_up(time: np.ndarray, step: np.ndarray, warnings: list[str]) -> np.ndarray:
    """The time since the start where the file's begins anew with every step (and nowhere else)."""
    enters = np.diff(step, prepend=step[:1]) != 0
    back = np.diff(time, prepend=time[:1]) < 0
    if not back.any() or (back & ~enters).any() or 2 * back.sum() < enters.sum():
        return time
    warnings.append("the time begins anew in the steps: added up")
    before = np.concatenate([time[:1], time[:-1]])
    return time + np.cumsum(np.where(back, before, 0.0))


def seconds_of(texts: list[str], *, dates_only: bool = False) -> np.ndarray | None:
    """Seconds from texts such as 1d 02:03:04.5, 12:30:00 or 2024-02-01 12:30:00; None where hardly one is a time."""
    first = next((text for text in texts if text.strip()), "")
    pattern = next((form for form in _DATES if _date(first, form) is not None), None)
    if dates_only and pattern is None:
        return None
    values = [_clock(text) if pattern is None else _date(text, pattern) for text in texts]
    known = np.array([np.nan if value is None else value for value in values], dtype=float)
    return known if np.isfinite(known).mean() > 0.5 else None


def _date(text: str, pattern: str) -> float | None:
    try:
        return datetime.strptime(text.strip(), pattern).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _clock(text: str) -> float | None:
    matched = _CLOCK.match(text.strip())
    if not matched:
        return None
    seconds = (matched["s"] or "0").replace(",", ".").replace(":", ".")
    return float(matched["d"] or 0) * 86400 + float(matched["h"]) * 3600 + float(matched["m"]) * 60 + float(seconds)


def _other(table: TextTable, found: Mapping[str, Found], *, used: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The columns that no field took, under the file's names."""
    taken = {column.place for name, column in found.items() if name in used or name in ("time_s", "step_kind")}
    other: dict[str, np.ndarray] = {}
    for place, (name, unit) in enumerate(zip(table.names, table.units, strict=True)):
        if place in taken:
            continue
        values = table.numbers.get(place)
        label = f"{name}/{unit}" if unit else name or f"column {place + 1}"
        while label in other or label in ("time_s", "voltage_V", "current_A", "charge_Ah", "step", "cycle"):
            label += "'"
        other[label] = np.array(table.texts[place]) if values is None else values
    return other
