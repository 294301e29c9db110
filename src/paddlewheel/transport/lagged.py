"""Squared displacements kept resolved in time, so that the error of any average of them can be read from its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.transport.covariance import Covariance, msd_covariance, part_covariance

if TYPE_CHECKING:
    from collections.abc import Sequence

_IONS_PER_BLOCK = 8


@dataclass(frozen=True)
class LaggedSquares:
    """One replica: `series[k]` is `[3, n_frames - lags[k]]`, A^2, the mean over ions at every origin."""

    n_frames: int
    n_ions: int
    lags: np.ndarray
    series: tuple[np.ndarray, ...]

    @property
    def msd(self) -> np.ndarray:
        """`[n_lags, 3]`, A^2."""
        return np.array([sums.mean(axis=1) for sums in self.series])

    def parts(self, n_parts: int) -> np.ndarray:
        """`[n_parts, n_lags, 3]`, A^2: the MSD over each of `n_parts` equal stretches of each lag's origins.

        Frames on a border are shared out by fractions, so that the mean over parts is the MSD.
        """
        means = np.empty((n_parts, len(self.series), 3))
        for k, sums in enumerate(self.series):
            running = np.concatenate([np.zeros((3, 1)), np.cumsum(sums, axis=1)], axis=1)
            edges = np.linspace(0.0, sums.shape[1], n_parts + 1)
            at = np.array([np.interp(edges, np.arange(sums.shape[1] + 1), row) for row in running])
            means[:, k] = (np.diff(at, axis=1) / (sums.shape[1] / n_parts)).T
        return means


def lagged_squares(positions_A: np.ndarray, lags: np.ndarray) -> LaggedSquares:
    """Squared displacements of `[n_frames, n_ions, 3]` at every origin, for each lag (frames) that fits in."""
    n_frames, n_ions, _ = positions_A.shape
    lags = lags[lags < n_frames]
    series = [np.zeros((3, n_frames - n)) for n in lags]
    for start in range(0, n_ions, _IONS_PER_BLOCK):
        block = np.ascontiguousarray(positions_A[:, start : start + _IONS_PER_BLOCK].transpose(2, 1, 0))
        block -= block.mean(axis=2, keepdims=True)
        for n, sums in zip(lags, series, strict=True):
            step = block[:, :, n:] - block[:, :, :-n]
            sums += np.einsum("cit,cit->ct", step, step)
    for sums in series:
        sums /= n_ions
    return LaggedSquares(n_frames, n_ions, lags, tuple(series))


@dataclass(frozen=True)
class Pool:
    """Replicas pooled: the MSD at a lag is the mean over all ions and origins of the replicas longer than it."""

    replicas: tuple[LaggedSquares, ...]
    lags: np.ndarray
    shares: np.ndarray
    """`[n_replicas, n_lags]`: the weight of each replica in each lag's mean."""
    msd: np.ndarray
    """`[n_lags, 3]`, A^2."""

    @classmethod
    def of(cls, trajectories: Sequence[np.ndarray], lags: np.ndarray) -> Pool:
        """Pool `[n_frames, n_ions, 3]` arrays."""
        replicas = tuple(lagged_squares(paths, lags) for paths in trajectories)
        origins = np.array([[r.n_ions * max(r.n_frames - n, 0) for n in lags] for r in replicas], dtype=np.float64)
        shares = origins / origins.sum(axis=0)
        msd = np.zeros((lags.size, 3))
        for replica, share in zip(replicas, shares, strict=True):
            msd[: replica.lags.size] += share[: replica.lags.size, None] * replica.msd
        return cls(replicas, lags, shares, msd)

    def covariances(self, variance: np.ndarray, memory: int) -> list[Covariance]:
        """Each replica's part in the covariance of the MSD (summed over components), were its ions independent."""
        known: dict[int, Covariance] = {}
        found = []
        for replica, share in zip(self.replicas, self.shares, strict=True):
            if replica.n_frames not in known:
                known[replica.n_frames] = msd_covariance(variance, replica.lags, replica.n_frames, memory)
            one, k = known[replica.n_frames], replica.lags.size
            scale = np.zeros((self.lags.size, self.lags.size))
            scale[:k, :k] = 3.0 / replica.n_ions * share[:k, None] * share[None, :k]
            gaussian, shot = np.zeros_like(scale), np.zeros_like(scale)
            gaussian[:k, :k], shot[:k, :k] = one.gaussian, one.shot
            found.append(Covariance(scale * gaussian, scale * shot))
        return found

    def part_variance(
        self, which: int, weights: np.ndarray, *, variance: np.ndarray, memory: int, n_parts: int, shot: float
    ) -> float:
        """Variance of `weights @ MSD` over one of `n_parts` stretches of replica `which`, from the same model."""
        replica = self.replicas[which]
        own = (weights * self.shares[which])[: replica.lags.size]
        used = np.flatnonzero(own)
        part = part_covariance(variance, replica.lags[used], replica.n_frames, memory, n_parts)
        return float(3.0 / replica.n_ions * own[used] @ (part.gaussian + shot * part.shot) @ own[used])

    def scatter(self, which: int, weights: np.ndarray, n_parts: int) -> np.ndarray:
        """`[n_parts, 3]`: `weights @ MSD` of each stretch of replica `which`, by component."""
        replica = self.replicas[which]
        own = (weights * self.shares[which])[: replica.lags.size]
        return np.einsum("k,pkc->pc", own, replica.parts(n_parts))
