"""Diffusivities in cells of several sizes side by side, and what is left of them in an infinite one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ROOM_K, ArrheniusResult
from paddlewheel.studies.conduct.collective import measured_log
from paddlewheel.studies.conduct.fit import line_fields, log_above, prefactor_known
from paddlewheel.studies.conduct.record import SizeResult, SizesAtTemperature, SizeValue
from paddlewheel.studies.conduct.runs import Analysed
from paddlewheel.transport import LogValue, fit_arrhenius
from paddlewheel.transport.finite_size import SizeDependence, size_dependence
from paddlewheel.transport.log_values import ONE_SIGMA, quantile


def size_result(
    cells: Mapping[str, tuple[int, Sequence[Analysed]]],
    *,
    entering: Sequence[str],
    records: Mapping[str, str],
) -> SizeResult:
    """Compare the temperatures of several sizes of cell.

    Parameters
    ----------
    cells
        By name, in ascending order: the atoms of the cell, and what was found in it at each temperature.
    entering
        Statuses of the temperatures that have a diffusivity to compare.
    records
        Paths of the records of the smaller cells, by name.
    """
    points = [
        (each.row.temperature_K, n_atoms, logarithm(each))
        for n_atoms, analysed in cells.values()
        for each in analysed
        if each.row.status in entering and each.row.diffusivity_cm2_per_s is not None
    ]
    found = size_dependence(*(list(column) for column in zip(*points, strict=True))) if points else None
    by_temperature = {each.temperature_K: each for each in found.temperatures} if found else {}
    rows = []
    for at in sorted({each.row.temperature_K for _, analysed in cells.values() for each in analysed}):
        told = by_temperature.get(at)
        rows.append(
            SizesAtTemperature(
                temperature_K=at,
                cells=[
                    SizeValue(
                        size=name, n_atoms=n_atoms, status=each.row.status, reason=each.row.reason,
                        diffusivity_cm2_per_s=each.row.diffusivity_cm2_per_s,
                    )
                    for name, (n_atoms, analysed) in cells.items()
                    for each in analysed
                    if each.row.temperature_K == at
                ],
                pooled_cm2_per_s=measured_log(told.pooled.result) if told else None,
                extrapolated_cm2_per_s=measured_log(told.extrapolated.result) if told else None,
                chi2_per_dof=told.pooled.chi2 / told.pooled.freedom if told else None,
                probability=told.pooled.probability if told else None,
            )
        )  # fmt: skip
    if found is None:
        return SizeResult(temperatures=rows, records=dict(records))
    _, largest = list(cells.values())[-1]
    slope = found.slope.result
    return SizeResult(
        temperatures=rows,
        slope_atoms=Measured(value=slope.log, std=slope.reach(ONE_SIGMA)),
        slope_95_atoms=found.interval_95,
        trend=found.trend,
        arrhenius=_of_an_infinite_cell(found, largest) if found.trend else None,
        records=dict(records),
    )


def logarithm(each: Analysed) -> LogValue:
    """Of the diffusivity of a temperature that has one, without hops back beyond the runs: cells of all sizes share
    them."""
    found = each.row.diffusivity_cm2_per_s
    assert found is not None
    assert each.tracer is not None  # it has a diffusivity
    dof = each.tracer.degrees_of_freedom or math.inf
    return LogValue(math.log(found.value), log_above(found) / quantile(dof, ONE_SIGMA), dof)


def _of_an_infinite_cell(found: SizeDependence, largest: Sequence[Analysed]) -> ArrheniusResult | None:
    """The line of the extrapolated diffusivities, at the density of the largest cell; None of fewer than two."""
    rows = {each.row.temperature_K: each.row for each in largest}
    points = []
    for each in found.temperatures:
        row = rows.get(each.temperature_K)
        if row is None or row.diffusivity_cm2_per_s is None or row.conductivity_mS_per_cm is None:
            continue
        per_diffusivity = row.conductivity_mS_per_cm.value / row.diffusivity_cm2_per_s.value
        value = each.extrapolated.result
        told = measured_log(value)
        points.append((row, per_diffusivity * told.value, per_diffusivity * told.std, value.degrees_of_freedom))
    if len(points) < 2:
        return None
    fit = fit_arrhenius(
        [row.at_K for row, *_ in points],
        [value for _, value, _, _ in points],
        [std for _, _, std, _ in points],
        target_K=ROOM_K,
        degrees_of_freedom=[dof for *_, dof in points],
        prefactor=prefactor_known([row for row, *_ in points]),
        unseen_memory=[row.unseen_memory_ln or 0.0 for row, *_ in points],
    )
    return ArrheniusResult(**line_fields(fit), temperatures_used_K=[row.temperature_K for row, *_ in points])
