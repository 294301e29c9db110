"""The resistance of the electrolyte by every way that it is usually read off a spectrum, to see how far they differ.

None of them but the fit has an error of its own; on one spectrum they may differ by tens of per cent, and a
conductivity is worth no more than that difference until the reading is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.lab.eis.circuit import Complexes
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.relaxation_times import RelaxationTimes

Method = Literal[
    "high-frequency-intercept",
    "lowest-imaginary",
    "smallest-phase",
    "arc-extrapolation",
    "spike-extrapolation",
    "relaxation-times",
]
_SPIKE_POINTS = 5
_STEEP = 0.35


@dataclass(frozen=True)
class Reading:
    """One way of reading: the resistance, or why there is none.

    Attributes
    ----------
    method
        high-frequency-intercept: Z' where Z'' crosses zero. lowest-imaginary: Z' at the local minimum of -Z'' between
        the arcs and the spike. smallest-phase: Z' where the phase is smallest. arc-extrapolation: the far intercept of
        a circle through the slowest arc. spike-extrapolation: a line through the spike, down to Z'' = 0.
        relaxation-times: the distribution up to the time constant of lowest-imaginary.
    resistance_ohm
        None where the spectrum does not show what is read.
    note
        Where it was read, or why not.
    """

    method: Method
    resistance_ohm: float | None
    note: str


def read_resistances(data: Weighted, distribution: RelaxationTimes) -> list[Reading]:
    """All readings of a spectrum; frequencies from high to low."""
    z, frequency = data.impedance_ohm, data.omega / (2 * np.pi)
    valley = _valley(z)
    return [
        _intercept(z, frequency),
        _lowest_imaginary(z, frequency, valley),
        _smallest_phase(z, frequency),
        _arc(z, frequency, valley),
        _spike(z, frequency, valley),
        _from_distribution(frequency, valley, distribution),
    ]


def _valley(z: Complexes) -> int | None:
    """Index of the local minimum of -Z'' after the highest point before it; None without one inside the spectrum."""
    loss = -z.imag
    inner = [
        i for i in range(1, len(z) - 1) if loss[i - 1] >= loss[i] < loss[i + 1] and loss[:i].max() > 1.05 * loss[i]
    ]
    deep = [i for i in inner if loss[i:].max() > 1.2 * loss[i]]
    return min(deep, key=lambda i: loss[i] / max(abs(z.real[i]), 1e-300)) if deep else None


def _intercept(z: Complexes, frequency: np.ndarray) -> Reading:
    crossing = [i for i in range(len(z) - 1) if z.imag[i] > 0 >= z.imag[i + 1]]
    if not crossing:
        reason = "Z'' does not cross zero: the spectrum is capacitive up to its highest frequency"
        return Reading("high-frequency-intercept", None, reason)
    i = crossing[0]
    share = z.imag[i] / (z.imag[i] - z.imag[i + 1])
    value = float(z.real[i] + share * (z.real[i + 1] - z.real[i]))
    return Reading("high-frequency-intercept", value, f"between {frequency[i]:.3g} and {frequency[i + 1]:.3g} Hz")


def _lowest_imaginary(z: Complexes, frequency: np.ndarray, valley: int | None) -> Reading:
    if valley is None:
        return Reading("lowest-imaginary", None, "-Z'' has no minimum inside the spectrum")
    return Reading("lowest-imaginary", float(z.real[valley]), f"at {frequency[valley]:.3g} Hz")


def _smallest_phase(z: Complexes, frequency: np.ndarray) -> Reading:
    phase = np.abs(np.angle(z))
    at = int(np.argmin(phase))
    if at in (0, len(z) - 1) and phase[at] > np.deg2rad(5):
        return Reading("smallest-phase", None, "the phase is smallest at the end of the spectrum")
    return Reading("smallest-phase", float(z.real[at]), f"{np.rad2deg(phase[at]):.1f} deg at {frequency[at]:.3g} Hz")


def _arc(z: Complexes, frequency: np.ndarray, valley: int | None) -> Reading:
    """Circle by algebraic least squares (Kasa) through the points of the last arc above half of its height."""
    end = len(z) if valley is None else valley + 1
    loss = -z.imag[:end]
    tops = [i for i in range(1, end - 1) if loss[i - 1] < loss[i] >= loss[i + 1] and loss[i] > 0]
    if not tops:
        return Reading("arc-extrapolation", None, "-Z'' has no maximum inside the spectrum")
    top = max(tops, key=lambda i: loss[i])
    first = last = top
    while first > 0 and loss[first - 1] > 0.5 * loss[top]:
        first -= 1
    while last < end - 1 and loss[last + 1] > 0.5 * loss[top]:
        last += 1
    if last - first < 4:
        return Reading("arc-extrapolation", None, "fewer than five points on the arc")
    x, y = z.real[first : last + 1], -z.imag[first : last + 1]
    size = loss[top]
    x, y = x / size, y / size
    design = np.stack([x, y, np.ones(len(x))], axis=1)
    a, _, c = np.linalg.lstsq(design, x**2 + y**2, rcond=None)[0]
    under = a**2 / 4 + c
    if under <= 0:
        return Reading("arc-extrapolation", None, "the circle does not meet the real axis")
    note = f"{last - first + 1} points, {frequency[last]:.3g} to {frequency[first]:.3g} Hz"
    return Reading("arc-extrapolation", float(size * (a / 2 + np.sqrt(under))), note)


def _spike(z: Complexes, frequency: np.ndarray, valley: int | None) -> Reading:
    """Z' = a + b (-Z''), through the last points, if they rise steeply enough to be a spike."""
    if len(z) - (valley or 0) < _SPIKE_POINTS + 1:
        return Reading("spike-extrapolation", None, "fewer than five points on the spike")
    x, y = z.real[-_SPIKE_POINTS:], -z.imag[-_SPIKE_POINTS:]
    slope, start = np.polyfit(y, x, 1)
    if not (np.all(np.diff(y) > 0) and 0 <= slope < 1 / _STEEP and start > 0):
        return Reading("spike-extrapolation", None, "no spike at the lowest frequencies")
    steep = np.rad2deg(np.arctan2(1, slope))
    return Reading("spike-extrapolation", float(start), f"five points below {frequency[-_SPIKE_POINTS]:.3g} Hz, "
                   f"{steep:.0f} deg steep")  # fmt: skip


def _from_distribution(frequency: np.ndarray, valley: int | None, found: RelaxationTimes) -> Reading:
    if valley is None:
        value = found.resistance_ohm + sum(peak.resistance_ohm for peak in found.peaks)
        return Reading("relaxation-times", float(value), "all of it")
    cut = 1 / (2 * np.pi * frequency[valley])
    step = np.log(found.tau_s[1] / found.tau_s[0])
    value = found.resistance_ohm + float(found.gamma_ohm[found.tau_s <= cut].sum() * step)
    return Reading("relaxation-times", value, f"up to {cut:.3g} s, the minimum of -Z''")
