"""DC polarization: the steady current of a hold at one voltage, as offset and decays, and whether it is steady at all.

I(t) = I_ss + sum_k a_k exp(-t / tau_k) with no to three decays (the number by the Bayesian information criterion) is
fitted to the whole hold by variable projection; errors count the correlation of the residuals. What the decays still
hold at the end of the hold decides whether the current is steady.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from uncertainties import ufloat

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.geometry import Uncertain, nominal
from paddlewheel.lab.measured_as import held_instead
from paddlewheel.lab.table import CellTest

_TAIL = 0.2
_LEAST_ROWS = 40
_MOST_POINTS = 400
_FASTEST = 0.15
"""Of the rows' distance: a decay as fast as that is in the first row alone."""
_SAME_V = 2e-3
_MOST_DECAYS = 3
_GRID = 12
_IDLE = ("rest", "OCV", "EIS")


@dataclass(frozen=True, kw_only=True, eq=False)
class Hold:
    """A stretch at constant voltage.

    Attributes
    ----------
    voltage_V
        Mean of the hold.
    steady_A
        The offset of the fit, with its standard error.
    tail_A
        Mean of the last fifth, which no model has touched.
    initial_A
        Current of the first row of the hold; uncertain by what it falls before the next row.
    taus_s, amplitudes_A
        Decays of the fit, from fast to slow.
    remaining_share
        What the decays (or the slope of the last fifth, where it is more) still hold at the end, of the steady current
        or of its error, where that is larger.
    steady
        Whether that is below the limit, or not told from zero.
    reason
        Why not; empty where it is.
    rows
        First row and the one after the last.
    """

    voltage_V: float
    steady_A: Uncertain
    tail_A: float
    initial_A: Uncertain
    taus_s: tuple[float, ...]
    amplitudes_A: tuple[float, ...]
    remaining_share: float
    steady: bool
    reason: str
    rows: tuple[int, int]

    def fitted_A(self, time_s: np.ndarray) -> np.ndarray:
        """The fit at times since the begin of the hold, `[n]`."""
        return _decayed(time_s, nominal(self.steady_A), np.array(self.amplitudes_A), np.array(self.taus_s))


def find_holds(test: CellTest, *, largest_drift: float = 0.05) -> list[Hold]:
    """Every stretch at one voltage of 40 rows or more; rests are none.

    Parameters
    ----------
    test
        The rows of a chronoamperometry, of one voltage or several.
    largest_drift
        Share of the steady current that may still decay at the end.

    Raises
    ------
    SettingsError
        For a share that is not between 0 and 1.
    DataError
        If there is none.
    """
    if not 0 < largest_drift < 1:
        raise SettingsError(f"{largest_drift:g}", where="largest_drift", remedy="give a share between 0 and 1")
    changed = np.abs(np.diff(test.voltage_V)) > _SAME_V
    if test.step is not None:
        changed |= np.diff(test.step) != 0
    edges = np.concatenate([[0], np.flatnonzero(changed) + 1, [len(test)]])
    holds = []
    for first, last in itertools.pairwise(edges.astype(int)):
        if last - first < _LEAST_ROWS or not np.any(test.current_A[first:last]):
            continue
        if test.step_kind is not None and str(test.step_kind[first]) in _IDLE:
            continue
        low, high = np.percentile(test.voltage_V[first:last], [2, 98])
        if high - low <= 2 * _SAME_V:  # else a sweep of small steps
            holds.append(_hold(test, int(first), int(last), largest_drift))
    if not holds:
        raise DataError(
            f"{held_instead(test, 'dc')}no stretch of {_LEAST_ROWS} rows at one voltage (within {2000 * _SAME_V:g} mV) "
            "with a current",
            where=test.source, remedy="give a chronoamperometry; check that voltages are in V",
        )  # fmt: skip
    return holds


