"""Chemical diffusivity from pulses and from interruptions of the current: GITT and ICI.

A constant current into an electrode whose particles have the volume V and the surface A makes, for times much shorter
than (V/A)^2 / D, a change of the voltage that goes with sqrt(t), on top of the jump over the resistances. With the
slope dE_s/dt of the equilibrium voltage over the time of current the molar volume and the area drop out:

    D = (4 / pi) (V/A)^2 [(dE_s/dt) / (dE/dsqrt(t))]^2

(GITT: Weppner and Huggins, J. Electrochem. Soc. 124, 1569 (1977), doi 10.1149/1.2133112.) Where the current is
interrupted instead, the voltage relaxes by the same sqrt(t), and dE_s/dt is that of the voltage under current from one
interruption to the next (ICI: Chien, Liu, Menon, Brant, Brandell and Lacey, Nat. Commun. 14, 2289 (2023),
doi 10.1038/s41467-023-37989-6). V/A is a third of the radius of a sphere, and the thickness of a film with one free
face; without it D / (V/A)^2 is what is known.

What is held against the rows: the pulse is used as long as D t / (V/A)^2 < 0.2, where sqrt(t) holds to a percent
for a film. In a sphere a term that is linear in t comes first (its surface is curved): it is fitted beside sqrt(t) in
a pulse; in an interruption the drift under current is taken off. A rest has to come to its end, and dE_s has to stand
out. Before an interruption the current has to have flowed for 1.5 (V/A)^2 / D: earlier its own voltage still goes with
sqrt(t), and is not that of equilibrium; from then on it is to 5 % of D in a sphere, to less in a film.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from paddlewheel.lab.cycling.charge import current_direction
from paddlewheel.lab.table import CellTest

_SAME_CURRENT = 0.05
_LONGEST_INTERRUPTION_s, _LEAST_PULSE_s = 60.0, 60.0
_INTERRUPTION_SHARE, _LEAST_REST_SHARE = 0.2, 0.5
_LEAST_ROWS, _LEAST_POINTS = 6, 3
_SEMI_INFINITE, _SETTLED_PROFILE = 0.2, 1.5
_SETTLED = 0.05
"""Of dE_s may be left when a rest ends."""
_FIRST_SHARE, _ICI_FIRST_s, _ICI_LAST_s = 0.01, 1.0, 5.0
_STANDS_OUT = 5.0


@dataclass(frozen=True, kw_only=True)
class DiffusionPoint:
    """One pulse or interruption.

    Attributes
    ----------
    method
        GITT or ICI.
    row
        First row of the pulse, or of the interruption.
    charging
        Whether the current charges.
    charge_Ah
        Charge passed since the start of the test, in the middle of the pulse, or at the interruption.
    voltage_V
        At the end of the rest after the pulse, or before the interruption.
    per_length2_per_s, relative_std
        D / (V/A)^2, and its relative standard uncertainty by the scatter of the rows; None where `problem` says why.
    resistance_ohm
        Jump over the current, extrapolated to the instant of the step by sqrt(t).
    problem
        Which condition is not met.
    """

    method: Literal["GITT", "ICI"]
    row: int
    charging: bool
    charge_Ah: float
    voltage_V: float
    per_length2_per_s: float | None
    relative_std: float | None
    resistance_ohm: float | None
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Rows `start` to `end - 1` of one direction of the current, the median current of them, and how long it lasts."""

    start: int
    end: int
    sign: int
    current_A: float
    duration_s: float


def find_stretches(test: CellTest) -> list[Stretch]:
    """The test as stretches of charge, discharge and rest; each lasts from the last row of the one before."""
    sign = current_direction(test)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(sign)) + 1, [len(sign)]])
    return [
        Stretch(
            start=int(start),
            end=int(end),
            sign=int(sign[start]),
            current_A=float(np.median(test.current_A[start:end])),
            duration_s=float(test.time_s[end - 1] - test.time_s[max(start - 1, 0)]),
        )
        for start, end in pairwise(edges)
    ]


