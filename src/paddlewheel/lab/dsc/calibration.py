"""Calibration of a calorimeter by standards: temperature by onsets against rate, heat by enthalpies.

What is read less what is true is T_read - T = a + b (T - T0) + c rate, after GEFTA (Hoehne et al., Thermochim. Acta
160, 1 (1990); Cammenga et al., 219, 333 (1993), DOI 10.1016/0040-6031(93)80510-H): b takes two standards, c two rates.
The true heat is k(T) times the measured one, k = k0 + k1 (T - T0). Both are least squares with the errors
of onsets, areas and standards; where the standards scatter by more than these, the errors are widened by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError, InputError
from paddlewheel.foreign import read_yaml
from paddlewheel.lab.dsc.scan import ThermalScan
from paddlewheel.lab.dsc.standards import Standard, find_standard
from paddlewheel.records import Measured

_REMEDY = "give standards: as {standard: In, rate_K_per_min: 10, onset_C: 156.9, enthalpy_J_per_g: 28.3}, one a line"
_LEAST_STD_K, _LEAST_SHARE = 0.02, 0.002
"""Of an onset and of an enthalpy that are given without an error."""
_FURTHEST_K = 40.0
"""From a standard that a measured onset may be, and beyond the standards that a calibration is taken without a word."""
_MOST_FACTOR = 3.0
_OTHER_RATE = 0.2


@dataclass(frozen=True, kw_only=True)
class MeasuredStandard:
    """Onset and enthalpy of a standard as they were measured at a rate, with their standard uncertainties."""

    standard: Standard
    rate_K_per_min: float
    onset_C: Measured | None = None
    enthalpy_J_per_g: Measured | None = None


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A fitted calibration.

    Attributes
    ----------
    temperature
        a in K, b, and c in min of T_read - T = a + b (T - middle_C) + c rate; b and c 0 where they cannot be told.
    temperature_covariance
        Of these, [3, 3].
    heat
        k0 and k1 in 1/K of the factor of the heat.
    heat_covariance
        Of these, [2, 2].
    middle_C
        Zero of the temperatures in both.
    range_C, rates_K_per_min
        Of the standards.
    warnings
        What the standards cannot tell, and how they scatter.
    """

    temperature: tuple[float, float, float]
    temperature_covariance: np.ndarray
    heat: tuple[float, float]
    heat_covariance: np.ndarray
    middle_C: float
    range_C: tuple[float, float]
    rates_K_per_min: tuple[float, ...]
    standards: tuple[MeasuredStandard, ...]
    has_temperature: bool
    has_heat: bool
    source: str = "standards"
    warnings: tuple[str, ...] = ()

    def true_temperature_C(self, read_C: np.ndarray | float, rate_K_per_min: np.ndarray | float) -> np.ndarray:
        """What is true where a temperature is read on a ramp, negative on cooling (the rate's part turns with it)."""
        a, b, c = self.temperature
        return self.middle_C + (np.asarray(read_C) - self.middle_C - a - c * np.asarray(rate_K_per_min)) / (1.0 + b)

    def temperature_std_C(self, temperature_C: float, rate_K_per_min: float) -> float:
        """Standard uncertainty of a true temperature by the calibration alone."""
        row = np.array([1.0, temperature_C - self.middle_C, rate_K_per_min])
        return float(np.sqrt(row @ self.temperature_covariance @ row))

    def heat_factor(self, temperature_C: np.ndarray | float) -> np.ndarray:
        """By which a measured heat, or heat flow, is multiplied."""
        return self.heat[0] + self.heat[1] * (np.asarray(temperature_C) - self.middle_C)

    def heat_factor_std(self, temperature_C: float) -> float:
        """Standard uncertainty of that factor."""
        row = np.array([1.0, temperature_C - self.middle_C])
        return float(np.sqrt(row @ self.heat_covariance @ row))

    def applied(self, scan: ThermalScan) -> ThermalScan:
        """A run with true temperatures and heat flows; what is beyond the standards is told.

        The rate of each point is the slope of its temperature over the run's own stretch of a hundredth, so that ramps
        are corrected by their rates and holds by none.

        Raises
        ------
        DataError
            For a run in uV, or where the factor of the heat falls to zero or below within its temperatures.
        """
        if scan.signal_unit != "mW" and self.has_heat:
            raise DataError("is in uV, and the calibration is of mW", where=scan.source,
                            remedy="give --sensitivity-uV-per-mW")  # fmt: skip
        rates = _rates_K_per_min(scan)
        told = [*self.warnings]
        low, high = self.range_C
        below, above = low - float(scan.temperature_C.min()), float(scan.temperature_C.max()) - high
        if max(below, above) > _FURTHEST_K:
            told.append(
                f"calibrated from {low:.4g} to {high:.4g} degrees Celsius, and used from "
                f"{scan.temperature_C.min():.4g} to {scan.temperature_C.max():.4g}"
            )
        usual = float(np.percentile(np.abs(rates), 90))
        if self.temperature[2] == 0 and self.has_temperature and usual and all(
            abs(usual - rate) > _OTHER_RATE * rate for rate in self.rates_K_per_min
        ):  # fmt: skip
            given = ", ".join(f"{rate:g}" for rate in self.rates_K_per_min)
            told.append(f"calibrated at {given} K/min and used at {usual:.3g}: the lag at another rate is not known")
        if self.has_temperature and (rates < -0.5 * usual).any():
            told.append("on cooling the lag is taken as the negative of that on heating: no standard was cooled")
        temperature = self.true_temperature_C(scan.temperature_C, rates) if self.has_temperature else scan.temperature_C
        factor = self.heat_factor(temperature)
        if (factor <= 0).any():
            raise DataError(
                f"its factor of heat falls to {factor.min():.3g} within {Path(scan.source).name}", where=self.source,
                remedy="measure standards over the temperatures of the runs",
            )  # fmt: skip
        return replace(
            scan,
            temperature_C=temperature,
            signal=scan.signal * factor if self.has_heat else scan.signal,
            calibration=self,
            warnings=(*scan.warnings, *told),
        )