def _hold(test: CellTest, first: int, last: int, largest_drift: float) -> Hold:
    rows = slice(first, last)
    time, current = test.time_s[rows] - test.time_s[first], test.current_A[rows]
    if not np.all(np.diff(time) >= 0) or not time[-1] > 0:
        raise DataError(
            f"the clock goes back between rows {first} and {last}", where=test.source, remedy="repair the times"
        )
    taus, amplitudes, offset, covariance = _fit_decays(time, current)
    tail = time >= (1 - _TAIL) * time[-1]
    tail_A = float(current[tail].mean())
    # the slope of the tail over its span, and its error, without any model
    slope, slope_error = _slope(time[tail], current[tail])
    span = float(np.ptp(time[tail]))
    left = float(np.sum(amplitudes * np.exp(-time[-1] / taus))) if len(taus) else 0.0
    error = float(np.sqrt(covariance))
    size = max(abs(offset), error)
    drifts = abs(slope) * span > max(largest_drift * size, 2 * slope_error * span)
    decays = abs(left) > max(largest_drift * size, 2 * error)
    remaining = max(abs(left), abs(slope) * span if drifts else 0.0)
    told = abs(offset - tail_A) > 3 * error + largest_drift * size
    diffusive = _diffusive_offset(time, current, current - _decayed(time, offset, amplitudes, taus))
    reasons = [
        f"it falls as 1 / sqrt(time), to {diffusive:.3g} A rather than {offset:.3g} A"
        if diffusive is not None and abs(diffusive - offset) > 3 * error + largest_drift * size
        else "",
        f"{100 * remaining / size:.3g} % of the steady current still decays" if drifts or decays else "",
        "the fit's offset is not the current of the tail" if told and not (drifts or decays) else "",
    ]
    following = abs(current[0] - current[1]) / np.sqrt(12)
    return Hold(
        voltage_V=float(test.voltage_V[rows].mean()),
        # what still decays adds to the error, as does a slope that is not told from none
        steady_A=ufloat(offset, float(np.hypot(error, abs(left) / np.sqrt(3)))),
        tail_A=tail_A,
        initial_A=ufloat(float(current[0]), float(max(following, 1e-30))),
        taus_s=tuple(float(tau) for tau in taus),
        amplitudes_A=tuple(float(amplitude) for amplitude in amplitudes),
        remaining_share=remaining / size if size > 0 else 0.0,
        steady=not any(reasons),
        reason="; ".join(filter(None, reasons)),
        rows=(first, last),
    )


def _decayed(t: np.ndarray, offset: float, amplitudes: np.ndarray, taus: np.ndarray) -> np.ndarray:
    return offset + np.exp(-np.asarray(t)[:, None] / taus) @ amplitudes


def _diffusive_offset(t: np.ndarray, i: np.ndarray, rest: np.ndarray) -> float | None:
    """Offset of I = offset + b / sqrt(t) over the last nine tenths, where that describes them better than the decays.

    Diffusion to an electrode falls so (Cottrell 1903), and exponentials imitate it with an offset that is too high.
    """
    late = t > 0.1 * t[-1]
    matrix = np.column_stack([np.ones(int(late.sum())), 1 / np.sqrt(t[late])])
    (offset, b), *_ = np.linalg.lstsq(matrix, i[late], rcond=None)
    left = i[late] - matrix @ (offset, b)
    squares = float(np.sum(left**2))
    variance = (
        float(np.linalg.inv(matrix.T @ matrix)[1, 1]) * squares / max(len(left) - 2, 1) * variance_inflation(left, 1)
    )
    better = squares < 1.02 * float(np.sum(rest[late] ** 2))
    return float(offset) if better and abs(b) > 3 * np.sqrt(variance) else None