def diffusion_points(test: CellTest, stretches: Sequence[Stretch], charge_Ah: np.ndarray) -> list[DiffusionPoint]:
    """Every pulse of a galvanostatic titration, and every interruption of a current, by their lengths.

    A pulse of a titration lasts a minute or more, stands between rests of at least half its length, and is one of three
    or more of its direction and current; an interruption lasts a minute at most, and the same current flows for five
    times as long before it and goes on after it.
    """
    pulses = [k for k in range(1, len(stretches) - 1) if _is_pulse(stretches, k)]
    breaks = [k for k in range(1, len(stretches) - 1) if _is_interruption(stretches, k)]
    points = [_of_pulse(test, stretches[k - 1], stretches[k], stretches[k + 1], charge_Ah) for k in pulses]
    points = points if len(points) >= _LEAST_POINTS else []
    if len(breaks) >= _LEAST_POINTS:
        flowed_s = _flowed_s(stretches)
        points += [_of_interruption(test, stretches, k, charge_Ah, flowed_s[k - 1]) for k in breaks]
    return sorted(points, key=lambda point: point.row)


def _is_pulse(stretches: Sequence[Stretch], k: int) -> bool:
    before, pulse, after = stretches[k - 1 : k + 2]
    long_enough = pulse.duration_s >= _LEAST_PULSE_s
    rests = min(before.duration_s, after.duration_s) >= _LEAST_REST_SHARE * pulse.duration_s
    if not (pulse.sign and not before.sign and not after.sign and long_enough and rests):
        return False
    neighbours = [stretches[j] for j in (k - 2, k + 2) if 0 <= j < len(stretches)]
    return any(_alike(pulse, other) and other.duration_s < 10 * pulse.duration_s for other in neighbours)


def _is_interruption(stretches: Sequence[Stretch], k: int) -> bool:
    before, rest, after = stretches[k - 1 : k + 2]
    return (
        not rest.sign
        and rest.duration_s <= _LONGEST_INTERRUPTION_s
        and rest.duration_s <= _INTERRUPTION_SHARE * before.duration_s
        and bool(before.sign)
        and _alike(before, after)
    )


def _alike(one: Stretch, other: Stretch) -> bool:
    return one.sign == other.sign and abs(one.current_A / other.current_A - 1) <= _SAME_CURRENT


def begin_of_current_s(test: CellTest, stretch: Stretch, charge_Ah: np.ndarray) -> float:
    """The instant at which the current of a stretch began: by the charge that its first row has passed."""
    first = stretch.start
    passed_s = 3600 * (charge_Ah[first] - charge_Ah[first - 1]) / stretch.current_A
    return float(np.clip(test.time_s[first] - passed_s, test.time_s[first - 1], test.time_s[first]))


def _of_pulse(test: CellTest, before: Stretch, pulse: Stretch, after: Stretch, charge_Ah: np.ndarray) -> DiffusionPoint:
    time_s, voltage = test.time_s, test.voltage_V
    began_s = begin_of_current_s(test, pulse, charge_Ah)
    tau_s = float(time_s[pulse.end - 1] - began_s)
    settled_V = float(voltage[after.end - 1])
    change_V = settled_V - float(voltage[before.end - 1])
    at_s = time_s[pulse.start : pulse.end] - began_s
    rows = slice(pulse.start, pulse.end)
    values, resistance, problem, rate, std = voltage[rows], None, None, None, None
    last_s = tau_s
    fit = _sqrt_fit(at_s, values, first_s=_FIRST_SHARE * last_s, last_s=last_s)
    while fit is not None:  # how long sqrt(t) holds hangs on what it gives: the longest window that agrees with itself
        rate = _rate(change_V / tau_s, fit.slope)
        if rate * last_s <= _SEMI_INFINITE:
            break
        last_s *= 0.85
        fit = _sqrt_fit(at_s, values, first_s=_FIRST_SHARE * last_s, last_s=last_s)
    if fit is None:
        problem = "the pulse is too long for its rows: no sqrt(t) is seen before the charge has crossed the particle"
    else:
        resistance = (fit.begin_V - float(voltage[before.end - 1])) / pulse.current_A
        noise_V = max(fit.noise_V, 1e-7)
        std = 2 * float(np.hypot(fit.slope_std / fit.slope, 1.41 * noise_V / change_V)) if change_V else None
        problem = _pulse_problem(fit, change_V, noise_V, _left_V(test, after), pulse.sign)
    return DiffusionPoint(
        method="GITT",
        row=pulse.start,
        charging=pulse.sign > 0,
        charge_Ah=0.5 * float(charge_Ah[pulse.start - 1] + charge_Ah[pulse.end - 1]),
        voltage_V=settled_V,
        per_length2_per_s=rate if problem is None else None,
        relative_std=std if problem is None else None,
        resistance_ohm=resistance,
        problem=problem,
    )


