"""Rates of exchange from the volumes of a series of mixing times.

V(tm) = exp(L tm) V(0), V(0) = diag(p): the off-diagonal L_ij is the rate from j to i, rates of both ways are in
detailed balance, L_ij p_j = L_ji p_i, and what leaks to the lattice stands on the diagonal (Jeener et al., J. Chem.
Phys. 71, 4546 (1979)). All mixing times are fitted together, by their covariance. One mixing time has no time axis:
what came before it, and what does not come from exchange, cannot be told apart, and its rate is a guess within a
decade.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError

SPIN_DIFFUSION_NM2_PER_MS = 0.8
"""Of protons in rigid organic solids (Clauss, Schmidt-Rohr, Spiess, Acta Polym. 44, 1 (1993),
doi 10.1002/actp.1993.010440101: 0.8(2) for polystyrene and PMMA, static). Fast spinning lowers it."""
_CHI2_68, _CHI2_95, _ONE_SIDED_95 = 1.0, 3.841, 2.706
_DECADES_BEYOND = 3.0
"""Rates are looked for so many decades below 1 over the longest and above 1 over the shortest mixing time."""
_MISFIT = 0.01
"""Chance of so large a chi2 below which the rates do not describe the volumes."""
SEEN_STD = 3.0
"""A volume is seen from so many standard uncertainties on."""
_WHOLE = 0.9
"""A peak whose share of its final volume is at least this, within its error, tells no upper end of a rate."""
_LEAKAGE = (-0.5, 1e4)
"""Ends of the leakage times the longest mixing time: it is below zero by noise alone."""
_MOST_SITES = 6


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Of one way between two sites.

    Attributes
    ----------
    start, end
        Places of the sites.
    rate_per_s, std_per_s, interval_68, interval_95
        By the likelihood's profile; None where the mixing times do not enclose the rate.
    at_least_per_s, at_most_per_s
        One-sided ends (95 %) of one that they do not; both, half a decade each way, from a single mixing time.
    """

    start: int
    end: int
    rate_per_s: float | None
    std_per_s: float | None = None
    interval_68: tuple[float, float] | None = None
    interval_95: tuple[float, float] | None = None
    at_least_per_s: float | None = None
    at_most_per_s: float | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Exchange:
    """What the volumes say.

    Attributes
    ----------
    rates
        Of each pair of sites, both ways.
    populations, populations_std
        Of each site, sum 1; no uncertainty of a single mixing time.
    leakage_per_s, leakage_std_per_s
        1/T1 of each site; None of a single mixing time.
    fitted
        [n_mixing, n_sites, n_sites] volumes of the fit; None of a single mixing time.
    chi2, degrees
        Of the fit.
    probability
        Of so large a chi2 by chance.
    """

    rates: tuple[Rate, ...]
    populations: np.ndarray
    populations_std: np.ndarray | None
    leakage_per_s: np.ndarray | None
    leakage_std_per_s: np.ndarray | None
    fitted: np.ndarray | None
    chi2: float | None
    degrees: int
    probability: float | None


def propagate(
    mixing_s: np.ndarray, *, symmetric_per_s: np.ndarray, populations: np.ndarray, leakage_per_s: np.ndarray
) -> np.ndarray:
    """exp(L tm) diag(p), [n_mixing, to, from].

    Parameters
    ----------
    mixing_s
        [n_mixing].
    symmetric_per_s
        [n, n] of which the off-diagonal elements are rate (j to i) x sqrt(p_j / p_i): the same for both ways.
    populations, leakage_per_s
        [n].
    """
    root = np.sqrt(populations)
    rates = symmetric_per_s - np.diag(np.diag(symmetric_per_s))
    leaving = (rates * root[:, None]).sum(axis=0) / root
    values, modes = np.linalg.eigh(rates - np.diag(leaving + leakage_per_s))
    passed = np.einsum("ik,mk,jk->mij", modes, np.exp(np.outer(mixing_s, values)), modes)
    return passed * root[None, :, None] * root[None, None, :]