def calibrate(measured: Sequence[MeasuredStandard], *, source: str = "standards") -> Calibration:
    """Fit the calibration of measured standards.

    Raises
    ------
    DataError
        For none, an onset that is not near its standard, or heats that are no such share of the standard's.
    """
    if not measured:
        raise DataError("no standard", where=source, remedy=_REMEDY)
    for each in measured:
        _check(each, source)
    temperatures = np.array([each.standard.temperature_C for each in measured])
    middle = float(temperatures.mean())
    warnings: list[str] = []
    onsets = [each for each in measured if each.onset_C is not None]
    heats = [each for each in measured if each.enthalpy_J_per_g is not None]
    temperature, temperature_covariance = _temperature(onsets, middle, warnings)
    heat, heat_covariance = _heat(heats, middle, warnings)
    return Calibration(
        temperature=temperature, temperature_covariance=temperature_covariance, heat=heat,
        heat_covariance=heat_covariance, middle_C=middle,
        range_C=(float(temperatures.min()), float(temperatures.max())),
        rates_K_per_min=tuple(sorted({each.rate_K_per_min for each in measured})), standards=tuple(measured),
        has_temperature=bool(onsets), has_heat=bool(heats), source=source, warnings=tuple(warnings),
    )  # fmt: skip


def _check(each: MeasuredStandard, source: str) -> None:
    standard = each.standard
    if not each.rate_K_per_min > 0:
        raise DataError(f"{standard.name} at {each.rate_K_per_min:g} K/min", where=source,
                        remedy="give the rate of heating, above 0")  # fmt: skip
    if each.onset_C is None and each.enthalpy_J_per_g is None:
        raise DataError(f"{standard.name} without onset_C and enthalpy_J_per_g", where=source, remedy=_REMEDY)
    if each.onset_C is not None and abs(each.onset_C.value - standard.temperature_C) > _FURTHEST_K:
        raise DataError(
            f"{standard.name} at {each.onset_C.value:g} degrees Celsius, which has its {standard.what} at "
            f"{standard.temperature_C:g}", where=source, remedy="check which standard it is",
        )  # fmt: skip
    if each.enthalpy_J_per_g is not None:
        factor = standard.enthalpy_J_per_g / each.enthalpy_J_per_g.value if each.enthalpy_J_per_g.value > 0 else 0.0
        if not 1 / _MOST_FACTOR < factor < _MOST_FACTOR:
            raise DataError(
                f"{standard.name} with {each.enthalpy_J_per_g.value:g} J/g; true are {standard.enthalpy_J_per_g:g}",
                where=source, remedy="give the heat of its melting, endothermic positive, in J/g",
            )  # fmt: skip


