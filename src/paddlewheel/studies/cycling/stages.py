"""Stages of a cell test: stretches of cycles at one rate and temperature, for capacity against both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.lab.cycling import Opening
from paddlewheel.lab.geometry import Geometry, to_measured
from paddlewheel.lab.readers.spectra import temperature_in
from paddlewheel.lab.sample import Sample
from paddlewheel.records import Measured
from paddlewheel.studies.cycling.record import CycleRow, CyclingStage
from paddlewheel.studies.cycling.rows import is_whole, returned_mAh

_SAME_RATE = 0.05
_SAME_TEMPERATURE_K = 3.0
_AGREES = 0.25


def find_stages(
    rows: Sequence[CycleRow],
    *,
    opens_with: Opening,
    file: str,
    sample: Sample | None,
    geometry: Geometry | None,
    c_rate_per_h: float | None,
    temperature_K: float | None,
    header: Sequence[str],
) -> tuple[list[CyclingStage], list[str]]:
    """The stages of a test, and warnings.

    Stages are of whole cycles, or of what comes back alone where none is whole. A stage goes on while the current of
    the half cycle that comes back stays within 5 %, and the temperature of the file within 3 K, of those of its first
    cycle. Its rate is the one given, else current over theoretical capacity; its
    temperature the one given, that of the file's column, of its name or header, or of the sample.

    Raises
    ------
    SettingsError
        For a rate that is given for a test of several.
    """
    groups: list[list[CycleRow]] = []
    kept = [row for row in rows if returned_mAh(row, opens_with) is not None and not row.cut_short]
    whole = [row for row in kept if is_whole(row)]
    for row in whole or kept:  # half a cycle alone may have begun anywhere
        if groups and _alike(groups[-1][0], row, opens_with):
            groups[-1].append(row)
        else:
            groups.append([row])
    currents = [_current_mA(group[0], opens_with) for group in groups]
    if c_rate_per_h is not None and currents and max(currents) > (1 + 2 * _SAME_RATE) * min(currents):
        raise SettingsError(
            f"{c_rate_per_h:g} is given for {file}, whose currents go from {min(currents):.4g} to "
            f"{max(currents):.4g} mA", where="c_rates_per_h",
            remedy="leave it out: rates follow from the sample's theoretical capacity",
        )  # fmt: skip
    warnings = []
    capacity = None if geometry is None else geometry.theoretical_capacity_mAh
    stages = []
    for group, current in zip(groups, currents, strict=True):
        values = np.array([returned_mAh(row, opens_with) for row in group], dtype=float)
        derived = None if capacity is None else to_measured(current / capacity)
        if c_rate_per_h is not None and derived is not None and abs(derived.value / c_rate_per_h - 1) > _AGREES:
            warnings.append(
                f"a rate of {c_rate_per_h:g} C is given, {derived.value:.3g} C follows from {current:.4g} mA and the "
                "sample's theoretical capacity"
            )
        at, source = _temperature(group, temperature_K, file, header, sample)
        mean = float(values.mean())
        known = [row.coulombic_efficiency for row in group if row.coulombic_efficiency is not None]
        polarizations = [row.polarization_V for row in group if row.polarization_V is not None]
        stages.append(
            CyclingStage(
                test=1,
                file=file,
                first_cycle=group[0].cycle,
                last_cycle=group[-1].cycle,
                n_cycles=len(group),
                current_mA=current,
                c_rate_per_h=derived if c_rate_per_h is None else Measured(value=c_rate_per_h, std=0.0),
                c_rate_from="given" if c_rate_per_h is not None else None if derived is None else "sample",
                temperature_K=at,
                temperature_from=source,
                capacity_mAh=mean,
                scatter_mAh=float(values.std(ddof=1)) if len(values) > 1 else None,
                capacity_mAh_per_g=_over(mean, None if geometry is None else geometry.active_mass_mg, 1000),
                capacity_mAh_per_cm2=_over(mean, None if geometry is None else geometry.area_cm2, 1),
                over_first=mean / stages[0].capacity_mAh if stages else 1.0,
                coulombic_efficiency=float(np.mean(known)) if known else None,
                mean_voltage_V=float(np.mean([_voltage_V(row, opens_with) for row in group])),
                polarization_V=float(np.mean(polarizations)) if polarizations else None,
            )
        )
    return stages, warnings


def _alike(first: CycleRow, row: CycleRow, opens_with: Opening) -> bool:
    ratio = _current_mA(row, opens_with) / _current_mA(first, opens_with)
    if abs(ratio - 1) > _SAME_RATE:
        return False
    both = first.temperature_K is not None and row.temperature_K is not None
    return not both or abs((row.temperature_K or 0) - (first.temperature_K or 0)) < _SAME_TEMPERATURE_K


def _current_mA(row: CycleRow, opens_with: Opening) -> float:
    current = row.discharge_current_mA if opens_with == "charge" else row.charge_current_mA
    assert current is not None  # rows of a stage have the half that comes back
    return current


def _voltage_V(row: CycleRow, opens_with: Opening) -> float:
    voltage = row.mean_discharge_voltage_V if opens_with == "charge" else row.mean_charge_voltage_V
    assert voltage is not None
    return voltage


def _over(capacity_mAh: float, by: Any, factor: float) -> Measured | None:
    return None if by is None else to_measured(factor * capacity_mAh / by)


def _temperature(
    group: Sequence[CycleRow], given_K: float | None, file: str, header: Sequence[str], sample: Sample | None
) -> tuple[float | None, Literal["given", "file", "name", "sample"] | None]:
    if given_K is not None:
        return given_K, "given"
    measured = [row.temperature_K for row in group if row.temperature_K is not None]
    if measured:
        return float(np.mean(measured)), "file"
    if (named := temperature_in(Path(file).stem, list(header))) is not None:
        return named, "name"
    if sample is not None and sample.temperature_K is not None:
        return sample.temperature_K.value, "sample"
    return None, None
