"""From steady currents to conduction by electrons, and to the share of the ions.

Between two ion-blocking electrodes the steady current is that of the electrons, I = (A / L) sigma_e V + I_0. With one
reversible electrode it is that of electrons and holes (Hebb, J. Chem. Phys. 1952, 20, 185, doi 10.1063/1.1700165;
Wagner 1957): I = (A / L) (R T / F) [sigma_n (1 - exp(-u)) + sigma_p (exp(u) - 1)], u = F V / (R T), V and I those of
the blocking electrode against the reversible one: where it is more positive, electrons grow fewer and holes more. Leads
the other way round turn both signs, which exchanges electrons and holes.
Transference: t+ = I_s (V - I_0 R_0) / (I_0 (V - I_s R_s)) of Evans, Vincent and Bruce (Polymer 1987, 28, 2324, doi
10.1016/0032-3861(87)90394-6), and t+ = R_b / (V / I_s - R_s) of Watanabe et al. (Solid State Ionics 1988, 28-30, 911,
doi 10.1016/0167-2738(88)90303-7). The first current I_0 = V / (R_b + R_0) flows before any row is written; with it the
first formula is the second. Both are linear in V: 10 mV or less (Bruce and Vincent, J. Electroanal. Chem. 1987, 225, 1,
doi 10.1016/0022-0728(87)80001-3).
A sweep over a resistance is a straight line without a foot: `sweep_shape` tells it from one with an onset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from uncertainties import correlated_values, ufloat

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.geometry import Uncertain, deviation, nominal
from paddlewheel.lab.polarization import Hold, variance_inflation
from paddlewheel.lab.voltammetry import row_noise
from paddlewheel.units import BOLTZMANN_eV_PER_K

SAME_V = 2e-3
"""Voltages nearer than this are one, and that of a cell at rest."""
HIGHEST_TRANSFERENCE_V = 0.010
"""Of the theory of Bruce and Vincent, which is linear in the voltage."""
BlockingElectrode = Literal["working", "counter"]
"""Which electrode blocks ions: the working one, whose voltage against the other the file has, or the counter one."""
_REJECTED = 0.05
_STRAIGHT = 0.01
"""Departure from a line, as a share of what the current changes in the sweep, that is no onset: resistances and the
ranges of an instrument are no better."""
_CHARGING = (0.005, 0.015, 0.04)
"""Decays at the begin of a sweep beside its line, as shares of the sweep: the double layer charges."""
_HINGES = np.linspace(0.02, 0.98, 49)
_RICH = 12
"""Degree of the polynomial that leaves the noise of a sweep."""
_TOLD = 20.0
"""Chi squared by which a line with a kink must describe a sweep better than one without, for the noise not to hide it.
"""


@dataclass(frozen=True, kw_only=True)
class OhmicLine:
    """I = conductance V + offset.

    Attributes
    ----------
    conductance_S, offset_A
        With standard errors; the offset is None of one voltage, where the line goes through the origin.
    probability
        That currents on a line scatter this much; None of fewer than three voltages.
    """

    conductance_S: Uncertain
    offset_A: Uncertain | None
    probability: float | None

    @property
    def straight(self) -> bool:
        """Whether a line describes the currents, as far as is known."""
        return self.probability is None or self.probability >= _REJECTED

    def current_A(self, voltage_V: np.ndarray) -> np.ndarray:
        """Of the fitted line, `[n]`."""
        return nominal(self.conductance_S) * voltage_V + (0.0 if self.offset_A is None else nominal(self.offset_A))


@dataclass(frozen=True, kw_only=True)
class HebbWagner:
    """Conductances (A / L) sigma of electrons and holes at 0 V, and how well they describe the currents."""

    electrons_S: Uncertain
    holes_S: Uncertain
    blocking: BlockingElectrode
    temperature_K: float
    probability: float

    def current_A(self, voltage_V: np.ndarray) -> np.ndarray:
        """Of the fitted conductances, `[n]`; voltage and current are those of the file."""
        terms = _electrons_and_holes(voltage_V, self.temperature_K, self.blocking)
        return terms @ np.array([nominal(self.electrons_S), nominal(self.holes_S)])


@dataclass(frozen=True, kw_only=True)
class SweepShape:
    """A sweep that one line or one parabola describes from its begin to its end: it has no foot.

    Attributes
    ----------
    straight
        Whether the line does.
    slope, slope_std, intercept
        Of the line, in the unit of the current per V; its error counts the correlation of the residuals.
    """

    straight: bool
    slope: float
    slope_std: float
    intercept: float

    @property
    def ohmic(self) -> bool:
        """Whether it is the current of a resistance: a line that is told to rise."""
        return self.straight and self.slope > 3 * self.slope_std


def sweep_shape(voltage_V: np.ndarray, current: np.ndarray) -> SweepShape | None:
    """Whether a line, or else a parabola, describes a whole sweep; None where it takes an onset.

    It does if the mean of some rows leaves it nowhere by more than 1 % of what the current changes, or where noise
    hides so much, if a line with a kink describes the rows no better. A decay at the begin may be beside either.

    Parameters
    ----------
    voltage_V, current
        `[n_rows]`, in any unit of current, in the order of the sweep or of the voltage.
    """
    order = np.argsort(voltage_V, kind="stable")
    x, y = voltage_V[order], current[order]
    span = float(np.ptp(x))
    if len(x) < 8 or not span > 0:
        return None
    # the begin of a sweep is where it starts in time: a decay stands there
    t = (x - x[0]) / span if voltage_V[0] <= voltage_V[-1] else (x[-1] - x) / span
    width = max(3, len(y) // 50)
    rest = _rest(np.polynomial.legendre.legvander(2 * t - 1, _RICH), y)
    variance, white = float(rest @ rest) / max(len(y) - _RICH - 1, 1), row_noise(y) ** 2
    # correlated noise is louder than its differences; a peak that is too sharp for the polynomial is no noise
    inflation = variance_inflation(rest, _RICH // 2) if variance < 9 * white else 1.0
    variance = inflation * min(variance, 9 * white)
    kinked = min(_squares(np.column_stack([np.ones_like(t), t, np.maximum(t - hinge, 0)]), y) for hinge in _HINGES)
    for degree in (1, 2):
        plain = np.vander(t, degree + 1, increasing=True)
        for tau in (None, *_CHARGING):
            design = plain if tau is None else np.column_stack([plain, np.exp(-t / tau)])
            values = np.linalg.lstsq(design, y, rcond=None)[0]
            rest = y - design @ values
            mean = np.convolve(rest, np.ones(width) / width, mode="valid")
            departure, change = float(np.abs(mean).max()), float(np.ptp(plain @ values[: degree + 1]))
            squares = float(rest @ rest)
            hidden = departure <= 4 * np.sqrt(variance / width) and squares - kinked <= _TOLD * variance
            if tau is not None and kinked < 0.9 * squares:
                continue  # a foot near the begin looks like a decay
            if departure <= _STRAIGHT * change or hidden:
                grown = max(variance, inflation * squares / max(len(y) - design.shape[1], 1))
                covariance = np.linalg.pinv(design.T @ design) * grown
                sign = 1.0 if voltage_V[0] <= voltage_V[-1] else -1.0
                slope = sign * float(values[1]) / span
                return SweepShape(
                    straight=degree == 1,
                    slope=slope,
                    slope_std=float(np.sqrt(covariance[1, 1])) / span,
                    intercept=float(values[0]) - slope * float(x[0] if sign > 0 else x[-1]),
                )
    return None


def _squares(design: np.ndarray, y: np.ndarray) -> float:
    rest = _rest(design, y)
    return float(rest @ rest)


def _rest(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    return y - design @ np.linalg.lstsq(design, y, rcond=None)[0]


def fit_ohmic_line(holds: Sequence[Hold]) -> OhmicLine:
    """The line through steady currents, by weighted least squares.

    Raises
    ------
    DataError
        If no hold has a voltage.
    """
    voltage, current, error = _points(holds)
    if not np.any(np.abs(voltage) > SAME_V):
        raise DataError("no hold at a voltage other than 0", where="holds", remedy="give a polarization at 0.1 V, say")
    if np.ptp(voltage) <= SAME_V:
        weight = voltage / error
        value = float(np.sum(weight * current / error) / np.sum(weight**2))
        return OhmicLine(
            conductance_S=ufloat(value, 1 / float(np.sqrt(np.sum(weight**2)))), offset_A=None, probability=None
        )
    (offset, conductance), probability = _least_squares(
        np.column_stack([np.ones_like(voltage), voltage]), current, error
    )
    return OhmicLine(conductance_S=conductance, offset_A=offset, probability=probability)


def fit_hebb_wagner(holds: Sequence[Hold], *, temperature_K: float, blocking: BlockingElectrode) -> HebbWagner | None:
    """Electrons and holes in a cell with one reversible electrode; None of fewer than three voltages, or if one is
    negative beyond two errors."""
    voltage, current, error = _points(holds)
    if len(np.unique(np.round(voltage / SAME_V))) < 3:
        return None
    if np.abs(voltage).max() > 500 * BOLTZMANN_eV_PER_K * temperature_K:
        return None
    (electrons, holes), probability = _least_squares(
        _electrons_and_holes(voltage, temperature_K, blocking), current, error
    )
    if any(nominal(part) < -2 * deviation(part) for part in (electrons, holes)):
        return None
    assert probability is not None
    return HebbWagner(
        electrons_S=electrons, holes_S=holes, blocking=blocking, temperature_K=temperature_K, probability=probability
    )


def _electrons_and_holes(voltage_V: np.ndarray, temperature_K: float, blocking: BlockingElectrode) -> np.ndarray:
    """Current of a unit conductance of each, `[n, 2]`: kT (1 - exp(-u)) and kT (exp(u) - 1), u of the blocking one."""
    kT_V = BOLTZMANN_eV_PER_K * temperature_K
    sign = 1.0 if blocking == "working" else -1.0
    u = sign * voltage_V / kT_V
    return sign * kT_V * np.column_stack([-np.expm1(-u), np.expm1(u)])


def _points(holds: Sequence[Hold]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    current = np.array([nominal(hold.steady_A) for hold in holds])
    error = np.array([deviation(hold.steady_A) for hold in holds])
    # currents free of noise still end at the last digit that a file prints
    return (
        np.array([hold.voltage_V for hold in holds]),
        current,
        np.maximum(error, 1e-6 * np.abs(current).max() + 1e-30),
    )


def _least_squares(
    matrix: np.ndarray, current: np.ndarray, error: np.ndarray
) -> tuple[tuple[Uncertain, Uncertain], float | None]:
    """Two parameters with their correlation, and the probability of the scatter; errors grow with a scatter above 1."""
    from scipy.stats import chi2

    size = np.abs(matrix / error[:, None]).max(axis=0)
    weighted = matrix / error[:, None] / size
    inverse = np.linalg.inv(weighted.T @ weighted)
    values = inverse @ (weighted.T @ (current / error))
    freedom = len(current) - 2
    squares = float(np.sum((current / error - weighted @ values) ** 2))
    grown = max(squares / freedom, 1.0) if freedom > 0 else 1.0
    first, second = correlated_values(values / size, inverse * grown / np.outer(size, size))
    return (first, second), float(chi2.sf(squares, freedom)) if freedom > 0 else None


def conductivity_S_per_cm(conductance_S: Uncertain, *, thickness_cm: Uncertain, area_cm2: Uncertain) -> Uncertain:
    """sigma = G L / A."""
    return conductance_S * thickness_cm / area_cm2


def transference_number(own_S_per_cm: Uncertain, other_S_per_cm: Uncertain) -> Uncertain:
    """t = sigma / (sigma + sigma of the others): of ions beside electrons, or of electrons beside ions."""
    return 1 / (1 + other_S_per_cm / own_S_per_cm)


def first_current_A(
    *, voltage_V: Uncertain, bulk_resistance_ohm: Uncertain, initial_resistance_ohm: Uncertain
) -> Uncertain:
    """V / (R_b + R_0): the current of a symmetric cell at rest in the instant of the step, from its impedance."""
    return voltage_V / (bulk_resistance_ohm + initial_resistance_ohm)


def bruce_vincent(
    *,
    voltage_V: Uncertain,
    initial_A: Uncertain,
    steady_A: Uncertain,
    initial_resistance_ohm: Uncertain,
    steady_resistance_ohm: Uncertain,
) -> Uncertain:
    """t+ of a symmetric cell of reversible electrodes, with the interface resistances before and after.

    Raises
    ------
    SettingsError
        For a voltage or a current that is not positive, an interface that takes more than the whole voltage, or a
        result outside 0 to 1 beyond two errors.
    """
    for name, value in (("voltage_V", voltage_V), ("initial_A", initial_A), ("steady_A", steady_A)):
        if not nominal(value) > 0:
            raise SettingsError(f"{nominal(value):g}", where=name, remedy="give voltage and currents above 0")
    over_start = _left(voltage_V, initial_A, initial_resistance_ohm, "initial")
    over_end = _left(voltage_V, steady_A, steady_resistance_ohm, "steady")
    return _share(steady_A * over_start / (initial_A * over_end))


def watanabe(
    *, voltage_V: Uncertain, steady_A: Uncertain, bulk_resistance_ohm: Uncertain, steady_resistance_ohm: Uncertain
) -> Uncertain:
    """t+ from the bulk resistance instead of the initial current.

    Raises
    ------
    SettingsError
        As `bruce_vincent`.
    """
    if not nominal(steady_A) > 0:
        raise SettingsError(f"{nominal(steady_A):g}", where="steady_A", remedy="give a current above 0")
    return _share(bulk_resistance_ohm * steady_A / _left(voltage_V, steady_A, steady_resistance_ohm, "steady"))


def _left(voltage_V: Uncertain, current_A: Uncertain, resistance_ohm: Uncertain, name: str) -> Uncertain:
    left = voltage_V - current_A * resistance_ohm
    if not nominal(resistance_ohm) >= 0 or not nominal(left) > 0:
        raise SettingsError(
            f"{nominal(resistance_ohm):g} ohm at {nominal(current_A):g} A take more than the {nominal(voltage_V):g} V",
            where=f"{name}_resistance_ohm", remedy="resistances are those of both interfaces in ohm, currents in A",
        )  # fmt: skip
    return left


def _share(number: Uncertain) -> Uncertain:
    value, error = nominal(number), deviation(number)
    if value > 1 + 2 * error + 0.02 or value < -2 * error - 0.02:
        raise SettingsError(
            f"t+ = {value:.3g}", where="transference",
            remedy="it is between 0 and 1: check the currents, and that both resistances are the interfaces' alone",
        )  # fmt: skip
    return number
