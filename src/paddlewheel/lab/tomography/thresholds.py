"""Grey values of phases and their volume fractions: a model of the histogram, held to the composite's recipe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.tomography.recipe import Recipe

PORE = "pore"
_BINS = 256
_LEAST_ERROR = 0.003
"""Of a cumulated share of an image, whatever is known."""
_WEIGHT = (10.0, 30.0)
"""Voxels that a histogram counts as, at most: its model errs in shapes (edges, noise that grows with the signal), which
no number of voxels makes better, and would else pull fractions off a recipe that is right."""
_OPEN = 0.1
"""Porosity that a phase may hold beyond its share of the recipe, where pores look as it does and nobody says."""
_LEAST = 1e-4
"""Fraction below which a phase counts as absent in the model."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Histogram:
    """Counts of grey values in equal bins; `edges` has one more entry than `counts`."""

    counts: np.ndarray
    edges: np.ndarray

    @property
    def centres(self) -> np.ndarray:
        """Middles of the bins."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    def below(self, fraction: float) -> float:
        """Grey value below which a share of the voxels lies."""
        return float(np.interp(fraction, np.append(0, np.cumsum(self.counts)) / self.counts.sum(), self.edges))


def histogram_of(parts: Sequence[np.ndarray] | np.ndarray, *, low: float, high: float) -> Histogram:
    """Counts between two grey values; what lies outside goes to the outermost bins."""
    counts = np.zeros(_BINS)
    edges = np.linspace(low, high, _BINS + 1)
    for part in parts:
        counts += np.histogram(np.clip(part, low, high), edges)[0]
    return Histogram(counts=counts, edges=edges)


@dataclass(frozen=True, eq=False, kw_only=True)
class FractionPrior:
    """What is known of volume fractions before an image is looked at.

    Attributes
    ----------
    solid
        [n_phases]: share of each phase in the solid, from dark to bright; 0 for pores.
    covariance
        [n_phases, n_phases] of `solid`.
    porosity, porosity_std
        Of the whole volume; None where it is not known, and without a pore phase.
    pore
        Which phase is the pores; None without.
    """

    solid: np.ndarray
    covariance: np.ndarray
    pore: int | None = None
    porosity: float | None = None
    porosity_std: float = 0.0

    @property
    def start(self) -> np.ndarray:
        """Fractions to begin with; 5 % pores where nothing is known."""
        if self.pore is None:
            return self.solid
        porosity = 0.05 if self.porosity is None else min(max(self.porosity, 0.005), 0.9)
        fractions = self.solid * (1 - porosity)
        fractions[self.pore] = porosity
        return fractions

    def misfit(self, fractions: np.ndarray) -> float:
        """Half of chi^2 of fractions of the whole volume."""
        kept = [place for place in range(self.solid.size) if place != self.pore]
        total = max(float(fractions[kept].sum()), 1e-9)
        off = (fractions[kept] / total - self.solid[kept])[:-1]  # they add to 1: one is no constraint of its own
        matrix = self.covariance[np.ix_(kept[:-1], kept[:-1])]
        found = 0.5 * float(off @ np.linalg.solve(matrix, off)) if off.size else 0.0
        if self.pore is not None and self.porosity is not None:
            found += 0.5 * ((fractions[self.pore] - self.porosity) / max(self.porosity_std, 0.01)) ** 2
        return found

    def widened(self, covariance: np.ndarray) -> FractionPrior:
        """With the spread between samples of the size of the image added (`covariance` of solid shares)."""
        return FractionPrior(solid=self.solid, covariance=self.covariance + covariance, pore=self.pore,
                             porosity=self.porosity, porosity_std=self.porosity_std)  # fmt: skip


def joins_pores(name: str) -> bool:
    """Whether pores and a solid are one phase: pore+VGCF."""
    return name != PORE and PORE in name.split("+")


def prior_of_recipe(
    recipe: Recipe, phases: Sequence[str], *, porosity: tuple[float, float] | None, where: str
) -> FractionPrior:
    """Volume shares of named phases by the recipe, with the uncertainties of its weights and densities.

    Parameters
    ----------
    phases
        Dark to bright: names of the recipe, ``pore``, or several joined that have one grey value: ``pore+VGCF``.
    porosity
        Value and standard uncertainty, where mass, thickness and die give it; of pores joined with a solid, too.

    Raises
    ------
    DataError
        Where a phase is not of the recipe, or one of the recipe is in no phase.
    """
    known = [phase.name for phase in recipe.phases]
    parts = [name.split("+") for name in phases]
    named = [part for each in parts for part in each]
    for part in named:
        if part != PORE and part not in known:
            raise DataError(f"phase {part} is not in the recipe", where=where,
                            remedy=f"name {PORE} and {', '.join(known)}")  # fmt: skip
    for name in known:
        if named.count(name) != 1:
            what = "in no phase" if name not in named else "in two phases"
            raise DataError(
                f"component {name} of the recipe is {what}", where=where,
                remedy=f"name each once in --phases, joined where grey values are one, such as {phases[0]}+{name}",
            )  # fmt: skip
    mixed = [name for name in phases if joins_pores(name)]
    weights = np.array([phase.weight_fraction.value for phase in recipe.phases])
    weight_std = np.array([phase.weight_fraction.std for phase in recipe.phases])
    density = np.array([phase.density_g_per_cm3.value for phase in recipe.phases])
    density_std = np.array([phase.density_g_per_cm3.std for phase in recipe.phases])
    volumes = weights / density
    share = volumes / volumes.sum()
    # weighing to half a per cent and densities to one per cent, where no uncertainty is given
    relative = np.hypot(np.maximum(weight_std / np.maximum(weights, 1e-12), 0.005),
                        np.maximum(density_std / density, 0.01))  # fmt: skip
    jacobian = np.diag(share) - np.outer(share, share)
    covariance = jacobian @ np.diag(relative**2) @ jacobian
    joined = np.array([[name in each for name in known] for each in parts], dtype=float)
    solid, spread = joined @ share, joined @ covariance @ joined.T
    pore = next((place for place, each in enumerate(parts) if each == [PORE]), None)
    if mixed:  # pores that look as a solid does: shares are of the whole volume
        place = list(phases).index(mixed[0])
        direction = np.eye(len(phases))[place] - solid
        share_of_pores, error = porosity if porosity is not None else (0.0, _OPEN)
        solid = solid + share_of_pores * direction
        spread = (1 - share_of_pores) ** 2 * spread + np.outer(direction, direction) * max(error, 0.01) ** 2
    spread = spread + np.eye(len(phases)) * 1e-8
    known_porosity = porosity if pore is not None else None
    return FractionPrior(
        solid=solid, covariance=spread, pore=pore,
        porosity=None if known_porosity is None else known_porosity[0],
        porosity_std=0.0 if known_porosity is None else known_porosity[1],
    )  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Mixture:
    """A histogram as phases of one width each, and voxels that two phases share.

    Attributes
    ----------
    levels
        [n_phases], ascending: grey value of each phase.
    sigma
        Standard deviation of all.
    fractions
        [n_phases] of the volume; a shared voxel counts half to each.
    shared
        Share of the voxels that two phases share.
    thresholds
        [n_phases - 1]: grey values that divide the voxels by `fractions`.
    misfit
        -ln L per independent voxel, with the prior's half chi^2.
    """

    levels: np.ndarray
    sigma: float
    fractions: np.ndarray
    shared: float
    thresholds: np.ndarray
    misfit: float

    def density(self, grey: np.ndarray) -> np.ndarray:
        """Model of the histogram: share of the voxels per grey value."""
        return _density(grey, self.levels, self.sigma, self.fractions, self.shared)

    def separations(self) -> np.ndarray:
        """[n_phases - 1]: distances between neighbouring levels in units of the width."""
        return np.diff(self.levels) / self.sigma


def _density(
    grey: np.ndarray,
    levels: np.ndarray,
    sigma: float,
    fractions: np.ndarray,
    shared: float,
) -> np.ndarray:
    from scipy.special import ndtr

    count = levels.size
    bulk = fractions.copy()
    made = np.zeros_like(grey, dtype=float)
    steps = [ndtr((grey - level) / sigma) for level in levels]
    pairs = 1 - float((fractions**2).sum())
    mass = 0.0
    for low in range(count):
        for high in range(low + 1, count):
            weight = shared * 2 * fractions[low] * fractions[high] / max(pairs, 1e-9)
            made += weight * (steps[low] - steps[high]) / (levels[high] - levels[low])
            mass += weight
            bulk[low] -= weight / 2
            bulk[high] -= weight / 2
    bulk = np.maximum(bulk, 0.0)
    for place in range(count):
        off = (grey - levels[place]) / sigma
        made += bulk[place] * np.exp(-0.5 * off * off) / (math.sqrt(2 * math.pi) * sigma)
    return made / (mass + float(bulk.sum()))


def fit_mixture(
    histogram: Histogram,
    n_phases: int,
    *,
    prior: FractionPrior | None,
    independent: float,
) -> Mixture:
    """Levels, width and fractions that explain a histogram, and, within its errors, the recipe.

    Maximum of sum(n ln p) x independent/n + ln prior: neighbouring voxels say the same, so that the image weighs as
    much as the number of regions in it that are independent, within the ends of `_WEIGHT`. Voxels on edges are uniform
    between two levels, as often as phases touch by chance. Without a prior the best of several starts is taken, which
    for phases of few per cent may be far off.

    Parameters
    ----------
    independent
        Volume of the image over that of a correlated region.
    """
    from scipy.optimize import minimize

    grey, weight = histogram.centres, histogram.counts / histogram.counts.sum()
    width = float(histogram.edges[1] - histogram.edges[0])
    span = histogram.below(0.999) - histogram.below(0.001)
    least = max(width / 2, 1e-3 * span)
    tempered = float(np.clip(independent, *_WEIGHT))

    def opened(given: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, float]:
        gaps = 1e-3 * span + np.exp(np.clip(given[1:n_phases], -20, 20))
        levels = given[0] + np.append(0, np.cumsum(gaps))
        sigma = least + math.exp(float(np.clip(given[n_phases], -20, 20)))
        shared = 0.6 / (1 + math.exp(-float(np.clip(given[n_phases + 1], -20, 20))))
        raised = np.exp(np.append(given[n_phases + 2 :], 0.0) - max(0.0, float(given[n_phases + 2 :].max(initial=0))))
        return levels, sigma, np.maximum(raised / raised.sum(), _LEAST / 10), shared

    def cost(given: np.ndarray) -> float:
        levels, sigma, fractions, shared = opened(given)
        dense = _density(grey, levels, sigma, fractions, shared) * width
        found = -float(weight @ np.log(np.maximum(dense, 1e-9))) * tempered
        # levels lie in the image, and no two are one
        found += 50 * (max(0.0, histogram.edges[0] - levels[0]) + max(0.0, levels[-1] - histogram.edges[-1])) / span
        found += float(np.sum(np.maximum(0, 0.02 - np.diff(levels) / span))) * 1e3
        return found + (prior.misfit(fractions) if prior is not None else 0.0)

    best = None
    for fractions in _starts(histogram, n_phases, prior):
        ends = np.append(0, np.cumsum(fractions))
        levels = np.array([histogram.below(float(middle)) for middle in (ends[1:] + ends[:-1]) / 2])
        gaps = np.maximum(np.diff(levels), 0.03 * span)
        first = np.concatenate([
            [levels[0]], np.log(gaps), [math.log(max(0.25 * float(gaps.min()), least))], [-1.0],
            np.log(np.maximum(fractions[:-1], _LEAST) / max(fractions[-1], _LEAST)),
        ])  # fmt: skip
        found = minimize(cost, first, method="L-BFGS-B", options={"maxiter": 120})
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None
    # the bounds of the cost have corners, which a gradient stops at
    best = minimize(cost, best.x, method="Nelder-Mead",
                    options={"maxiter": 150 * n_phases, "xatol": 1e-3, "fatol": 1e-3, "adaptive": True})  # fmt: skip
    levels, sigma, fractions, shared = opened(best.x)
    fractions = fractions / fractions.sum()
    ends = np.cumsum(fractions)[:-1]
    thresholds = np.array([histogram.below(float(end)) for end in ends])
    return Mixture(
        levels=levels, sigma=float(sigma), fractions=fractions, shared=float(shared),
        thresholds=thresholds, misfit=float(best.fun) / tempered,
    )  # fmt: skip


def _starts(histogram: Histogram, n_phases: int, prior: FractionPrior | None) -> list[np.ndarray]:
    """Fractions to begin with: those of the prior over several porosities, or of multi-Otsu and of equal shares."""
    if prior is not None:
        if prior.pore is None or prior.porosity is not None:
            return [prior.start]
        made = []
        for porosity in (0.03, 0.12, 0.3):
            fractions = prior.solid * (1 - porosity)
            fractions[prior.pore] = porosity
            made.append(fractions)
        return made
    otsu = otsu_thresholds(histogram, n_phases)
    ends = np.interp(otsu, histogram.edges, np.append(0, np.cumsum(histogram.counts)) / histogram.counts.sum())
    equal = np.full(n_phases, 1 / n_phases)
    made = [np.maximum(np.diff(np.concatenate([[0], ends, [1]])), 0.01), equal]
    for small in range(n_phases):
        fractions = equal.copy()
        fractions[small] = 0.05
        made.append(fractions)
    return [each / each.sum() for each in made]


def otsu_thresholds(histogram: Histogram, n_phases: int) -> np.ndarray:
    """Multi-Otsu thresholds (scikit-image), [n_phases - 1]: what is often done, wrong for phases of few per cent."""
    from skimage.filters import threshold_multiotsu

    # of at most 64 bins: the search is exhaustive
    counts = histogram.counts.reshape(64, -1).sum(axis=1)
    centres = histogram.centres.reshape(64, -1).mean(axis=1)
    return np.asarray(threshold_multiotsu(hist=(counts, centres), classes=n_phases), dtype=float)


def with_recipe(fractions: np.ndarray, covariance: np.ndarray, prior: FractionPrior) -> tuple[np.ndarray, np.ndarray]:
    """Fractions of an image and those of the recipe as one estimate, by least squares; with its covariance.

    Parameters
    ----------
    fractions, covariance
        [n_phases], [n_phases, n_phases]: of the image alone.
    """
    step, off, of_recipe, below = _against(fractions, covariance, prior)
    information = np.linalg.inv(below)
    left = np.linalg.inv(information + of_recipe.T @ off.information @ of_recipe)
    moved = step @ left @ of_recipe.T @ off.information @ off.value
    found = np.maximum(fractions - moved, 0.0)
    return found / found.sum(), step @ left @ step.T


def tension(fractions: np.ndarray, covariance: np.ndarray, prior: FractionPrior) -> float:
    """By how many standard uncertainties, of both, an image's fractions are off the recipe's."""
    _, off, of_recipe, below = _against(fractions, covariance, prior)
    if off.value.size == 0:
        return 0.0
    spread = np.linalg.inv(off.information) + of_recipe @ below @ of_recipe.T
    return math.sqrt(float(off.value @ np.linalg.solve(spread, off.value)))


@dataclass(frozen=True, eq=False)
class _Off:
    """What fractions are off a recipe: shares of the solid but for one, then porosity; and the recipe's information."""

    value: np.ndarray
    information: np.ndarray