def _binned(time: np.ndarray, current: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, means and numbers of rows in bins that widen in proportion to the time: the begin, where the current
    falls fast, keeps its rows, and a long hold costs no more than a short one."""
    edges = np.unique(np.round(np.geomspace(1, len(time), _MOST_POINTS)).astype(int)) - 1
    counts = np.diff(np.append(edges, len(time)))
    return np.add.reduceat(time, edges) / counts, np.add.reduceat(current, edges) / counts, counts.astype(float)


def _fit_decays(time: np.ndarray, current: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Time constants, amplitudes, offset and the offset's variance, of as many decays as the rows bear."""
    from scipy.optimize import least_squares

    scale = float(np.abs(current).max()) or 1.0
    t, mean, counts = _binned(time, current)
    root = np.sqrt(counts)
    y = root * mean / scale
    steps = np.diff(time[: max(10, len(time) // 20)])
    shortest = max(_FASTEST * float(np.median(steps)), 1e-9 * time[-1])
    bounds = (np.log(shortest), np.log(time[-1]))
    grid = np.linspace(*bounds, _GRID)

    def design(at: np.ndarray, logs: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones_like(at), *(np.exp(-at / np.exp(log_tau)) for log_tau in logs)])

    def linear_of(logs: np.ndarray) -> np.ndarray:
        return np.linalg.lstsq(root[:, None] * design(t, logs), y, rcond=None)[0]

    def residual(logs: np.ndarray) -> np.ndarray:
        return y - root * (design(t, logs) @ linear_of(logs))

    fits, start = [np.empty(0)], np.empty(0)
    for _ in range(_MOST_DECAYS):
        tries = [np.append(start, log_tau) for log_tau in grid if np.all(np.abs(log_tau - start) > 0.3)]
        first = min(tries, key=lambda logs: float(np.sum(residual(logs) ** 2)))
        start = np.sort(least_squares(residual, first, bounds=bounds, x_scale=1.0, max_nfev=60).x)
        fits.append(start)
    rests = [current / scale - design(time, logs) @ linear_of(logs) for logs in fits]
    # how the noise is correlated is told by the richest fit: a poorer one leaves decays in its residuals
    inflation = variance_inflation(rests[-1], _MOST_DECAYS)
    best, best_bic = 0, np.inf
    for n_decays, rest in enumerate(rests):
        squares = max(float(np.sum(rest**2)), 1e-30 * len(rest))
        bic = len(rest) / inflation * np.log(squares / len(rest)) + (1 + 2 * n_decays) * np.log(len(rest))
        if bic < best_bic - 6:  # strong evidence, or the simpler one
            best, best_bic = n_decays, bic
    logs, rest = fits[best], rests[best]
    linear = linear_of(logs)
    # the offset's variance with the time constants free: the Jacobian of amplitudes and time constants together
    slopes = [linear[1 + k] * t / np.exp(log_tau) * np.exp(-t / np.exp(log_tau)) for k, log_tau in enumerate(logs)]
    jacobian = root[:, None] * np.column_stack([design(t, logs), *slopes])
    freedom = max(len(rest) - jacobian.shape[1], 1)
    variance = float(np.linalg.pinv(jacobian.T @ jacobian)[0, 0]) * float(np.sum(rest**2)) / freedom
    return (
        np.exp(logs),
        scale * linear[1:],
        float(scale * linear[0]),
        scale**2 * variance * variance_inflation(rest, best),
    )


def variance_inflation(rest: np.ndarray, n_decays: int) -> float:
    """(1 + r) / (1 - r), the factor of the variance of a mean whose rows are correlated by r (first order).

    `rest` are the residuals `[n_rows]` of a fit of an offset and `n_decays` terms of two parameters each.
    """
    centred = rest - rest.mean()
    power = float(np.sum(centred**2))
    if not power > 0:
        return 1.0
    # the sample's r is low by about (1 + 3 r) / n a parameter of the mean (Marriott and Pope 1954)
    r = float(np.sum(centred[1:] * centred[:-1]) / power) + (1 + 2 * n_decays) / len(rest)
    r = float(np.clip(r, 0.0, 0.98))
    return (1 + r) / (1 - r)


def _slope(t: np.ndarray, i: np.ndarray) -> tuple[float, float]:
    centred = t - t.mean()
    power = float(np.sum(centred**2))
    slope = float(np.sum(centred * i) / power)
    rest = i - i.mean() - slope * centred
    return slope, float(np.sqrt(np.sum(rest**2) / max(len(t) - 2, 1) / power * variance_inflation(rest, 1)))
