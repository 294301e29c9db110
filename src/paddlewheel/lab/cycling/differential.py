"""Differential capacity dQ/dV and differential voltage dV/dQ, each with a stated resolution.

The charge of each row is put into bins of the voltage it was passed at (shared by the bins that a row crosses), which
needs no monotonic voltage and loses no charge; the histogram over the bin width is dQ/dV. It is smoothed by a Gaussian
of stated width, which turns a peak of FWHM w into one of sqrt(w^2 + (2.355 s)^2) and lowers it by the same factor.

dV/dQ is the slope of the voltage over the charge passed, both taken at even steps of the charge, smoothed by a Gaussian
whose width is a share of the capacity. Peaks of the one are plateaus, peaks of the other the steps between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError

_FWHM = 2.354820045
_REACH = 5.0
_LEAST_PROMINENCE = 0.05


@dataclass(frozen=True, kw_only=True)
class DifferentialCapacity:
    """dQ/dV of a half cycle at constant current, positive.

    Attributes
    ----------
    voltage_V, value_Ah_per_V
        `[n_bins]`.
    resolution_mV
        FWHM that an infinitely sharp peak would have: of the smoothing and the bins together.
    peaks_V
        Voltages of maxima that stand out by more than 5 % of the highest.
    """

    voltage_V: np.ndarray
    value_Ah_per_V: np.ndarray
    resolution_mV: float
    peaks_V: np.ndarray


def differential_capacity(
    voltage_V: np.ndarray, charge_Ah: np.ndarray, *, bin_mV: float = 2.0, smoothing_mV: float = 5.0
) -> DifferentialCapacity:
    """dQ/dV of one half cycle.

    Parameters
    ----------
    voltage_V, charge_Ah
        `[n_rows]` at constant current.
    bin_mV
        Width of the bins.
    smoothing_mV
        Standard deviation of the Gaussian; 0 leaves the bins as they are.

    Raises
    ------
    SettingsError
        For a bin width or a smoothing out of range, or fewer than two rows.
    """
    if not 0.05 <= bin_mV <= 100:
        raise SettingsError(f"{bin_mV:g}", where="bin_mV", remedy="give 0.05 to 100 mV")
    if not 0 <= smoothing_mV <= 200:
        raise SettingsError(f"{smoothing_mV:g}", where="smoothing_mV", remedy="give 0 to 200 mV")
    if len(voltage_V) < 2:
        raise SettingsError(f"{len(voltage_V)} rows", where="half cycle", remedy="give two or more")
    width = bin_mV / 1000
    beyond = int(np.ceil(_REACH * smoothing_mV / bin_mV))  # room for what the smoothing carries over the ends
    low = (np.floor(voltage_V.min() / width) - beyond) * width
    n_bins = max(1, int(np.ceil((voltage_V.max() - low) / width)) + 1 + beyond)
    passed = np.abs(np.diff(charge_Ah))
    ends = (np.stack([voltage_V[1:], voltage_V[:-1]]) - low) / width
    lower, upper = ends.min(axis=0), ends.max(axis=0)
    # the cumulative charge at each bin's edge: every row spreads its charge evenly between its two voltages
    edges = np.arange(n_bins + 1, dtype=float)
    below = _spread(lower, upper, passed, edges)
    value = np.diff(below) / width
    if smoothing_mV:
        offsets = np.arange(-beyond, beyond + 1) * (bin_mV / smoothing_mV)
        weights = np.exp(-0.5 * offsets**2)
        value = np.convolve(value, weights / weights.sum(), mode="same")
    peaks = _peaks(value, _LEAST_PROMINENCE * float(value.max()))
    centres = low + (np.arange(n_bins) + 0.5) * width
    return DifferentialCapacity(
        voltage_V=centres,
        value_Ah_per_V=value,
        resolution_mV=float(np.hypot(_FWHM * smoothing_mV, bin_mV)),
        peaks_V=centres[peaks],
    )


_STEPS = 500


def differential_voltage(
    voltage_V: np.ndarray, passed_Ah: np.ndarray, *, smoothing_share: float = 0.005
) -> tuple[np.ndarray, np.ndarray]:
    """|dV/dQ| of one half cycle over the charge passed.

    Parameters
    ----------
    voltage_V, passed_Ah
        `[n_rows]`; the charge since its begin, which a pulse against it may lower: such rows are passed over.
    smoothing_share
        Standard deviation of the Gaussian over the capacity; a straight line keeps its slope up to the ends.

    Returns
    -------
    charge_Ah, slope_V_per_Ah
        `[500]`, in the middle of even steps; positive where a discharge's voltage falls or a charge's rises. Empty
        where fewer than three rows pass charge.

    Raises
    ------
    SettingsError
        For a share out of range.
    """
    if not 0 <= smoothing_share <= 0.1:
        raise SettingsError(f"{smoothing_share:g}", where="smoothing_share", remedy="give 0 to 0.1 of the capacity")
    forward = np.concatenate([[True], passed_Ah[1:] > np.maximum.accumulate(passed_Ah)[:-1]])
    charge, voltage = passed_Ah[forward], voltage_V[forward]
    if len(charge) < 3:
        return np.empty(0), np.empty(0)
    edges = np.linspace(charge[0], charge[-1], _STEPS + 1)
    slope = np.diff(np.interp(edges, charge, voltage)) / (edges[1] - edges[0])
    slope = slope if voltage[-1] >= voltage[0] else -slope
    if smoothing_share:
        width = smoothing_share * _STEPS
        reach = int(np.ceil(_REACH * width))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
        slope = np.convolve(slope, weights, mode="same") / np.convolve(np.ones(_STEPS), weights, mode="same")
    return 0.5 * (edges[1:] + edges[:-1]), slope


def _peaks(value: np.ndarray, prominence: float) -> np.ndarray:
    """Places of the maxima that stand out by more than `prominence`, as scipy.signal.find_peaks gives them.

    The prominence of a maximum is its height above the higher of the two lowest points between it and the next higher
    value (or the end) on either side. scipy.signal takes a second to import, longer than all else that is done here.
    """
    inner = (value[1:-1] > value[:-2]) & (value[1:-1] > value[2:])
    found = []
    for place in np.flatnonzero(inner) + 1:
        left = np.flatnonzero(value[:place] > value[place])
        right = np.flatnonzero(value[place + 1 :] > value[place])
        begin = left[-1] + 1 if len(left) else 0
        end = place + 1 + right[0] if len(right) else len(value)
        base = max(value[begin : place + 1].min(), value[place:end].min())
        if value[place] - base >= prominence > 0:
            found.append(place)
    return np.array(found, dtype=int)


def _spread(lower: np.ndarray, upper: np.ndarray, passed: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Charge below each edge, `[n_edges]`: passed * clip((edge - lower) / (upper - lower)), summed over the rows.

    As sums of ramps that begin at `lower` and end at `upper`, with sorted breakpoints: n log n instead of rows x edges.
    """
    size = np.maximum(upper - lower, 1e-9)
    slope = passed / size
    at = np.concatenate([lower, lower + size])
    change = np.concatenate([slope, -slope])
    order = np.argsort(at, kind="stable")
    at, change = at[order], change[order]
    slopes, offsets = np.cumsum(change), np.cumsum(change * at)
    place = np.searchsorted(at, edges, side="right") - 1
    inside = place >= 0
    place = np.maximum(place, 0)
    return np.where(inside, slopes[place] * edges - offsets[place], 0.0)
