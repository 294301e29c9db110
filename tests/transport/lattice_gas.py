"""Ions on lattices with exclusion, whose occupancies, jump rates and correlation factors are known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

STEPS = {
    "sc": np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]) * 2,
    "bcc": np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]),
    "fcc": np.array([np.roll([0, i, j], s) for s in range(3) for i in (-1, 1) for j in (-1, 1)]),
}
"""Jump vectors in halves of the cubic cell's edge."""
BASES = {
    "sc": np.array([[0, 0, 0]]),
    "bcc": np.array([[0, 0, 0], [1, 1, 1]]),
    "fcc": np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]),
}


@dataclass(frozen=True)
class Lattice:
    """Sites of a periodic crystal of `repeats`^3 cubic cells: `points` `[n, 3]` in halves, `neighbours` `[n, z]`."""

    points: np.ndarray
    steps: np.ndarray
    neighbours: np.ndarray
    repeats: int

    @property
    def fractional(self) -> np.ndarray:
        return self.points / (2 * self.repeats)


def lattice(kind: str, repeats: int) -> Lattice:
    shifts = np.stack(np.meshgrid(*[np.arange(repeats)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    points = (2 * shifts[:, None] + BASES[kind][None]).reshape(-1, 3)
    index = {tuple(point): k for k, point in enumerate(points.tolist())}
    around = (points[:, None] + STEPS[kind][None]) % (2 * repeats)
    neighbours = np.array([[index[tuple(point)] for point in row] for row in around.tolist()])
    return Lattice(points, STEPS[kind], neighbours, repeats)


def vacancy_paths(crystal: Lattice, *, n_frames: int, seed: int) -> np.ndarray:
    """One vacancy that exchanges with a random neighbour in every frame: paths of all ions `[n_frames, n - 1, 3]`."""
    paths = np.empty((n_frames, len(crystal.points) - 1, 3), dtype=np.int32)
    _move_vacancy(crystal.points, crystal.steps, crystal.neighbours, paths, np.random.default_rng(seed))
    return paths


@njit(cache=True)
def _move_vacancy(points, steps, neighbours, paths, rng):
    n = len(points)
    ion_on = np.arange(n) - 1  # the vacancy is on site 0
    at = points[1:].copy()
    hole = 0
    for frame in range(len(paths)):
        if frame:
            choice = rng.integers(0, len(steps))
            site = neighbours[hole, choice]
            ion = ion_on[site]
            at[ion] -= steps[choice]
            ion_on[hole], ion_on[site] = ion, -1
            hole = site
        paths[frame] = at


def vacancy_correlation_factor(crystal: Lattice) -> float:
    """f of a tracer by one vacancy in this very crystal: (1 + <cos>)/(1 - <cos>), of the tracer's next jump.

    After its jump by step 0 the tracer sits at the origin and the vacancy behind it, at minus step 0. The vacancy walks
    until it next exchanges with the tracer; where from, is a linear system. Exact where the jump is a three-fold axis
    or the like, as in sc, bcc and fcc (Compaan and Haven, doi 10.1039/TF9565200786).
    """
    n, z = crystal.neighbours.shape
    tracer = int(np.flatnonzero((crystal.points == crystal.points[0]).all(axis=1))[0])
    behind = int(crystal.neighbours[tracer, int(np.flatnonzero((crystal.steps == -crystal.steps[0]).all(axis=1))[0])])
    walk = np.zeros((n, n))
    for site in range(n):
        for other in crystal.neighbours[site]:
            walk[site, other] += 1 / z
    others = np.delete(np.arange(n), tracer)
    start = np.zeros(n)
    start[behind] = 1.0
    visits = np.linalg.solve((np.eye(n) - walk)[np.ix_(others, others)].T, start[others])
    length = float(crystal.steps[0] @ crystal.steps[0])
    mean_cosine = 0.0
    full = np.zeros(n)
    full[others] = visits
    for choice, site in enumerate(crystal.neighbours[tracer]):
        # from there the vacancy enters the tracer's place, and the tracer jumps by this step
        mean_cosine += full[site] / z * float(crystal.steps[choice] @ crystal.steps[0]) / length
    return (1 + mean_cosine) / (1 - mean_cosine)


def two_level_paths(
    crystal: Lattice, *, is_low: np.ndarray, n_ions: int, p_up: float, p_down: float, n_frames: int, seed: int
) -> np.ndarray:
    """Ions with exclusion on sites of two energies whose neighbours are all of the other kind.

    In every frame one random ion tries one random neighbour; from a low site it succeeds with probability `p_up`, from
    a high one with `p_down`, if the neighbour is empty.
    """
    paths = np.empty((n_frames, n_ions, 3), dtype=np.int32)
    _move_ions(
        crystal.points, crystal.steps, crystal.neighbours, is_low, p_up, p_down, paths, np.random.default_rng(seed)
    )
    return paths


@njit(cache=True)
def _move_ions(points, steps, neighbours, is_low, p_up, p_down, paths, rng):
    n_frames, n_ions, _ = paths.shape
    site = rng.permutation(np.arange(len(points)))[:n_ions]
    taken = np.zeros(len(points), np.bool_)
    taken[site] = True
    at = points[site].copy()
    for step in range(-50 * n_ions, n_frames):  # frames before 0: to equilibrium
        ion = rng.integers(0, n_ions)
        choice = rng.integers(0, len(steps))
        other = neighbours[site[ion], choice]
        chance = p_up if is_low[site[ion]] else p_down
        if not taken[other] and rng.random() < chance:
            taken[site[ion]], taken[other] = False, True
            site[ion] = other
            at[ion] += steps[choice]
        if step >= 0:
            paths[step] = at


@dataclass(frozen=True)
class TwoLevels:
    """Exact means: occupancies of low and high sites, and the jump rates of an ion on them (per frame)."""

    low: float
    high: float
    rate_up: float
    rate_down: float


def two_level_truth(*, n_low: int, n_high: int, n_ions: int, p_up: float, p_down: float) -> TwoLevels:
    """Canonical ensemble: the weight of m ions on low sites is C(n_low, m) C(n_high, n - m) (p_down / p_up)^m.

    Sites of a kind are alike and only the numbers matter, so that the mean over pairs (low taken, high empty) gives the
    rates; an ion tries with probability 1/n in a frame.
    """
    from math import comb

    m = np.arange(max(0, n_ions - n_high), min(n_low, n_ions) + 1)
    weights = np.array([float(comb(n_low, int(k)) * comb(n_high, n_ions - int(k))) for k in m]) * (p_down / p_up) ** m
    weights /= weights.sum()
    on_low, on_high = float(weights @ m), float(weights @ (n_ions - m))
    empty_high = float(weights @ (m * (n_high - n_ions + m))) / (n_high * on_low)
    empty_low = float(weights @ ((n_ions - m) * (n_low - m))) / (n_low * on_high)
    return TwoLevels(on_low / n_low, on_high / n_high, p_up * empty_high / n_ions, p_down * empty_low / n_ions)
