"""Van Hove correlation functions: how far ions have gone after a time, and where the others then are.

G(r, t) = G_s(r, t) + G_d(r, t) (van Hove, Phys. Rev. 95, 249 (1954), doi 10.1103/PhysRev.95.249): the self part is the
density of displacements, the distinct part the density of the other ions, at time t, around where an ion was at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.transport.lattice import checked_range, image_reach
from paddlewheel.transport.msd import checked_frame_interval, checked_positions

_THREADS = 2
_MOST_BINS = 100_000


@dataclass(frozen=True)
class VanHoveSelf:
    """The self part, over all ions and origins of all replicas.

    Attributes
    ----------
    lag_ps
        `[n_lags]`.
    edges_A
        `[n_bins + 1]`, from 0.
    density_per_A
        `[n_lags, n_bins]`, 4 pi r^2 G_s(r, t): the probability density of the length of a displacement.
    std_per_A
        `[n_lags, n_bins]`, standard error of it, ions taken as independent.
    beyond
        `[n_lags]`, share of the displacements that are longer than the last edge.
    msd_A2
        `[n_lags]`.
    alpha_2, alpha_2_std
        `[n_lags]`, non-Gaussian parameter 3 <r^4> / (5 <r^2>^2) - 1 and its standard error (jackknife over ions); nan
        where nothing has moved.
    n_ions
        Over all replicas.
    """

    lag_ps: np.ndarray
    edges_A: np.ndarray
    density_per_A: np.ndarray
    std_per_A: np.ndarray
    beyond: np.ndarray
    msd_A2: np.ndarray
    alpha_2: np.ndarray
    alpha_2_std: np.ndarray
    n_ions: int

    @property
    def r_A(self) -> np.ndarray:
        """`[n_bins]`, centres of the bins."""
        return 0.5 * (self.edges_A[1:] + self.edges_A[:-1])

    @property
    def density_per_A3(self) -> np.ndarray:
        """`[n_lags, n_bins]`, G_s(r, t): the mean over each spherical shell."""
        return self.density_per_A * np.diff(self.edges_A) / shell_volumes_A3(self.edges_A)


@dataclass(frozen=True)
class VanHoveDistinct:
    """The distinct part, over the origins taken.

    Attributes
    ----------
    lag_ps
        `[n_lags]`.
    edges_A
        `[n_bins + 1]`, from 0.
    g
        `[n_lags, n_bins]`, G_d(r, t) over the density: 1 where nothing is correlated, g(r) at lag 0.
    std
        `[n_lags, n_bins]`, standard error from stretches of the origins.
    density_per_A3
        Number density of the ions: G_d = density * g.
    n_origins
        `[n_lags]`.
    """

    lag_ps: np.ndarray
    edges_A: np.ndarray
    g: np.ndarray
    std: np.ndarray
    density_per_A3: float
    n_origins: np.ndarray

    @property
    def r_A(self) -> np.ndarray:
        """`[n_bins]`, centres of the bins."""
        return 0.5 * (self.edges_A[1:] + self.edges_A[:-1])


def log_spaced_lags(n_frames: int, n_lags: int) -> np.ndarray:
    """At most `n_lags` different lags in frames from 1 to half of the run, evenly spaced in the logarithm."""
    longest = max((n_frames - 1) // 2, 1)
    return np.unique(np.round(np.geomspace(1, longest, min(n_lags, longest))).astype(np.int64))


def van_hove_self(
    replicas: Sequence[np.ndarray],
    *,
    frame_interval_fs: float,
    lags: np.ndarray,
    bin_A: float = 0.05,
    range_A: float | None = None,
    origin_stride: int = 1,
) -> VanHoveSelf:
    """Self part of the van Hove function and the non-Gaussian parameter.

    `4 pi r^2 G_s(r, t) = < delta(r - |r_i(t0 + t) - r_i(t0)|) >` over ions i and origins t0; alpha_2 after Rahman,
    Phys. Rev. 136, A405 (1964), doi 10.1103/PhysRev.136.A405: 0 for Gaussian displacements, positive where few ions
    have gone far. Origins overlap and are no independent data: ions are, and give the errors.

    Parameters
    ----------
    replicas
        Each `[n_frames, n_ions, 3]`, A: unwrapped, in the mean cell and free of drift.
    frame_interval_fs
        Time between frames.
    lags
        In frames, ascending, each shorter than every replica.
    bin_A, range_A
        Width of the bins and their range; None takes all displacements.
    origin_stride
        Every how many frames an origin; 1 takes all.

    Raises
    ------
    InputError
        Positions of another shape or not finite, or a lag not inside every replica.
    SettingsError
        A frame interval, bin, range or stride that is not positive, or so many bins that nothing falls in them.
    """
    step_ps = checked_frame_interval(frame_interval_fs)
    trajectories = [checked_positions(paths) for paths in replicas]
    wanted = checked_lags(lags, trajectories, step_ps)
    n_bins = _n_bins(trajectories, bin_A, range_A)
    if origin_stride < 1:
        raise SettingsError(f"every {origin_stride}th frame an origin", remedy="give a stride of 1 or more")
    parts = [_self_of(paths, wanted, bin_A, n_bins, origin_stride) for paths in trajectories]
    density, squares, fourths = (np.concatenate([part[k] for part in parts]) for k in range(3))
    n_ions = squares.shape[0]
    # sums over ions of shares and of their squares, [n_lags, n_bins + 1]
    mean = density.sum(axis=0) / n_ions
    scatter = np.concatenate([part[3] for part in parts]).sum(axis=0) / n_ions - mean**2
    std = np.sqrt(np.maximum(scatter, 0.0) / max(n_ions - 1, 1))
    alpha_2, alpha_2_std = _non_gaussian(squares, fourths)
    used = n_bins if range_A is not None else int(np.flatnonzero(mean.any(axis=0)).max(initial=0)) + 1
    return VanHoveSelf(
        lag_ps=wanted * step_ps,
        edges_A=np.arange(used + 1) * bin_A,
        density_per_A=mean[:, :used] / bin_A,
        std_per_A=std[:, :used] / bin_A,
        beyond=mean[:, n_bins],
        msd_A2=squares.mean(axis=0),
        alpha_2=alpha_2,
        alpha_2_std=alpha_2_std,
        n_ions=n_ions,
    )


def van_hove_distinct(
    replicas: Sequence[np.ndarray],
    cells_A: Sequence[np.ndarray],
    *,
    frame_interval_fs: float,
    lags: np.ndarray,
    range_A: float,
    bin_A: float = 0.1,
    n_origins: int = 200,
    n_parts: int = 8,
) -> VanHoveDistinct:
    """Distinct part of the van Hove function over the density, with all periodic images in the mean cell.

    `G_d(r, t) = < sum over j != i of delta(r - r_j(t0 + t) + r_i(t0)) >`. Images of ion i itself count as other ions,
    as in g(r), so that G_d(r, 0) is the density times g(r) and G_d goes to the density at long times.

    Parameters
    ----------
    replicas, cells_A
        Paths `[n_frames, n_ions, 3]` and the mean cell `[3, 3]` of each.
    frame_interval_fs
        Time between frames.
    lags
        In frames, ascending; 0 is g(r).
    range_A, bin_A
        Range and width of the bins; the range may not pass the shortest lattice vector, where ions meet themselves.
    n_origins
        Origins of each replica, evenly spaced (all where there are fewer).
    n_parts
        Stretches of the origins whose scatter gives the error.

    Raises
    ------
    InputError
        As `van_hove_self`, and for a cell too small for the range.
    SettingsError
        A setting that is not positive.
    """
    step_ps = checked_frame_interval(frame_interval_fs)
    trajectories = [checked_positions(paths) for paths in replicas]
    wanted = checked_lags(lags, trajectories, step_ps)
    n_bins = _n_bins(trajectories, bin_A, range_A)
    edges = np.arange(n_bins + 1) * bin_A
    for cell in cells_A:
        checked_range(range_A, cell)
    shells = shell_volumes_A3(edges)
    g, std, taken = (np.zeros((wanted.size, n_bins)), np.zeros((wanted.size, n_bins)), np.zeros(wanted.size, dtype=int))
    for k, lag in enumerate(wanted):
        parts = []
        for path, cell in zip(trajectories, cells_A, strict=True):
            origins = np.unique(np.linspace(0, path.shape[0] - 1 - lag, n_origins).astype(int))
            taken[k] += origins.size
            for some in np.array_split(origins, min(n_parts, origins.size)):
                counts = count_pairs(path[some], path[some + lag], cell, edges, itself=np.arange(path.shape[1]))
                norm = some.size * path.shape[1] ** 2 / abs(np.linalg.det(cell))
                parts.append(counts / (norm * shells))
        g[k] = np.mean(parts, axis=0)
        std[k] = np.std(parts, axis=0, ddof=1) / np.sqrt(len(parts)) if len(parts) > 1 else np.nan
    density = float(np.mean([p.shape[1] / abs(np.linalg.det(c)) for p, c in zip(trajectories, cells_A, strict=True)]))
    return VanHoveDistinct(wanted * step_ps, edges, g, std, density, taken)


def count_pairs(
    first_A: np.ndarray, second_A: np.ndarray, cell_A: np.ndarray, edges_A: np.ndarray, *, itself: np.ndarray
) -> np.ndarray:
    """`[n_bins]` pairs of `[n, n_first, 3]` and all images of `[n, n_second, 3]` by distance, summed over n.

    `itself` `[n_first]` names the second point that is the first one, -1 for none: its own image 0 is left out.
    """
    from paddlewheel.transport.van_hove_kernels import pair_counts

    inverse = np.linalg.inv(cell_A)
    counts = np.zeros(edges_A.size - 1, dtype=np.int64)
    reach = image_reach(cell_A, float(edges_A[-1]))
    pair_counts(
        first_A @ inverse, second_A @ inverse, itself.astype(np.int64), np.ascontiguousarray(cell_A, dtype=np.float64),
        reach, 1.0 / float(edges_A[1] - edges_A[0]), counts,
    )  # fmt: skip
    return counts


def shell_volumes_A3(edges_A: np.ndarray) -> np.ndarray:
    """`[n_bins]` volumes of the spherical shells between the edges."""
    return 4.0 / 3.0 * np.pi * np.diff(edges_A**3)


def checked_lags(lags: np.ndarray, trajectories: Sequence[np.ndarray], step_ps: float) -> np.ndarray:
    """Lags as whole numbers of frames inside every run.

    Raises
    ------
    InputError
        A lag that is longer than a run.
    SettingsError
        No lag, a negative one, or one that is no whole number of frames.
    """
    wanted = np.asarray(lags)
    if wanted.ndim != 1 or wanted.size == 0 or not np.issubdtype(wanted.dtype, np.integer) or wanted.min() < 0:
        raise SettingsError("lags are not a list of whole numbers of frames")
    shortest = min(paths.shape[0] for paths in trajectories)
    if wanted.max() >= shortest:
        raise InputError(
            f"a lag of {wanted.max() * step_ps:g} ps is longer than the run ({(shortest - 1) * step_ps:g} ps)",
            remedy="give lags inside the run",
        )
    return wanted.astype(np.int64)


def _n_bins(trajectories: Sequence[np.ndarray], bin_A: float, range_A: float | None) -> int:
    """Bins up to the range, or to what no displacement can pass: the diagonal of the box that each ion stayed in."""
    if not (np.isfinite(bin_A) and bin_A > 0):
        raise SettingsError(f"bins of {bin_A} A", remedy="give a positive width")
    if range_A is None:
        boxes = [np.linalg.norm(paths.max(axis=0) - paths.min(axis=0), axis=1).max() for paths in trajectories]
        range_A = float(max(boxes)) + bin_A
    elif not (np.isfinite(range_A) and range_A >= bin_A):
        raise SettingsError(f"a range of {range_A} A", remedy=f"give at least one bin ({bin_A:g} A)")
    n_bins = int(np.ceil(range_A / bin_A - 1e-9))
    if n_bins > _MOST_BINS:
        raise SettingsError(f"{n_bins} bins of {bin_A:g} A", remedy="give wider ones")
    return n_bins


def _self_of(
    positions_A: np.ndarray, lags: np.ndarray, bin_A: float, n_bins: int, stride: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of one replica: shares summed over ions `[1, n_lags, n_bins + 1]`, mean r^2 and r^4 `[n_ions, n_lags]`, and
    squares of the shares summed over ions `[1, n_lags, n_bins + 1]`."""
    from paddlewheel.transport.van_hove_kernels import self_counts

    n_frames, n_ions, _ = positions_A.shape
    n_origins = (n_frames - lags + stride - 1) // stride
    squares, fourths = np.empty((n_ions, lags.size)), np.empty((n_ions, lags.size))

    def count(ions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        total, total_squares = (np.zeros((1, lags.size, n_bins + 1)) for _ in range(2))
        for ion in ions:
            counts = np.zeros((lags.size, n_bins + 1), dtype=np.int64)
            path = np.ascontiguousarray(positions_A[:, ion].T)
            self_counts(path, lags, stride, 1.0 / bin_A, counts, squares[ion], fourths[ion])
            share = counts / n_origins[:, None]
            total[0] += share
            total_squares[0] += share**2
        return total, total_squares

    with ThreadPoolExecutor(_THREADS) as threads:
        sums = list(threads.map(count, np.array_split(np.arange(n_ions), _THREADS)))
    return (
        np.sum([pair[0] for pair in sums], axis=0),
        squares / n_origins,
        fourths / n_origins,
        np.sum([pair[1] for pair in sums], axis=0),
    )


def _non_gaussian(squares: np.ndarray, fourths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """alpha_2 and its jackknife error from `[n_ions, n_lags]` means of r^2 and r^4."""
    n_ions = squares.shape[0]
    moved = squares.mean(axis=0) > 0

    def alpha(square: np.ndarray, fourth: np.ndarray) -> np.ndarray:
        return np.divide(0.6 * fourth, square**2, out=np.full_like(square, np.nan), where=square > 0) - 1.0

    value = alpha(squares.mean(axis=0), fourths.mean(axis=0))
    if n_ions < 2:
        return value, np.full_like(value, np.nan)
    without = alpha((squares.sum(axis=0) - squares) / (n_ions - 1), (fourths.sum(axis=0) - fourths) / (n_ions - 1))
    spread = np.square(without - without.mean(axis=0)).sum(axis=0)
    return value, np.where(moved, np.sqrt((n_ions - 1) / n_ions * spread), np.nan)
