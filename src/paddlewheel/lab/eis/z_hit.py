"""Z-HIT: the modulus that belongs to the phase, from the measured range alone; it shows drift that the phase resists.

ln|Z(w0)| = constant + 2/pi times the integral of the phase over ln w up to w0 - pi/6 times its slope d phase / d ln
w: the first two terms of the Hilbert transform between both (Ehm, Kaus, Schiller, Strunz, in New Trends in
Electrochemical Impedance Spectroscopy, ASTM STP 1506, 2001; Schiller, Richter, Guelzow, Wagner, doi
10.1039/B007678N). The phase is smoothed by a spline, the constant is that of the middle of the spectrum, 1 Hz to 1
kHz where it has that, which neither a slow drift nor cables reach. What the two terms leave out, up to 3 % of |Z| at
an arc of one time constant, is what they leave out of the fit of the Kramers-Kronig test, which is lawful and close
by, and is taken off.

A sample that grows during the sweep changes |Z| at once, and the phase of each point not at all; a lawful spectrum of
that phase has another modulus. A drift of 3 % over seven decades, of which the Kramers-Kronig test sees 0.2 % of |Z|,
is here seen whole. Noise of the phase adds up along the integral: an error of that size means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.eis.circuit import Complexes
from paddlewheel.lab.eis.kramers_kronig import KramersKronig, worst_decade
from paddlewheel.lab.eis.least_squares import Weighted

_CENTRE_HZ = (1.0, 1000.0)
_FEWEST = 8
_NOISES = 4.0
SMALLEST = 0.008
"""Share of |Z| below which a difference is not told to be one."""


@dataclass(frozen=True, eq=False)
class ZHit:
    """The outcome.

    Attributes
    ----------
    modulus_ohm
        `[n_points]`, reconstructed from the phase.
    residual
        `[n_points]`, (|Z| - reconstructed) / |Z|.
    rms
        Of `residual`.
    noise
        What of `rms` the noise of the phase alone makes, added up along the integral.
    worst_Hz
        Lowest and highest frequency of the decade in which the residual is largest.
    agrees
        Whether the residual is no more than four times the noise, or below 0.8 %.
    verdict
        What was found, and what it means.
    """

    modulus_ohm: np.ndarray
    residual: np.ndarray
    rms: float
    noise: float
    worst_Hz: tuple[float, float]
    agrees: bool
    verdict: str


def z_hit(data: Weighted, test: KramersKronig) -> ZHit | None:
    """Reconstruct the modulus of a spectrum from its phase; None for fewer than eight points.

    Parameters
    ----------
    data
        The spectrum, from high to low frequency; its weights play no part.
    test
        The Kramers-Kronig test of it.
    """
    if len(data.omega) < _FEWEST:
        return None
    log, z = np.log(data.omega[::-1]), data.impedance_ohm[::-1]
    lawful = z - test.residual[::-1] * np.abs(z)
    apart = _missing(log, z) - _missing(log, lawful)
    apart -= float(np.median(apart[_centre(log)]))
    modulus, residual = (np.abs(z) * np.exp(-apart))[::-1], (1 - np.exp(-apart))[::-1]
    rms = float(np.sqrt(np.mean(residual**2)))
    # a walk of as many steps as points lie between a point and the middle, a quarter of them on average
    noise = 2 / np.pi * test.rms * float(np.diff(log).mean()) * float(np.sqrt(len(log) / 4))
    agrees = rms <= max(_NOISES * noise, SMALLEST)
    where = worst_decade(data.omega, residual)
    return ZHit(modulus, residual, rms, noise, where, agrees, _verdict(data.omega, residual, rms, where, agrees))


def _missing(log: np.ndarray, z: Complexes) -> np.ndarray:
    """ln|Z| less what two terms make of the phase, over ascending ln w."""
    from scipy.interpolate import make_smoothing_spline

    phase = make_smoothing_spline(log, np.unwrap(np.angle(z)))
    integral = phase.antiderivative()
    made = 2 / np.pi * (integral(log) - integral(log[0])) - np.pi / 6 * phase.derivative()(log)
    return np.log(np.abs(z)) - made


def _centre(log: np.ndarray) -> np.ndarray:
    """The points from 1 Hz to 1 kHz, else those of the middle third of the range."""
    low, high = np.log(2 * np.pi * np.array(_CENTRE_HZ))
    inside = (log >= low) & (log <= high)
    if inside.sum() >= _FEWEST // 2:
        return inside
    third = (log[-1] - log[0]) / 3
    return (log >= log[0] + third) & (log <= log[-1] - third)


def _verdict(omega: np.ndarray, residual: np.ndarray, rms: float, where: tuple[float, float], agrees: bool) -> str:
    if agrees:
        return f"|Z| is that of its phase within {100 * rms:.2g} %"
    inside = (omega >= 2 * np.pi * where[0] * 0.999) & (omega <= 2 * np.pi * where[1] * 1.001)
    mean = 100 * float(residual[inside].mean())
    return (
        f"|Z| is not that of its phase by {100 * rms:.2g} %: {abs(mean):.2g} % too {'large' if mean > 0 else 'small'} "
        f"between {where[0]:.3g} and {where[1]:.3g} Hz; the sample changed during the sweep"
    )