def _temperature(
    onsets: Sequence[MeasuredStandard], middle_C: float, warnings: list[str]
) -> tuple[tuple[float, float, float], np.ndarray]:
    if not onsets:
        warnings.append("no onset of a standard: the temperature is not calibrated")
        return (0.0, 0.0, 0.0), np.zeros((3, 3))
    true = np.array([each.standard.temperature_C for each in onsets])
    read = np.array([each.onset_C.value if each.onset_C else 0.0 for each in onsets])
    rates = np.array([each.rate_K_per_min for each in onsets])
    stds = np.array([
        np.hypot((each.onset_C.std if each.onset_C else 0.0) or _LEAST_STD_K, each.standard.temperature_std_C)
        for each in onsets
    ])  # fmt: skip
    rows = [np.ones(len(onsets)), true - middle_C, rates]
    told = [True, len(np.unique(true)) > 1, np.ptp(rates) > 0.2 * rates.max()]
    if not told[1]:
        warnings.append(f"one standard, {onsets[0].standard.name}: its shift of temperature is taken at all others")
    if not told[2]:
        warnings.append("standards at one rate: the lag at another rate is not known")
    values, covariance = _least_squares(rows, told, read - true, stds, "onsets of the standards", "K", warnings)
    return (values[0], values[1], values[2]), covariance


def _heat(
    heats: Sequence[MeasuredStandard], middle_C: float, warnings: list[str]
) -> tuple[tuple[float, float], np.ndarray]:
    if not heats:
        warnings.append("no enthalpy of a standard: the heat is not calibrated")
        return (1.0, 0.0), np.zeros((2, 2))
    true = np.array([each.standard.enthalpy_J_per_g for each in heats])
    measured = np.array([each.enthalpy_J_per_g.value if each.enthalpy_J_per_g else 1.0 for each in heats])
    shares = np.array([
        np.hypot(
            (each.enthalpy_J_per_g.std / each.enthalpy_J_per_g.value if each.enthalpy_J_per_g else 0.0) or _LEAST_SHARE,
            each.standard.enthalpy_std_J_per_g / each.standard.enthalpy_J_per_g,
        )
        for each in heats
    ])  # fmt: skip
    factors = true / measured
    temperatures = np.array([each.standard.temperature_C for each in heats])
    told = [True, len(np.unique(temperatures)) > 1]
    if not told[1]:
        warnings.append(f"one standard, {heats[0].standard.name}: its factor of heat is taken at all temperatures")
    values, covariance = _least_squares(
        [np.ones(len(heats)), temperatures - middle_C], told, factors, factors * shares,
        "enthalpies of the standards", "", warnings,
    )  # fmt: skip
    return (values[0], values[1]), covariance