def fit_rates(mixing_s: Sequence[float] | np.ndarray, volumes: np.ndarray, covariance: np.ndarray) -> Exchange:
    """Rates, populations and leakage from the volumes of all mixing times.

    Parameters
    ----------
    mixing_s
        [n_mixing], zero or positive.
    volumes
        [n_mixing, n, n], to and from.
    covariance
        Of `volumes`, as they lie in memory.

    Raises
    ------
    DataError
        For fewer than two sites or more than six, mixing times that are negative, all zero, or not as many as the
        volumes.
    """
    mixing = np.asarray(mixing_s, dtype=float)
    n_sites = volumes.shape[1]
    if not 2 <= n_sites <= _MOST_SITES:
        raise DataError(f"{n_sites} sites", where="exchange", remedy=f"give shifts of 2 to {_MOST_SITES} sites")
    if mixing.size != volumes.shape[0] or not np.isfinite(mixing).all() or mixing.min() < 0:
        raise DataError(
            f"{mixing.size} mixing times for {volumes.shape[0]} spectra", where="exchange",
            remedy="give one each, zero or above",
        )  # fmt: skip
    if not mixing.max() > 0:
        raise DataError("no mixing time above 0", where="exchange", remedy="give one at which peaks may have grown")
    if np.unique(mixing).size < 2:
        return _single(float(mixing[0]), volumes.mean(axis=0), covariance, volumes.shape[0])
    return _Series(mixing, volumes, covariance).result()


@dataclass(frozen=True, kw_only=True)
class DomainBound:
    """A bound on the size of domains, sqrt(D t): `time_s` is t, `size_nm` at most or at least what it says."""

    size_nm: float
    time_s: float
    is_upper: bool
    because: str


def domain_bound(
    exchange: Exchange,
    mixing_s: np.ndarray,
    volumes: np.ndarray,
    std: np.ndarray,
    *,
    diffusivity_nm2_per_ms: float = SPIN_DIFFUSION_NM2_PER_MS,
) -> DomainBound | None:
    """How far apart the sites are at most, by how long spin diffusion takes between them; at least, if it is not seen.

    Parameters
    ----------
    exchange
        From `fit_rates`: where every rate is known, t is that of the slowest mode of the exchange.
    mixing_s, volumes, std
        Otherwise t is the shortest mixing time after which every pair is connected by peaks that are seen, or the
        longest, where none is.
    diffusivity_nm2_per_ms
        Of spin diffusion: a larger one than the sample's leaves an upper bound one.
    """
    n_sites = volumes.shape[1]
    known = {(rate.start, rate.end): rate.rate_per_s for rate in exchange.rates}
    if all(rate is not None for rate in known.values()):
        generator = np.zeros((n_sites, n_sites))
        for (start, end), rate in known.items():
            generator[end, start] = rate or 0.0
        generator -= np.diag(generator.sum(axis=0))
        time = float(1 / -np.sort(np.linalg.eigvals(generator).real)[-2])
        return _bound(time, diffusivity_nm2_per_ms, True, "the slowest mode of the exchange")
    off = ~np.eye(n_sites, dtype=bool)
    seen = (volumes > SEEN_STD * std) & (mixing_s > 0)[:, None, None]
    whole = [float(time) for time, peaks in zip(mixing_s, seen, strict=True) if peaks[off].all()]
    if whole:
        return _bound(min(whole), diffusivity_nm2_per_ms, True, "the shortest mixing time with all cross peaks")
    if not seen[:, off].any() and mixing_s.max() > 0:
        return _bound(
            float(mixing_s.max()), diffusivity_nm2_per_ms, False, "the longest mixing time, without cross peaks"
        )
    return None


def _bound(time_s: float, diffusivity_nm2_per_ms: float, is_upper: bool, because: str) -> DomainBound:
    size = float(np.sqrt(diffusivity_nm2_per_ms * 1e3 * time_s))
    return DomainBound(size_nm=size, time_s=time_s, is_upper=is_upper, because=because)


