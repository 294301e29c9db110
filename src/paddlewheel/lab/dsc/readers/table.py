"""Runs from the table of a calorimeter's export: columns to time, temperature and heat flow, checked by the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.readers import clock
from paddlewheel.lab.dsc.readers.columns import SIGNALS, Column, Role, best, column_of, is_capacity, split_column
from paddlewheel.lab.dsc.readers.header import Direction, Header, exothermic_way
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.readers.text_table import TextTable

FIELDS: Mapping[str, tuple[Role, str]] = {
    "time_s": ("time", "s"), "time_min": ("time", "min"), "time_h": ("time", "h"),
    "temperature_C": ("temperature", "C"), "temperature_K": ("temperature", "K"), "temperature_F": ("temperature", "F"),
    "programme_C": ("programme", "C"),
    "heat_flow_mW": ("signal", "mW"), "heat_flow_W": ("signal", "W"), "heat_flow_uW": ("signal", "uW"),
    "heat_flow_W_per_g": ("signal", "W/g"), "signal_uV": ("signal", "uV"), "signal_uV_per_mg": ("signal", "uV/mg"),
    "heat_capacity_J_per_gK": ("signal", "J/(g K)"), "sensitivity_uV_per_mW": ("sensitivity", "uV/mW"),
}  # fmt: skip
"""Names by which a user may say what a column is."""
_MOST_LISTED = 8
_SAME_MASS = 0.01
_GAP_K, _GAP_S = 5.0, 900.0
_GAP_STEPS, _FEWEST_STEPS = 20.0, 40
"""Usual steps of the time that are a gap: of points taken at random the widest of 1000 is ten; and steps that tell what
is usual."""
_COLDEST_K = 60.0
_HOTTEST_C = 4000.0
_MOST_UNREAL = 0.02
_ROOM_K = (285.0, 315.0)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is told beside the file, over what it says; None where nothing is."""

    columns: Mapping[str, str] = field(default_factory=dict)
    mass_mg: float | None = None
    rate_K_per_min: float | None = None
    exothermic: Direction | None = None
    sensitivity_uV_per_mW: float | None = None