def _least_squares(
    rows: Sequence[np.ndarray],
    told: Sequence[bool],
    values: np.ndarray,
    stds: np.ndarray,
    what: str,
    unit: str,
    warnings: list[str],
) -> tuple[list[float], np.ndarray]:
    """Coefficients of the rows that can be told, 0 for the others, and their covariance, widened by the scatter."""
    places = [place for place, known in enumerate(told) if known]
    design = np.stack([rows[place] for place in places], axis=1) / stds[:, None]
    while np.linalg.matrix_rank(design) < design.shape[1]:  # standards and rates that change together
        dropped = places.pop()
        design = design[:, :-1]
        warnings.append(f"{what}: {('shift', 'slope', 'lag')[dropped]} cannot be told from the others")
    found, *_ = np.linalg.lstsq(design, values / stds, rcond=None)
    covariance = np.linalg.inv(design.T @ design)
    freedom = len(values) - len(places)
    if freedom > 0:
        residuals = values / stds - design @ found
        spread = float(residuals @ residuals) / freedom
        if spread > 1:
            covariance = covariance * spread
            if spread > 4:
                scatter = float(np.sqrt(np.mean((residuals * stds) ** 2)))
                warnings.append(f"{what} scatter by {scatter:.3g}{' ' + unit if unit else ''}, over their errors")
    whole = np.zeros((len(rows), len(rows)))
    whole[np.ix_(places, places)] = covariance
    coefficients = [0.0] * len(rows)
    for place, value in zip(places, found, strict=True):
        coefficients[place] = float(value)
    return coefficients, whole


def _rates_K_per_min(scan: ThermalScan) -> np.ndarray:
    """The rate at each point, of the programme where the file has it: its slope over a hundredth of the run."""
    temperature = scan.temperature_C if scan.programme_C is None else scan.programme_C
    half = max(1, len(temperature) // 200)
    place = np.arange(len(temperature))
    before, after = np.maximum(place - half, 0), np.minimum(place + half, len(temperature) - 1)
    return 60.0 * (temperature[after] - temperature[before]) / (scan.time_s[after] - scan.time_s[before])


def read_calibration(path: str | Path) -> Calibration:
    """The calibration of a file of measured standards (YAML): a list `standards` of name, rate, onset and enthalpy.

    Raises
    ------
    DataError
        If it cannot be read, or as `calibrate` does.
    """
    path = Path(path)
    document = read_yaml(path, DataError, remedy=_REMEDY)
    given = document.get("standards") if isinstance(document, Mapping) else None
    if not isinstance(given, list) or not given:
        raise DataError("no list of standards", where=path, remedy=_REMEDY)
    return calibrate([_measured(each, path) for each in given], source=str(path))


def _measured(given: Any, path: Path) -> MeasuredStandard:
    known = {"standard", "rate_K_per_min", "onset_C", "enthalpy_J_per_g"}
    if not isinstance(given, Mapping) or not isinstance(given.get("standard"), str):
        raise DataError(f"{str(given)[:60]} is no standard", where=path, remedy=_REMEDY)
    if strange := sorted(str(name) for name in given.keys() - known):
        raise DataError(f"{given['standard']}: unknown {strange[0]}", where=path, remedy=_REMEDY)
    try:
        standard = find_standard(given["standard"])
        return MeasuredStandard(
            standard=standard, rate_K_per_min=_number(given.get("rate_K_per_min")),
            onset_C=_value(given.get("onset_C")), enthalpy_J_per_g=_value(given.get("enthalpy_J_per_g")),
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise DataError(f"{given['standard']}: {str(error).splitlines()[0]}", where=path, remedy=_REMEDY) from error
    except InputError as error:
        raise DataError(error.problem, where=path, remedy=error.remedy) from error


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not np.isfinite(given):
        raise ValueError(f"{given!r} is no number")
    return float(given)


def _value(given: Any) -> Measured | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        return Measured(value=_number(given.get("value")), std=_number(given.get("std", 0.0)))
    return Measured(value=_number(given), std=0.0)


def calibration_document(measured: Sequence[MeasuredStandard]) -> dict[str, Any]:
    """What a file of these standards holds: `read_calibration` reads it."""
    return {
        "standards": [
            {"standard": each.standard.name, "rate_K_per_min": each.rate_K_per_min}
            | ({} if each.onset_C is None else {"onset_C": {"value": each.onset_C.value, "std": each.onset_C.std}})
            | (
                {}
                if each.enthalpy_J_per_g is None
                else {"enthalpy_J_per_g": {"value": each.enthalpy_J_per_g.value, "std": each.enthalpy_J_per_g.std}}
            )
            for each in measured
        ]
    }
