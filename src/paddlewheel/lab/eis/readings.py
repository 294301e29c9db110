"""The resistance of the electrolyte by every way that it is usually read off a spectrum, to see how far they differ.

None of them but the fit has an error of its own; on one spectrum they may differ by tens of per cent, and a
conductivity is worth no more than that difference until the reading is named.

All of them need to know where the electrolyte ends: at the minimum of -Z'' behind which the next arc, or the spike, has
the capacitance of an electrode (`paddlewheel.lab.eis.assignment.place_of`). It is read off the points, not off a fit:
1 / (w |Z''|) at the end of a spike, half of that at the top of an arc, where |Z''| is R / 2 and w R C = 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from paddlewheel.lab.eis.assignment import (
    INTERFACE_FROM_F_PER_CM2,
    POOR_CONTACT_F_PER_CM2,
    Resistance,
    place_of,
)
from paddlewheel.lab.eis.circuit import Complexes
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.eis.relaxation_times import RelaxationTimes

Method = Literal[
    "high-frequency-intercept",
    "lowest-imaginary",
    "smallest-phase",
    "arc-extrapolation",
    "spike-extrapolation",
    "relaxation-times",
]
OF_THE_WHOLE: tuple[Method, ...] = (
    "lowest-imaginary", "smallest-phase", "arc-extrapolation", "spike-extrapolation", "relaxation-times"
)  # fmt: skip
"""The readings that mean the electrolyte as a whole."""
USUAL_BIAS = 0.25
"""Share of the resistance by which one reading is off where depressed arcs overlap: n = 0.75, two decades apart."""
_SPIKE_POINTS = 5
_STEEP = 0.35
_BENT_DEG = 10.0
"""Change of direction along the last ten points from which on they are no line."""
_PROMINENT = 0.02
"""Share of |Z| by which -Z'' must rise from a minimum, and fall to it, for the minimum to be more than noise."""


@dataclass(frozen=True)
class Reading:
    """One way of reading: the resistance, or why there is none.

    Attributes
    ----------
    method
        high-frequency-intercept: Z' where Z'' crosses zero. lowest-imaginary: Z' at the local minimum of -Z'' between
        the arcs of the electrolyte and what is at the electrodes. smallest-phase: Z' where the phase is smallest, from
        the slowest arc of the electrolyte on. arc-extrapolation: the far intercept of a circle through that arc.
        spike-extrapolation: a line through the spike, down to Z'' = 0. relaxation-times: the resistor and the peaks of
        the distribution that have not the capacitance of an electrode.
    resistance_ohm
        None where the spectrum does not show what is read.
    note
        Where it was read, or why not.
    """

    method: Method
    resistance_ohm: float | None
    note: str


@dataclass(frozen=True)
class _End:
    """Where the electrolyte ends: `foot`, the minimum of -Z'' behind it (None where it is the spectrum's end), `top`,
    the top of its slowest arc (0 without one), and `next`, the top of the arc behind the foot or the last point. It is
    not `seen` where the spectrum is more capacitive than resistive even there: an electrode hides it."""

    foot: int | None
    top: int
    next: int
    seen: bool = True


def read_resistances(data: Weighted, distribution: RelaxationTimes, pellet: Pellet | None = None) -> list[Reading]:
    """All readings of a spectrum; frequencies from high to low."""
    z, frequency = data.impedance_ohm, data.omega / (2 * np.pi)
    end = _end(z, data.omega, pellet)
    if not end.seen:
        reason = "the electrolyte is not seen in front of the electrode"
        return [_intercept(z, frequency), *(Reading(method, None, reason) for method in OF_THE_WHOLE)]
    return [
        _intercept(z, frequency),
        _lowest_imaginary(z, frequency, end.foot),
        _smallest_phase(z, frequency, end),
        _arc(z, frequency, end),
        _spike(z, frequency, end),
        _from_distribution(distribution, pellet),
    ]


def disagreement(total: Resistance, readings: Sequence[Reading]) -> str | None:
    """Why a total of a circuit is not the resistance that the eye sees; None where it is.

    It is not if it lies outside of what the readings that need no model span, by more than their spread: at least by a
    quarter (`USUAL_BIAS`), and by three of its own errors.
    """
    found = {one.method: one.resistance_ohm for one in readings if one.method in OF_THE_WHOLE}
    values = [value for value in found.values() if value is not None]
    if not values:
        return None
    low, high = min(values), max(values)
    allowed = max(high - low, USUAL_BIAS * high, 3 * total.std_ohm)
    if low - allowed <= total.value_ohm <= high + allowed:
        return None
    seen = f"{low:.4g}" if len(values) == 1 else f"{low:.4g} to {high:.4g}"
    return f"the circuit says {total.value_ohm:.4g} ohm, and the spectrum read without one {seen} ohm"


def _turns(z: Complexes) -> list[int]:
    """Indices at which -Z'' turns, minima and maxima in turn, the first a maximum or the first point; each differs from
    the next by more than noise."""
    loss, enough = -z.imag, _PROMINENT * np.abs(z)
    turns = [0]
    rising: bool | None = None
    at = 0
    for i in range(1, len(z)):
        if rising is None:
            if abs(loss[i] - loss[0]) > enough[i]:
                rising, at = bool(loss[i] > loss[0]), i
            continue
        if (loss[i] > loss[at]) == rising:
            at = i
        elif abs(loss[i] - loss[at]) > max(enough[i], enough[at]):
            turns.append(at)
            rising, at = not rising, i
    return turns


def _end(z: Complexes, omega: np.ndarray, pellet: Pellet | None) -> _End:
    """By the first rise of -Z'' that has the capacitance of an electrode; a spectrum without one is all electrolyte."""
    loss, last = -z.imag, len(z) - 1
    turns = [*_turns(z), last]
    top = 0
    for foot, after in pairwise(turns):
        if loss[after] <= max(loss[foot], 0.0):
            continue
        shape, least = (1.0, POOR_CONTACT_F_PER_CM2) if after == last else (0.5, INTERFACE_FROM_F_PER_CM2)
        if place_of(shape / (omega[after] * loss[after]), pellet, least_F_per_cm2=least) != "volume":
            # an inductance, at high frequencies, ends where Z'' crosses zero
            foot += int(np.argmax(loss[foot : after + 1] >= 0))
            return _End(foot, top, after, seen=bool(loss[foot] < z.real[foot]))
        top = after
    return _End(None, top, last)


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
        return Reading("lowest-imaginary", None, "-Z'' does not rise behind the electrolyte")
    return Reading("lowest-imaginary", float(z.real[valley]), f"at {frequency[valley]:.3g} Hz")


def _smallest_phase(z: Complexes, frequency: np.ndarray, end: _End) -> Reading:
    phase = np.abs(np.angle(z))
    at = end.top + int(np.argmin(phase[end.top : end.next + 1]))
    if at in (0, len(z) - 1) and phase[at] > np.deg2rad(5):
        return Reading("smallest-phase", None, "the phase is smallest at the end of the spectrum")
    return Reading("smallest-phase", float(z.real[at]), f"{np.rad2deg(phase[at]):.1f} deg at {frequency[at]:.3g} Hz")


def _arc(z: Complexes, frequency: np.ndarray, ends: _End) -> Reading:
    """Circle by algebraic least squares (Kasa) through the points of the last arc above half of its height."""
    end = len(z) if ends.foot is None else ends.foot + 1
    loss, top = -z.imag[:end], ends.top
    if not 0 < top < end - 1:
        return Reading("arc-extrapolation", None, "-Z'' has no maximum inside the electrolyte")
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


def _spike(z: Complexes, frequency: np.ndarray, end: _End) -> Reading:
    """Z' = a + b (-Z''), through the last points, if they rise steeply enough to be a spike."""
    if end.foot is None or end.next < len(z) - 1:
        return Reading("spike-extrapolation", None, "no spike at the lowest frequencies")
    if len(z) - end.foot < 2 * _SPIKE_POINTS:
        return Reading("spike-extrapolation", None, "fewer than ten points on the spike")
    x, y = z.real[-_SPIKE_POINTS:], -z.imag[-_SPIKE_POINTS:]
    slope, start = np.polyfit(y, x, 1)
    before = slice(-2 * _SPIKE_POINTS, -_SPIKE_POINTS)
    bend = np.arctan(slope) - np.arctan(np.polyfit(-z.imag[before], z.real[before], 1)[0])
    if abs(np.rad2deg(bend)) > _BENT_DEG:
        return Reading("spike-extrapolation", None, f"the spike is bent by {abs(np.rad2deg(bend)):.0f} deg")
    if not (np.all(np.diff(y) > 0) and 0 <= slope < 1 / _STEEP and start > 0):
        return Reading("spike-extrapolation", None, "no spike at the lowest frequencies")
    steep = np.rad2deg(np.arctan2(1, slope))
    return Reading("spike-extrapolation", float(start), f"five points below {frequency[-_SPIKE_POINTS]:.3g} Hz, "
                   f"{steep:.0f} deg steep")  # fmt: skip


def _from_distribution(found: RelaxationTimes, pellet: Pellet | None) -> Reading:
    """The resistor and the peaks that have not the capacitance tau / R of an electrode; a negative peak that is faster
    than all others is the leads', and is taken off the resistor."""
    arcs = [peak for peak in found.peaks if peak.resistance_ohm > 0]
    leads = [peak for peak in found.peaks if all(peak.tau_s < arc.tau_s for arc in arcs)]
    inside = leads + [arc for arc in arcs if place_of(arc.tau_s / arc.resistance_ohm, pellet) == "volume"]
    value = found.resistance_ohm + sum(peak.resistance_ohm for peak in inside)
    if not value > 0:
        return Reading("relaxation-times", None, "no peak has the capacitance of the electrolyte")
    slowest = f"the slowest at {inside[-1].tau_s:.3g} s" if inside else "the resistor alone"
    return Reading("relaxation-times", float(value), f"{len(inside)} of {len(found.peaks)} peaks, {slowest}")
