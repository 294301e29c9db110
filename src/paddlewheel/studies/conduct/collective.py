"""The conductivity of all ions together beside that of the tracer, at 300 K."""

from __future__ import annotations

import math
from collections.abc import Sequence

from paddlewheel.records import Measured
from paddlewheel.records.arrhenius import ROOM_K
from paddlewheel.studies.conduct.fit import prefactor_known
from paddlewheel.studies.conduct.record import CollectiveAtRoom, CollectiveResult
from paddlewheel.studies.conduct.runs import Analysed
from paddlewheel.transport import ArrheniusFit, LogValue, Quantity, fit_arrhenius, fit_logs, sum_of
from paddlewheel.transport.log_values import ONE_SIGMA

_MOST_TIMES_WIDER = 2.0
"""How much wider the collective line's own interval may be than that by the Haven ratio, and still come first."""


def collective_result(analysed: Sequence[Analysed], fit: ArrheniusFit | None) -> CollectiveResult:
    """What the temperatures of the tracer's fit (of all, without one) tell of all ions together.

    The Haven ratio is the weighted mean of its logarithms. At 300 K: the Arrhenius line of the collective
    conductivities where two temperatures or more have one; and the line of the tracer over the Haven ratio. The errors
    of these two are taken for independent: the same diffusivity is in both with the same sign, so that the error of
    their quotient is rather too large. The line of its own takes no Haven ratio for that at 300 K and comes first,
    unless its 95 % interval is over twice as wide (of the logarithm): two temperatures leave it decades.
    """
    known = [
        (each.row, found.conductivity_mS_per_cm, found.haven_ratio, found.degrees_of_freedom)
        for each in sorted(analysed, key=lambda each: each.row.temperature_K)
        if (found := each.together) is not None
        and each.row.conductivity_collective_mS_per_cm is not None
        and (fit is None or each.row.at_K in fit.temperatures_K)
    ]
    sigmas = [(row, sigma, dof) for row, sigma, _, dof in known if sigma is not None and dof is not None]
    ratios = [(row, _logarithm(ratio, dof)) for row, _, ratio, dof in known if ratio is not None and dof is not None]
    haven = fit_logs([ratio for _, ratio in ratios], [[1.0]] * len(ratios), [1.0]).result if ratios else None
    at_room: list[CollectiveAtRoom] = []
    if fit is not None and len(sigmas) > 1:
        line = fit_arrhenius(
            [row.at_K for row, *_ in sigmas],
            [sigma.value for _, sigma, _ in sigmas],
            [sigma.std for _, sigma, _ in sigmas],
            target_K=ROOM_K,
            degrees_of_freedom=[dof for *_, dof in sigmas],
            prefactor=prefactor_known([row for row, *_ in sigmas]),
        )
        at_room.append(
            CollectiveAtRoom(
                how="own line",
                conductivity_300K_mS_per_cm=Measured(
                    value=line.value_at_target, std=line.std_at_target, interval_68=line.interval_68_at_target,
                    interval_95=line.interval_95_at_target,
                ),
                conductivity_300K_95_mS_per_cm=line.interval_95_at_target,
                temperatures_K=[row.temperature_K for row, *_ in sigmas],
            )
        )  # fmt: skip
    if fit is not None and haven is not None:
        tracer = LogValue.of(fit.value_at_target, fit.std_at_target, fit.degrees_of_freedom)
        over = sum_of([tracer, haven], [1.0, -1.0])
        at_room.append(
            CollectiveAtRoom(
                how="Haven ratio",
                conductivity_300K_mS_per_cm=measured_log(over),
                conductivity_300K_95_mS_per_cm=over.interval(0.95),
                temperatures_K=[row.temperature_K for row, _ in ratios],
            )
        )
    return CollectiveResult(
        haven_ratio=measured_log(haven) if haven else None,
        haven_ratio_95=haven.interval(0.95) if haven else None,
        haven_temperatures_K=[row.temperature_K for row, _ in ratios],
        at_300K=_better_known_first(at_room),
    )


def _better_known_first(at_room: list[CollectiveAtRoom]) -> list[CollectiveAtRoom]:
    def width(each: CollectiveAtRoom) -> float:
        low, high = each.conductivity_300K_95_mS_per_cm
        return math.log(high / low) if low > 0 and math.isfinite(high) else math.inf

    if len(at_room) == 2 and width(at_room[0]) > _MOST_TIMES_WIDER * width(at_room[1]):
        return at_room[::-1]
    return at_room


def measured_log(value: LogValue) -> Measured:
    """A logarithm as a record holds its quantity: `std` is half of the 68 % interval."""
    low, high = value.interval(ONE_SIGMA)
    return Measured(
        value=value.value, std=0.5 * (high - low), interval_68=(low, high), interval_95=value.interval(0.95)
    )


def _logarithm(quantity: Quantity, degrees_of_freedom: float) -> LogValue:
    return LogValue.of(quantity.value, quantity.std, degrees_of_freedom)
