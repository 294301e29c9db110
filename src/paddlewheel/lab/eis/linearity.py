"""Is a cell linear at the amplitude it was measured with? Two spectra of it at two amplitudes, compared within noise.

The Kramers-Kronig relations do not tell: a distorted current has a fundamental too. An interface of resistance R that
obeys Butler and Volmer (coefficients of 1/2) shows R x / (2 I1(x)) at an amplitude V, x = F V / (2 R T), I1 a modified
Bessel function: 36 % less at 100 mV, and nothing that any test of the relations sees (nonlinear impedance: Fasmin and
Srinivasan, J. Electrochem. Soc. 164, H443 (2017), doi 10.1149/2.0391707jes). What depends on the amplitude is not
linear; what does not is, at the larger of the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.eis.kramers_kronig import (
    FEWEST_POINTS,
    LEVEL,
    SMALLEST_VIOLATION,
    KramersKronig,
    worst_decade,
)
from paddlewheel.lab.eis.least_squares import Weighted

_SAME_FREQUENCY = 5e-3


@dataclass(frozen=True)
class Linearity:
    """The comparison; shares are of |Z|.

    Attributes
    ----------
    linear
        Whether the spectra are one within their noise, or differ by less than 0.3 %.
    verdict
        A sentence that says so, or by how much and where they differ.
    n_points
        Frequencies that both have, within 0.5 %.
    difference
        Root mean square of |Z2 - Z1| / |Z1| over the decade where it is largest, less the noise.
    noise
        Of the difference, each part: that of both spectra about their own Kramers-Kronig fits.
    probability
        Of so large a difference by noise alone.
    worst_Hz
        That decade, lowest and highest frequency.
    """

    linear: bool
    verdict: str
    n_points: int
    difference: float
    noise: float
    probability: float
    worst_Hz: tuple[float, float]


def compare_amplitudes(
    first: Weighted, first_test: KramersKronig, second: Weighted, second_test: KramersKronig
) -> Linearity:
    """Compare two spectra of one cell, each with its Kramers-Kronig test.

    Raises
    ------
    DataError
        If they share fewer than ten frequencies.
    """
    from scipy.special import gammaincc

    apart = np.abs(np.log(first.omega[:, None] / second.omega[None, :]))
    ours = np.flatnonzero(apart.min(axis=1) < _SAME_FREQUENCY)
    theirs = apart[ours].argmin(axis=1)
    if len(ours) < FEWEST_POINTS:
        raise DataError(
            f"{len(ours)} frequencies of {len(first.omega)} are in both spectra",
            where="other_amplitude", remedy=f"measure both at the same frequencies, {FEWEST_POINTS} or more",
        )  # fmt: skip
    z, omega = first.impedance_ohm[ours], first.omega[ours]
    share = (second.impedance_ohm[theirs] - z) / np.abs(z)
    noise = float(np.hypot(_noise(first_test), _noise(second_test)))
    probability = float(gammaincc(len(ours), 0.5 * float(np.sum(np.abs(share) ** 2)) / noise**2))
    where = worst_decade(omega, share)
    inside = (omega / (2 * np.pi) >= where[0] * 0.999) & (omega / (2 * np.pi) <= where[1] * 1.001)
    difference = float(np.sqrt(max(np.mean(np.abs(share[inside]) ** 2) - 2 * noise**2, 0.0)))
    linear = probability >= LEVEL or difference <= SMALLEST_VIOLATION
    if linear:
        within = 100 * max(noise, difference)
        verdict = f"both amplitudes give one spectrum within {within:.2g} % of |Z|: linear at the larger one"
    else:
        verdict = (
            f"the amplitudes differ by {100 * difference:.2g} % of |Z| between {where[0]:.3g} and {where[1]:.3g} Hz "
            f"(p < {LEVEL:g}): not linear at the larger one, or the cell changed between them; measure with less"
        )
    return Linearity(bool(linear), verdict, len(ours), difference, noise, probability, where)


def _noise(test: KramersKronig) -> float:
    """Of each part: residuals of the test with the degrees of freedom that its terms took."""
    values = 2 * len(test.residual)
    return test.rms * float(np.sqrt(values / max(values - test.n_terms - 3, 1)))