def scans_of(
    table: TextTable,
    header: Header,
    told: Told,
    *,
    name: str,
    units: Mapping[Role, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> list[ThermalScan]:
    """The runs of a table: one for each start of its clock.

    Parameters
    ----------
    table, header
        The numbers, and what the lines around them say.
    told
        What the user says over the file.
    name
        Of the run, where the file names no sample.
    units
        Of columns whose headers have none, by their role, where the format knows it.
    metadata
        Kept with the runs.

    Raises
    ------
    DataError
        For columns that are missing, units that are not known, and numbers that contradict each other.
    """
    where = table.source
    warnings = list(table.warnings)
    columns = _columns(table, told, units or {})
    signal, temperature = _needed(columns, where, warnings)
    clocked = best(columns, "time")
    values = {column.place: table.numbers[column.place] for column in columns if column.place in table.numbers}
    rows = np.isfinite(values[temperature.place]) & np.isfinite(values[signal.place])
    if clocked is not None:
        rows &= np.isfinite(values[clocked.place])
    if (lost := int((~rows).sum())) and rows.sum() >= 3:
        first = int(np.flatnonzero(~rows)[0]) + 1
        warnings.append(
            f"{lost} of {rows.size} rows left out: no number for time, temperature or heat flow in them, the first row "
            f"{first}"
        )
    if clocked is not None:
        rows &= ~_is_mark(values[clocked.place])
    if rows.sum() < 3:
        raise DataError(f"{int(rows.sum())} rows with numbers are no run", where=where, remedy="give another file")
    values = {place: column[rows] for place, column in values.items()}
    degrees = _celsius(values[temperature.place], temperature, where, warnings)
    real = _real(degrees, temperature, where, warnings)
    values, degrees = {place: column[real] for place, column in values.items()}, degrees[real]
    stated = (told.rate_K_per_min,) if told.rate_K_per_min is not None else header.rates_K_per_min
    if clocked is not None:
        time = clock.seconds(
            values[clocked.place], clocked.unit, degrees, rates_K_per_min=stated, where=where, warnings=warnings
        )
        kept = np.ones(len(time), bool)
    else:
        if len(stated) != 1:
            raise DataError(
                f"no time, and {'several rates' if stated else 'no rate'}", where=where,
                remedy="give --rate-K-per-min, or a file with the time",
            )  # fmt: skip
        time, kept = clock.from_rate(degrees, stated[0], where=where, warnings=warnings)
    mass_mg, nominal = _mass(columns, values, header, told, where, warnings)
    flow = values[signal.place] * (SIGNALS[signal.unit][2] * signal.sign)
    unit, per, _ = SIGNALS[signal.unit]
    if per in ("gram", "gram and kelvin"):
        if mass_mg is None:
            mass_mg, nominal = 1.0, True
            warnings.append("no mass is stated: its signal, over mass, is given as that of 1 mg")
        flow = flow * (_stated_mass(header, mass_mg) if not nominal else 1.0)
    way = told.exothermic or _exothermic(signal, header, warnings)
    if per in ("kelvin", "gram and kelvin"):
        way = "down"  # a heat capacity is endothermic where it is positive
    elif way == "up":
        flow = -flow
    if unit == "uV" and (sensitivity := _sensitivity(columns, values, told)) is not None:
        flow, unit = flow / sensitivity, "mW"
    programme = best(columns, "programme")
    set_C = None if programme is None else _celsius(values[programme.place], programme, where, [])
    kept_words = {"header": list(header.lines), "columns": [column.name for column in columns]}
    scans = []
    runs = clock.runs_of(time) if clocked is not None else [slice(0, len(time))]
    for number, run in enumerate(runs, 1):
        said = list(warnings)
        of_run = kept[run]
        times, ordered = clock.in_order(time[run][of_run], where=where, warnings=said)
        place = np.flatnonzero(of_run)[ordered] + run.start
        flows = flow[place]
        if clocked is not None:
            _tell_gaps(times, degrees[place], said)
        if per in ("kelvin", "gram and kelvin"):
            flows = flows * _rates_K_per_s(times, degrees[place], stated)
        scans.append(
            ThermalScan(
                name=(header.name or name) + (f" run {number}" if len(runs) > 1 else ""), source=str(where),
                time_s=times, temperature_C=degrees[place], signal=flows, signal_unit=unit,
                exothermic_known=way is not None, programme_C=None if set_C is None else set_C[place],
                mass_mg=mass_mg, mass_is_nominal=nominal, reference_mass_mg=header.reference_mass_mg,
                instrument=header.instrument, started=header.started,
                metadata=kept_words | dict(metadata or {}),
                warnings=tuple(said),
            )
        )  # fmt: skip
    return scans


def _tell_gaps(time_s: np.ndarray, degrees_C: np.ndarray, warnings: list[str]) -> None:
    """Say where a run has no points for much longer than it has them apart."""
    steps = np.diff(time_s)
    gaps = np.flatnonzero(steps > _GAP_STEPS * np.median(steps)) if steps.size >= _FEWEST_STEPS else []
    if len(gaps):
        widest = int(max(gaps, key=lambda place: steps[place]))
        more = f", and {len(gaps) - 1} more such gaps" if len(gaps) > 1 else ""
        warnings.append(
            f"no points for {steps[widest]:.3g} s, from {degrees_C[widest]:.5g} to {degrees_C[widest + 1]:.5g} degrees "
            f"Celsius{more}: what happened there is not known"
        )


def joined(scans: Sequence[ThermalScan]) -> list[ThermalScan]:
    """The runs, those that follow each other by clock and temperature as one: programs write each step by itself."""
    found: list[ThermalScan] = []
    for scan in scans:
        if found and _goes_on(found[-1], scan):
            before = found.pop()
            scan = replace(
                before,
                time_s=np.concatenate([before.time_s, scan.time_s]),
                temperature_C=np.concatenate([before.temperature_C, scan.temperature_C]),
                signal=np.concatenate([before.signal, scan.signal]),
                programme_C=None
                if before.programme_C is None or scan.programme_C is None
                else np.concatenate([before.programme_C, scan.programme_C]),
                warnings=tuple(dict.fromkeys((*before.warnings, *scan.warnings))),
            )
        found.append(scan)
    return found


def _goes_on(earlier: ThermalScan, later: ThermalScan) -> bool:
    """Whether a run is the next of another: its clock goes on, within a quarter of an hour, and within 5 K."""
    gap_s = later.time_s[0] - earlier.time_s[-1]
    same = (earlier.mass_mg, earlier.signal_unit, earlier.exothermic_known) == (
        later.mass_mg, later.signal_unit, later.exothermic_known
    )  # fmt: skip
    near = abs(later.temperature_C[0] - earlier.temperature_C[-1]) < _GAP_K
    return same and near and bool(0 < gap_s < max(_GAP_S, 20 * float(np.median(np.diff(earlier.time_s)))))


def _columns(table: TextTable, told: Told, units: Mapping[Role, str]) -> list[Column]:
    """The columns by their headers, and those that the user names."""
    headers = [f"{name} ({unit})" if unit else name for name, unit in zip(table.names, table.units, strict=True)]
    columns = [
        column_of(place, *split_column(header)) for place, header in enumerate(headers) if place in table.numbers
    ]
    columns = [column if column.unit else replace(column, unit=units.get(column.role, "")) for column in columns]
    for key, wanted in told.columns.items():
        if key not in FIELDS:
            raise DataError(f"no column {key}", where="columns", remedy=f"there are {', '.join(FIELDS)}")
        place = _named(headers, table, wanted)
        turned = place is None and wanted.startswith("-")
        if turned:
            place = _named(headers, table, wanted[1:])
        role, unit = FIELDS[key]
        if place is None:
            raise DataError(
                f"no column {wanted!r} of numbers", where=table.source, remedy=f"there are {_listed(headers)}"
            )
        if turned and role != "signal":
            raise DataError(f"{key} with a minus", where="columns", remedy="only a signal can be turned")
        columns = [column for column in columns if column.place != place and column.role != role]
        sign = -1.0 if turned else 1.0
        columns.append(Column(place=place, role=role, name=table.names[place] or wanted, unit=unit, sign=sign))
    return columns


def _named(headers: Sequence[str], table: TextTable, wanted: str) -> int | None:
    """The place of a column of numbers by its header, its name without unit, or its number from 1."""
    places = [place for place, header in enumerate(headers) if wanted in (header, table.names[place])]
    if not places and wanted.isascii() and wanted.isdigit() and 0 < int(wanted) <= len(headers):
        places = [int(wanted) - 1]
    return next((place for place in places if place in table.numbers), None)


def _listed(headers: Sequence[str]) -> str:
    named = [header for header in headers if header]
    if not named:
        return f"{len(headers)} columns, by their numbers"
    return ", ".join(named[:_MOST_LISTED]) + (f" and {len(named) - _MOST_LISTED} more" if named[_MOST_LISTED:] else "")


def _needed(columns: Sequence[Column], where: str | Path, warnings: list[str]) -> tuple[Column, Column]:
    """The signal with its unit, and the temperature of the sample or what stands in for it."""
    electric = {column.unit for column in columns} & {"V", "A", "mA"}
    if {"V"} < electric:
        raise DataError("voltage and current among its columns: a cell test, or another technique", where=where,
                        remedy="give a file of a calorimeter")  # fmt: skip
    signal = best(columns, "signal")
    names = _listed([f"{column.name} ({column.unit})" if column.unit else column.name for column in columns])
    if signal is None:
        raise DataError(
            f"no heat flow among its columns ({names})", where=where,
            remedy="give a file of a calorimeter, or say which it is: --columns heat_flow_mW=NAME",
        )  # fmt: skip
    if not signal.unit:
        if not is_capacity(signal):
            raise DataError(
                f"{signal.name} has no unit",
                where=where,
                remedy=f"say it, as --columns heat_flow_mW={signal.name} or heat_flow_W_per_g",
            )
        raise DataError(
            f"{signal.name} has no unit", where=where,
            remedy=f"say it, as --columns heat_capacity_J_per_gK={signal.name}",
        )  # fmt: skip
    others = [column.name for column in columns if column.unit == signal.unit and column.place != signal.place]
    if others:
        warnings.append(f"{signal.name} is read, and not {', '.join(others)} beside it")
    temperature = best(columns, "temperature")
    if temperature is None:
        temperature = best(columns, "furnace") or best(columns, "programme")
        if temperature is None:
            raise DataError(
                f"no temperature among its columns ({names})", where=where,
                remedy="export it with the sample's temperature, or say which it is: --columns temperature_C=NAME",
            )  # fmt: skip
        warnings.append(f"no temperature of the sample: {temperature.name} stands in for it")
    return signal, temperature


def _is_mark(times: np.ndarray) -> np.ndarray:
    """Rows that are none: TA writes -1 or -2 for the time of events between the rows."""
    return (times < 0) & (times == np.round(times)) & (times >= -9)


def _celsius(values: np.ndarray, column: Column, where: str | Path, warnings: list[str]) -> np.ndarray:
    """Temperatures in degrees Celsius; a unit that cannot be is told, and one that no header states found."""
    lowest, begin = float(np.percentile(values, 1)), float(values[0])
    unit = column.unit
    if unit == "F":
        return (values - 32.0) / 1.8
    if unit == "K" and lowest < _COLDEST_K:
        warnings.append(f"{column.name} is in K by its header and goes down to {lowest:.4g}: taken in degrees Celsius")
        unit = "C"
    elif unit == "C" and _ROOM_K[0] <= begin <= _ROOM_K[1] and lowest > 250.0:
        warnings.append(f"{column.name} begins at {begin:.4g} degrees Celsius: check that it is not in K")
    elif not unit:
        if lowest < 250.0:
            unit = "C"
        elif _ROOM_K[0] <= begin <= _ROOM_K[1]:
            unit = "K"
        else:
            raise DataError(
                f"{column.name} from {begin:.4g} has no unit", where=where,
                remedy="say it, as --columns temperature_C=NAME or temperature_K=NAME",
            )  # fmt: skip
        warnings.append(f"{column.name} has no unit: taken in {'K' if unit == 'K' else 'degrees Celsius'}")
    return values - 273.15 if unit == "K" else values.copy()


def _real(degrees_C: np.ndarray, column: Column, where: str | Path, warnings: list[str]) -> np.ndarray:
    """Which points are at a temperature that there is; a few that are not are left out."""
    real = (degrees_C > -273.15) & (degrees_C < _HOTTEST_C)
    if (~real).sum() > _MOST_UNREAL * len(real):
        raise DataError(
            f"{int((~real).sum())} of {len(real)} values of {column.name} are no temperatures, such as "
            f"{degrees_C[~real][0]:.6g} degrees Celsius", where=where, remedy="check the column and its unit",
        )  # fmt: skip
    if not real.all():
        warnings.append(f"{int((~real).sum())} points left out at temperatures such as {degrees_C[~real][0]:.6g}")
    return real


def _mass(
    columns: Sequence[Column],
    values: Mapping[int, np.ndarray],
    header: Header,
    told: Told,
    where: str | Path,
    warnings: list[str],
) -> tuple[float | None, bool]:
    """The sample's mass in mg as it is told, stated, or the ratio of two columns; the header's is held against that."""
    from paddlewheel.lab.ranges import question

    stated = header.mass_mg
    if told.mass_mg is None and len(header.masses_mg) > 1:
        listed = " and ".join(f"{mass:g}" for mass in header.masses_mg[:3])
        raise DataError(f"states {listed} mg", where=where, remedy="give --mass-mg")
    whole = next((column for column in columns if column.role == "signal" and column.unit in ("mW", "W", "uW")), None)
    over = next((column for column in columns if column.role == "signal" and column.unit in ("W/g", "mW/g")), None)
    if whole is not None and over is not None:
        flow = values[whole.place] * SIGNALS[whole.unit][2]
        per_mg = values[over.place] * SIGNALS[over.unit][2]
        large = np.abs(per_mg) > 0.3 * np.nanmax(np.abs(per_mg))
        ratios = np.abs(flow[large] / per_mg[large]) if large.any() else np.array([])
        ratio = float(np.median(ratios)) if len(ratios) else 0.0
        if ratio > 0 and np.percentile(np.abs(ratios - ratio), 90) < _SAME_MASS * ratio:
            if stated is not None and abs(ratio - stated) > _SAME_MASS * stated and told.mass_mg is None:
                raise DataError(
                    f"{whole.name} over {over.name} is {ratio:.4g} mg, and {stated:g} mg is stated", where=where,
                    remedy="give --mass-mg",
                )  # fmt: skip
            if stated is None:
                stated = ratio
                warnings.append(f"a mass of {ratio:.4g} mg, by {whole.name} over {over.name}")
        else:
            warnings.append(f"{whole.name} and {over.name} are in no one ratio: {whole.name} is used")
    mass = told.mass_mg if told.mass_mg is not None else stated
    if mass is not None and told.mass_mg is None and (asked := question("mass_mg", mass)) is not None:
        raise DataError(asked[0], where=where, remedy=f"{asked[1]}; or give --mass-mg")
    return mass, False


def _exothermic(signal: Column, header: Header, warnings: list[str]) -> Direction | None:
    """The way of exothermic by the name of the signal and by the header; None where they contradict each other."""
    own = exothermic_way([signal.name])
    if own is not None and header.exothermic not in (None, own):
        warnings.append(f"its header says that exothermic is {header.exothermic}, and its column {signal.name} {own}")
        return None
    return own or header.exothermic


def _stated_mass(header: Header, mass_mg: float) -> float:
    """The mass by which the file's program divided: that of its header, else the one that is told."""
    return header.mass_mg if header.mass_mg is not None else mass_mg


def _sensitivity(columns: Sequence[Column], values: Mapping[int, np.ndarray], told: Told) -> np.ndarray | float | None:
    if told.sensitivity_uV_per_mW is not None:
        return told.sensitivity_uV_per_mW
    column = best(columns, "sensitivity")
    if column is None:
        return None
    sensitivity = values[column.place]
    if (sensitivity == 1).all():  # Netzsch writes 1 where there is no calibration
        return None
    return sensitivity if np.isfinite(sensitivity).all() and (sensitivity > 0).all() else None


def _rates_K_per_s(time_s: np.ndarray, temperature_C: np.ndarray, stated: Sequence[float]) -> np.ndarray | float:
    """The rate by which a heat capacity becomes a heat flow: the programme's, else the slope of the temperature."""
    if len(stated) == 1:
        half = max(1, len(temperature_C) // 200)
        place = np.arange(len(temperature_C))
        ahead, behind = np.minimum(place + half, len(place) - 1), np.maximum(place - half, 0)
        return np.sign(temperature_C[ahead] - temperature_C[behind]) * stated[0] / 60.0
    return np.gradient(temperature_C, time_s)