class _Series:
    """A fit of several mixing times.

    Parameters: the logarithm of the rate from the second to the first site of each pair (of the way back where
    `backward` says so: an interval is of the parameter that is looked at), log populations, leakage.
    """

    def __init__(self, mixing_s: np.ndarray, volumes: np.ndarray, covariance: np.ndarray) -> None:
        self.mixing_s, self.volumes = mixing_s, volumes
        self.n_sites = volumes.shape[1]
        self.pairs = [(i, j) for i in range(self.n_sites) for j in range(i)]
        values, modes = np.linalg.eigh(covariance)
        floor = 1e-10 * values.max()
        self.whitening = modes.T / np.sqrt(np.maximum(values, floor))[:, None]
        self.unit_per_s = 1 / float(mixing_s.max())
        shortest = float(mixing_s[mixing_s > 0].min())
        self.low = np.log(self.unit_per_s) - _DECADES_BEYOND * np.log(10)
        self.high = np.log(1 / shortest) + _DECADES_BEYOND * np.log(10)

    def parts(self, theta: np.ndarray, backward: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Symmetric rates, populations (not of sum 1) and leakage of parameters."""
        n_pairs = len(self.pairs)
        populations = np.exp(theta[n_pairs : n_pairs + self.n_sites])
        symmetric = np.zeros((self.n_sites, self.n_sites))
        rates = np.exp(np.clip(theta[:n_pairs], self.low - 1, self.high + 1))
        for (i, j), rate in zip(self.pairs, rates, strict=True):
            share = populations[j] / populations[i]
            symmetric[i, j] = symmetric[j, i] = rate * np.sqrt(1 / share if backward else share)
        leakage = np.clip(theta[n_pairs + self.n_sites :], *_LEAKAGE) * self.unit_per_s
        return symmetric, populations, leakage

    def turned(self, theta: np.ndarray) -> np.ndarray:
        """The same parameters with the rates of the ways back."""
        n_pairs = len(self.pairs)
        logarithms = theta[n_pairs : n_pairs + self.n_sites]
        back = [theta[place] + logarithms[j] - logarithms[i] for place, (i, j) in enumerate(self.pairs)]
        return np.concatenate([back, theta[n_pairs:]])

    def model(self, theta: np.ndarray, backward: bool = False) -> np.ndarray:
        """Volumes of parameters."""
        symmetric, populations, leakage = self.parts(theta, backward)
        return propagate(
            self.mixing_s, symmetric_per_s=symmetric, populations=populations, leakage_per_s=leakage
        )  # fmt: skip

    def left(self, theta: np.ndarray, backward: bool = False) -> np.ndarray:
        """What is left, in units of the noise."""
        return self.whitening @ (self.volumes - self.model(theta, backward)).ravel()

    def start(self) -> np.ndarray:
        """From the logarithm of the ratios of the volumes at two times, the way of `bench.md`."""
        populations = np.maximum(self.volumes[np.argmin(self.mixing_s)].sum(axis=0), 1e-6)
        found = self._by_logarithm(populations)
        root = np.sqrt(populations)
        rates = [
            float(np.clip(found[i, j] * root[i] / root[j], np.exp(self.low + 1), np.exp(self.high - 1)))
            for i, j in self.pairs
        ]
        return np.concatenate([np.log(rates), np.log(populations), np.zeros(self.n_sites)])

    def _by_logarithm(self, populations: np.ndarray) -> np.ndarray:
        """Symmetric rates by the logarithm of the best known ratio V(t) V(t0)^-1, made symmetric."""
        order = np.argsort(self.mixing_s)
        first = self.volumes[order[0]]
        root = np.sqrt(populations)
        best, best_weight = np.full((self.n_sites,) * 2, self.unit_per_s), 0.0
        for place in order[1:]:
            time = self.mixing_s[place] - self.mixing_s[order[0]]
            if time <= 0 or abs(np.linalg.det(first)) < 1e-12:
                continue
            ratio = self.volumes[place] @ np.linalg.inv(first) * root[None, :] / root[:, None]
            values, modes = np.linalg.eigh(0.5 * (ratio + ratio.T))
            weight = values.min() * (1 - values.min())
            if values.min() > 0.02 and weight > best_weight:
                best, best_weight = (modes * np.log(values)) @ modes.T / time, weight
        return np.maximum(best, 1e-3 * self.unit_per_s)

    def fit(
        self, start: np.ndarray, fixed: tuple[int, float] | None = None, backward: bool = False
    ) -> tuple[np.ndarray, float]:
        """The best parameters and their chi2, one of them fixed where that is asked."""
        from scipy.optimize import least_squares

        free = np.ones(start.size, dtype=bool)
        held = start.copy()
        if fixed is not None:
            free[fixed[0]], held[fixed[0]] = False, fixed[1]

        def residuals(some: np.ndarray) -> np.ndarray:
            whole = held.copy()
            whole[free] = some
            return self.left(whole, backward)

        found = least_squares(residuals, held[free], method="lm", xtol=1e-10, ftol=1e-10)
        held[free] = found.x
        return held, 2 * float(found.cost)

    def result(self) -> Exchange:
        """All that the volumes say."""
        from scipy.stats import chi2 as chi2_law

        start = self.start()
        n_pairs = len(self.pairs)
        tries = [start, *(np.concatenate([start[:n_pairs] + np.log(f), start[n_pairs:]]) for f in (0.1, 10.0))]
        theta, chi2 = min((self.fit(begin) for begin in tries), key=lambda found: found[1])
        degrees = self.volumes.size - theta.size
        probability = float(chi2_law.sf(chi2, degrees)) if degrees > 0 else None
        inflation = max(1.0, chi2 / degrees) if probability is not None and probability < _MISFIT else 1.0
        _, populations, leakage = self.parts(theta)
        shares = populations / populations.sum()
        populations_std, leakage_std_per_s = self._std(theta, shares, inflation)
        rates: list[Rate] = []
        for backward in (False, True):
            best = self.turned(theta) if backward else theta
            for place, (i, j) in enumerate(self.pairs):

                def chi2_at(value: float, p: int = place, b: bool = backward, near: np.ndarray = best) -> float:
                    return self.fit(near, (p, value), b)[1]

                ends = _profile(chi2_at, best[place], chi2, inflation, (self.low, self.high))
                rates.append(ends.rate(i, j) if backward else ends.rate(j, i))
        return Exchange(
            rates=tuple(sorted(rates, key=lambda rate: (rate.start, rate.end))),
            populations=shares,
            populations_std=populations_std,
            leakage_per_s=leakage,
            leakage_std_per_s=leakage_std_per_s,
            fitted=self.model(theta),
            chi2=chi2,
            degrees=degrees,
            probability=probability,
        )

    def _std(self, theta: np.ndarray, shares: np.ndarray, inflation: float) -> tuple[np.ndarray, np.ndarray]:
        """Standard uncertainties of the populations and of the leakage, by the curvature of chi2."""
        step = 1e-4
        columns = [
            (self.left(theta + step * unit) - self.left(theta - step * unit)) / (2 * step)
            for unit in np.eye(theta.size)
        ]
        slope = np.stack(columns, axis=1)
        covariance = np.linalg.pinv(slope.T @ slope, hermitian=True) * inflation
        n_pairs = len(self.pairs)
        of_populations = slice(n_pairs, n_pairs + self.n_sites)
        normalized = np.diag(shares) - np.outer(shares, shares)
        populations = normalized @ covariance[of_populations, of_populations] @ normalized
        leakage = np.diag(covariance)[n_pairs + self.n_sites :]
        return np.sqrt(np.diag(populations)), np.sqrt(leakage) * self.unit_per_s


@dataclass(frozen=True, kw_only=True)
class _Ends:
    """Of the logarithm of a rate: its best value and the ends of its profile; None where there is none."""

    best: float
    one: tuple[float | None, float | None]
    two: tuple[float | None, float | None]
    one_sided: tuple[float | None, float | None]

    def rate(self, start: int, end: int) -> Rate:
        """The rate with its intervals, or its bounds."""
        (low, high), (low_95, high_95) = self.one, self.two
        if low is None or high is None or low_95 is None or high_95 is None:
            lowest, highest = (None if found is None else float(np.exp(found)) for found in self.one_sided)
            return Rate(start=start, end=end, rate_per_s=None, at_least_per_s=lowest, at_most_per_s=highest)
        inner = (float(np.exp(low)), float(np.exp(high)))
        return Rate(
            start=start, end=end, rate_per_s=float(np.exp(self.best)), std_per_s=0.5 * (inner[1] - inner[0]),
            interval_68=inner, interval_95=(float(np.exp(low_95)), float(np.exp(high_95))),
        )  # fmt: skip


def _profile(
    chi2_at: Callable[[float], float], best: float, lowest: float, inflation: float, ends: tuple[float, float]
) -> _Ends:
    """Where the profile of chi2 over the logarithm of a rate rises by what intervals ask."""

    def end(rise: float, limit: float) -> float | None:
        from scipy.optimize import root_scalar

        def over(value: float) -> float:  # the roots are nearly straight, so that few steps find the end
            return float(np.sqrt(max(chi2_at(value) - lowest, 0.0)) - np.sqrt(rise * inflation))

        step, inner = 0.02 if limit > best else -0.02, best
        while (limit - inner) * np.sign(step) > 1e-6:
            outer = float(np.clip(inner + step, *ends))
            if over(outer) > 0:
                return float(root_scalar(over, bracket=(inner, outer), xtol=3e-3 * abs(outer - best)).root)
            inner, step = outer, 2 * step
        return None

    low, high = ends
    one, two = ((end(rise, low), end(rise, high)) for rise in (_CHI2_68, _CHI2_95))
    is_open = None in (*one, *two)
    return _Ends(
        best=best,
        one=one,
        two=two,
        one_sided=(end(_ONE_SIDED_95, low), end(_ONE_SIDED_95, high)) if is_open else (None, None),
    )


def _single(mixing_s: float, volumes: np.ndarray, covariance: np.ndarray, n_spectra: int) -> Exchange:
    """Bounds within a decade, from the logarithm of one matrix of volumes; none where nothing is seen."""
    n_sites = volumes.shape[0]
    shape = (n_spectra, n_sites, n_sites)
    std = np.sqrt(np.diag(covariance)).reshape(shape).mean(axis=0) / np.sqrt(n_spectra)
    populations = np.maximum(volumes.sum(axis=0), 1e-9)
    populations = populations / populations.sum()
    total = float(volumes.sum())
    rates: list[Rate] = []
    for i in range(n_sites):
        for j in range(i):
            cross, error = 0.5 * (volumes[i, j] + volumes[j, i]), 0.5 * float(np.hypot(std[i, j], std[j, i]))
            final = total * populations[i] * populations[j]  # of complete exchange
            share, share_std = cross / final, error / final
            both = populations[i] + populations[j]
            for start, end in ((j, i), (i, j)):
                # of two sites share = 1 - exp(-(k + k') t), k = (k + k') p_end
                per_s = populations[end] / both / mixing_s
                low = high = None
                if share > SEEN_STD * share_std:
                    low = -np.log1p(-min(share, _WHOLE)) * per_s / np.sqrt(10)
                top = share + SEEN_STD * share_std
                if top < _WHOLE:
                    middle = -np.log1p(-share) if low is not None else -np.log1p(-top)
                    high = middle * per_s * np.sqrt(10)
                rates.append(
                    Rate(
                        start=start, end=end, rate_per_s=None,
                        at_least_per_s=None if low is None else float(low),
                        at_most_per_s=None if high is None else float(high),
                    )
                )  # fmt: skip
    return Exchange(
        rates=tuple(rates), populations=populations, populations_std=None, leakage_per_s=None, leakage_std_per_s=None,
        fitted=None, chi2=None, degrees=0, probability=None,
    )  # fmt: skip