def _against(
    fractions: np.ndarray, covariance: np.ndarray, prior: FractionPrior
) -> tuple[np.ndarray, _Off, np.ndarray, np.ndarray]:
    """Steps of fractions by cumulated shares [n, n-1], what is off, its slopes, and the shares' covariance.

    Fractions add to 1: their n - 1 cumulated shares are free, each uncertain by `_LEAST_ERROR` at least.
    """
    count = fractions.size
    step = np.zeros((count, count - 1))
    for place in range(count - 1):
        step[place, place], step[place + 1, place] = 1, -1
    cumulated = np.tri(count)[:-1]
    below = cumulated @ covariance @ cumulated.T + _LEAST_ERROR**2 * np.eye(count - 1)
    kept = [place for place in range(count) if place != prior.pore]
    solid = float(fractions[kept].sum())
    shares = fractions[kept] / solid
    slopes = np.zeros((len(kept), count))
    for row, place in enumerate(kept):
        slopes[row, kept] = -shares[row] / solid
        slopes[row, place] += 1 / solid
    slopes, value = slopes[:-1], (shares - prior.solid[kept])[:-1]
    information = np.linalg.inv(prior.covariance[np.ix_(kept[:-1], kept[:-1])])
    if prior.pore is not None and prior.porosity is not None:
        slopes = np.vstack([slopes, np.eye(count)[prior.pore]])
        value = np.append(value, fractions[prior.pore] - prior.porosity)
        more = np.zeros((value.size, value.size))
        more[:-1, :-1], more[-1, -1] = information, 1 / max(prior.porosity_std, 0.01) ** 2
        information = more
    return step, _Off(value, information), slopes @ step, below
