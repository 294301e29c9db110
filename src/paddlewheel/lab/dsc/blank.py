"""Before a run is analysed: an empty run subtracted, a range of temperatures, the likely way of exothermic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.dsc.readers.header import Direction
from paddlewheel.lab.dsc.scan import ThermalScan

_SAME_PROGRAMME_K = 15.0
"""The most that the temperatures of a sample and an empty pan are apart at one time, by the sample's lag."""
_SAME_DURATION = 0.02


def without_blank(scan: ThermalScan, blank: ThermalScan) -> ThermalScan:
    """A run less that of empty pans under the same programme, at the same times from their starts.

    Raises
    ------
    DataError
        If their programmes or their units differ.
    """
    if blank.signal_unit != scan.signal_unit:
        raise DataError(f"is in {blank.signal_unit}, and {scan.source} in {scan.signal_unit}", where=blank.source,
                        remedy="give both with one sensitivity")  # fmt: skip
    if blank.exothermic_known != scan.exothermic_known:
        unsaid = scan if blank.exothermic_known else blank
        raise DataError("does not say which way is exothermic", where=unsaid.source, remedy="give --exothermic")
    times, blank_times = scan.time_s - scan.time_s[0], blank.time_s - blank.time_s[0]
    if blank_times[-1] < (1 - _SAME_DURATION) * times[-1]:
        raise DataError(
            f"ends after {blank_times[-1] / 60:.4g} min, and {scan.source} after {times[-1] / 60:.4g} min",
            where=blank.source, remedy="give an empty run of the same programme",
        )  # fmt: skip
    apart_K = float(np.median(np.abs(np.interp(times, blank_times, blank.temperature_C) - scan.temperature_C)))
    if apart_K > _SAME_PROGRAMME_K:
        raise DataError(
            f"is {apart_K:.3g} K from {scan.source} at the same times", where=blank.source,
            remedy="give an empty run of the same programme",
        )  # fmt: skip
    flow = scan.signal - np.interp(times, blank_times, blank.signal)
    return replace(scan, signal=flow, warnings=(*scan.warnings, f"the empty run {blank.name} is subtracted"))


def within(scan: ThermalScan, low_C: float, high_C: float) -> ThermalScan:
    """The points of a run between two temperatures.

    Raises
    ------
    DataError
        If fewer than 10 are.
    """
    kept = (scan.temperature_C >= low_C) & (scan.temperature_C <= high_C)
    if kept.sum() < 10:
        low, high = scan.temperature_C.min(), scan.temperature_C.max()
        raise DataError(
            f"{int(kept.sum())} points between {low_C:g} and {high_C:g} degrees Celsius", where=scan.source,
            remedy=f"it goes from {low:.4g} to {high:.4g}",
        )  # fmt: skip
    return replace(
        scan, time_s=scan.time_s[kept], temperature_C=scan.temperature_C[kept], signal=scan.signal[kept],
        programme_C=None if scan.programme_C is None else scan.programme_C[kept],
    )  # fmt: skip


def likely_exothermic(scan: ThermalScan) -> Direction | None:
    """The way of exothermic that a heat capacity above zero asks for: the flow into a sample is higher the faster it is
    heated, so higher on heating than standing, and there than on cooling. None where the run has no two of these.

    A hint alone: a reference that is heavier than the sample turns it.
    """
    stride = max(1, len(scan.time_s) // 400)
    times, temperatures = scan.time_s[::stride], scan.temperature_C[::stride]
    if len(times) < 20:
        return None
    rates, flows = np.gradient(temperatures, times), scan.signal[::stride]
    fastest = np.percentile(np.abs(rates), 90)
    faster, slower = rates > 0.5 * fastest, rates < 0.1 * fastest
    if faster.sum() < 5 or slower.sum() < 5:
        return None
    difference = float(np.median(flows[faster]) - np.median(flows[slower]))
    spread = float(np.std(np.diff(flows))) / np.sqrt(2)
    if abs(difference) < 3 * spread:
        return None
    return "down" if difference > 0 else "up"
