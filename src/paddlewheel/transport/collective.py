"""Slopes of the MSDs of whole species and of the products of their displacements, with one joint error.

The displacement of a species is the sum over its ions, R_a = sum_i r_i. The slopes of <dR_a . dR_b> and of the sum
over ions of <dr_i^2> are read with the same weights over lags (`regression.py`), so that they add up as the
displacements do, and the scatter over the same stretches of time gives the error of each and of any ratio of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.transport.lagged import Pool
from paddlewheel.transport.regression import Line, fit_line, lag_grid


@dataclass(frozen=True)
class CollectiveSlopes:
    """Slopes over six, A^2 per frame, of `n_species` species.

    Attributes
    ----------
    line
        The fit that the weights come from: to the MSD of all single ions, each species over its mobility.
    self_parts
        `[n_species]`, of the sum over ions of their own squared displacements: n_ions times their diffusivity.
    products
        `[n_species, n_species]`, of the products of the species' displacements.
    covariance
        `[n, n]` of `values`.
    last_lag
        Longest lag of the fit, frames.
    """

    line: Line
    self_parts: np.ndarray
    products: np.ndarray
    covariance: np.ndarray
    last_lag: int

    @property
    def n_species(self) -> int:
        """Number of species."""
        return self.self_parts.size

    @property
    def values(self) -> np.ndarray:
        """`[n]`: the self parts, then the products of each pair (a, b >= a) in the order of `pairs`."""
        return np.concatenate([self.self_parts, [self.products[a, b] for a, b in self.pairs]])

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The pairs of species, each once."""
        return [(a, b) for a in range(self.n_species) for b in range(a, self.n_species)]

    def error(self, gradient: np.ndarray) -> float:
        """Standard error of a function of `values` with this gradient `[n]`, to first order."""
        return float(np.sqrt(max(gradient @ self.covariance @ gradient, 0.0)))


def collective_slopes(replicas: Sequence[Sequence[np.ndarray]], *, minimum_onset: int) -> CollectiveSlopes:
    """Slopes of self and collective displacements.

    The walk of a whole species is a single one: its noise hides where its MSD becomes straight, and weights made from
    it would follow its noise (low values would weigh more, and D of 12 ions over 500 frames come out 4 % low). The MSD
    of the single ions, which is precise, gives the onset and the weights.

    Parameters
    ----------
    replicas
        Of each replica the paths of each species, `[n_frames, n_ions, 3]`, A, unwrapped and free of drift.
    minimum_onset
        Lag in frames before which no straight part is looked for; the fit begins at twice that.
    """
    lags = lag_grid(max(species[0].shape[0] for species in replicas))
    sizes = [_size([species[a] for species in replicas]) for a in range(len(replicas[0]))]
    scaled = [
        np.concatenate([paths / size for paths, size in zip(species, sizes, strict=True)], axis=1)
        for species in replicas
    ]
    line = fit_line(Pool.of(scaled, lags), minimum_onset=minimum_onset)
    sums = [[paths.sum(axis=1) for paths in species] for species in replicas]
    pairs = [(a, b) for a in range(len(sizes)) for b in range(a, len(sizes))]
    values, covariance = np.zeros(len(sizes) + len(pairs)), np.zeros((len(sizes) + len(pairs),) * 2)
    owns = [Pool.of([species[a] for species in replicas], lags) for a in range(len(sizes))]
    products = [
        (Pool.of([(s[a] + s[b])[:, None] for s in sums], lags), Pool.of([(s[a] - s[b])[:, None] for s in sums], lags))
        for a, b in pairs
    ]
    own_shares = [np.array([path.shape[1] for path in species], dtype=float) for species in replicas]
    for which in range(len(replicas)):
        n_parts, factor = line.stretches[which]
        if factor == 0.0:
            continue
        columns = [
            owns[a].scatter(which, line.weights, n_parts).sum(axis=1) * own_shares[which][a] for a in range(len(sizes))
        ]
        columns += [
            0.25
            * (plus.scatter(which, line.weights, n_parts) - minus.scatter(which, line.weights, n_parts)).sum(axis=1)
            for plus, minus in products
        ]
        parts = np.stack(columns, axis=1)
        values = values + parts.mean(axis=0)
        covariance = covariance + np.cov(parts.T) / n_parts * factor
    msds = [size * each.msd.sum(axis=1) for size, each in zip(own_shares[0], owns, strict=True)]
    msds += [0.25 * (plus.msd - minus.msd).sum(axis=1) for plus, minus in products]
    covariance = covariance + line.slopes.covariance(np.array(msds))
    matrix = np.empty((len(sizes), len(sizes)))
    for k, (a, b) in enumerate(pairs):
        matrix[a, b] = matrix[b, a] = values[len(sizes) + k]
    return CollectiveSlopes(line, values[: len(sizes)], matrix, covariance, int(lags[-1]))


def line_of_charge(replicas: Sequence[Sequence[np.ndarray]], charges_e: np.ndarray, *, minimum_onset: int) -> Line:
    """The fit of the MSD of the charge as a whole, sum_a z_a R_a: tells whether and from where it is straight.

    Its slope is not used: the weights of a single walk follow its noise (`collective_slopes`).
    """
    lags = lag_grid(max(species[0].shape[0] for species in replicas))
    sums = [
        np.sum([charge * paths.sum(axis=1) for charge, paths in zip(charges_e, species, strict=True)], axis=0)[:, None]
        for species in replicas
    ]
    return fit_line(Pool.of(sums, lags), minimum_onset=minimum_onset)


def _size(paths: Sequence[np.ndarray]) -> float:
    """Root mean square displacement of an ion over a third of the run: what makes species of different speed alike."""
    thirds = [path.shape[0] // 3 for path in paths]
    squares = [np.square(path[n:] - path[:-n]).sum(axis=2).mean() for path, n in zip(paths, thirds, strict=True)]
    return float(np.sqrt(np.mean(squares))) or 1.0