@dataclass(frozen=True, kw_only=True)
class _SqrtFit:
    begin_V: float
    slope: float
    slope_std: float
    noise_V: float


def _pulse_problem(fit: _SqrtFit, change_V: float, noise_V: float, left_V: float, sign: int) -> str | None:
    if fit.slope * sign <= 0 or abs(fit.slope) < _STANDS_OUT * fit.slope_std:
        return "no voltage that goes with sqrt(t) stands out"
    if change_V * sign <= 0 or abs(change_V) < _STANDS_OUT * 1.41 * noise_V:
        return "the equilibrium voltage does not change enough: a plateau, or a step too small"
    if left_V > _SETTLED * abs(change_V):
        return (
            f"the rest after it ends {1e3 * left_V:.2g} mV before equilibrium, of {1e3 * abs(change_V):.2g} mV in all"
        )
    return None


def _rate(equilibrium_V_per_s: float, slope_V_per_sqrt_s: float) -> float:
    """D / (V/A)^2."""
    return 4 / np.pi * (equilibrium_V_per_s / slope_V_per_sqrt_s) ** 2 if slope_V_per_sqrt_s else 0.0


def _sqrt_fit(
    at_s: np.ndarray, value_V: np.ndarray, *, first_s: float, last_s: float, linear: bool = True
) -> _SqrtFit | None:
    """E = E0 + a sqrt(t) (+ b t) over a window; None with too few rows."""
    inside = (at_s >= first_s) & (at_s <= last_s * (1 + 1e-9))
    if int(inside.sum()) < _LEAST_ROWS - (not linear):
        return None
    t, values = at_s[inside], value_V[inside]
    basis = np.stack([np.ones_like(t), np.sqrt(t), t][: 3 if linear else 2], axis=1)
    scale = basis.max(axis=0)
    solution, *_ = np.linalg.lstsq(basis / scale, values, rcond=None)
    residual = values - basis / scale @ solution
    noise = float(np.sqrt(np.sum(residual**2) / max(len(t) - basis.shape[1], 1)))
    covariance = np.linalg.pinv((basis / scale).T @ (basis / scale))
    return _SqrtFit(
        begin_V=float(solution[0]),
        slope=float(solution[1] / scale[1]),
        slope_std=noise * float(np.sqrt(covariance[1, 1])) / float(scale[1]),
        noise_V=noise,
    )


def _left_V(test: CellTest, rest: Stretch) -> float:
    """How far a rest ends from where it goes: by its last third, whose change a relaxation repeats ever smaller."""
    rows = slice(rest.start, rest.end)
    t, values = test.time_s[rows] - test.time_s[rest.start], test.voltage_V[rows]
    if len(t) < _LEAST_ROWS:
        return float("inf")
    ends = [float(t[-1]) * share for share in (1 / 3, 2 / 3, 1.0)]
    thirds = [float(np.mean(values[(t > end - 0.1 * t[-1]) & (t <= end)])) for end in ends]
    earlier, later = thirds[1] - thirds[0], thirds[2] - thirds[1]
    ratio = later / earlier if earlier else 0.0
    return abs(later * ratio / (1 - ratio)) if 0 < ratio < 1 else 0.0 if abs(later) <= abs(earlier) else abs(later)


