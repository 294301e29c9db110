"""Is the spectrum one of a causal, stable system? The linear Kramers-Kronig test, with a verdict and where.

A spectrum that passes need not be that of a linear system: see `paddlewheel.lab.eis.linearity`.

The spectrum is fitted by a sum that obeys the Kramers-Kronig relations term by term, R + i w L + 1/(i w C) + sum of
R_k / (1 + i w tau_k) with given tau_k, which is linear (Boukamp, doi 10.1149/1.2044210). The number of terms is that of
the lowest BIC; mu, which Schoenleber, Klotz and Ivers-Tiffee use for it (doi 10.1016/j.electacta.2014.01.034), is
reported.

Noise alone leaves residuals too. What noise does not do is leave a smooth part that no such sum can take: the complex
conjugates of the terms, with few tau_k, are added, and an F-test says whether they fit better than chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.lab.eis.circuit import Complexes
from paddlewheel.lab.eis.least_squares import Weighted

LEVEL = 0.001
SMALLEST_VIOLATION = 0.003
"""A violation below this share of |Z| is told, and does not fail the test: no analyser is better."""
LARGEST_RMS = 0.05
FEWEST_POINTS = 10
_MOST_PER_DECADE = 6.0
_MIRRORED = 0.02
_OUTLIER, _OUTLIER_LEAST = 4.0, 0.005


@dataclass(frozen=True, eq=False)
class KramersKronig:
    """The outcome; residuals are shares of |Z|.

    Attributes
    ----------
    passed
        Neither a violation nor residuals above 5 %.
    verdict
        A sentence that says what was found, and where.
    residual
        `[n_points]` complex, (Z - fit) / |Z|: real and imaginary part.
    rms
        Of both parts of `residual`.
    violation
        `[n_points]` complex: the part of Z / |Z| that only the conjugated terms describe.
    violation_rms
        Its root mean square; 0 where it is not significant.
    probability
        Of conjugated terms this useful in a spectrum that obeys the relations.
    worst_Hz
        Lowest and highest frequency of the decade in which the violation (or, without one, the residual) is largest.
    n_terms, mu
        Number of R_k, and one less the sum of the negative over that of the positive ones.
    mirrored
        Whether the complex conjugate of the spectrum passes, and the spectrum does not: the sign of Z'' is wrong.
    """

    passed: bool
    verdict: str
    residual: Complexes
    rms: float
    violation: Complexes
    violation_rms: float
    probability: float
    worst_Hz: tuple[float, float]
    n_terms: int
    mu: float
    mirrored: bool = False


def kramers_kronig(data: Weighted) -> KramersKronig:
    """Test a spectrum; `data` must carry modulus weights.

    Parameters
    ----------
    data
        The spectrum, with 1/|Z| as both weights.
    """
    found = _tested(data)
    if found.passed or found.violation_rms < _MIRRORED:
        return found
    if _tested(replace(data, impedance_ohm=data.impedance_ohm.conj())).passed:
        verdict = "the sign of Z'' is wrong: its mirror image obeys the Kramers-Kronig relations"
        return replace(found, verdict=verdict, mirrored=True)
    return found


def _tested(data: Weighted) -> KramersKronig:
    omega, target = data.omega, data.stacked(data.impedance_ohm)
    decades = float(np.log10(omega.max() / omega.min()))
    count = len(omega)
    most = max(1, min(int(_MOST_PER_DECADE * decades) + 2, int(0.4 * 2 * count) - 4, count - 2))
    best: tuple[float, int, np.ndarray, np.ndarray] | None = None
    for terms in sorted({*range(1, min(most, 12) + 1), *range(12, most + 1, 2)} & set(range(1, most + 1))):
        columns = _terms(data, terms)
        sizes, left = _solve(columns, target)
        bic = 2 * count * np.log(max(float(left @ left), 1e-300)) + columns.shape[1] * np.log(2 * count)
        if best is None or bic < best[0]:
            best = (float(bic), terms, sizes, left)
    assert best is not None
    _, terms, sizes, left = best
    conjugated = _conjugated(data, max(2, round(decades)))
    columns = _terms(data, terms)
    both = np.concatenate([columns, conjugated], axis=1)
    together, left_both = _solve(both, target)
    extra = np.linalg.matrix_rank(both / np.linalg.norm(both, axis=0), tol=1e-6) - columns.shape[1]
    probability = _f_probability(left, left_both, max(int(extra), 1), 2 * count - both.shape[1])
    part = conjugated @ together[columns.shape[1] :]
    # what the lawful terms can take of it is no violation
    part = part - columns @ _solve(columns, part)[0]
    violation = part[:count] + 1j * part[count:]
    residual = left[:count] + 1j * left[count:]
    rms = float(np.sqrt(np.mean(left**2)))
    size = float(np.sqrt(np.mean(part**2))) if probability < LEVEL else 0.0
    arcs = sizes[3:]
    mu = 1 - float(-arcs[arcs < 0].sum() / max(arcs[arcs >= 0].sum(), 1e-300))
    lawful = size <= SMALLEST_VIOLATION
    where = worst_decade(omega, violation if size > 0 else residual)
    return KramersKronig(
        passed=lawful and rms <= LARGEST_RMS and count >= FEWEST_POINTS,
        verdict=_verdict(residual, rms, size, probability, where, omega),
        residual=residual,
        rms=rms,
        violation=violation,
        violation_rms=size,
        probability=probability,
        worst_Hz=where,
        n_terms=terms,
        mu=mu,
    )


def _terms(data: Weighted, count: int) -> np.ndarray:
    omega = data.omega
    taus = np.geomspace(0.5 / omega.max(), 2 / omega.min(), count)
    rows = [np.ones(len(omega), dtype=complex), 1j * omega / omega.max(), -1j * omega.min() / omega]
    rows += list(1 / (1 + 1j * omega * taus[:, None]))
    return data.stacked(np.array(rows)).T


def _conjugated(data: Weighted, count: int) -> np.ndarray:
    taus = np.geomspace(1 / data.omega.max(), 1 / data.omega.min(), count)
    return data.stacked(1 / (1 - 1j * data.omega * taus[:, None])).T


def _solve(columns: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.linalg.norm(columns, axis=0)
    sizes = np.linalg.lstsq(columns / scale, target, rcond=1e-8)[0]
    return sizes / scale, target - (columns / scale) @ sizes


def _f_probability(left: np.ndarray, left_both: np.ndarray, extra: int, freedom: int) -> float:
    from scipy.special import fdtrc

    if freedom < 1:
        return 1.0
    gain = (float(left @ left) / max(float(left_both @ left_both), 1e-300) - 1) * freedom / extra
    return float(fdtrc(extra, freedom, max(gain, 0.0)))


def worst_decade(omega: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    """Lowest and highest frequency, Hz, of the decade about a point in which `share` `[n_points]` is largest."""
    squares, log = np.abs(share) ** 2, np.log10(omega)
    means = [squares[np.abs(log - centre) <= 0.5].mean() for centre in log]
    inside = omega[np.abs(log - log[int(np.argmax(means))]) <= 0.5] / (2 * np.pi)
    return float(inside.min()), float(inside.max())


def _verdict(
    residual: np.ndarray, rms: float, size: float, probability: float, where: tuple[float, float], omega: np.ndarray
) -> str:
    if len(omega) < FEWEST_POINTS:
        return f"{len(omega)} points are too few for the Kramers-Kronig test, which needs {FEWEST_POINTS}"
    place = f"between {where[0]:.3g} and {where[1]:.3g} Hz"
    if size > SMALLEST_VIOLATION:
        return (
            f"violates the Kramers-Kronig relations by {100 * size:.2g} % of |Z| (p = {probability:.1g}), most {place}:"
            " the sample changed during the sweep, or was driven out of its linear range"
        )
    if rms > LARGEST_RMS:
        return f"residuals of {100 * rms:.2g} % of |Z|, most {place}: too noisy to be tested"
    said = f"obeys the Kramers-Kronig relations within its noise of {100 * rms:.2g} % of |Z|"
    if size > 0:
        said = (
            f"obeys the Kramers-Kronig relations to {100 * size:.2g} % of |Z| (the rest is significant, most {place}, "
            "and too small to matter)"
        )
    spread = np.median(np.abs(residual)) / 1.1774 + 1e-300
    far = np.flatnonzero(np.abs(residual) > max(_OUTLIER * np.sqrt(2) * spread, _OUTLIER_LEAST))
    if len(far):
        points = ", ".join(f"{omega[i] / (2 * np.pi):.3g}" for i in far[:4])
        said += f"; points far off at {points} Hz"
    return said
