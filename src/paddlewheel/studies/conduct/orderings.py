"""Diffusivities in several ordered cells of one disordered crystal, and how far they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from paddlewheel.studies.conduct.record import OrderingAtTemperature, OrderingResult, OrderingValue
from paddlewheel.studies.conduct.runs import Analysed
from paddlewheel.studies.conduct.sizes import logarithm
from paddlewheel.transport.log_values import LogValue, fit_logs


def ordering_result(
    found: Sequence[Sequence[Analysed]],
    *,
    formulas: Sequence[str],
    above_lowest_meV_per_atom: Sequence[float],
    entering: Sequence[str],
) -> OrderingResult:
    """Compare the temperatures of several orderings.

    Between orderings `ln D` has the variance that its scatter at each temperature has beyond the errors of the runs
    (DerSimonian and Laird's estimate, doi 10.1016/0197-2456(86)90046-2, over all temperatures).

    Parameters
    ----------
    found
        What each ordering gives at each temperature, from its own runs alone.
    formulas, above_lowest_meV_per_atom
        Of the cells, and their Ewald energies over that of the lowest.
    entering
        Statuses of the temperatures that have a diffusivity to compare.
    """
    cells = [
        OrderingValue(
            ordering=number,
            formula=formula,
            above_lowest_meV_per_atom=above,
            temperatures=[
                OrderingAtTemperature(
                    temperature_K=each.row.temperature_K,
                    n_replicas=each.row.n_replicas,
                    status=each.row.status,
                    reason=each.row.reason,
                    conductivity_mS_per_cm=each.row.conductivity_mS_per_cm,
                )
                for each in sorted(analysed, key=lambda each: each.row.temperature_K)
            ],
        )
        for number, (analysed, formula, above) in enumerate(
            zip(found, formulas, above_lowest_meV_per_atom, strict=True)
        )
    ]
    by_temperature: dict[float, list[LogValue]] = {}
    for each in (each for analysed in found for each in analysed):
        if each.row.status in entering and each.row.diffusivity_cm2_per_s is not None:
            by_temperature.setdefault(each.row.temperature_K, []).append(logarithm(each))
    compared = {at: values for at, values in by_temperature.items() if len(values) > 1}
    if not compared:
        return OrderingResult(cells=cells)
    values = [value for at in compared for value in compared[at]]
    rows = [row for row, at in enumerate(compared) for _ in compared[at]]
    pooled = fit_logs(values, np.eye(len(compared))[rows], np.ones(len(compared)) / len(compared))
    weights = [np.array([value.std**-2 for value in compared[at]]) for at in compared]
    information = sum(float(w.sum() - (w**2).sum() / w.sum()) for w in weights)
    variance = max(0.0, (pooled.chi2 - pooled.freedom) / information)
    return OrderingResult(
        cells=cells,
        spread_factor=math.exp(math.sqrt(variance)),
        temperatures_compared_K=sorted(compared),
        chi2_per_dof=pooled.chi2 / pooled.freedom,
        probability=pooled.probability,
    )