def _flowed_s(stretches: Sequence[Stretch]) -> list[float]:
    """How long the current of each stretch has flowed when it ends, interruptions left out: from the last longer rest,
    other current or direction on."""
    flowed: list[float] = []
    for k, stretch in enumerate(stretches):
        goes_on = k > 1 and _is_interruption(stretches, k - 1)
        flowed.append(stretch.duration_s + (flowed[k - 2] if goes_on else 0.0))
    return flowed


def _of_interruption(
    test: CellTest, stretches: Sequence[Stretch], k: int, charge_Ah: np.ndarray, flowed_s: float
) -> DiffusionPoint:
    before, rest, after = stretches[k - 1 : k + 2]
    time_s, voltage = test.time_s, test.voltage_V
    last = before.end - 1
    drift = _drift_V_per_s(test, before, after)
    at_s = time_s[rest.start : rest.end] - time_s[last]
    # what the current would have gone on to do is taken off: what remains is the answer to the step alone
    fit = _sqrt_fit(
        at_s, voltage[rest.start : rest.end] - drift * at_s,
        first_s=min(_ICI_FIRST_s, 0.2 * float(at_s[-1])), last_s=min(_ICI_LAST_s, float(at_s[-1])), linear=False,
    )  # fmt: skip
    problem, rate, std, resistance = None, None, None, None
    if fit is None:
        problem = "fewer than five rows in the first 5 s"
    else:
        resistance = (float(voltage[last]) - fit.begin_V) / before.current_A
        rate = _rate(drift, fit.slope)
        std = 2 * abs(fit.slope_std / fit.slope) if fit.slope else None
        if fit.slope * before.sign >= 0 or abs(fit.slope) < _STANDS_OUT * fit.slope_std:
            problem = "no voltage that goes with sqrt(t) stands out"
        elif drift * before.sign <= 0:
            problem = "the voltage under current does not change: a plateau"
        elif rate * float(at_s[-1]) > _SEMI_INFINITE:
            problem = "the interruption is too long: the charge has crossed the particle"
        elif rate * flowed_s < _SETTLED_PROFILE:
            problem = "the current has not flowed long enough: its voltage still goes with sqrt(t)"
    return DiffusionPoint(
        method="ICI",
        row=rest.start,
        charging=before.sign > 0,
        charge_Ah=float(charge_Ah[last]),
        voltage_V=float(voltage[last]),
        per_length2_per_s=rate if problem is None else None,
        relative_std=std if problem is None else None,
        resistance_ohm=resistance,
        problem=problem,
    )


def _drift_V_per_s(test: CellTest, before: Stretch, after: Stretch) -> float:
    """Slope of the voltage under current over the time of current: from the end of one stretch to the same time in the
    next, so that both have recovered alike from the interruption before them."""
    length_s = min(before.duration_s, after.duration_s)
    rested_s = float(test.time_s[after.start - 1] - test.time_s[before.end - 1])
    means = []
    for stretch in (before, after):
        began_s = float(test.time_s[max(stretch.start - 1, 0)])
        rows = slice(stretch.start, stretch.end)
        at_s = test.time_s[rows] - began_s
        late = (at_s >= 0.9 * length_s) & (at_s <= length_s * (1 + 1e-9))
        if not late.any():
            return 0.0
        means.append((float(test.time_s[rows][late].mean()), float(test.voltage_V[rows][late].mean())))
    flowed_s = means[1][0] - means[0][0] - rested_s
    return (means[1][1] - means[0][1]) / flowed_s if flowed_s > 0 else 0.0
